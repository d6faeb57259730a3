//! `tokio::task::JoinHandle`.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex as Real, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use ::tokio::task as real;

use super::{JoinError, Life};
use crate::steps::{Effect, Place, call};

/// What a task came to, and who waits for it.
type Left<T> = (Option<Result<T, JoinError>>, Option<Waker>);

/// Where a task leaves what it comes to.
pub(super) struct Slot<T>(Real<Left<T>>);

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, Left<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A slot, and what puts something there and wakes who waits for it.
pub(super) fn slot<T: Send + 'static>() -> (Arc<Slot<T>>, impl FnOnce(Result<T, JoinError>) + Send + 'static) {
    let slot = Arc::new(Slot(Real::default()));
    let left = Arc::clone(&slot);
    let leave = move |outcome| {
        let waker = {
            let (result, waker) = &mut *left.lock();
            *result = Some(outcome);
            waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    };
    (slot, leave)
}

/// `tokio::task::JoinHandle`.
pub struct JoinHandle<T>(Of<T>);

enum Of<T> {
    Real(real::JoinHandle<T>),
    Task { life: Arc<Life>, slot: Arc<Slot<T>> },
}

impl<T> JoinHandle<T> {
    pub(in crate::tokio) fn of_real(handle: real::JoinHandle<T>) -> Self {
        Self(Of::Real(handle))
    }

    pub(super) fn of_task(life: Arc<Life>, slot: Arc<Slot<T>>) -> Self {
        Self(Of::Task { life, slot })
    }

    /// The task ends where it suspends next.
    #[track_caller]
    pub fn abort(&self) {
        match &self.0 {
            Of::Real(handle) => handle.abort(),
            Of::Task { life, .. } => life.abort(Place::here()),
        }
    }

    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Of::Real(handle) => handle.is_finished(),
            Of::Task { life, .. } => life.is_finished(Place::here()),
        }
    }

    pub fn abort_handle(&self) -> AbortHandle {
        match &self.0 {
            Of::Real(handle) => AbortHandle::of_real(handle.abort_handle()),
            Of::Task { life, .. } => AbortHandle::of_task(Arc::clone(life)),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    // The caller is whoever awaits it.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Of::Real(handle) => Pin::new(handle).poll(context).map_err(JoinError::of_real),
            Of::Task { life, slot } => {
                let take = || {
                    let (result, waker) = &mut *slot.lock();
                    let Some(result) = result.take() else {
                        *waker = Some(context.waker().clone());
                        return Poll::Pending;
                    };
                    Poll::Ready(result)
                };
                life.end().poll("join", Place::here(), take, call("join", Effect::Read))
            }
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// `tokio::task::AbortHandle`.
#[derive(Clone)]
pub struct AbortHandle(OfAny);

#[derive(Clone)]
enum OfAny {
    Real(real::AbortHandle),
    Task(Arc<Life>),
}

impl AbortHandle {
    pub(super) fn of_real(handle: real::AbortHandle) -> Self {
        Self(OfAny::Real(handle))
    }

    pub(super) fn of_task(life: Arc<Life>) -> Self {
        Self(OfAny::Task(life))
    }

    #[track_caller]
    pub fn abort(&self) {
        match &self.0 {
            OfAny::Real(handle) => handle.abort(),
            OfAny::Task(life) => life.abort(Place::here()),
        }
    }

    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            OfAny::Real(handle) => handle.is_finished(),
            OfAny::Task(life) => life.is_finished(Place::here()),
        }
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").finish_non_exhaustive()
    }
}
