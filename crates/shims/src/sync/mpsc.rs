//! `std::sync::mpsc`.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{self as real};
pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
use std::time::Duration;

use crate::steps::{Action, Effect, Label, Place, Shared, is_controlled, moved, yield_now};

/// `std::sync::mpsc::channel`.
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new("channel"));
    let (sender, receiver) = real::channel();
    (Sender { shared: Arc::clone(&shared), real: Some(sender) }, Receiver { shared, real: Some(receiver) })
}

/// `std::sync::mpsc::sync_channel`. Under control, one without room has room for one message.
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new("channel"));
    let bound = if is_controlled() { bound.max(1) } else { bound };
    let (sender, receiver) = real::sync_channel(bound);
    (SyncSender { shared: Arc::clone(&shared), real: Some(sender) }, Receiver { shared, real: Some(receiver) })
}

/// The end of a channel: that it is gone is something that the other end can see.
fn end<R>(shared: &Shared, place: Place, real: Option<R>) {
    if real.is_none() {
        return;
    }
    let told = |object: Label, (): &()| Action::call(object, "drop an end", Effect::Write, None);
    shared.operate(Effect::Write, place, || drop(real), told);
    shared.wake();
}

/// `std::sync::mpsc::Sender`.
pub struct Sender<T> {
    shared: Arc<Shared>,
    /// None: it is dropped.
    real: Option<real::Sender<T>>,
}

impl<T> Sender<T> {
    fn real(&self) -> &real::Sender<T> {
        self.real.as_ref().expect("a sender is there until it is dropped")
    }

    /// # Errors
    /// The message, if there is no receiver.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        let send = || self.real().send(message);
        let sent = self.shared.operate(Effect::Write, Place::here(), send, moved("send"));
        self.shared.wake();
        sent
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), real: self.real.clone() }
    }
}

impl<T> Drop for Sender<T> {
    #[track_caller]
    fn drop(&mut self) {
        end(&self.shared, Place::here(), self.real.take());
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real().fmt(f)
    }
}

/// `std::sync::mpsc::SyncSender`.
pub struct SyncSender<T> {
    shared: Arc<Shared>,
    /// None: it is dropped.
    real: Option<real::SyncSender<T>>,
}

impl<T> SyncSender<T> {
    fn real(&self) -> &real::SyncSender<T> {
        self.real.as_ref().expect("a sender is there until it is dropped")
    }

    /// # Errors
    /// The message, if there is no receiver.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        if !is_controlled() {
            return self.real().send(message);
        }
        let mut unsent = Some(message);
        let attempt = || match self.real().try_send(unsent.take().expect("it was not sent yet")) {
            Ok(()) => Some(Ok(())),
            Err(TrySendError::Full(message)) => {
                unsent = Some(message);
                None
            }
            Err(TrySendError::Disconnected(message)) => Some(Err(SendError(message))),
        };
        let sent = self.shared.wait_for("send", Place::here(), attempt, moved("send"));
        self.shared.wake();
        sent
    }

    /// # Errors
    /// The message, if there is no room or no receiver.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let send = || self.real().try_send(message);
        let sent = self.shared.operate(Effect::Write, Place::here(), send, moved("try to send"));
        self.shared.wake();
        sent
    }
}

impl<T> Clone for SyncSender<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), real: self.real.clone() }
    }
}

impl<T> Drop for SyncSender<T> {
    #[track_caller]
    fn drop(&mut self) {
        end(&self.shared, Place::here(), self.real.take());
    }
}

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real().fmt(f)
    }
}

/// `std::sync::mpsc::Receiver`. A wait with a limit lets others run once, and then ends.
pub struct Receiver<T> {
    shared: Arc<Shared>,
    /// None: it is dropped.
    real: Option<real::Receiver<T>>,
}

impl<T> Receiver<T> {
    fn real(&self) -> &real::Receiver<T> {
        self.real.as_ref().expect("a receiver is there until it is dropped")
    }

    /// # Errors
    /// There is no message, and no sender any more.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        if !is_controlled() {
            return self.real().recv();
        }
        let attempt = || match self.real().try_recv() {
            Ok(message) => Some(Ok(message)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(RecvError)),
        };
        let received = self.shared.wait_for("recv", Place::here(), attempt, moved("recv"));
        self.shared.wake();
        received
    }

    /// # Errors
    /// There is no message.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let receive = || self.real().try_recv();
        let received = self.shared.operate(Effect::Write, Place::here(), receive, moved("try to recv"));
        self.shared.wake();
        received
    }

    /// # Errors
    /// There is no message.
    #[track_caller]
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, RecvTimeoutError> {
        if !is_controlled() {
            return self.real().recv_timeout(limit);
        }
        yield_now(Place::here());
        self.try_recv().map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    /// The messages until there is no sender any more.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.recv().ok())
    }

    /// The messages that are there.
    pub fn try_iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.try_recv().ok())
    }
}

impl<T> Drop for Receiver<T> {
    #[track_caller]
    fn drop(&mut self) {
        end(&self.shared, Place::here(), self.real.take());
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real().fmt(f)
    }
}

/// `std::sync::mpsc::IntoIter`.
#[derive(Debug)]
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}
