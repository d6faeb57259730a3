//! `std::sync::OnceLock` and `std::sync::LazyLock`.

use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex as Real, PoisonError};

use super::once::Claim;
use crate::steps::{Effect, Place, came_to, is_controlled};

/// `std::sync::OnceLock`.
pub struct OnceLock<T> {
    claim: Claim,
    real: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    #[track_caller]
    pub const fn new() -> Self {
        Self { claim: Claim::new("OnceLock"), real: std::sync::OnceLock::new() }
    }

    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        let words = |found: &Option<_>| if found.is_some() { "set" } else { "not set" };
        let told = came_to("get", Effect::Read, words);
        self.claim.shared.operate(Effect::Read, Place::here(), || self.real.get(), told)
    }

    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.real.get_mut()
    }

    /// # Errors
    /// The value, if there was one already.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        if !is_controlled() {
            return self.real.set(value);
        }
        let mut value = Some(value);
        let make = || value.take().expect("a closure that makes a value is called once");
        self.claim.claim("set", Place::here(), || self.real.get(), || self.real.get_or_init(make));
        value.map_or(Ok(()), Err)
    }

    #[track_caller]
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        self.claim.claim("get or init", Place::here(), || self.real.get(), || self.real.get_or_init(make))
    }

    pub fn into_inner(self) -> Option<T> {
        self.real.into_inner()
    }

    pub fn take(&mut self) -> Option<T> {
        self.real.take()
    }
}

impl<T> crate::Named for OnceLock<T> {
    fn named(mut self, name: impl FnOnce() -> String) -> Self {
        self.claim.shared.name(name());
        self
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self { claim: Claim::new("OnceLock"), real: value.into() }
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self { claim: Claim::new("OnceLock"), real: self.real.clone() }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.real == other.real
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// `std::sync::LazyLock`.
pub struct LazyLock<T, F = fn() -> T> {
    value: OnceLock<T>,
    make: Real<Option<F>>,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    #[track_caller]
    pub const fn new(make: F) -> Self {
        Self { value: OnceLock::new(), make: Real::new(Some(make)) }
    }

    /// # Panics
    /// If an earlier closure did.
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        this.value.get_or_init(|| {
            let make = this.make.lock().unwrap_or_else(PoisonError::into_inner).take();
            make.expect("LazyLock instance has previously been poisoned")()
        })
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyLock").field(&self.value.real.get()).finish()
    }
}
