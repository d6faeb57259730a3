//! What a model is built on: an engine's notion of a step, of a thread, and of waiting. Each primitive of the model goes to
//! one of the two engines here, so everything above is compiled once. The branch costs nothing beside a switch of tasks.

use std::any::Any;
use std::future::Future;

use super::loom_engine::{self, LoomAtomic, LoomSection};
use super::shuttle_engine::{self, ShuttleAtomic, ShuttleSection};
use crate::announce::{Access, ObjectId};
use seriatim_runtime::{AtomicU64, Ordering};

/// An exploring engine. All threads of one execution share one operating system thread, and the engine switches
/// between them only at steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Schedules are chosen one by one, and memory is sequentially consistent.
    Shuttle,
    /// Every schedule within bounds is run, with every value that an atomic's ordering allows a load to see.
    Loom,
}

impl Engine {
    /// Begins an execution: objects are numbered from 0 again.
    pub(super) fn begin(self) {
        match self {
            Self::Shuttle => shuttle_engine::begin(),
            Self::Loom => {}
        }
    }

    /// A number for a new shared object, the same in every execution: objects are made by the execution's own thread, in
    /// an order that no schedule changes. Loom finds out by itself what conflicts, so its objects have no numbers.
    pub(super) fn new_object(self) -> ObjectId {
        match self {
            Self::Shuttle => shuttle_engine::new_object(),
            Self::Loom => ObjectId(0),
        }
    }

    /// Starts a thread, and returns its number.
    pub(super) fn spawn(self, body: impl FnOnce() + Send + 'static) -> u64 {
        match self {
            Self::Shuttle => shuttle_engine::spawn(body),
            Self::Loom => loom_engine::spawn(Box::new(body)),
        }
    }

    /// Polls a future on the current thread, which sleeps while it is pending. Waking is a wake-up of the future.
    pub(super) fn block_on<F: Future>(self, future: F) -> F::Output {
        match self {
            Self::Shuttle => shuttle_engine::block_on(future),
            Self::Loom => loom_engine::block_on(Box::pin(future)),
        }
    }

    /// Tells a scheduler that listens what the current thread's next step does. Loom finds out by itself.
    pub(super) fn announce(self, announcement: Announcement) {
        match self {
            Self::Shuttle => shuttle_engine::announce(announcement),
            Self::Loom => {}
        }
    }

    /// The current thread, counted from 0 in order of spawning.
    pub(super) fn task(self) -> u64 {
        match self {
            Self::Shuttle => shuttle_engine::task(),
            Self::Loom => loom_engine::task(),
        }
    }

    /// Whether a panic ends the whole execution, such as a deadlock that the engine reports in whichever thread noticed it.
    /// No task is to blame for it, so it must not become a task's error. Shuttle reports a deadlock outside all threads.
    pub fn is_fatal(self, panic: &(dyn Any + Send)) -> bool {
        let _ = panic;
        match self {
            Self::Shuttle => false,
            Self::Loom => loom_engine::is_over(),
        }
    }
}

/// What [`crate::announce`] is told, by an engine whose scheduler wants to know.
#[derive(Clone, Copy, Debug)]
pub(super) enum Announcement {
    /// The next step's access.
    Next(Access),
    /// The announced acquisition took effect.
    Acquired,
    /// A hold or a permit was given back.
    Released(ObjectId),
    Spawned(u64),
    Joined(u64),
}

/// Shared state behind the shortest possible critical section. Accesses to one section are ordered and each happens
/// before the next.
pub(super) enum Section<T> {
    Shuttle(ShuttleSection<T>),
    Loom(LoomSection<T>),
}

impl<T> Section<T> {
    pub(super) fn new(engine: Engine, value: T) -> Self {
        match engine {
            Engine::Shuttle => Self::Shuttle(ShuttleSection::new(value)),
            Engine::Loom => Self::Loom(LoomSection::new(value)),
        }
    }

    /// The engine whose step an access is.
    pub(super) fn engine(&self) -> Engine {
        match self {
            Self::Shuttle(_) => Engine::Shuttle,
            Self::Loom(_) => Engine::Loom,
        }
    }

    /// One step: other threads may run before it, none during it. `access` must not take another step.
    pub(super) fn step<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        match self {
            Self::Shuttle(section) => section.step(access),
            Self::Loom(section) => section.step(access),
        }
    }

    /// The same without letting others run before it: for giving something back, which commutes with whatever the
    /// others could do first.
    pub(super) fn give_back<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        match self {
            Self::Shuttle(section) => section.give_back(access),
            Self::Loom(section) => section.give_back(access),
        }
    }
}

/// An atomic whose operations are steps, with the engine's notion of memory orderings.
pub enum ModelAtomic {
    Shuttle(ShuttleAtomic),
    Loom(LoomAtomic),
}

impl ModelAtomic {
    pub(super) fn new(engine: Engine, label: &'static str, value: u64) -> Self {
        match engine {
            Engine::Shuttle => Self::Shuttle(ShuttleAtomic::new(label, value)),
            Engine::Loom => Self::Loom(LoomAtomic::new(value)),
        }
    }
}

impl AtomicU64 for ModelAtomic {
    fn load(&self, ordering: Ordering) -> u64 {
        match self {
            Self::Shuttle(atomic) => atomic.load(),
            Self::Loom(atomic) => atomic.load(ordering),
        }
    }

    fn store(&self, value: u64, ordering: Ordering) {
        match self {
            Self::Shuttle(atomic) => atomic.store(value),
            Self::Loom(atomic) => atomic.store(value, ordering),
        }
    }

    fn compare_exchange(&self, current: u64, new: u64, success: Ordering, failure: Ordering) -> Result<u64, u64> {
        match self {
            Self::Shuttle(atomic) => atomic.compare_exchange(current, new),
            Self::Loom(atomic) => atomic.compare_exchange(current, new, success, failure),
        }
    }

    fn fetch_add(&self, amount: u64, ordering: Ordering) -> u64 {
        match self {
            Self::Shuttle(atomic) => atomic.fetch_add(amount),
            Self::Loom(atomic) => atomic.fetch_add(amount, ordering),
        }
    }
}
