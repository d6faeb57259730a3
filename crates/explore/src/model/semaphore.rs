//! tokio's semaphore: fair, and a permit comes back however its holder ends.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::action::Action;
use super::engine::{Announcement, Engine, Section};
use super::object::Permit;
use super::steps::{self, Place};
use super::waiting::{self, Awaited};
use crate::announce::{Access, ObjectId};
use seriatim_runtime::Semaphore;

/// Permits and those who wait for one, first come, first served.
#[derive(Debug)]
struct State {
    permits: usize,
    waiters: VecDeque<Waiter>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    waker: Waker,
    granted: bool,
}

/// What the permits of a semaphore are for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Workers,
    Label(&'static str),
}

impl Purpose {
    fn permit(self) -> Permit {
        match self {
            Self::Workers => Permit::Worker,
            Self::Label(label) => Permit::Of(label.into()),
        }
    }

    fn awaited(self) -> Awaited {
        match self {
            Self::Workers => Awaited::Worker,
            Self::Label(label) => Awaited::Permit { semaphore: label.into() },
        }
    }
}

/// A counting semaphore.
pub struct ModelSemaphore {
    purpose: Purpose,
    object: ObjectId,
    permits: usize,
    state: Arc<Section<State>>,
}

impl std::fmt::Debug for ModelSemaphore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelSemaphore").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl ModelSemaphore {
    pub(super) fn new(engine: Engine, label: &'static str, permits: usize) -> Self {
        Self::with(engine, Purpose::Label(label), permits)
    }

    /// The semaphore whose permits are workers.
    pub(super) fn of_workers(engine: Engine, workers: usize) -> Self {
        Self::with(engine, Purpose::Workers, workers)
    }

    fn with(engine: Engine, purpose: Purpose, permits: usize) -> Self {
        let state = State { permits, waiters: VecDeque::new(), next_ticket: 0 };
        Self { purpose, object: engine.new_object(), permits, state: Arc::new(Section::new(engine, state)) }
    }

    #[track_caller]
    pub(super) fn acquire_owned(&self) -> Acquire {
        Acquire {
            purpose: self.purpose,
            object: self.object,
            permits: self.permits,
            state: Arc::clone(&self.state),
            ticket: None,
            done: false,
            place: Place::here(),
        }
    }
}

impl Semaphore for ModelSemaphore {
    type Permit = ModelPermit;

    #[track_caller]
    fn acquire(&self) -> impl Future<Output = Self::Permit> + Send {
        self.acquire_owned()
    }
}

/// Waits for a permit; dropped early, it leaves the queue.
pub(super) struct Acquire {
    purpose: Purpose,
    object: ObjectId,
    permits: usize,
    state: Arc<Section<State>>,
    ticket: Option<u64>,
    done: bool,
    /// Where it was asked for.
    place: Place,
}

impl Future for Acquire {
    type Output = ModelPermit;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let engine = this.state.engine();
        if this.ticket.is_none() {
            let access = Access::Permit { semaphore: this.object, permits: this.permits };
            engine.announce(Announcement::Next(access));
        }
        let granted = match this.ticket {
            None => this.state.step(|state| {
                if state.permits > 0 && state.waiters.is_empty() {
                    state.permits -= 1;
                    return true;
                }
                let ticket = state.next_ticket;
                state.next_ticket += 1;
                state.waiters.push_back(Waiter { ticket, waker: context.waker().clone(), granted: false });
                this.ticket = Some(ticket);
                false
            }),
            Some(ticket) => this.state.give_back(|state| {
                let position = state.waiters.iter().position(|waiter| waiter.ticket == ticket);
                let waiter = &mut state.waiters[position.expect("a waiter stays in the queue until it is served")];
                waiter.waker.clone_from(context.waker());
                let granted = waiter.granted;
                state.waiters.retain(|waiter| waiter.ticket != ticket || !granted);
                granted
            }),
        };
        if granted {
            this.done = true;
            engine.announce(Announcement::Acquired);
            steps::trace_at(this.place, || engine.task(), || Action::Acquire { permit: this.purpose.permit() });
            waiting::end(engine.task());
            Poll::Ready(ModelPermit { purpose: this.purpose, object: this.object, state: Arc::clone(&this.state) })
        } else {
            waiting::begin(engine.task(), this.purpose.awaited(), this.place);
            Poll::Pending
        }
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.filter(|_| !self.done) else { return };
        let engine = self.state.engine();
        waiting::end(engine.task());
        engine.announce(Announcement::Next(Access::Local));
        self.state.give_back(|state| {
            let granted = state.waiters.iter().any(|waiter| waiter.ticket == ticket && waiter.granted);
            state.waiters.retain(|waiter| waiter.ticket != ticket);
            if granted {
                release(state);
            }
        });
    }
}

/// One permit; it is given back when dropped.
pub struct ModelPermit {
    purpose: Purpose,
    object: ObjectId,
    state: Arc<Section<State>>,
}

impl Drop for ModelPermit {
    fn drop(&mut self) {
        let engine = self.state.engine();
        self.state.give_back(release);
        steps::trace(|| engine.task(), || Action::Release { permit: self.purpose.permit() });
        engine.announce(Announcement::Released(self.object));
    }
}

/// Hands the permit to the first who waits and has none yet, or keeps it.
fn release(state: &mut State) {
    match state.waiters.iter_mut().find(|waiter| !waiter.granted) {
        Some(waiter) => {
            waiter.granted = true;
            waiter.waker.wake_by_ref();
        }
        None => state.permits += 1,
    }
}
