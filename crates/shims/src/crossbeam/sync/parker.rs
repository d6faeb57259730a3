//! `crossbeam::sync::{Parker, Unparker}`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::real;
use crate::steps::{Effect, Place, Shared, call, is_controlled, yield_now};

/// `crossbeam::sync::Parker`. Under control, nobody wakes without being unparked, and a wait with a limit lets others
/// run once, and then ends.
pub struct Parker {
    unparker: Unparker,
    real: real::Parker,
    /// One thread at a time has it, as the real one.
    _one_thread: PhantomData<std::cell::Cell<()>>,
}

impl Parker {
    #[track_caller]
    pub fn new() -> Self {
        let real = real::Parker::new();
        let token = Token { shared: Shared::new("Parker"), is_there: AtomicBool::new(false) };
        let unparker = Unparker { token: Arc::new(token), real: real.unparker().clone() };
        Self { unparker, real, _one_thread: PhantomData }
    }

    #[track_caller]
    pub fn park(&self) {
        if !is_controlled() {
            return self.real.park();
        }
        let token = &self.unparker.token;
        let unparked = || token.is_there.swap(false, Relaxed).then_some(());
        token.shared.wait_for("park", Place::here(), unparked, call("go on", Effect::Write));
    }

    #[track_caller]
    pub fn park_timeout(&self, limit: Duration) {
        if is_controlled() { self.park_in_time(Place::here()) } else { self.real.park_timeout(limit) }
    }

    #[track_caller]
    pub fn park_deadline(&self, deadline: Instant) {
        if is_controlled() { self.park_in_time(Place::here()) } else { self.real.park_deadline(deadline) }
    }

    fn park_in_time(&self, place: Place) {
        yield_now(place);
        let token = &self.unparker.token;
        let go_on = || token.is_there.store(false, Relaxed);
        token.shared.operate(Effect::Write, place, go_on, call("go on", Effect::Write));
    }

    pub fn unparker(&self) -> &Unparker {
        &self.unparker
    }
}

impl Default for Parker {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

struct Token {
    shared: Shared,
    is_there: AtomicBool,
}

/// `crossbeam::sync::Unparker`.
#[derive(Clone)]
pub struct Unparker {
    token: Arc<Token>,
    real: real::Unparker,
}

impl Unparker {
    #[track_caller]
    pub fn unpark(&self) {
        if !is_controlled() {
            return self.real.unpark();
        }
        let unpark = || self.token.is_there.store(true, Relaxed);
        self.token.shared.operate(Effect::Write, Place::here(), unpark, call("unpark", Effect::Write));
        self.token.shared.wake();
    }
}

impl fmt::Debug for Unparker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
