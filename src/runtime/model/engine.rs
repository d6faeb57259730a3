//! What a model is built on: the engine's notion of a step, of a thread, and of waiting.

use std::fmt;
use std::future::Future;

use crate::runtime::AtomicU64;

/// An exploring engine. All threads of one execution share one operating system thread, and the engine switches
/// between them only at steps.
pub trait Engine: Clone + Copy + fmt::Debug + Send + Sync + 'static {
    type AtomicU64: AtomicU64;
    /// State that is looked at and changed in one step.
    type Section<T: Send + 'static>: Section<T>;

    /// An atomic with a first value, its operations steps with the engine's notion of memory orderings.
    fn atomic_u64(label: &'static str, value: u64) -> Self::AtomicU64;

    /// Starts a thread.
    fn spawn(body: impl FnOnce() + Send + 'static);

    /// Polls a future on the current thread, which sleeps while it is pending. Waking is a wake-up of the future.
    fn block_on<F: Future>(future: F) -> F::Output;

    /// The current thread, counted from 0 in order of spawning.
    fn task() -> u64;
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
