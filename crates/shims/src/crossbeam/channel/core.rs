//! What the ends of a channel have in common.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex as Real, MutexGuard, PoisonError};

use super::{RecvError, SendError, TryRecvError, TrySendError, real};
use crate::steps::{Action, Effect, Place, Shared};

/// A channel, but for the real ends.
pub struct Core<T> {
    pub shared: Shared,
    /// There is no room: a message goes from hand to hand.
    pub handed: bool,
    state: Real<State<T>>,
}

struct State<T> {
    receivers: usize,
    /// Messages that went in so far.
    sent: u64,
    /// Messages that came out so far.
    taken: u64,
    /// Who waits for a message, where one goes from hand to hand. None: a receiver that does not select.
    awaiting: Vec<Option<Arc<Waiter>>>,
    /// The message of a sender that waits until it is taken, after the last receiver has gone.
    returned: Option<T>,
    /// What selections got and nobody has completed yet.
    selected: BTreeMap<u64, Selected<T>>,
    next_ticket: u64,
    /// Selections that wait for something to be done here, and whether they would send.
    waiters: Vec<(Arc<Waiter>, bool)>,
}

/// What a selection got.
enum Selected<T> {
    Message(T),
    /// Room for a message.
    Room,
    /// The other end is gone.
    Disconnected,
}

/// How a selection asks.
#[derive(Clone, Copy)]
pub struct Asks<'a> {
    /// It takes what it finds; else it only looks.
    pub takes: bool,
    /// The selection, if it would wait.
    pub waiter: Option<&'a Arc<Waiter>>,
    pub stage: Stage,
}

/// How far a selection is that would wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its first round: it is woken from now on when something is done to the channel.
    Begins,
    /// A later round.
    GoesOn,
    /// It is about to sleep, and found nothing else: a sender may give it a message from hand to hand.
    Sleeps,
    /// It woke up: no sender may any more.
    Wakes,
}

/// A selection that waits for any of several channels. Who does something to one of them wakes it.
#[derive(Debug)]
pub struct Waiter {
    pub shared: Shared,
    woken: AtomicBool,
}

impl Waiter {
    #[track_caller]
    pub fn new(name: String) -> Self {
        let mut shared = Shared::new("select");
        shared.name(name);
        Self { shared, woken: AtomicBool::new(false) }
    }

    /// Whether it was woken since this was last asked.
    pub fn is_woken(&self) -> bool {
        self.woken.swap(false, Relaxed)
    }

    fn wake(&self) {
        self.woken.store(true, Relaxed);
        self.shared.wake();
    }
}

impl<T> Core<T> {
    #[track_caller]
    pub const fn new(handed: bool) -> Self {
        let state = State {
            receivers: 1,
            sent: 0,
            taken: 0,
            awaiting: Vec::new(),
            returned: None,
            selected: BTreeMap::new(),
            next_ticket: 0,
            waiters: Vec::new(),
        };
        Self { shared: Shared::new("channel"), handed, state: Real::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets every task try again that waits for something here.
    pub fn wake(&self) {
        self.shared.wake();
        let waiters = self.state().waiters.clone();
        for (waiter, _) in waiters {
            waiter.wake();
        }
    }

    pub fn add_receiver(&self) {
        self.state().receivers += 1;
    }

    /// A receiver goes. The last one of a channel without room leaves the message to who waits for it to be taken.
    pub fn remove_receiver(&self, real: &real::Receiver<T>) {
        let mut state = self.state();
        state.receivers -= 1;
        if state.receivers == 0 && self.handed {
            state.returned = real.try_recv().ok();
        }
    }

    /// Sends, if there is room, and says how many messages that makes. One that does not wait needs a receiver that
    /// does, where a message goes from hand to hand.
    pub fn put(&self, real: &real::Sender<T>, message: T, waits: bool) -> Result<u64, TrySendError<T>> {
        let mut state = self.state();
        if state.receivers > 0 && !state.has_room(real, self.handed && !waits, None) {
            return Err(TrySendError::Full(message));
        }
        real.try_send(message)?;
        state.sent += 1;
        Ok(state.sent)
    }

    /// Whether the message of this number was taken; an error gives it back. None: it is still there.
    pub fn is_taken(&self, number: u64) -> Option<Result<(), SendError<T>>> {
        let mut state = self.state();
        if state.taken >= number {
            return Some(Ok(()));
        }
        state.returned.take().map(|message| Err(SendError(message)))
    }

    pub fn take(&self, real: &real::Receiver<T>) -> Result<T, TryRecvError> {
        let message = real.try_recv()?;
        self.state().taken += 1;
        Ok(message)
    }

    /// A receiver begins to wait, which a sender can notice where a message goes from hand to hand.
    pub fn begin_wait(&self, waiter: Option<&Arc<Waiter>>) {
        if !self.handed {
            return;
        }
        let mut state = self.state();
        state.awaiting.push(waiter.cloned());
        let senders: Vec<_> = state.waiters.iter().filter(|(_, sends)| *sends).cloned().collect();
        drop(state);
        for (sender, _) in senders.iter().filter(|(other, _)| !waiter.is_some_and(|own| Arc::ptr_eq(own, other))) {
            sender.wake();
        }
    }

    pub fn end_wait(&self, waiter: Option<&Arc<Waiter>>) {
        let awaiting = &mut self.state().awaiting;
        let found = awaiting.iter().position(|other| match (other, waiter) {
            (Some(other), Some(waiter)) => Arc::ptr_eq(other, waiter),
            (other, waiter) => other.is_none() && waiter.is_none(),
        });
        if let Some(found) = found {
            awaiting.remove(found);
        }
    }

    /// Wakes this selection from now on.
    pub fn watch(&self, waiter: &Arc<Waiter>, sends: bool) {
        self.state().waiters.push((Arc::clone(waiter), sends));
    }

    /// Wakes it no more.
    pub fn unwatch(&self, waiter: &Arc<Waiter>) {
        self.state().waiters.retain(|(other, _)| !Arc::ptr_eq(other, waiter));
    }

    /// A selection asks for room: a ticket, if there is some or if there is no receiver.
    pub fn select_room(&self, real: &real::Sender<T>, asks: Asks<'_>) -> Option<u64> {
        let mut state = self.state();
        let selected = if state.receivers == 0 {
            Selected::Disconnected
        } else {
            state.has_room(real, self.handed, asks.waiter).then_some(Selected::Room)?
        };
        Some(if asks.takes { state.ticket(selected) } else { 0 })
    }

    /// A selection asks for a message: a ticket, if there is one or if there is no sender.
    pub fn select_message(&self, real: &real::Receiver<T>, asks: Asks<'_>) -> Option<u64> {
        // What it may have been given comes before what it can find out in the next round.
        let only_messages = matches!(asks.stage, Stage::Sleeps | Stage::Wakes);
        if only_messages && real.is_empty() {
            return None;
        }
        if !asks.takes {
            let mut looks = real::Select::new();
            looks.recv(real);
            return looks.try_ready().is_ok().then_some(0);
        }
        let selected = match self.take(real) {
            Ok(message) => Selected::Message(message),
            Err(TryRecvError::Disconnected) => Selected::Disconnected,
            Err(TryRecvError::Empty) => return None,
        };
        Some(self.state().ticket(selected))
    }

    /// Sends into the room that a selection got.
    pub fn complete_send(&self, real: &real::Sender<T>, ticket: u64, message: T) -> Result<(), SendError<T>> {
        let mut state = self.state();
        match state.selected.remove(&ticket) {
            Some(Selected::Room) => real.try_send(message).map_err(|error| SendError(error.into_inner()))?,
            Some(Selected::Disconnected) => return Err(SendError(message)),
            Some(Selected::Message(_)) | None => panic!("passed a sender that wasn't selected"),
        }
        state.sent += 1;
        drop(state);
        self.wake();
        Ok(())
    }

    /// The message that a selection got.
    pub fn complete_recv(&self, ticket: u64) -> Result<T, RecvError> {
        match self.state().selected.remove(&ticket) {
            Some(Selected::Message(message)) => Ok(message),
            Some(Selected::Disconnected) => Err(RecvError),
            Some(Selected::Room) | None => panic!("passed a receiver that wasn't selected"),
        }
    }

    /// Records what a selection came to.
    pub fn record(&self, call: &'static str, asks: Asks<'_>, place: Place) {
        let effect = if asks.takes { Effect::Write } else { Effect::Read };
        crate::steps::control::record(place, || Action::call(self.shared.label(), call, effect, None));
    }
}

impl<T> State<T> {
    /// Whether there is room for one more; where only a receiver that waits makes room, one that is not this
    /// selection.
    fn has_room(&self, real: &real::Sender<T>, only_awaited: bool, but: Option<&Arc<Waiter>>) -> bool {
        let reserved = self.selected.values().filter(|selected| matches!(selected, Selected::Room)).count();
        let there = real.len() + reserved;
        let is_other = |waiter: &&Option<Arc<Waiter>>| match (waiter, but) {
            (Some(waiter), Some(but)) => !Arc::ptr_eq(waiter, but),
            _ => true,
        };
        let awaited = || self.awaiting.iter().filter(is_other).count() > there;
        real.capacity().is_none_or(|capacity| there < capacity) && (!only_awaited || awaited())
    }

    fn ticket(&mut self, selected: Selected<T>) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.selected.insert(ticket, selected);
        ticket
    }
}

impl<T> fmt::Debug for Core<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}
