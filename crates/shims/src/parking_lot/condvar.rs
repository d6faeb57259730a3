//! `parking_lot::Condvar`.

use std::fmt;
use std::time::{Duration, Instant};

use super::MutexGuard;
use crate::steps::{Action, Effect, Label, Mode, Place, Shared, Shown, call, is_controlled, named, yield_now};
use crate::waits::Waits;

/// `parking_lot::Condvar`. Who waits first is notified first, and nobody wakes without being notified.
pub struct Condvar {
    shared: Shared,
    waits: Waits,
    real: ::parking_lot::Condvar,
}

named!(Condvar);

impl Condvar {
    #[track_caller]
    pub const fn new() -> Self {
        Self { shared: Shared::new("Condvar"), waits: Waits::new(), real: ::parking_lot::Condvar::new() }
    }

    #[track_caller]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        if is_controlled() {
            self.step_aside(guard, Place::here(), |wait, place| {
                let notified = || self.waits.is_notified(wait).then_some(());
                self.shared.wait_for("wait", place, notified, call("wake up", Effect::Write));
            });
        } else {
            self.real.wait(guard.real_mut());
        }
    }

    #[track_caller]
    pub fn wait_while<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, mut condition: impl FnMut(&mut T) -> bool) {
        while condition(guard) {
            self.wait(guard);
        }
    }

    #[track_caller]
    pub fn wait_for<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, limit: Duration) -> WaitTimeoutResult {
        if is_controlled() {
            self.give_up_soon(guard, Place::here())
        } else {
            WaitTimeoutResult(self.real.wait_for(guard.real_mut(), limit).timed_out())
        }
    }

    #[track_caller]
    pub fn wait_until<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, limit: Instant) -> WaitTimeoutResult {
        if is_controlled() {
            self.give_up_soon(guard, Place::here())
        } else {
            WaitTimeoutResult(self.real.wait_until(guard.real_mut(), limit).timed_out())
        }
    }

    #[track_caller]
    pub fn wait_while_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        condition: impl FnMut(&mut T) -> bool,
        limit: Duration,
    ) -> WaitTimeoutResult {
        if is_controlled() {
            self.give_up_soon_while(guard, condition, Place::here())
        } else {
            WaitTimeoutResult(self.real.wait_while_for(guard.real_mut(), condition, limit).timed_out())
        }
    }

    #[track_caller]
    pub fn wait_while_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        condition: impl FnMut(&mut T) -> bool,
        limit: Instant,
    ) -> WaitTimeoutResult {
        if is_controlled() {
            self.give_up_soon_while(guard, condition, Place::here())
        } else {
            WaitTimeoutResult(self.real.wait_while_until(guard.real_mut(), condition, limit).timed_out())
        }
    }

    /// Whether somebody was notified.
    #[track_caller]
    pub fn notify_one(&self) -> bool {
        if !is_controlled() {
            return self.real.notify_one();
        }
        self.notify("notify one", Place::here(), 1) > 0
    }

    /// How many were notified.
    #[track_caller]
    pub fn notify_all(&self) -> usize {
        if !is_controlled() {
            return self.real.notify_all();
        }
        self.notify("notify all", Place::here(), usize::MAX)
    }

    fn notify(&self, name: &'static str, place: Place, most: usize) -> usize {
        let told = |object: Label, notified: &usize| {
            let notified = Shown::text(&format!("{notified} notified"));
            Action::call(object, name, Effect::Write, Some(notified))
        };
        let notified = self.shared.operate(Effect::Write, place, || self.waits.notify(most), told);
        self.shared.wake();
        notified
    }

    /// A wait that ends when others have had their chance.
    fn give_up_soon<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, place: Place) -> WaitTimeoutResult {
        self.step_aside(guard, place, |wait, place| {
            yield_now(place);
            let give_up = || WaitTimeoutResult(self.waits.give_up(wait));
            self.shared.operate(Effect::Write, place, give_up, call("end of the wait", Effect::Write))
        })
    }

    fn give_up_soon_while<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        place: Place,
    ) -> WaitTimeoutResult {
        let mut ended = WaitTimeoutResult(false);
        while !ended.0 && condition(guard) {
            ended = self.give_up_soon(guard, place);
        }
        ended
    }

    /// Lets others have the lock while `wait` waits.
    fn step_aside<T: ?Sized, R>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        place: Place,
        wait: impl FnOnce(u64, Place) -> R,
    ) -> R {
        let mutex = ::parking_lot::MutexGuard::mutex(guard.real_mut());
        // The wait begins and the lock is given back in one step: no notification comes between.
        let begin = || {
            drop(guard.real.take());
            guard.gate.unlock();
            self.waits.begin()
        };
        let number = self.shared.operate(Effect::Write, place, begin, call("wait", Effect::Write));
        let result = wait(number, place);
        guard.real = Some(guard.gate.shared.lock(Mode::Exclusive, place, || mutex.try_lock()));
        result
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// `parking_lot::WaitTimeoutResult`, which nobody else can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    #[must_use]
    pub fn timed_out(self) -> bool {
        self.0
    }
}
