//! `tokio::task::JoinError`.

use std::any::Any;
use std::fmt;
use std::sync::{Mutex as Real, PoisonError};

use ::tokio::task as real;

use crate::steps::control::panic_message;

/// `tokio::task::JoinError`.
pub struct JoinError(Why);

enum Why {
    Real(real::JoinError),
    Cancelled,
    // The lock is there so that it can be shared, and nobody takes it.
    Panicked(String, Real<Box<dyn Any + Send>>),
}

impl JoinError {
    pub(super) fn of_real(error: real::JoinError) -> Self {
        Self(Why::Real(error))
    }

    pub(super) fn cancelled() -> Self {
        Self(Why::Cancelled)
    }

    pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Self {
        Self(Why::Panicked(panic_message(&*panic), Real::new(panic)))
    }

    /// What the panic says.
    pub(super) fn message(&self) -> Option<&str> {
        if let Why::Panicked(message, _) = &self.0 { Some(message) } else { None }
    }

    pub fn is_cancelled(&self) -> bool {
        match &self.0 {
            Why::Real(error) => error.is_cancelled(),
            Why::Cancelled => true,
            Why::Panicked(..) => false,
        }
    }

    pub fn is_panic(&self) -> bool {
        !self.is_cancelled()
    }

    /// # Panics
    /// If the task did not.
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic().expect("`JoinError` reason is not a panic")
    }

    /// # Errors
    /// The task was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.0 {
            Why::Real(error) => error.try_into_panic().map_err(Self::of_real),
            Why::Cancelled => Err(self),
            Why::Panicked(_, panic) => Ok(panic.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Real(error) => error.fmt(f),
            Why::Cancelled => f.write_str("task was cancelled"),
            Why::Panicked(message, _) => write!(f, "task panicked with message {message:?}"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Real(error) => error.fmt(f),
            Why::Cancelled => f.write_str("JoinError::Cancelled"),
            Why::Panicked(message, _) => write!(f, "JoinError::Panic({message:?})"),
        }
    }
}

impl std::error::Error for JoinError {}
