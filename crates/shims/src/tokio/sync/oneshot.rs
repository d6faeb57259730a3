//! `tokio::sync::oneshot`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::sync::oneshot as real;
pub use ::tokio::sync::oneshot::error;
use error::{RecvError, TryRecvError};

use crate::steps::{Effect, Place, Shared, call, control, moved};
use crate::tokio::gate;

/// `tokio::sync::oneshot::channel`.
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (place, shared) = (Place::here(), Arc::new(Shared::new("oneshot")));
    let (sender, receiver) = real::channel();
    let sender = Sender { shared: Arc::clone(&shared), place, real: Some(sender) };
    (sender, Receiver { shared, place, real: Some(receiver) })
}

/// `tokio::sync::oneshot::Sender`.
pub struct Sender<T> {
    shared: Arc<Shared>,
    place: Place,
    /// None: it has sent.
    real: Option<real::Sender<T>>,
}

impl<T> Sender<T> {
    /// # Errors
    /// The message, if there is no receiver.
    #[track_caller]
    pub fn send(mut self, value: T) -> Result<(), T> {
        let real = self.real.take().expect("a sender is there until it sends");
        self.shared.operate(Effect::Write, Place::here(), || real.send(value), moved("send"))
    }

    #[track_caller]
    pub fn is_closed(&self) -> bool {
        let is_closed = || self.real.as_ref().is_none_or(real::Sender::is_closed);
        self.shared.operate(Effect::Read, Place::here(), is_closed, call("is closed", Effect::Read))
    }

    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        self.closed_at(Place::here())
    }

    async fn closed_at(&mut self, place: Place) {
        let real = self.real.as_mut().expect("a sender is there until it sends");
        gate::wait_for(&self.shared, "closed", place, real.closed(), call("closed", Effect::Write)).await;
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        end(&self.shared, self.place, self.real.take());
    }
}

/// The end of a channel: that it is gone is something that the other end can see.
pub(super) fn end<R>(shared: &Shared, place: Place, real: Option<R>) {
    if real.is_some() {
        shared.operate(Effect::Write, place, || drop(real), call("drop an end", Effect::Write));
    }
}

/// `tokio::sync::oneshot::Receiver`.
pub struct Receiver<T> {
    shared: Arc<Shared>,
    place: Place,
    /// None: it is dropped.
    real: Option<real::Receiver<T>>,
}

impl<T> Receiver<T> {
    fn real(&mut self) -> &mut real::Receiver<T> {
        self.real.as_mut().expect("a receiver is there until it is dropped")
    }

    #[track_caller]
    pub fn close(&mut self) {
        let (place, shared) = (Place::here(), Arc::clone(&self.shared));
        shared.operate(Effect::Write, place, || self.real().close(), call("close", Effect::Write));
    }

    /// # Errors
    /// There is no message.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let (place, shared) = (Place::here(), Arc::clone(&self.shared));
        shared.operate(Effect::Write, place, || self.real().try_recv(), moved("try to recv"))
    }

    /// # Errors
    /// There is no sender.
    #[track_caller]
    pub fn blocking_recv(mut self) -> Result<T, RecvError> {
        if crate::steps::is_controlled() {
            return control::block_on(self);
        }
        self.real.take().expect("a receiver is there until it is dropped").blocking_recv()
    }
}

/// Where it was made is where it waits.
impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (place, shared) = (self.place, Arc::clone(&self.shared));
        shared.poll("recv", place, || Pin::new(self.real()).poll(context), moved("recv"))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        control::give_up();
        end(&self.shared, self.place, self.real.take());
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
