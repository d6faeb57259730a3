//! `parking_lot::ReentrantMutex`.

use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex as Real, PoisonError};

use super::guard::show;
use crate::steps::{Effect, Mode, Place, Shared, came_to, is_controlled, named, number};

/// `parking_lot::ReentrantMutex`. Only the first time that its owner takes it is a step.
pub struct ReentrantMutex<T: ?Sized> {
    shared: Shared,
    /// Who has it under control, where all tasks are one thread to the real one.
    owner: Real<Option<Owner>>,
    real: ::parking_lot::ReentrantMutex<T>,
}

#[derive(Clone, Copy, Debug)]
struct Owner {
    task: u64,
    guards: usize,
}

named!(ReentrantMutex<T>);

/// `parking_lot::const_reentrant_mutex`.
#[track_caller]
pub const fn const_reentrant_mutex<T>(value: T) -> ReentrantMutex<T> {
    ReentrantMutex::new(value)
}

impl<T> ReentrantMutex<T> {
    #[track_caller]
    pub const fn new(value: T) -> Self {
        let real = ::parking_lot::const_reentrant_mutex(value);
        Self { shared: Shared::new("ReentrantMutex"), owner: Real::new(None), real }
    }

    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }
}

impl<T: ?Sized> ReentrantMutex<T> {
    #[track_caller]
    pub fn lock(&self) -> ReentrantMutexGuard<'_, T> {
        let place = Place::here();
        if !is_controlled() {
            return self.guard(self.real.lock(), place, false);
        }
        let real = self.attempt_again().unwrap_or_else(|| self.shared.lock(Mode::Exclusive, place, || self.attempt()));
        self.guard(real, place, true)
    }

    #[track_caller]
    pub fn try_lock(&self) -> Option<ReentrantMutexGuard<'_, T>> {
        self.try_lock_at(Place::here())
    }

    fn try_lock_at(&self, place: Place) -> Option<ReentrantMutexGuard<'_, T>> {
        if !is_controlled() {
            return Some(self.guard(self.real.try_lock()?, place, false));
        }
        let first = || self.shared.try_lock(Mode::Exclusive, place, || self.attempt());
        Some(self.guard(self.attempt_again().or_else(first)?, place, true))
    }

    /// Whether anybody has it, the caller too.
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        let told = came_to("is locked", Effect::Read, |locked| if *locked { "locked" } else { "not locked" });
        self.shared.operate(Effect::Read, Place::here(), || self.real.is_locked(), told)
    }

    pub fn is_owned_by_current_thread(&self) -> bool {
        if is_controlled() { self.is_owned() } else { self.real.is_owned_by_current_thread() }
    }

    pub fn get_mut(&mut self) -> &mut T {
        self.real.get_mut()
    }

    /// The real guard, if the caller has one already.
    fn attempt_again(&self) -> Option<::parking_lot::ReentrantMutexGuard<'_, T>> {
        if self.is_owned() { self.attempt() } else { None }
    }

    fn attempt(&self) -> Option<::parking_lot::ReentrantMutexGuard<'_, T>> {
        let mut owner = self.owner();
        let task = number();
        let guards = match *owner {
            None => 0,
            Some(owner) if owner.task == task => owner.guards,
            Some(_) => return None,
        };
        let real = self.real.try_lock()?;
        *owner = Some(Owner { task, guards: guards + 1 });
        Some(real)
    }

    fn is_owned(&self) -> bool {
        self.owner().is_some_and(|owner| owner.task == number())
    }

    fn owner(&self) -> std::sync::MutexGuard<'_, Option<Owner>> {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guard<'a>(
        &'a self,
        real: ::parking_lot::ReentrantMutexGuard<'a, T>,
        place: Place,
        is_counted: bool,
    ) -> ReentrantMutexGuard<'a, T> {
        ReentrantMutexGuard { mutex: self, place, is_counted, real: Some(real) }
    }
}

impl<T: Default> Default for ReentrantMutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for ReentrantMutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "ReentrantMutex", self.try_lock_at(Place::default()))
    }
}

/// `parking_lot::ReentrantMutexGuard`.
#[must_use]
pub struct ReentrantMutexGuard<'a, T: ?Sized> {
    mutex: &'a ReentrantMutex<T>,
    place: Place,
    /// Whether the owner counts it: it was taken under control.
    is_counted: bool,
    /// None: it was given back already.
    real: Option<::parking_lot::ReentrantMutexGuard<'a, T>>,
}

impl<T: ?Sized> ReentrantMutexGuard<'_, T> {
    /// Gives it back as dropping it does: nothing is fair here.
    pub fn unlock_fair(guard: Self) {
        drop(guard);
    }
}

impl<T: ?Sized> Drop for ReentrantMutexGuard<'_, T> {
    fn drop(&mut self) {
        let real = self.real.take();
        if !self.is_counted {
            return drop(real);
        }
        let mutex = self.mutex;
        let leave = || {
            drop(real);
            let mut owner = mutex.owner();
            *owner = owner.map(|owner| Owner { guards: owner.guards - 1, ..owner }).filter(|owner| owner.guards > 0);
        };
        let is_last = mutex.owner().is_some_and(|owner| owner.guards == 1);
        if is_last {
            mutex.shared.give_back(self.place, leave);
        } else {
            leave();
        }
    }
}

impl<T: ?Sized> Deref for ReentrantMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.real.as_ref().expect("a guard has the lock until it is dropped")
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ReentrantMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
