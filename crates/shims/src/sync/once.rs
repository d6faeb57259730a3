//! `std::sync::Once`.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::steps::{Effect, Place, Shared, call, came_to, is_controlled};

/// `std::sync::Once`.
#[derive(Debug)]
pub struct Once {
    claim: Claim,
    real: std::sync::Once,
}

impl Once {
    #[track_caller]
    pub const fn new() -> Self {
        Self { claim: Claim::new("Once"), real: std::sync::Once::new() }
    }

    /// # Panics
    /// If an earlier closure did.
    #[track_caller]
    pub fn call_once(&self, closure: impl FnOnce()) {
        let done = || self.real.is_completed().then_some(());
        self.claim.claim("call once", Place::here(), done, || self.real.call_once(closure));
    }

    #[track_caller]
    pub fn is_completed(&self) -> bool {
        let words = |done: &bool| if *done { "done" } else { "not done" };
        let told = came_to("is completed", Effect::Read, words);
        self.claim.shared.operate(Effect::Read, Place::here(), || self.real.is_completed(), told)
    }
}

impl Default for Once {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// The right to do something that is done once; who comes while it is done waits.
#[derive(Debug)]
pub(super) struct Claim {
    pub shared: Shared,
    claimed: AtomicBool,
}

impl Claim {
    #[track_caller]
    pub const fn new(kind: &'static str) -> Self {
        Self { shared: Shared::new(kind), claimed: AtomicBool::new(false) }
    }

    /// What is there, if it is there, and else what `work` makes. Work that panics leaves the claim to the next.
    pub fn claim<R>(
        &self,
        name: &'static str,
        place: Place,
        mut done: impl FnMut() -> Option<R>,
        work: impl FnOnce() -> R,
    ) -> R {
        if !is_controlled() {
            return work();
        }
        let attempt = || match done() {
            Some(done) => Some(Some(done)),
            None if self.claimed.load(Relaxed) => None,
            None => {
                self.claimed.store(true, Relaxed);
                Some(None)
            }
        };
        let words = |claimed: &Option<R>| if claimed.is_some() { "it is there" } else { "it is not there" };
        let told = came_to(name, Effect::Write, words);
        if let Some(done) = self.shared.wait_for(name, place, attempt, told) {
            return done;
        }
        let claimed = Claimed { claim: self };
        let result = work();
        // Others may look before they find the result.
        self.shared.operate(Effect::Write, place, || drop(claimed), call("have it made", Effect::Write));
        result
    }
}

/// A claim that is held.
struct Claimed<'a> {
    claim: &'a Claim,
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        self.claim.claimed.store(false, Relaxed);
        self.claim.shared.wake();
    }
}
