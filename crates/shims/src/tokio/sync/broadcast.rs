//! `tokio::sync::broadcast`. Weak senders are left out.

use std::fmt;
use std::sync::Arc;

use ::tokio::sync::broadcast as real;
pub use ::tokio::sync::broadcast::error;
use error::{RecvError, SendError, TryRecvError};

use super::oneshot::end;
use crate::steps::{Effect, Place, Shared, call, moved};
use crate::tokio::gate;

/// `tokio::sync::broadcast::channel`.
///
/// # Panics
/// If there is no room for a message.
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (place, shared) = (Place::here(), Arc::new(Shared::new("broadcast")));
    let (sender, receiver) = real::channel(capacity);
    let sender = Sender { shared: Arc::clone(&shared), place, real: Some(sender) };
    (sender, Receiver { shared, place, real: Some(receiver) })
}

/// `tokio::sync::broadcast::Sender`.
pub struct Sender<T> {
    shared: Arc<Shared>,
    place: Place,
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
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let send = || self.real().send(value);
        self.shared.operate(Effect::Write, Place::here(), send, moved("send"))
    }

    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        let (place, subscribe) = (Place::here(), || self.real().subscribe());
        let real = self.shared.operate(Effect::Write, place, subscribe, call("subscribe", Effect::Write));
        Receiver { shared: Arc::clone(&self.shared), place, real: Some(real) }
    }

    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        let told = call("receiver count", Effect::Read);
        self.shared.operate(Effect::Read, Place::here(), || self.real().receiver_count(), told)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), place: self.place, real: self.real.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        end(&self.shared, self.place, self.real.take());
    }
}

/// `tokio::sync::broadcast::Receiver`.
pub struct Receiver<T> {
    shared: Arc<Shared>,
    place: Place,
    /// None: it is dropped.
    real: Option<real::Receiver<T>>,
}

impl<T: Clone> Receiver<T> {
    fn parts(&mut self) -> (&Shared, &mut real::Receiver<T>) {
        (&self.shared, self.real.as_mut().expect("a receiver is there until it is dropped"))
    }

    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Result<T, RecvError>> {
        self.recv_at(Place::here())
    }

    async fn recv_at(&mut self, place: Place) -> Result<T, RecvError> {
        let (shared, real) = self.parts();
        gate::wait_for(shared, "recv", place, real.recv(), moved("recv")).await
    }

    /// # Errors
    /// There is no message.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let (place, (shared, real)) = (Place::here(), self.parts());
        shared.operate(Effect::Write, place, || real.try_recv(), moved("try to recv"))
    }

    #[track_caller]
    pub fn resubscribe(&self) -> Self {
        let (place, real) = (Place::here(), self.real.as_ref().expect("a receiver is there until it is dropped"));
        let told = call("subscribe", Effect::Write);
        let real = self.shared.operate(Effect::Write, place, || real.resubscribe(), told);
        Self { shared: Arc::clone(&self.shared), place, real: Some(real) }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        end(&self.shared, self.place, self.real.take());
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
