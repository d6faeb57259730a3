//! `crossbeam::queue`. An iterator takes a queue that nobody else has any more, so it is the real one.

use std::fmt;

use super::popped;
use crate::steps::{Effect, Place, Shared, call, came_to, named};

mod real {
    pub use ::crossbeam::queue::{ArrayQueue, SegQueue};
}

/// What both queues have.
macro_rules! queue {
    ($name:ident) => {
        #[doc = concat!("`crossbeam::queue::", stringify!($name), "`.")]
        pub struct $name<T> {
            shared: Shared,
            real: real::$name<T>,
        }

        named!($name<T>);

        impl<T> $name<T> {
            #[track_caller]
            pub fn pop(&self) -> Option<T> {
                self.shared.operate(Effect::Write, Place::here(), || self.real.pop(), popped())
            }

            #[track_caller]
            pub fn is_empty(&self) -> bool {
                let told = call("is empty", Effect::Read);
                self.shared.operate(Effect::Read, Place::here(), || self.real.is_empty(), told)
            }

            #[track_caller]
            pub fn len(&self) -> usize {
                self.shared.operate(Effect::Read, Place::here(), || self.real.len(), call("len", Effect::Read))
            }
        }

        impl<T> IntoIterator for $name<T> {
            type Item = T;
            type IntoIter = <real::$name<T> as IntoIterator>::IntoIter;

            fn into_iter(self) -> Self::IntoIter {
                self.real.into_iter()
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.real.fmt(f)
            }
        }
    };
}

queue!(ArrayQueue);
queue!(SegQueue);

impl<T> ArrayQueue<T> {
    /// # Panics
    /// If there is no room at all.
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self { shared: Shared::new("ArrayQueue"), real: real::ArrayQueue::new(capacity) }
    }

    /// # Errors
    /// The item, if there is no room.
    #[track_caller]
    pub fn push(&self, item: T) -> Result<(), T> {
        let words = |pushed: &Result<(), T>| if pushed.is_ok() { "pushed" } else { "no room" };
        let told = came_to("push", Effect::Write, words);
        self.shared.operate(Effect::Write, Place::here(), || self.real.push(item), told)
    }

    /// The oldest item, if there is no room without it.
    #[track_caller]
    pub fn force_push(&self, item: T) -> Option<T> {
        let words = |replaced: &Option<T>| if replaced.is_some() { "for the oldest" } else { "pushed" };
        let told = came_to("force push", Effect::Write, words);
        self.shared.operate(Effect::Write, Place::here(), || self.real.force_push(item), told)
    }

    pub fn capacity(&self) -> usize {
        self.real.capacity()
    }

    #[track_caller]
    pub fn is_full(&self) -> bool {
        self.shared.operate(Effect::Read, Place::here(), || self.real.is_full(), call("is full", Effect::Read))
    }
}

impl<T> SegQueue<T> {
    #[track_caller]
    pub const fn new() -> Self {
        Self { shared: Shared::new("SegQueue"), real: real::SegQueue::new() }
    }

    #[track_caller]
    pub fn push(&self, item: T) {
        let push = || self.real.push(item);
        self.shared.operate(Effect::Write, Place::here(), push, call("push", Effect::Write));
    }
}

impl<T> Default for SegQueue<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}
