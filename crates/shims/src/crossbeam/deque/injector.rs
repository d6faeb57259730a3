//! `crossbeam::deque::Injector`.

use std::fmt;

use super::{Steal, Worker, real, theft};
use crate::steps::{Effect, Place, Shared, call, named};

/// `crossbeam::deque::Injector`.
pub struct Injector<T> {
    shared: Shared,
    real: real::Injector<T>,
}

named!(Injector<T>);

impl<T> Injector<T> {
    #[track_caller]
    pub fn new() -> Self {
        Self { shared: Shared::new("Injector"), real: real::Injector::new() }
    }

    #[track_caller]
    pub fn push(&self, item: T) {
        let push = || self.real.push(item);
        self.shared.operate(Effect::Write, Place::here(), push, call("push", Effect::Write));
    }

    #[track_caller]
    pub fn steal(&self) -> Steal<T> {
        self.shared.operate(Effect::Write, Place::here(), || self.real.steal(), theft("steal"))
    }

    #[track_caller]
    pub fn steal_batch(&self, dest: &Worker<T>) -> Steal<()> {
        dest.steal_batch(&self.shared, Place::here(), "steal a batch", |dest| self.real.steal_batch(dest))
    }

    #[track_caller]
    pub fn steal_batch_with_limit(&self, dest: &Worker<T>, limit: usize) -> Steal<()> {
        let steal = |dest: &real::Worker<T>| self.real.steal_batch_with_limit(dest, limit);
        dest.steal_batch(&self.shared, Place::here(), "steal a batch", steal)
    }

    #[track_caller]
    pub fn steal_batch_and_pop(&self, dest: &Worker<T>) -> Steal<T> {
        let steal = |dest: &real::Worker<T>| self.real.steal_batch_and_pop(dest);
        dest.steal_batch(&self.shared, Place::here(), "steal a batch and pop", steal)
    }

    #[track_caller]
    pub fn steal_batch_with_limit_and_pop(&self, dest: &Worker<T>, limit: usize) -> Steal<T> {
        let steal = |dest: &real::Worker<T>| self.real.steal_batch_with_limit_and_pop(dest, limit);
        dest.steal_batch(&self.shared, Place::here(), "steal a batch and pop", steal)
    }

    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.shared.operate(Effect::Read, Place::here(), || self.real.is_empty(), call("is empty", Effect::Read))
    }

    #[track_caller]
    pub fn len(&self) -> usize {
        self.shared.operate(Effect::Read, Place::here(), || self.real.len(), call("len", Effect::Read))
    }
}

impl<T> Default for Injector<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Injector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
