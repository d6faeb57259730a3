//! `crossbeam::deque::Worker`.

use std::fmt;
use std::sync::Arc;

use super::super::popped;
use super::{Steal, Stealer, real, theft};
use crate::steps::{Effect, Place, Shared, call, is_controlled};

/// `crossbeam::deque::Worker`.
pub struct Worker<T> {
    pub(super) shared: Arc<Shared>,
    pub(super) real: real::Worker<T>,
    is_fifo: bool,
}

impl<T> Worker<T> {
    #[track_caller]
    pub fn new_fifo() -> Self {
        Self { shared: Arc::new(Shared::new("Worker")), real: real::Worker::new_fifo(), is_fifo: true }
    }

    #[track_caller]
    pub fn new_lifo() -> Self {
        Self { shared: Arc::new(Shared::new("Worker")), real: real::Worker::new_lifo(), is_fifo: false }
    }

    pub fn stealer(&self) -> Stealer<T> {
        Stealer::new(Arc::clone(&self.shared), self.real.stealer())
    }

    #[track_caller]
    pub fn push(&self, item: T) {
        let push = || self.real.push(item);
        self.shared.operate(Effect::Write, Place::here(), push, call("push", Effect::Write));
    }

    #[track_caller]
    pub fn pop(&self) -> Option<T> {
        self.shared.operate(Effect::Write, Place::here(), || self.real.pop(), popped())
    }

    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.shared.operate(Effect::Read, Place::here(), || self.real.is_empty(), call("is empty", Effect::Read))
    }

    #[track_caller]
    pub fn len(&self) -> usize {
        self.shared.operate(Effect::Read, Place::here(), || self.real.len(), call("len", Effect::Read))
    }

    /// Steals a batch from something else: first from there, to where nobody looks, and then on to here.
    pub(super) fn steal_batch<R>(
        &self,
        from: &Shared,
        place: Place,
        name: &'static str,
        steal: impl FnOnce(&real::Worker<T>) -> Steal<R>,
    ) -> Steal<R> {
        if !is_controlled() {
            return steal(&self.real);
        }
        let between = if self.is_fifo { real::Worker::new_fifo() } else { real::Worker::new_lifo() };
        let stolen = from.operate(Effect::Write, place, || steal(&between), theft(name));
        if !between.is_empty() {
            let give = || {
                // A stealer takes the items in the order in which they would be pushed.
                let items = between.stealer();
                while let Some(item) = items.steal().success() {
                    self.real.push(item);
                }
            };
            self.shared.operate(Effect::Write, place, give, call("get a batch", Effect::Write));
        }
        stolen
    }
}

impl<T> fmt::Debug for Worker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
