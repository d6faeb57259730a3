//! `std::sync::Mutex`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, TryLockResult};

use super::{attempted, guarded, try_guarded};
use crate::steps::{Mode, Place, Shared, is_controlled, named};

/// `std::sync::Mutex`: who waits for it gets it in no order that one could rely on.
pub struct Mutex<T: ?Sized> {
    pub(super) shared: Shared,
    real: std::sync::Mutex<T>,
}

named!(Mutex<T>);

impl<T> Mutex<T> {
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { shared: Shared::new("Mutex"), real: std::sync::Mutex::new(value) }
    }

    pub fn into_inner(self) -> LockResult<T> {
        self.real.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.lock_at(Place::here())
    }

    pub(super) fn lock_at(&self, place: Place) -> LockResult<MutexGuard<'_, T>> {
        let real = if is_controlled() {
            self.shared.lock(Mode::Exclusive, place, || attempted(self.real.try_lock()))
        } else {
            self.real.lock()
        };
        guarded(real, |real| self.guard(real, place))
    }

    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let place = Place::here();
        let attempt = || attempted(self.real.try_lock());
        let real = if is_controlled() { self.shared.try_lock(Mode::Exclusive, place, attempt) } else { attempt() };
        try_guarded(real.map(|real| guarded(real, |real| self.guard(real, place))))
    }

    pub fn is_poisoned(&self) -> bool {
        self.real.is_poisoned()
    }

    pub fn clear_poison(&self) {
        self.real.clear_poison();
    }

    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.real.get_mut()
    }

    fn guard<'a>(&'a self, real: std::sync::MutexGuard<'a, T>, place: Place) -> MutexGuard<'a, T> {
        MutexGuard { mutex: self, place, real: Some(real) }
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
        self.real.fmt(f)
    }
}

/// `std::sync::MutexGuard`.
#[must_use]
pub struct MutexGuard<'a, T: ?Sized> {
    pub(super) mutex: &'a Mutex<T>,
    place: Place,
    /// None: it was given back already.
    real: Option<std::sync::MutexGuard<'a, T>>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The real guard for a wait that is not under control.
    pub(super) fn take_real(mut self) -> (&'a Mutex<T>, Option<std::sync::MutexGuard<'a, T>>, Place) {
        (self.mutex, self.real.take(), self.place)
    }

    pub(super) fn of_real(mutex: &'a Mutex<T>, real: std::sync::MutexGuard<'a, T>, place: Place) -> Self {
        mutex.guard(real, place)
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if let Some(real) = self.real.take() {
            self.mutex.shared.give_back(self.place, || drop(real));
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.real.as_ref().expect("a guard has the lock until it is dropped")
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.real.as_mut().expect("a guard has the lock until it is dropped")
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
