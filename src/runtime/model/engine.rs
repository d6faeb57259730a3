//! What a model is built on: the engine's notion of a step, of a thread, and of waiting.

use std::any::Any;
use std::fmt;
use std::future::Future;

use crate::runtime::AtomicU64;
use crate::runtime::announce::{Access, ObjectId};

/// An exploring engine. All threads of one execution share one operating system thread, and the engine switches
/// between them only at steps.
pub trait Engine: Clone + Copy + fmt::Debug + Send + Sync + 'static {
    type AtomicU64: AtomicU64;
    /// State that is looked at and changed in one step.
    type Section<T: Send + 'static>: Section<T>;

    /// An atomic with a first value, its operations steps with the engine's notion of memory orderings.
    fn atomic_u64(label: &'static str, value: u64) -> Self::AtomicU64;

    /// A number for a new shared object, the same in every execution: objects are made by the execution's own thread, in
    /// an order that no schedule changes.
    fn new_object() -> ObjectId {
        ObjectId(0)
    }

    /// Numbers objects from 0 again: an execution begins.
    fn begin() {}

    /// Starts a thread, and returns its number.
    fn spawn(body: impl FnOnce() + Send + 'static) -> u64;

    /// Polls a future on the current thread, which sleeps while it is pending. Waking is a wake-up of the future.
    fn block_on<F: Future>(future: F) -> F::Output;

    /// Tells a scheduler that listens what the current thread's next step does. Engines that find out by themselves do
    /// nothing.
    fn announce(announcement: Announcement) {
        let _ = announcement;
    }

    /// The current thread, counted from 0 in order of spawning.
    fn task() -> u64;

    /// Whether a panic ends the whole execution, such as a deadlock that the engine reports in whichever thread noticed it.
    /// No task is to blame for it, so it must not become a task's error.
    fn is_fatal(panic: &(dyn Any + Send)) -> bool;
}

/// What [`crate::runtime::announce`] is told, by an engine whose scheduler wants to know.
#[derive(Clone, Copy, Debug)]
pub enum Announcement {
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
pub trait Section<T>: Send + Sync + 'static {
    fn new(value: T) -> Self;

    /// One step: other threads may run before it, none during it. `access` must not take another step.
    fn step<R>(&self, access: impl FnOnce(&mut T) -> R) -> R;

    /// The same without letting others run before it: for giving something back, which commutes with whatever the
    /// others could do first.
    fn give_back<R>(&self, access: impl FnOnce(&mut T) -> R) -> R;

    /// The value, when nobody shares the section any more.
    fn into_inner(self) -> T;
}
