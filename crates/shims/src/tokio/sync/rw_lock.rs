//! `tokio::sync::RwLock`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use ::tokio::sync as real;
use ::tokio::sync::TryLockError;

use super::mutex::{attempt, named};
use super::{changing, guards};
use crate::steps::{Mode, Place, Shared};
use crate::tokio::gate;

/// `tokio::sync::RwLock`.
pub struct RwLock<T> {
    shared: Arc<Shared>,
    real: Arc<real::RwLock<T>>,
}

named!(RwLock<T>);

impl<T> RwLock<T> {
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self { shared: Arc::new(Shared::new("RwLock")), real: Arc::new(real::RwLock::new(value)) }
    }

    #[track_caller]
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> {
        self.read_at(Place::here())
    }

    async fn read_at(&self, place: Place) -> RwLockReadGuard<'_, T> {
        let real = gate::lock(&self.shared, Mode::Shared, place, self.real.read()).await;
        RwLockReadGuard { shared: &self.shared, place, real: Some(real) }
    }

    #[track_caller]
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<'_, T>> {
        self.write_at(Place::here())
    }

    async fn write_at(&self, place: Place) -> RwLockWriteGuard<'_, T> {
        let real = gate::lock(&self.shared, Mode::Exclusive, place, self.real.write()).await;
        RwLockWriteGuard { shared: &self.shared, place, real: Some(real) }
    }

    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockReadGuard<T>> {
        self.read_owned_at(Place::here())
    }

    async fn read_owned_at(self: Arc<Self>, place: Place) -> OwnedRwLockReadGuard<T> {
        let real = gate::lock(&self.shared, Mode::Shared, place, Arc::clone(&self.real).read_owned()).await;
        OwnedRwLockReadGuard { shared: Arc::clone(&self.shared), place, real: Some(real) }
    }

    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockWriteGuard<T>> {
        self.write_owned_at(Place::here())
    }

    async fn write_owned_at(self: Arc<Self>, place: Place) -> OwnedRwLockWriteGuard<T> {
        let real = gate::lock(&self.shared, Mode::Exclusive, place, Arc::clone(&self.real).write_owned()).await;
        OwnedRwLockWriteGuard { shared: Arc::clone(&self.shared), place, real: Some(real) }
    }

    /// # Panics
    /// Where tasks are polled.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        let place = Place::here();
        let real = || RwLockReadGuard { shared: &self.shared, place, real: Some(self.real.blocking_read()) };
        gate::block_on(self.read_at(place), real)
    }

    /// # Panics
    /// Where tasks are polled.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        let place = Place::here();
        let real = || RwLockWriteGuard { shared: &self.shared, place, real: Some(self.real.blocking_write()) };
        gate::block_on(self.write_at(place), real)
    }

    /// # Errors
    /// Another has it.
    #[track_caller]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        let place = Place::here();
        let real = attempt(&self.shared, Mode::Shared, place, || self.real.try_read())?;
        Ok(RwLockReadGuard { shared: &self.shared, place, real: Some(real) })
    }

    /// # Errors
    /// Another has it.
    #[track_caller]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        let place = Place::here();
        let real = attempt(&self.shared, Mode::Exclusive, place, || self.real.try_write())?;
        Ok(RwLockWriteGuard { shared: &self.shared, place, real: Some(real) })
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

impl<T: fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

guards! {
    RwLockReadGuard<'a> of &'a Shared, real::RwLockReadGuard<'a, T>;
    RwLockWriteGuard<'a> of &'a Shared, real::RwLockWriteGuard<'a, T>;
    OwnedRwLockReadGuard<> of Arc<Shared>, real::OwnedRwLockReadGuard<T>;
    OwnedRwLockWriteGuard<> of Arc<Shared>, real::OwnedRwLockWriteGuard<T>;
}

changing! { RwLockWriteGuard<'a>, OwnedRwLockWriteGuard<> }
