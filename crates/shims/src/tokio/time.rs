//! `tokio::time`. Under control, what waits for a moment lets others run once.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
pub use std::time::Duration;

use super::task::yield_at;
use crate::steps::{Place, is_controlled};

/// `tokio::time::sleep`.
#[track_caller]
pub fn sleep(time: Duration) -> impl Future<Output = ()> {
    sleep_at(time, Place::here())
}

async fn sleep_at(time: Duration, place: Place) {
    if is_controlled() {
        return yield_at(place).await;
    }
    // A thread that sleeps, since this crate has no clock of tokio's.
    let slept = ::tokio::task::spawn_blocking(move || std::thread::sleep(time)).await;
    slept.expect("a thread that sleeps does not panic");
}

/// `tokio::time::timeout`. Under control, time is up if the future is not ready after others have run once.
///
/// # Errors
/// Time is up.
#[track_caller]
pub fn timeout<F: Future>(limit: Duration, future: F) -> impl Future<Output = Result<F::Output, Elapsed>> {
    timeout_at(limit, future, Place::here())
}

async fn timeout_at<F: Future>(limit: Duration, future: F, place: Place) -> Result<F::Output, Elapsed> {
    let (mut future, mut time) = (pin!(future), pin!(sleep_at(limit, place)));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Ok(result)),
        Poll::Pending => time.as_mut().poll(context).map(|()| Err(Elapsed(()))),
    })
    .await
}

/// `tokio::time::error::Elapsed`.
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

/// `tokio::time::error`.
pub mod error {
    pub use super::Elapsed;
}
