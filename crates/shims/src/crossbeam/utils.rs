//! `crossbeam::utils`.

use std::cell::Cell;
use std::fmt;

pub use ::crossbeam::utils::CachePadded;

use crate::steps::{Place, is_controlled, yield_now};

/// `crossbeam::utils::Backoff`. Under control, it is completed once it has snoozed: to snooze more shows nothing new.
pub struct Backoff {
    real: ::crossbeam::utils::Backoff,
    has_snoozed: Cell<bool>,
}

impl Backoff {
    pub fn new() -> Self {
        Self { real: ::crossbeam::utils::Backoff::new(), has_snoozed: Cell::new(false) }
    }

    pub fn reset(&self) {
        self.real.reset();
        self.has_snoozed.set(false);
    }

    /// It lets others run under control.
    #[track_caller]
    pub fn spin(&self) {
        if is_controlled() { yield_now(Place::here()) } else { self.real.spin() }
    }

    /// It lets others run under control.
    #[track_caller]
    pub fn snooze(&self) {
        if is_controlled() {
            self.has_snoozed.set(true);
            yield_now(Place::here());
        } else {
            self.real.snooze();
        }
    }

    pub fn is_completed(&self) -> bool {
        if is_controlled() { self.has_snoozed.get() } else { self.real.is_completed() }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
