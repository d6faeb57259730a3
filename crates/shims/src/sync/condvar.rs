//! `std::sync::Condvar`.

use std::fmt;
use std::sync::LockResult;
use std::time::Duration;

use super::{MutexGuard, guarded};
use crate::steps::{Effect, Place, Shared, call, is_controlled, named};
use crate::waits::Waits;

/// `std::sync::Condvar`. Who waits first is notified first, and nobody wakes without being notified. A wait with a limit
/// lets others run once, and then ends.
pub struct Condvar {
    shared: Shared,
    waits: Waits,
    real: std::sync::Condvar,
}

named!(Condvar);

impl Condvar {
    #[track_caller]
    pub const fn new() -> Self {
        Self { shared: Shared::new("Condvar"), waits: Waits::new(), real: std::sync::Condvar::new() }
    }

    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let place = Place::here();
        if !is_controlled() {
            let (mutex, real, taken) = guard.take_real();
            let real = real.expect("a guard has the lock until it is dropped");
            return guarded(self.real.wait(real), |real| MutexGuard::of_real(mutex, real, taken));
        }
        let mutex = guard.mutex;
        let wait = self.begin(guard, place);
        let notified = || self.waits.is_notified(wait).then_some(());
        self.shared.wait_for("wait", place, notified, call("wake up", Effect::Write));
        mutex.lock_at(place)
    }

    #[track_caller]
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let place = Place::here();
        if !is_controlled() {
            let (mutex, real, taken) = guard.take_real();
            let real = real.expect("a guard has the lock until it is dropped");
            return guarded(self.real.wait_timeout(real, limit), |(real, ended)| {
                (MutexGuard::of_real(mutex, real, taken), WaitTimeoutResult(ended.timed_out()))
            });
        }
        let mutex = guard.mutex;
        let wait = self.begin(guard, place);
        crate::steps::yield_now(place);
        let give_up = || WaitTimeoutResult(self.waits.give_up(wait));
        let ended = self.shared.operate(Effect::Write, place, give_up, call("end of the wait", Effect::Write));
        guarded(mutex.lock_at(place), |guard| (guard, ended))
    }

    #[track_caller]
    pub fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        limit: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let mut ended = WaitTimeoutResult(false);
        while condition(&mut guard) {
            if ended.0 {
                return Ok((guard, ended));
            }
            (guard, ended) = self.wait_timeout(guard, limit)?;
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    #[track_caller]
    pub fn notify_one(&self) {
        self.notify("notify one", 1);
        self.real.notify_one();
    }

    #[track_caller]
    pub fn notify_all(&self) {
        self.notify("notify all", usize::MAX);
        self.real.notify_all();
    }

    #[track_caller]
    fn notify(&self, name: &'static str, most: usize) {
        if is_controlled() {
            let notify = || self.waits.notify(most);
            self.shared.operate(Effect::Write, Place::here(), notify, call(name, Effect::Write));
            self.shared.wake();
        }
    }

    /// Begins a wait and gives the lock back, in one step: no notification comes between.
    fn begin<T>(&self, guard: MutexGuard<'_, T>, place: Place) -> u64 {
        let begin = || {
            let (mutex, real, taken) = guard.take_real();
            drop(real);
            mutex.shared.unlock(taken);
            self.waits.begin()
        };
        self.shared.operate(Effect::Write, place, begin, call("wait", Effect::Write))
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

/// `std::sync::WaitTimeoutResult`, which nobody else can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}
