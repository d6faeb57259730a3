//! `tokio::sync::Mutex`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use ::tokio::sync as real;
use ::tokio::sync::TryLockError;

use super::{changing, guards};
use crate::steps::{Mode, Place, Shared, is_controlled};
use crate::tokio::gate;

/// `tokio::sync::Mutex`.
pub struct Mutex<T> {
    shared: Arc<Shared>,
    real: Arc<real::Mutex<T>>,
}

impl<T> Mutex<T> {
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self { shared: Arc::new(Shared::new("Mutex")), real: Arc::new(real::Mutex::new(value)) }
    }

    #[track_caller]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T>> {
        self.lock_at(Place::here())
    }

    async fn lock_at(&self, place: Place) -> MutexGuard<'_, T> {
        let real = gate::lock(&self.shared, Mode::Exclusive, place, self.real.lock()).await;
        MutexGuard { shared: &self.shared, place, real: Some(real) }
    }

    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        self.lock_owned_at(Place::here())
    }

    async fn lock_owned_at(self: Arc<Self>, place: Place) -> OwnedMutexGuard<T> {
        let lock = Arc::clone(&self.real).lock_owned();
        let real = gate::lock(&self.shared, Mode::Exclusive, place, lock).await;
        OwnedMutexGuard { shared: Arc::clone(&self.shared), place, real: Some(real) }
    }

    /// # Panics
    /// Where tasks are polled.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        let place = Place::here();
        let real = || MutexGuard { shared: &self.shared, place, real: Some(self.real.blocking_lock()) };
        gate::block_on(self.lock_at(place), real)
    }

    /// # Errors
    /// Another has it.
    #[track_caller]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        let place = Place::here();
        let real = attempt(&self.shared, Mode::Exclusive, place, || self.real.try_lock())?;
        Ok(MutexGuard { shared: &self.shared, place, real: Some(real) })
    }

    /// # Errors
    /// Another has it.
    #[track_caller]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        let place = Place::here();
        let real = attempt(&self.shared, Mode::Exclusive, place, || Arc::clone(&self.real).try_lock_owned())?;
        Ok(OwnedMutexGuard { shared: Arc::clone(&self.shared), place, real: Some(real) })
    }

    /// # Panics
    /// If an owned guard is there that another lock was made for.
    pub fn get_mut(&mut self) -> &mut T {
        Arc::get_mut(&mut self.real).expect("a lock without guards is its own").get_mut()
    }

    /// # Panics
    /// If an owned guard is there.
    pub fn into_inner(self) -> T {
        Arc::into_inner(self.real).expect("a lock without guards is its own").into_inner()
    }
}

/// Asks for a lock without waiting for it.
pub(super) fn attempt<G>(
    shared: &Shared,
    mode: Mode,
    place: Place,
    attempt: impl FnOnce() -> Result<G, TryLockError>,
) -> Result<G, TryLockError> {
    if !is_controlled() {
        return attempt();
    }
    let mut failed = None;
    let guard = shared.try_lock(mode, place, || attempt().map_err(|error| failed = Some(error)).ok());
    guard.ok_or_else(|| failed.expect("who has no lock has an error"))
}

/// Gives an object the name of [`crate::Named`] that its guards share.
macro_rules! named {
    ($($of:ident<$($parameter:ident),*>),*) => {$(
        impl<$($parameter),*> $crate::Named for $of<$($parameter),*> {
            fn named(mut self, name: impl FnOnce() -> String) -> Self {
                if let Some(shared) = std::sync::Arc::get_mut(&mut self.shared) {
                    shared.name(name());
                }
                self
            }
        }
    )*};
}

pub(super) use named;

named!(Mutex<T>);

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

impl<T: fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

guards! {
    MutexGuard<'a> of &'a Shared, real::MutexGuard<'a, T>;
    OwnedMutexGuard<> of Arc<Shared>, real::OwnedMutexGuard<T>;
}

changing! { MutexGuard<'a>, OwnedMutexGuard<> }
