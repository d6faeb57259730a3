//! `tokio::sync::Notify`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::sync as real;

use crate::Named;
use crate::steps::{Effect, Place, Shared, call, control};

/// `tokio::sync::Notify`.
#[derive(Debug)]
pub struct Notify {
    shared: Shared,
    real: real::Notify,
}

impl Named for Notify {
    fn named(mut self, name: impl FnOnce() -> String) -> Self {
        self.shared.name(name());
        self
    }
}

impl Notify {
    #[track_caller]
    pub const fn new() -> Self {
        Self { shared: Shared::new("Notify"), real: real::Notify::const_new() }
    }

    #[track_caller]
    pub const fn const_new() -> Self {
        Self::new()
    }

    /// Only notifications of all that come from here on are seen.
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        self.notified_at(Place::here())
    }

    #[track_caller]
    pub fn notify_one(&self) {
        self.notify("notify one", Place::here(), real::Notify::notify_one);
    }

    #[track_caller]
    pub fn notify_last(&self) {
        self.notify("notify last", Place::here(), real::Notify::notify_last);
    }

    #[track_caller]
    pub fn notify_waiters(&self) {
        self.notify("notify waiters", Place::here(), real::Notify::notify_waiters);
    }

    fn notify(&self, name: &'static str, place: Place, notify: impl FnOnce(&real::Notify)) {
        self.shared.operate(Effect::Write, place, || notify(&self.real), call(name, Effect::Write));
    }

    fn notified_at(&self, place: Place) -> Notified<'_> {
        // The real one counts what was notified before.
        let real = self.shared.touch(Effect::Read, || self.real.notified());
        Notified { shared: &self.shared, place, real: Some(Box::pin(real)), waits: false }
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// `tokio::sync::futures::Notified`.
#[must_use]
pub struct Notified<'a> {
    shared: &'a Shared,
    place: Place,
    /// None: it is dropped.
    real: Option<Pin<Box<real::futures::Notified<'a>>>>,
    waits: bool,
}

impl Notified<'_> {
    /// Waits from here on. True: it is notified already.
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        let Self { shared, place, real, waits } = &mut *self;
        let real = real.as_mut().expect("it is there until it is dropped");
        *waits = true;
        shared.operate(Effect::Write, *place, || real.as_mut().enable(), call("wait", Effect::Write))
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { shared, place, real, waits } = &mut *self;
        let real = real.as_mut().expect("it is there until it is dropped");
        let told = call("notified", Effect::Write);
        let polled = shared.poll("notified", *place, || real.as_mut().poll(context), told);
        *waits = polled.is_pending();
        polled
    }
}

/// A notification that it did not see goes to another.
impl Drop for Notified<'_> {
    fn drop(&mut self) {
        if self.waits {
            self.shared.touch(Effect::Write, || self.real = None);
            control::give_up();
        }
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}
