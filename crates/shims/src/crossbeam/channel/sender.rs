//! `crossbeam::channel::Sender`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::{Asks, Core, Stage, Waiter};
use super::select::Operation;
use super::{SendError, SendTimeoutError, TrySendError, real};
use crate::steps::{Effect, Label, Place, call, is_controlled, moved, yield_now};

/// `crossbeam::channel::Sender`.
pub struct Sender<T> {
    pub(super) core: Arc<Core<T>>,
    /// None: it is dropped.
    real: Option<real::Sender<T>>,
}

impl<T> Sender<T> {
    pub(super) fn new(core: Arc<Core<T>>, real: real::Sender<T>) -> Self {
        Self { core, real: Some(real) }
    }

    pub(super) fn real(&self) -> &real::Sender<T> {
        self.real.as_ref().expect("a sender is there until it is dropped")
    }

    /// # Errors
    /// The message, if there is no receiver.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        if !is_controlled() {
            return self.real().send(message);
        }
        let place = Place::here();
        let mut unsent = Some(message);
        let attempt = || match self.core.put(self.real(), unsent.take().expect("it was not sent yet"), true) {
            Ok(number) => Some(Ok(number)),
            Err(TrySendError::Full(message)) => {
                unsent = Some(message);
                None
            }
            Err(TrySendError::Disconnected(message)) => Some(Err(SendError(message))),
        };
        let sent = self.core.shared.wait_for("send", place, attempt, moved("send"));
        self.core.wake();
        let number = sent?;
        if !self.core.handed {
            return Ok(());
        }
        let told = moved("hand over");
        self.core.shared.wait_for("send", place, || self.core.is_taken(number), told)
    }

    /// # Errors
    /// The message, if there is no room or no receiver.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        if !is_controlled() {
            return self.real().try_send(message);
        }
        self.try_send_at(message, Place::here())
    }

    fn try_send_at(&self, message: T, place: Place) -> Result<(), TrySendError<T>> {
        let send = || self.core.put(self.real(), message, false);
        let sent = self.core.shared.operate(Effect::Write, place, send, moved("try to send"));
        self.core.wake();
        sent.map(drop)
    }

    /// # Errors
    /// The message, if there is no room in time or no receiver.
    #[track_caller]
    pub fn send_timeout(&self, message: T, limit: Duration) -> Result<(), SendTimeoutError<T>> {
        if !is_controlled() {
            return self.real().send_timeout(message, limit);
        }
        self.send_in_time(message, Place::here())
    }

    /// # Errors
    /// The message, if there is no room in time or no receiver.
    #[track_caller]
    pub fn send_deadline(&self, message: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        if !is_controlled() {
            return self.real().send_deadline(message, deadline);
        }
        self.send_in_time(message, Place::here())
    }

    fn send_in_time(&self, message: T, place: Place) -> Result<(), SendTimeoutError<T>> {
        yield_now(place);
        self.try_send_at(message, place).map_err(|error| match error {
            TrySendError::Full(message) => SendTimeoutError::Timeout(message),
            TrySendError::Disconnected(message) => SendTimeoutError::Disconnected(message),
        })
    }

    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.look("is empty", || self.core.handed || self.real().is_empty())
    }

    #[track_caller]
    pub fn is_full(&self) -> bool {
        self.look("is full", || self.core.handed || self.real().is_full())
    }

    #[track_caller]
    pub fn len(&self) -> usize {
        self.look("len", || if self.core.handed { 0 } else { self.real().len() })
    }

    pub fn capacity(&self) -> Option<usize> {
        if self.core.handed { Some(0) } else { self.real().capacity() }
    }

    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }

    #[track_caller]
    fn look<R>(&self, name: &'static str, look: impl FnOnce() -> R) -> R {
        self.core.shared.operate(Effect::Read, Place::here(), look, call(name, Effect::Read))
    }
}

impl<T> Operation for Sender<T> {
    fn add<'a>(&'a self, select: &mut real::Select<'a>) {
        select.send(self.real());
    }

    fn ask(&self, asks: Asks<'_>, place: Place) -> Option<u64> {
        let ask = || {
            let ticket = self.core.select_room(self.real(), asks);
            if let (None, Stage::Begins, Some(waiter)) = (ticket, asks.stage, asks.waiter) {
                self.core.watch(waiter, true);
            }
            ticket
        };
        let effect = if asks.takes { Effect::Write } else { Effect::Read };
        let ticket = self.core.shared.touch(effect, ask)?;
        self.core.record(if asks.takes { "select send" } else { "ready to send" }, asks, place);
        Some(ticket)
    }

    fn is_handed(&self) -> bool {
        false
    }

    fn wake_up(&self, _: &Arc<Waiter>) {}

    fn leave(&self, waiter: &Arc<Waiter>) {
        self.core.unwatch(waiter);
    }

    fn label(&self) -> Label {
        self.core.shared.label()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core), real: self.real.clone() }
    }
}

impl<T> Drop for Sender<T> {
    #[track_caller]
    fn drop(&mut self) {
        let real = self.real.take();
        self.core.shared.operate(Effect::Write, Place::here(), || drop(real), call("drop an end", Effect::Write));
        self.core.wake();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real().fmt(f)
    }
}
