//! `tokio::task`.

mod join_error;
mod join_handle;
mod join_set;
mod life;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use ::tokio as real;

pub use join_error::JoinError;
pub use join_handle::{AbortHandle, JoinHandle};
pub use join_set::JoinSet;
pub(super) use life::Life;

use super::runtime::{Context, current};
use crate::steps::{Place, control, is_controlled};

/// `tokio::spawn`.
///
/// # Panics
/// If the caller is outside of every runtime.
#[track_caller]
pub fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> JoinHandle<F::Output> {
    if is_controlled() { spawn_in(&current(), Place::here(), future) } else { JoinHandle::of_real(real::spawn(future)) }
}

/// `tokio::task::spawn_blocking`.
///
/// # Panics
/// If the caller is outside of every runtime.
#[track_caller]
pub fn spawn_blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    if is_controlled() {
        spawn_blocking_in(&current(), Place::here(), work)
    } else {
        JoinHandle::of_real(real::task::spawn_blocking(work))
    }
}

/// `tokio::task::block_in_place`.
pub fn block_in_place<R>(work: impl FnOnce() -> R) -> R {
    if is_controlled() { work() } else { real::task::block_in_place(work) }
}

#[track_caller]
pub(super) fn spawn_in<F>(context: &Arc<Context>, place: Place, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (slot, leave) = join_handle::slot();
    let life = life::spawn(context, place, Life::alone(), future, leave);
    JoinHandle::of_task(life, slot)
}

#[track_caller]
pub(super) fn spawn_blocking_in<R: Send + 'static>(
    context: &Arc<Context>,
    place: Place,
    work: impl FnOnce() -> R + Send + 'static,
) -> JoinHandle<R> {
    let (slot, leave) = join_handle::slot();
    let life = life::spawn_blocking(context, place, Life::alone(), work, leave);
    JoinHandle::of_task(life, slot)
}

/// `tokio::task::yield_now`.
#[track_caller]
pub fn yield_now() -> impl Future<Output = ()> {
    yield_at(Place::here())
}

/// Lets others run once.
pub(super) async fn yield_at(place: Place) {
    if !is_controlled() {
        return real::task::yield_now().await;
    }
    let mut has_yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        control::suspend(place);
        Poll::Pending
    })
    .await;
}
