//! `std::sync::Condvar`.

use std::fmt;
use std::sync::{LockResult, Mutex as Real, PoisonError};
use std::time::Duration;

use super::{MutexGuard, guarded};
use crate::Named;
use crate::steps::{Effect, Place, Shared, call, is_controlled};

/// `std::sync::Condvar`. Who waits first is notified first, and nobody wakes without being notified. A wait with a limit
/// lets others run once, and then ends.
pub struct Condvar {
    shared: Shared,
    waits: Real<Waits>,
    real: std::sync::Condvar,
}

/// Waits, by their number.
#[derive(Debug)]
struct Waits {
    next: u64,
    /// Not notified yet, in order.
    waiting: Vec<u64>,
}

impl Condvar {
    #[track_caller]
    pub const fn new() -> Self {
        let waits = Real::new(Waits { next: 0, waiting: Vec::new() });
        Self { shared: Shared::new("Condvar"), waits, real: std::sync::Condvar::new() }
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
        let notified = || (!self.waits().waiting.contains(&wait)).then_some(());
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
        let give_up = || {
            let mut waits = self.waits();
            let before = waits.waiting.len();
            waits.waiting.retain(|other| *other != wait);
            WaitTimeoutResult(waits.waiting.len() < before)
        };
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
        self.notify("notify one", |waiting| {
            if !waiting.is_empty() {
                waiting.remove(0);
            }
        });
        self.real.notify_one();
    }

    #[track_caller]
    pub fn notify_all(&self) {
        self.notify("notify all", Vec::clear);
        self.real.notify_all();
    }

    #[track_caller]
    fn notify(&self, name: &'static str, wake: impl FnOnce(&mut Vec<u64>)) {
        if is_controlled() {
            let notify = || wake(&mut self.waits().waiting);
            self.shared.operate(Effect::Write, Place::here(), notify, call(name, Effect::Write));
            self.shared.wake();
        }
    }

    /// Begins a wait and gives the lock back, in one step: no notification comes between.
    fn begin<T>(&self, guard: MutexGuard<'_, T>, place: Place) -> u64 {
        let begin = || {
            let mut waits = self.waits();
            let wait = waits.next;
            waits.next += 1;
            waits.waiting.push(wait);
            drop(guard);
            wait
        };
        self.shared.operate(Effect::Write, place, begin, call("wait", Effect::Write))
    }

    fn waits(&self) -> std::sync::MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Named for Condvar {
    fn named(mut self, name: impl FnOnce() -> String) -> Self {
        self.shared.name(name());
        self
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
