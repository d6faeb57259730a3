//! `parking_lot::Mutex`.

use std::fmt;
use std::time::{Duration, Instant};

use super::guard::{Gate, guard, map, show, unlocked};
use crate::steps::{Effect, Mode, Place, Shared, came_to, named};

/// `parking_lot::Mutex`.
pub struct Mutex<T: ?Sized> {
    shared: Shared,
    real: ::parking_lot::Mutex<T>,
}

named!(Mutex<T>);

/// `parking_lot::const_mutex`.
#[track_caller]
pub const fn const_mutex<T>(value: T) -> Mutex<T> {
    Mutex::new(value)
}

impl<T> Mutex<T> {
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { shared: Shared::new("Mutex"), real: ::parking_lot::const_mutex(value) }
    }

    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let gate = self.gate(Place::here());
        MutexGuard::of(gate, gate.lock(Mode::Exclusive, || self.real.try_lock(), || self.real.lock()))
    }

    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.try_lock_at(Place::here())
    }

    fn try_lock_at(&self, place: Place) -> Option<MutexGuard<'_, T>> {
        let gate = self.gate(place);
        Some(MutexGuard::of(gate, gate.try_lock(Mode::Exclusive, || self.real.try_lock())?))
    }

    #[track_caller]
    pub fn try_lock_for(&self, limit: Duration) -> Option<MutexGuard<'_, T>> {
        self.try_lock_later(Place::here(), || self.real.try_lock_for(limit))
    }

    #[track_caller]
    pub fn try_lock_until(&self, limit: Instant) -> Option<MutexGuard<'_, T>> {
        self.try_lock_later(Place::here(), || self.real.try_lock_until(limit))
    }

    fn try_lock_later<'a>(
        &'a self,
        place: Place,
        blocking: impl FnOnce() -> Option<::parking_lot::MutexGuard<'a, T>>,
    ) -> Option<MutexGuard<'a, T>> {
        let gate = self.gate(place);
        let real = gate.try_lock_later(Mode::Exclusive, || self.real.try_lock(), blocking)?;
        Some(MutexGuard::of(gate, real))
    }

    #[track_caller]
    pub fn is_locked(&self) -> bool {
        let told = came_to("is locked", Effect::Read, |locked| if *locked { "locked" } else { "not locked" });
        self.shared.operate(Effect::Read, Place::here(), || self.real.is_locked(), told)
    }

    pub fn get_mut(&mut self) -> &mut T {
        self.real.get_mut()
    }

    fn gate(&self, place: Place) -> Gate<'_> {
        Gate { shared: &self.shared, place }
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "Mutex", self.try_lock_at(Place::default()))
    }
}

guard!(MutexGuard, mut);
guard!(MappedMutexGuard, mut);
map!(MutexGuard -> MappedMutexGuard, &mut);
map!(MappedMutexGuard -> MappedMutexGuard, &mut);
unlocked!(MutexGuard, mutex, Exclusive, try_lock, lock);
