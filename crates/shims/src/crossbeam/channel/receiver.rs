//! `crossbeam::channel::Receiver`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::{Asks, Core, Stage, Waiter};
use super::select::Operation;
use super::{Iter, RecvError, RecvTimeoutError, TryIter, TryRecvError, real};
use crate::steps::{Effect, Label, Place, call, is_controlled, moved, yield_now};

/// `crossbeam::channel::Receiver`.
pub struct Receiver<T> {
    pub(super) core: Arc<Core<T>>,
    /// None: it is dropped.
    real: Option<real::Receiver<T>>,
}

impl<T> Receiver<T> {
    pub(super) fn new(core: Arc<Core<T>>, real: real::Receiver<T>) -> Self {
        Self { core, real: Some(real) }
    }

    pub(super) fn real(&self) -> &real::Receiver<T> {
        self.real.as_ref().expect("a receiver is there until it is dropped")
    }

    /// # Errors
    /// There is no message, and no sender any more.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        if !is_controlled() {
            return self.real().recv();
        }
        let mut waits = false;
        let attempt = || {
            let received = match self.core.take(self.real()) {
                Ok(message) => Ok(message),
                Err(TryRecvError::Disconnected) => Err(RecvError),
                Err(TryRecvError::Empty) => {
                    if !std::mem::replace(&mut waits, true) {
                        self.core.begin_wait(None);
                    }
                    return None;
                }
            };
            if waits {
                self.core.end_wait(None);
            }
            Some(received)
        };
        let received = self.core.shared.wait_for("recv", Place::here(), attempt, moved("recv"));
        self.core.wake();
        received
    }

    /// # Errors
    /// There is no message.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        if !is_controlled() {
            return self.real().try_recv();
        }
        self.try_recv_at(Place::here())
    }

    fn try_recv_at(&self, place: Place) -> Result<T, TryRecvError> {
        let receive = || self.core.take(self.real());
        let received = self.core.shared.operate(Effect::Write, place, receive, moved("try to recv"));
        self.core.wake();
        received
    }

    /// # Errors
    /// There is no message in time.
    #[track_caller]
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, RecvTimeoutError> {
        if !is_controlled() {
            return self.real().recv_timeout(limit);
        }
        self.recv_in_time(Place::here())
    }

    /// # Errors
    /// There is no message in time.
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        if !is_controlled() {
            return self.real().recv_deadline(deadline);
        }
        self.recv_in_time(Place::here())
    }

    fn recv_in_time(&self, place: Place) -> Result<T, RecvTimeoutError> {
        yield_now(place);
        self.try_recv_at(place).map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
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

    /// The messages until there is no sender any more.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }

    /// The messages that are there.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter(self)
    }

    #[track_caller]
    fn look<R>(&self, name: &'static str, look: impl FnOnce() -> R) -> R {
        self.core.shared.operate(Effect::Read, Place::here(), look, call(name, Effect::Read))
    }
}

impl<T> Operation for Receiver<T> {
    fn add<'a>(&'a self, select: &mut real::Select<'a>) {
        select.recv(self.real());
    }

    fn ask(&self, asks: Asks<'_>, place: Place) -> Option<u64> {
        let ask = || {
            let ticket = self.core.select_message(self.real(), asks);
            match (asks.stage, asks.waiter) {
                (Stage::Begins, Some(waiter)) if ticket.is_none() => self.core.watch(waiter, false),
                (Stage::Sleeps, Some(waiter)) if ticket.is_none() => self.core.begin_wait(Some(waiter)),
                (Stage::Wakes, Some(waiter)) => self.core.end_wait(Some(waiter)),
                _ => {}
            }
            ticket
        };
        // Who waits for what goes from hand to hand is something that a sender can see.
        let effect = if asks.takes || self.core.handed { Effect::Write } else { Effect::Read };
        let ticket = self.core.shared.touch(effect, ask)?;
        self.core.record(if asks.takes { "select recv" } else { "ready to recv" }, asks, place);
        if asks.takes {
            self.core.wake();
        }
        Some(ticket)
    }

    fn is_handed(&self) -> bool {
        self.core.handed
    }

    fn wake_up(&self, waiter: &Arc<Waiter>) {
        self.core.shared.touch(Effect::Write, || self.core.end_wait(Some(waiter)));
    }

    fn leave(&self, waiter: &Arc<Waiter>) {
        self.core.unwatch(waiter);
    }

    fn label(&self) -> Label {
        self.core.shared.label()
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.core.add_receiver();
        Self { core: Arc::clone(&self.core), real: self.real.clone() }
    }
}

impl<T> Drop for Receiver<T> {
    #[track_caller]
    fn drop(&mut self) {
        let real = self.real.take();
        let end = || {
            if let Some(real) = real {
                self.core.remove_receiver(&real);
            }
        };
        self.core.shared.operate(Effect::Write, Place::here(), end, call("drop an end", Effect::Write));
        self.core.wake();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real().fmt(f)
    }
}
