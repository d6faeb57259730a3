//! What whichever chunk comes first leaves for all.

use std::sync::{Mutex as Real, PoisonError};

use super::super::scope::lock;
use crate::steps::{Effect, Place, Shared, call};

/// Chunks that come later go on with what they do, as they may in rayon.
pub(super) struct Found<T> {
    shared: Shared,
    place: Place,
    first: Real<Option<T>>,
}

impl<T> Found<T> {
    #[track_caller]
    pub fn new() -> Self {
        Self { shared: Shared::new("found"), place: Place::here(), first: Real::new(None) }
    }

    pub fn place(&self) -> Place {
        self.place
    }

    pub fn leave(&self, found: T) {
        let leave = || {
            lock(&self.first).get_or_insert(found);
        };
        self.shared.operate(Effect::Write, self.place, leave, call("find", Effect::Write));
    }

    pub fn first(self) -> Option<T> {
        self.first.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
