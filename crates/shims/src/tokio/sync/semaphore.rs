//! `tokio::sync::Semaphore`.

use std::sync::Arc;

use ::tokio::sync as real;
use ::tokio::sync::{AcquireError, TryAcquireError};

use crate::Named;
use crate::steps::{Action, Effect, Label, Place, Shared, call, came_to};
use crate::tokio::gate;

/// `tokio::sync::Semaphore`.
#[derive(Debug)]
pub struct Semaphore {
    shared: Arc<Shared>,
    real: Arc<real::Semaphore>,
}

impl Named for Semaphore {
    fn named(mut self, name: impl FnOnce() -> String) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.name(name());
        }
        self
    }
}

/// Whether there was a permit.
fn permit<P, E>(name: &'static str) -> impl FnOnce(Label, &Result<P, E>) -> Action {
    came_to(name, Effect::Write, |result: &Result<P, E>| if result.is_ok() { "a permit" } else { "no permit" })
}

impl Semaphore {
    pub const MAX_PERMITS: usize = real::Semaphore::MAX_PERMITS;

    #[track_caller]
    pub fn new(permits: usize) -> Self {
        Self { shared: Arc::new(Shared::new("Semaphore")), real: Arc::new(real::Semaphore::new(permits)) }
    }

    #[track_caller]
    pub fn available_permits(&self) -> usize {
        let available = || self.real.available_permits();
        self.shared.operate(Effect::Read, Place::here(), available, call("available permits", Effect::Read))
    }

    #[track_caller]
    pub fn add_permits(&self, count: usize) {
        let add = || self.real.add_permits(count);
        self.shared.operate(Effect::Write, Place::here(), add, call("add permits", Effect::Write));
    }

    #[track_caller]
    pub fn forget_permits(&self, count: usize) -> usize {
        let forget = || self.real.forget_permits(count);
        self.shared.operate(Effect::Write, Place::here(), forget, call("forget permits", Effect::Write))
    }

    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        self.acquire_at(1, Place::here())
    }

    #[track_caller]
    pub fn acquire_many(&self, count: u32) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        self.acquire_at(count, Place::here())
    }

    async fn acquire_at(&self, count: u32, place: Place) -> Result<SemaphorePermit<'_>, AcquireError> {
        let acquire = self.real.acquire_many(count);
        let real = gate::wait_for(&self.shared, "acquire", place, acquire, permit("acquire")).await?;
        Ok(SemaphorePermit { shared: &self.shared, place, real: Some(real) })
    }

    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        self.acquire_owned_at(1, Place::here())
    }

    #[track_caller]
    pub fn acquire_many_owned(
        self: Arc<Self>,
        count: u32,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        self.acquire_owned_at(count, Place::here())
    }

    async fn acquire_owned_at(self: Arc<Self>, count: u32, place: Place) -> Result<OwnedSemaphorePermit, AcquireError> {
        let acquire = Arc::clone(&self.real).acquire_many_owned(count);
        let real = gate::wait_for(&self.shared, "acquire", place, acquire, permit("acquire")).await?;
        Ok(OwnedSemaphorePermit { shared: Arc::clone(&self.shared), place, real: Some(real) })
    }

    /// # Errors
    /// There is no permit.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// # Errors
    /// There are not so many permits.
    #[track_caller]
    pub fn try_acquire_many(&self, count: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        let (place, acquire) = (Place::here(), || self.real.try_acquire_many(count));
        let real = self.shared.operate(Effect::Write, place, acquire, permit("try to acquire"))?;
        Ok(SemaphorePermit { shared: &self.shared, place, real: Some(real) })
    }

    /// # Errors
    /// There is no permit.
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// # Errors
    /// There are not so many permits.
    #[track_caller]
    pub fn try_acquire_many_owned(self: Arc<Self>, count: u32) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let (place, acquire) = (Place::here(), || Arc::clone(&self.real).try_acquire_many_owned(count));
        let real = self.shared.operate(Effect::Write, place, acquire, permit("try to acquire"))?;
        Ok(OwnedSemaphorePermit { shared: Arc::clone(&self.shared), place, real: Some(real) })
    }

    #[track_caller]
    pub fn close(&self) {
        self.shared.operate(Effect::Write, Place::here(), || self.real.close(), call("close", Effect::Write));
    }

    #[track_caller]
    pub fn is_closed(&self) -> bool {
        let told = call("is closed", Effect::Read);
        self.shared.operate(Effect::Read, Place::here(), || self.real.is_closed(), told)
    }
}

macro_rules! permits {
    ($($name:ident<$($lifetime:lifetime)?> of $shared:ty, $real:ty;)*) => {$(
        #[doc = concat!("`tokio::sync::", stringify!($name), "`.")]
        #[derive(Debug)]
        #[must_use]
        pub struct $name<$($lifetime)?> {
            shared: $shared,
            place: Place,
            /// None: it was given back already.
            real: Option<$real>,
        }

        impl<$($lifetime)?> $name<$($lifetime)?> {
            pub fn forget(mut self) {
                if let Some(real) = self.real.take() {
                    real.forget();
                }
            }

            pub fn num_permits(&self) -> usize {
                self.real.as_ref().map_or(0, |real| real.num_permits())
            }
        }

        impl<$($lifetime)?> Drop for $name<$($lifetime)?> {
            fn drop(&mut self) {
                if let Some(real) = self.real.take() {
                    let told = call("release", Effect::Write);
                    self.shared.operate(Effect::Write, self.place, || drop(real), told);
                }
            }
        }
    )*};
}

permits! {
    SemaphorePermit<'a> of &'a Shared, real::SemaphorePermit<'a>;
    OwnedSemaphorePermit<> of Arc<Shared>, real::OwnedSemaphorePermit;
}
