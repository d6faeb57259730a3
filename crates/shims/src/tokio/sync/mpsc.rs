//! `tokio::sync::mpsc`. Weak senders and owned permits are left out.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::sync::mpsc as real;
pub use ::tokio::sync::mpsc::error;
use error::{SendError, TryRecvError, TrySendError};

use super::oneshot::end;
use crate::steps::{Action, Effect, Label, Place, Shared, call, came_to, moved};
use crate::tokio::gate;

/// `tokio::sync::mpsc::channel`.
///
/// # Panics
/// If there is no room for a message.
#[track_caller]
pub fn channel<T>(bound: usize) -> (Sender<T>, Receiver<T>) {
    let (place, shared) = (Place::here(), Arc::new(Shared::new("channel")));
    let (sender, receiver) = real::channel(bound);
    let sender = Sender { shared: Arc::clone(&shared), place, real: Some(sender) };
    (sender, Receiver { shared, place, real: Some(receiver) })
}

/// `tokio::sync::mpsc::unbounded_channel`.
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (place, shared) = (Place::here(), Arc::new(Shared::new("channel")));
    let (sender, receiver) = real::unbounded_channel();
    let sender = UnboundedSender { shared: Arc::clone(&shared), place, real: Some(sender) };
    (sender, UnboundedReceiver { shared, place, real: Some(receiver) })
}

fn received<T>(name: &'static str) -> impl FnOnce(Label, &Option<T>) -> Action {
    came_to(name, Effect::Write, |result: &Option<T>| if result.is_some() { "a message" } else { "no message" })
}

macro_rules! ends {
    ($($name:ident),*) => {$(
        impl<T> $name<T> {
            fn real(&self) -> &real::$name<T> {
                self.real.as_ref().expect("an end is there until it is dropped")
            }

            #[track_caller]
            pub fn is_closed(&self) -> bool {
                let told = call("is closed", Effect::Read);
                self.shared.operate(Effect::Read, Place::here(), || self.real().is_closed(), told)
            }
        }

        impl<T> Drop for $name<T> {
            fn drop(&mut self) {
                end(&self.shared, self.place, self.real.take());
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.real.fmt(f)
            }
        }
    )*};
}

ends!(Sender, UnboundedSender, Receiver, UnboundedReceiver);

macro_rules! senders {
    ($($name:ident),*) => {$(
        #[doc = concat!("`tokio::sync::mpsc::", stringify!($name), "`.")]
        pub struct $name<T> {
            shared: Arc<Shared>,
            place: Place,
            /// None: it is dropped.
            real: Option<real::$name<T>>,
        }

        impl<T> $name<T> {
            /// Waits until there is no receiver.
            #[track_caller]
            pub fn closed(&self) -> impl Future<Output = ()> {
                self.closed_at(Place::here())
            }

            async fn closed_at(&self, place: Place) {
                let told = call("closed", Effect::Write);
                gate::wait_for(&self.shared, "closed", place, self.real().closed(), told).await;
            }

            pub fn same_channel(&self, other: &Self) -> bool {
                self.real().same_channel(other.real())
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self { shared: Arc::clone(&self.shared), place: self.place, real: self.real.clone() }
            }
        }
    )*};
}

senders!(Sender, UnboundedSender);

impl<T> Sender<T> {
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        self.send_at(value, Place::here())
    }

    async fn send_at(&self, value: T, place: Place) -> Result<(), SendError<T>> {
        gate::wait_for(&self.shared, "send", place, self.real().send(value), moved("send")).await
    }

    /// # Errors
    /// The message, if there is no room or no receiver.
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let send = || self.real().try_send(value);
        self.shared.operate(Effect::Write, Place::here(), send, moved("try to send"))
    }

    /// # Errors
    /// The message, if there is no receiver.
    ///
    /// # Panics
    /// Where tasks are polled.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        if !crate::steps::is_controlled() {
            return self.real().blocking_send(value);
        }
        crate::steps::control::block_on(self.send_at(value, Place::here()))
    }

    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T>, SendError<()>>> {
        self.reserve_at(Place::here())
    }

    async fn reserve_at(&self, place: Place) -> Result<Permit<'_, T>, SendError<()>> {
        let reserve = self.real().reserve();
        let real = gate::wait_for(&self.shared, "reserve", place, reserve, call("reserve", Effect::Write)).await?;
        Ok(Permit { shared: &self.shared, place, real: Some(real) })
    }

    /// # Errors
    /// There is no room, or no receiver.
    #[track_caller]
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        let (place, reserve) = (Place::here(), || self.real().try_reserve());
        let real = self.shared.operate(Effect::Write, place, reserve, call("try to reserve", Effect::Write))?;
        Ok(Permit { shared: &self.shared, place, real: Some(real) })
    }

    #[track_caller]
    pub fn capacity(&self) -> usize {
        let told = call("capacity", Effect::Read);
        self.shared.operate(Effect::Read, Place::here(), || self.real().capacity(), told)
    }

    pub fn max_capacity(&self) -> usize {
        self.real().max_capacity()
    }
}

impl<T> UnboundedSender<T> {
    /// # Errors
    /// The message, if there is no receiver.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let send = || self.real().send(value);
        self.shared.operate(Effect::Write, Place::here(), send, moved("send"))
    }
}

/// `tokio::sync::mpsc::Permit`.
#[must_use]
pub struct Permit<'a, T> {
    shared: &'a Shared,
    place: Place,
    /// None: the room was used.
    real: Option<real::Permit<'a, T>>,
}

impl<T> Permit<'_, T> {
    #[track_caller]
    pub fn send(mut self, value: T) {
        if let Some(real) = self.real.take() {
            let told = call("send", Effect::Write);
            self.shared.operate(Effect::Write, Place::here(), || real.send(value), told);
        }
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        if let Some(real) = self.real.take() {
            self.shared.operate(Effect::Write, self.place, || drop(real), call("give room back", Effect::Write));
        }
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

macro_rules! receivers {
    ($($name:ident),*) => {$(
        #[doc = concat!("`tokio::sync::mpsc::", stringify!($name), "`.")]
        pub struct $name<T> {
            shared: Arc<Shared>,
            place: Place,
            /// None: it is dropped.
            real: Option<real::$name<T>>,
        }

        impl<T> $name<T> {
            fn parts(&mut self) -> (&Shared, &mut real::$name<T>) {
                (&self.shared, self.real.as_mut().expect("an end is there until it is dropped"))
            }

            /// None: there is no message, and no sender any more.
            #[track_caller]
            pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
                self.recv_at(Place::here())
            }

            async fn recv_at(&mut self, place: Place) -> Option<T> {
                let (shared, real) = self.parts();
                gate::wait_for(shared, "recv", place, real.recv(), received("recv")).await
            }

            #[track_caller]
            pub fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> impl Future<Output = usize> {
                self.recv_many_at(buffer, limit, Place::here())
            }

            async fn recv_many_at(&mut self, buffer: &mut Vec<T>, limit: usize, place: Place) -> usize {
                let (shared, real) = self.parts();
                let told = call("recv many", Effect::Write);
                gate::wait_for(shared, "recv many", place, real.recv_many(buffer, limit), told).await
            }

            /// # Errors
            /// There is no message.
            #[track_caller]
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                let (place, (shared, real)) = (Place::here(), self.parts());
                shared.operate(Effect::Write, place, || real.try_recv(), moved("try to recv"))
            }

            /// # Panics
            /// Where tasks are polled.
            #[track_caller]
            pub fn blocking_recv(&mut self) -> Option<T> {
                if !crate::steps::is_controlled() {
                    return self.parts().1.blocking_recv();
                }
                crate::steps::control::block_on(self.recv_at(Place::here()))
            }

            #[track_caller]
            pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
                let (place, (shared, real)) = (Place::here(), self.parts());
                shared.poll("recv", place, || real.poll_recv(context), received("recv"))
            }

            #[track_caller]
            pub fn close(&mut self) {
                let (place, (shared, real)) = (Place::here(), self.parts());
                shared.operate(Effect::Write, place, || real.close(), call("close", Effect::Write));
            }

            #[track_caller]
            pub fn is_empty(&self) -> bool {
                let told = call("is empty", Effect::Read);
                self.shared.operate(Effect::Read, Place::here(), || self.real().is_empty(), told)
            }

            #[track_caller]
            pub fn len(&self) -> usize {
                let told = call("len", Effect::Read);
                self.shared.operate(Effect::Read, Place::here(), || self.real().len(), told)
            }
        }
    )*};
}

receivers!(Receiver, UnboundedReceiver);
