//! `parking_lot::Once`.

use ::parking_lot::OnceState;

use crate::Named;
use crate::steps::{Effect, Place, Shared, call, came_to, is_controlled};

/// `parking_lot::Once`.
#[derive(Debug)]
pub struct Once {
    shared: Shared,
    real: ::parking_lot::Once,
}

impl Once {
    #[track_caller]
    pub const fn new() -> Self {
        Self { shared: Shared::new("Once"), real: ::parking_lot::Once::new() }
    }

    #[track_caller]
    pub fn state(&self) -> OnceState {
        self.shared.operate(
            Effect::Read,
            Place::here(),
            || self.real.state(),
            came_to("state", Effect::Read, |state| words(*state)),
        )
    }

    /// # Panics
    /// If an earlier closure did.
    #[track_caller]
    pub fn call_once(&self, closure: impl FnOnce()) {
        let place = Place::here();
        self.call_at(place, || {
            self.real.call_once(|| {
                let _end = End { once: self, place };
                closure();
            });
        });
    }

    #[track_caller]
    pub fn call_once_force(&self, closure: impl FnOnce(OnceState)) {
        let place = Place::here();
        self.call_at(place, || {
            self.real.call_once_force(|state| {
                let _end = End { once: self, place };
                closure(state);
            });
        });
    }

    fn call_at(&self, place: Place, call: impl FnOnce()) {
        if !is_controlled() {
            return call();
        }
        let attempt = || Some(self.real.state()).filter(|state| *state != OnceState::InProgress);
        let told = came_to("call once", Effect::Write, |state| words(*state));
        if !self.shared.wait_for("call once", place, attempt, told).done() {
            // In the same step, the real one is in progress.
            let _wake = Wake(&self.shared);
            call();
        }
    }
}

fn words(state: OnceState) -> &'static str {
    match state {
        OnceState::New => "new",
        OnceState::Poisoned => "poisoned",
        OnceState::InProgress => "in progress",
        OnceState::Done => "done",
    }
}

/// Says when it is dropped that the closure has ended.
struct End<'a> {
    once: &'a Once,
    place: Place,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        // Others may look before they find that it is done.
        self.once.shared.operate(Effect::Write, self.place, || (), call("end of the closure", Effect::Write));
    }
}

/// Wakes those that wait when it is dropped, whether or not the closure panicked.
struct Wake<'a>(&'a Shared);

impl Drop for Wake<'_> {
    fn drop(&mut self) {
        self.0.wake();
    }
}

impl Named for Once {
    fn named(mut self, name: impl FnOnce() -> String) -> Self {
        self.shared.name(name());
        self
    }
}

impl Default for Once {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}
