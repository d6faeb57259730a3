//! The worker of a runtime that has one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::steps::{Mode, Place, Shared};

pub(super) struct Worker(Arc<State>);

struct State {
    shared: Shared,
    is_held: AtomicBool,
}

impl Worker {
    pub fn new() -> Self {
        let mut shared = Shared::new("worker");
        shared.name("the worker of the runtime".to_owned());
        Self(Arc::new(State { shared, is_held: AtomicBool::new(false) }))
    }

    pub fn hold(&self, place: Place) -> Held {
        let attempt = || (!self.0.is_held.swap(true, Relaxed)).then_some(());
        self.0.shared.lock(Mode::Exclusive, place, attempt);
        Held { worker: Arc::clone(&self.0), place }
    }
}

pub(in crate::tokio) struct Held {
    worker: Arc<State>,
    place: Place,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.worker.is_held.store(false, Relaxed);
        self.worker.shared.unlock(self.place);
    }
}
