//! `crossbeam::deque::Stealer`.

use std::fmt;
use std::sync::Arc;

use super::{Steal, Worker, real, theft};
use crate::steps::{Effect, Place, Shared, call};

/// `crossbeam::deque::Stealer`.
pub struct Stealer<T> {
    shared: Arc<Shared>,
    real: real::Stealer<T>,
}

impl<T> Stealer<T> {
    pub(super) fn new(shared: Arc<Shared>, real: real::Stealer<T>) -> Self {
        Self { shared, real }
    }

    #[track_caller]
    pub fn steal(&self) -> Steal<T> {
        self.shared.operate(Effect::Write, Place::here(), || self.real.steal(), theft("steal"))
    }

    #[track_caller]
    pub fn steal_batch(&self, dest: &Worker<T>) -> Steal<()> {
        self.batch(dest, Place::here(), "steal a batch", |dest| self.real.steal_batch(dest))
    }

    #[track_caller]
    pub fn steal_batch_with_limit(&self, dest: &Worker<T>, limit: usize) -> Steal<()> {
        self.batch(dest, Place::here(), "steal a batch", |dest| self.real.steal_batch_with_limit(dest, limit))
    }

    #[track_caller]
    pub fn steal_batch_and_pop(&self, dest: &Worker<T>) -> Steal<T> {
        self.batch(dest, Place::here(), "steal a batch and pop", |dest| self.real.steal_batch_and_pop(dest))
    }

    #[track_caller]
    pub fn steal_batch_with_limit_and_pop(&self, dest: &Worker<T>, limit: usize) -> Steal<T> {
        let steal = |dest: &real::Worker<T>| self.real.steal_batch_with_limit_and_pop(dest, limit);
        self.batch(dest, Place::here(), "steal a batch and pop", steal)
    }

    fn batch<R>(
        &self,
        dest: &Worker<T>,
        place: Place,
        name: &'static str,
        steal: impl FnOnce(&real::Worker<T>) -> Steal<R>,
    ) -> Steal<R> {
        // A worker that steals from itself finds all of it there already.
        if Arc::ptr_eq(&self.shared, &dest.shared) {
            return self.shared.operate(Effect::Write, place, || steal(&dest.real), theft(name));
        }
        dest.steal_batch(&self.shared, place, name, steal)
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

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), real: self.real.clone() }
    }
}

impl<T> fmt::Debug for Stealer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
