//! `crossbeam::sync::WaitGroup`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::real;
use crate::steps::{Effect, Place, Shared, call, is_controlled};

/// `crossbeam::sync::WaitGroup`.
pub struct WaitGroup {
    group: Arc<Group>,
    /// None: it has left the group.
    real: Option<real::WaitGroup>,
}

struct Group {
    shared: Shared,
    members: AtomicUsize,
}

impl WaitGroup {
    #[track_caller]
    pub fn new() -> Self {
        let group = Group { shared: Shared::new("WaitGroup"), members: AtomicUsize::new(1) };
        Self { group: Arc::new(group), real: Some(real::WaitGroup::new()) }
    }

    /// Leaves the group, and waits until all have left it.
    #[track_caller]
    pub fn wait(mut self) {
        let real = self.real.take();
        if !is_controlled() {
            self.group.members.fetch_sub(1, Relaxed);
            return real.into_iter().for_each(real::WaitGroup::wait);
        }
        let mut leaving = real;
        let attempt = || {
            if let Some(real) = leaving.take() {
                self.group.leave(real);
            }
            (self.group.members.load(Relaxed) == 0).then_some(())
        };
        self.group.shared.wait_for("wait", Place::here(), attempt, call("wait", Effect::Write));
    }
}

impl Group {
    fn leave(&self, real: real::WaitGroup) {
        drop(real);
        if self.members.fetch_sub(1, Relaxed) == 1 {
            self.shared.wake();
        }
    }
}

impl Clone for WaitGroup {
    /// It is no step: nobody is done waiting while somebody is there who can be cloned.
    fn clone(&self) -> Self {
        self.group.members.fetch_add(1, Relaxed);
        Self { group: Arc::clone(&self.group), real: self.real.clone() }
    }
}

impl Drop for WaitGroup {
    #[track_caller]
    fn drop(&mut self) {
        if let Some(real) = self.real.take() {
            let leave = || self.group.leave(real);
            self.group.shared.operate(Effect::Write, Place::here(), leave, call("leave", Effect::Write));
        }
    }
}

impl Default for WaitGroup {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.group.members.load(Relaxed);
        f.debug_struct("WaitGroup").field("count", &members).finish_non_exhaustive()
    }
}
