//! `tokio::sync::OnceCell`.

use std::fmt;

use ::tokio::sync as real;
use ::tokio::sync::SetError;

use crate::steps::{Effect, Place, Shared, call, came_to, named};
use crate::tokio::gate;

/// `tokio::sync::OnceCell`.
pub struct OnceCell<T> {
    shared: Shared,
    real: real::OnceCell<T>,
}

named!(OnceCell<T>);

impl<T> OnceCell<T> {
    #[track_caller]
    pub const fn new() -> Self {
        Self { shared: Shared::new("OnceCell"), real: real::OnceCell::const_new() }
    }

    #[track_caller]
    pub const fn const_new() -> Self {
        Self::new()
    }

    #[track_caller]
    pub fn new_with(value: Option<T>) -> Self {
        Self { shared: Shared::new("OnceCell"), real: real::OnceCell::new_with(value) }
    }

    #[track_caller]
    pub fn initialized(&self) -> bool {
        let told = call("initialized", Effect::Read);
        self.shared.operate(Effect::Read, Place::here(), || self.real.initialized(), told)
    }

    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        let words = |found: &Option<_>| if found.is_some() { "set" } else { "not set" };
        self.shared.operate(Effect::Read, Place::here(), || self.real.get(), came_to("get", Effect::Read, words))
    }

    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.real.get_mut()
    }

    /// # Errors
    /// The value, if there is one already, or if another is being made.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        self.shared.operate(Effect::Write, Place::here(), || self.real.set(value), call("set", Effect::Write))
    }

    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, make: F) -> impl Future<Output = &T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        self.get_or_init_at(make, Place::here())
    }

    async fn get_or_init_at<F, Fut>(&self, make: F, place: Place) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let init = self.real.get_or_init(|| self.made(make));
        gate::wait_for(&self.shared, "get or init", place, init, call("get or init", Effect::Write)).await
    }

    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(&self, make: F) -> impl Future<Output = Result<&T, E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.get_or_try_init_at(make, Place::here())
    }

    async fn get_or_try_init_at<E, F, Fut>(&self, make: F, place: Place) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let init = self.real.get_or_try_init(|| self.made(make));
        gate::wait_for(&self.shared, "get or init", place, init, call("get or init", Effect::Write)).await
    }

    /// The cell has the value in a step that comes after those that make it.
    async fn made<Fut: Future>(&self, make: impl FnOnce() -> Fut) -> Fut::Output {
        let made = make().await;
        self.shared.touch(Effect::Write, || made)
    }

    pub fn into_inner(self) -> Option<T> {
        self.real.into_inner()
    }

    pub fn take(&mut self) -> Option<T> {
        self.real.take()
    }
}

impl<T> Default for OnceCell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
