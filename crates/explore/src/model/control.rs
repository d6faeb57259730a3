//! Code that was written for threads and locks, under control: what replacements of the usual libraries are made of.
//!
//! A replacement keeps the real object, and asks here before each operation: a [`Shared`] lets others run first, tells
//! the scheduler what the operation touches, puts a task to sleep that would have to wait, and writes down what was
//! done. Once the real operation is called, it never blocks. Outside an execution nothing of this happens and
//! [`is_controlled`] says so: the real operation is then all there is.
//!
//! Memory is sequentially consistent here. Only shuttle's executions are controlled in this way.

mod futures;
mod naming;
mod panics;
mod threads;

use std::sync::{Mutex, MutexGuard, PoisonError};

use shuttle_engine::runtime::execution::ExecutionState;
use shuttle_engine::runtime::thread::switch;

use super::action::{Action, Effect};
use super::meetings::LastAccess;
use super::object::{Lock, Mode};
use super::shown::{Key, Label, Shown};
use super::shuttle_engine::{new_object, task};
use super::steps::{Place, trace_at};
use super::waiting::{self, Awaited};
use crate::announce::{self, Access, ObjectId};

pub use super::shuttle_engine::execution;
pub use futures::{block_on, give_up, suspend};
pub(crate) use panics::note_panic;
pub use panics::{catch, panic_text};
pub use seriatim_runtime::panic_message;
pub use shuttle::thread::LocalKey as TaskLocal;
pub use threads::{Scope, number, scope, spawn, yield_now};

/// Whether the caller is a task of an execution, so that a scheduler decides when it runs.
pub fn is_controlled() -> bool {
    shuttle::current::try_get_current_task().is_some()
}

/// Something that tasks share: a lock, an atomic, a channel. It is known by the place where it was made, and by the
/// name that it has there.
#[derive(Debug)]
pub struct Shared {
    kind: &'static str,
    made: Place,
    /// The map that it is a shard of, and its number there.
    part: Option<(Label, u64)>,
    state: Mutex<State>,
}

/// What one execution knows of it; the next one begins anew.
#[derive(Debug)]
struct State {
    /// The execution that all else is about. 0: none yet.
    execution: u64,
    object: ObjectId,
    last_access: LastAccess,
    /// Tasks that sleep until something is done to it.
    sleepers: Vec<usize>,
    /// The name that its user gave it.
    given: Option<String>,
    /// Its name in this execution, once somebody asked for it.
    label: Option<Label>,
}

impl Shared {
    /// Something of this kind, such as `Mutex`, made where the caller says.
    #[track_caller]
    pub const fn new(kind: &'static str) -> Self {
        let state = State {
            execution: 0,
            object: ObjectId(0),
            last_access: LastAccess::new(),
            sleepers: Vec::new(),
            given: None,
            label: None,
        };
        Self { kind, made: Place::here(), part: None, state: Mutex::new(state) }
    }

    /// Says that it is the lock of a map's shard: in records, what is done under it stands for it.
    pub fn be_shard(&mut self, map: Label, shard: u64) {
        self.part = Some((map, shard));
    }

    fn as_lock(&self) -> Lock {
        match &self.part {
            Some((map, shard)) => Lock::Shard { map: map.clone(), shard: *shard },
            None => Lock::Named(self.label()),
        }
    }

    fn awaited(&self, mode: Mode) -> Awaited {
        match &self.part {
            Some((map, shard)) => Awaited::Shard { map: map.clone(), shard: *shard, key: Key::text("some key"), mode },
            None => Awaited::Lock { label: self.label(), mode },
        }
    }

    /// Names it in records, instead of what the line says that makes it.
    pub fn name(&mut self, name: String) {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner).given = Some(name);
    }

    /// What it is called in records.
    pub fn label(&self) -> Label {
        let mut state = self.state();
        if let Some(label) = &state.label {
            return label.clone();
        }
        let label = naming::label(self.kind, self.made, state.given.as_deref());
        state.label.insert(label).clone()
    }

    /// An operation that never waits, as one step: others may run before it, none during it.
    pub fn operate<R>(
        &self,
        effect: Effect,
        place: Place,
        operation: impl FnOnce() -> R,
        action: impl FnOnce(Label, &R) -> Action,
    ) -> R {
        let result = self.touch(effect, operation);
        if is_controlled() {
            trace_at(place, task, || action(self.label(), &result));
        }
        result
    }

    /// The same without a record.
    pub fn touch<R>(&self, effect: Effect, operation: impl FnOnce() -> R) -> R {
        if !is_controlled() {
            return operation();
        }
        let object = self.state().object;
        let writes = effect == Effect::Write;
        announce::announce(if writes { Access::Write(object) } else { Access::Read(object) });
        point();
        let result = operation();
        self.state().last_access.next(task(), writes);
        result
    }

    /// An operation that waits until `attempt` comes to something. Who makes that possible calls [`Shared::wake`]. Only
    /// where the caller [is controlled](is_controlled).
    pub fn wait_for<R>(
        &self,
        call: &'static str,
        place: Place,
        mut attempt: impl FnMut() -> Option<R>,
        action: impl FnOnce(Label, &R) -> Action,
    ) -> R {
        let object = self.state().object;
        announce::announce(Access::Write(object));
        point();
        let result = loop {
            if let Some(result) = attempt() {
                break result;
            }
            waiting::begin(task(), Awaited::Call { object: self.label(), call: call.into() }, place);
            announce::announce(Access::Write(object));
            self.sleep();
        };
        waiting::end(task());
        self.state().last_access.next(task(), true);
        trace_at(place, task, || action(self.label(), &result));
        result
    }

    /// Takes it as a lock: waits until `attempt` gets it. Only where the caller [is controlled](is_controlled).
    pub fn lock<G>(&self, mode: Mode, place: Place, mut attempt: impl FnMut() -> Option<G>) -> G {
        let object = self.state().object;
        announce::announce(if mode == Mode::Exclusive { Access::Exclusive(object) } else { Access::Shared(object) });
        point();
        let guard = loop {
            if let Some(guard) = attempt() {
                break guard;
            }
            waiting::begin(task(), self.awaited(mode), place);
            self.sleep();
        };
        waiting::end(task());
        announce::acquired();
        self.locked(mode, place);
        guard
    }

    /// Takes it as a lock if `attempt` gets it at once. Only where the caller [is controlled](is_controlled).
    pub fn try_lock<G>(&self, mode: Mode, place: Place, attempt: impl FnOnce() -> Option<G>) -> Option<G> {
        let object = self.state().object;
        announce::tries();
        announce::announce(Access::Write(object));
        point();
        let guard = attempt();
        if guard.is_some() {
            announce::taken(object, mode == Mode::Exclusive);
            self.locked(mode, place);
        } else {
            self.state().last_access.next(task(), false);
            let call = || Action::call(self.label(), "try to lock", Effect::Read, Some(Shown::of(&"held by another")));
            trace_at(place, task, call);
        }
        guard
    }

    fn locked(&self, mode: Mode, place: Place) {
        self.state().last_access.next(task(), mode == Mode::Exclusive);
        trace_at(place, task, || Action::Lock { lock: self.as_lock(), mode });
    }

    /// Gives it back as a lock; `release` gives the real one back. It only enables others, so it is a step only where
    /// somebody can see when it happens.
    pub fn give_back(&self, place: Place, release: impl FnOnce()) {
        if is_controlled() && announce::releases_are_steps() {
            let object = self.state().object;
            announce::announce(Access::Write(object));
            point();
        }
        release();
        self.unlock(place);
    }

    /// Says that the real lock was given back, as a part of the step under way.
    pub fn unlock(&self, place: Place) {
        if !is_controlled() {
            return;
        }
        let object = self.state().object;
        announce::announce(Access::Local);
        trace_at(place, task, || Action::Unlock { lock: self.as_lock() });
        announce::released(object);
        self.wake();
    }

    /// Lets every task try again that waits here.
    pub fn wake(&self) {
        let sleepers = std::mem::take(&mut self.state().sleepers);
        for sleeper in sleepers {
            wake(sleeper);
        }
    }

    fn sleep(&self) {
        self.state().sleepers.push(task() as usize);
        block();
    }

    /// The state in this execution.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let execution = execution();
        if state.execution != execution {
            let given = state.given.take();
            let (last_access, sleepers) = (LastAccess::new(), Vec::new());
            *state = State { execution, object: new_object(), last_access, sleepers, given, label: None };
        }
        state
    }
}

/// Records something that helps to understand what tasks do, and that is no step.
pub fn record(place: Place, action: impl FnOnce() -> Action) {
    trace_at(place, task, action);
}

/// Lets others run. A task that unwinds must not be switched out: to the others it would look as if they were unwinding.
fn point() {
    if !std::thread::panicking() {
        switch();
    }
}

/// The current task sleeps until [`wake`].
fn block() {
    ExecutionState::with(|state| state.current_mut().block(false));
    switch();
}

/// Wakes a task that sleeps in [`block`]. Nothing happens where the execution is over.
fn wake(sleeper: usize) {
    // An error says that there is no execution any more, and then nobody sleeps.
    let _ = ExecutionState::try_with(|state| {
        if let Some(task) = state.try_get_mut(sleeper.into()).filter(|task| task.blocked()) {
            task.unblock();
        }
    });
}
