//! tokio's async reader-writer lock: fair, any number of readers or one writer.

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::action::Action;
use super::engine::{Announcement, Engine, Section};
use super::meetings::LastAccess;
use super::object::{Lock, Mode};
use super::shown::Shown;
use super::steps::{self, Place};
use super::waiting::{self, Awaited};
use crate::announce::{Access, ObjectId};
use seriatim_runtime::{MapValue, RwLock};

#[derive(Debug, Default)]
struct State {
    readers: usize,
    writer: bool,
    waiters: VecDeque<Waiter>,
    next_ticket: u64,
    last_access: LastAccess,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    exclusive: bool,
    waker: Waker,
    granted: bool,
}

impl State {
    fn try_lock(&mut self, exclusive: bool) -> bool {
        let free = !self.writer && (!exclusive || self.readers == 0);
        if free {
            self.writer = exclusive;
            self.readers += usize::from(!exclusive);
        }
        free
    }

    /// Serves from the front of the queue for as long as the lock allows.
    fn serve(&mut self) {
        for index in 0..self.waiters.len() {
            if self.waiters[index].granted {
                continue;
            }
            let exclusive = self.waiters[index].exclusive;
            if !self.try_lock(exclusive) {
                return;
            }
            let waiter = &mut self.waiters[index];
            waiter.granted = true;
            waiter.waker.wake_by_ref();
        }
    }

    fn unlock(&mut self, exclusive: bool) {
        if exclusive {
            self.writer = false;
        } else {
            self.readers -= 1;
        }
        self.serve();
    }
}

/// A value behind an async lock.
pub struct ModelRwLock<T> {
    label: &'static str,
    object: ObjectId,
    state: Arc<Section<State>>,
    value: UnsafeCell<T>,
}

// SAFETY: `value` is reached only through guards, and `State` hands out either readers or one writer at a time; the
// section orders each unlock before the lock that follows it.
#[allow(unsafe_code)]
unsafe impl<T: Send + Sync> Sync for ModelRwLock<T> {}

impl<T: MapValue> ModelRwLock<T> {
    pub(super) fn new(engine: Engine, label: &'static str, value: T) -> Self {
        let state = Arc::new(Section::new(engine, State::default()));
        Self { label, object: engine.new_object(), state, value: UnsafeCell::new(value) }
    }

    async fn lock(&self, exclusive: bool, place: Place) -> Held {
        let engine = self.state.engine();
        let mut queued = Queued { state: &self.state, ticket: None, exclusive };
        let access = if exclusive { Access::Exclusive(self.object) } else { Access::Shared(self.object) };
        engine.announce(Announcement::Next(access));
        poll_fn(|context| {
            let granted = match queued.ticket {
                None => self.state.step(|state| {
                    if state.waiters.is_empty() && state.try_lock(exclusive) {
                        return true;
                    }
                    let ticket = state.next_ticket;
                    state.next_ticket += 1;
                    let waker = context.waker().clone();
                    state.waiters.push_back(Waiter { ticket, exclusive, waker, granted: false });
                    queued.ticket = Some(ticket);
                    false
                }),
                Some(ticket) => self.state.give_back(|state| {
                    let waiter = state.waiters.iter_mut().find(|waiter| waiter.ticket == ticket);
                    let waiter = waiter.expect("a waiter stays in the queue until it is served");
                    waiter.waker.clone_from(context.waker());
                    let granted = waiter.granted;
                    state.waiters.retain(|waiter| waiter.ticket != ticket || !granted);
                    granted
                }),
            };
            if granted {
                queued.ticket = None;
                self.state.give_back(|state| state.last_access.next(engine.task(), exclusive));
                engine.announce(Announcement::Acquired);
                let lock = || Lock::Named(self.label.into());
                let taken = || (Action::Lock { lock: lock(), mode: Mode::of(exclusive) }, self.shown());
                steps::trace_guarded(place, || engine.task(), taken);
                waiting::end(engine.task());
                Poll::Ready(())
            } else {
                let on = Awaited::Lock { label: self.label.into(), mode: Mode::of(exclusive) };
                waiting::begin(engine.task(), on, place);
                Poll::Pending
            }
        })
        .await;
        Held { label: self.label, object: self.object, state: Arc::clone(&self.state), exclusive, place, left: None }
    }

    /// The value as it is now, for a record. A type of one value has nothing to tell.
    #[allow(unsafe_code)]
    fn shown(&self) -> Option<Shown> {
        if size_of::<T>() == 0 {
            return None;
        }
        // SAFETY: called only by a task that holds the lock and, if for writing, has no reference to the value at this moment;
        // nobody else can have one that may change it.
        Some(Shown::of(unsafe { &*self.value.get() }))
    }
}

/// A place in the queue; dropped early, it is left.
struct Queued<'a> {
    state: &'a Section<State>,
    ticket: Option<u64>,
    exclusive: bool,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let engine = self.state.engine();
        waiting::end(engine.task());
        engine.announce(Announcement::Next(Access::Local));
        self.state.give_back(|state| {
            let granted = state.waiters.iter().any(|waiter| waiter.ticket == ticket && waiter.granted);
            state.waiters.retain(|waiter| waiter.ticket != ticket);
            if granted {
                state.unlock(self.exclusive);
            } else {
                state.serve();
            }
        });
    }
}

/// The lock, held.
struct Held {
    label: &'static str,
    object: ObjectId,
    state: Arc<Section<State>>,
    exclusive: bool,
    /// Where it was taken.
    place: Place,
    /// What a writer leaves behind, if somebody records.
    left: Option<Shown>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let engine = self.state.engine();
        self.state.give_back(|state| state.unlock(self.exclusive));
        let given_back = || (Action::Unlock { lock: Lock::Named(self.label.into()) }, self.left.take());
        steps::trace_guarded(self.place, || engine.task(), given_back);
        engine.announce(Announcement::Released(self.object));
    }
}

/// Shared access.
pub struct ModelReadGuard<'a, T> {
    lock: &'a ModelRwLock<T>,
    _held: Held,
}

/// Exclusive access.
pub struct ModelWriteGuard<'a, T: MapValue> {
    lock: &'a ModelRwLock<T>,
    held: Held,
}

impl<T: MapValue> Drop for ModelWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.held.left = steps::are_recorded().then(|| self.lock.shown()).flatten();
    }
}

impl<T> Deref for ModelReadGuard<'_, T> {
    type Target = T;

    #[allow(unsafe_code)]
    fn deref(&self) -> &T {
        // SAFETY: readers are counted in for as long as the guard lives, so there is no writer.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: MapValue> Deref for ModelWriteGuard<'_, T> {
    type Target = T;

    #[allow(unsafe_code)]
    fn deref(&self) -> &T {
        // SAFETY: the writer is alone for as long as the guard lives.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: MapValue> DerefMut for ModelWriteGuard<'_, T> {
    #[allow(unsafe_code)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the writer is alone for as long as the guard lives, and `&mut self` makes this the only reference.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: MapValue> RwLock<T> for ModelRwLock<T> {
    type Read<'a> = ModelReadGuard<'a, T>;
    type Write<'a> = ModelWriteGuard<'a, T>;

    #[track_caller]
    fn read(&self) -> impl Future<Output = Self::Read<'_>> + Send {
        let held = self.lock(false, Place::here());
        async move { ModelReadGuard { lock: self, _held: held.await } }
    }

    #[track_caller]
    fn write(&self) -> impl Future<Output = Self::Write<'_>> + Send {
        let held = self.lock(true, Place::here());
        async move { ModelWriteGuard { lock: self, held: held.await } }
    }
}
