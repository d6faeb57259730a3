//! `std::sync::RwLock`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, TryLockResult};

use super::{attempted, guarded, try_guarded};
use crate::steps::{Mode, Place, Shared, is_controlled, named};

/// `std::sync::RwLock`: a writer that waits does not keep readers out.
pub struct RwLock<T: ?Sized> {
    shared: Shared,
    real: std::sync::RwLock<T>,
}

named!(RwLock<T>);

impl<T> RwLock<T> {
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { shared: Shared::new("RwLock"), real: std::sync::RwLock::new(value) }
    }

    pub fn into_inner(self) -> LockResult<T> {
        self.real.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let place = Place::here();
        let real = if is_controlled() {
            self.shared.lock(Mode::Shared, place, || attempted(self.real.try_read()))
        } else {
            self.real.read()
        };
        guarded(real, |real| self.reading(real, place))
    }

    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let place = Place::here();
        let real = if is_controlled() {
            self.shared.lock(Mode::Exclusive, place, || attempted(self.real.try_write()))
        } else {
            self.real.write()
        };
        guarded(real, |real| self.writing(real, place))
    }

    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let place = Place::here();
        let attempt = || attempted(self.real.try_read());
        let real = if is_controlled() { self.shared.try_lock(Mode::Shared, place, attempt) } else { attempt() };
        try_guarded(real.map(|real| guarded(real, |real| self.reading(real, place))))
    }

    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let place = Place::here();
        let attempt = || attempted(self.real.try_write());
        let real = if is_controlled() { self.shared.try_lock(Mode::Exclusive, place, attempt) } else { attempt() };
        try_guarded(real.map(|real| guarded(real, |real| self.writing(real, place))))
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

    fn reading<'a>(&'a self, real: std::sync::RwLockReadGuard<'a, T>, place: Place) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard { shared: &self.shared, place, real: Some(real) }
    }

    fn writing<'a>(&'a self, real: std::sync::RwLockWriteGuard<'a, T>, place: Place) -> RwLockWriteGuard<'a, T> {
        RwLockWriteGuard { shared: &self.shared, place, real: Some(real) }
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

macro_rules! guard {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[must_use]
        pub struct $name<'a, T: ?Sized> {
            shared: &'a Shared,
            place: Place,
            /// None: it was given back already.
            real: Option<std::sync::$name<'a, T>>,
        }

        impl<T: ?Sized> Drop for $name<'_, T> {
            fn drop(&mut self) {
                let real = self.real.take();
                self.shared.give_back(self.place, || drop(real));
            }
        }

        impl<T: ?Sized> Deref for $name<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                self.real.as_ref().expect("a guard has the lock until it is dropped")
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

guard! {
    /// `std::sync::RwLockReadGuard`.
    RwLockReadGuard
}
guard! {
    /// `std::sync::RwLockWriteGuard`.
    RwLockWriteGuard
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.real.as_mut().expect("a guard has the lock until it is dropped")
    }
}
