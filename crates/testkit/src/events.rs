//! Events that a search must have reached.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Events over all executions of a search. They are kept by the standard library, which no engine models.
#[derive(Clone, Debug, Default)]
pub struct Events(Arc<Mutex<BTreeSet<String>>>);

impl Events {
    /// Notes that an execution reached this event.
    ///
    /// # Panics
    /// If an earlier holder of the lock panicked.
    pub fn reached(&self, event: impl Into<String>) {
        self.0.lock().unwrap().insert(event.into());
    }

    /// # Panics
    /// If an expected event was never reached.
    pub fn assert_all(&self, expected: &[&str]) {
        let reached = self.0.lock().unwrap();
        let missing: Vec<_> = expected.iter().filter(|event| !reached.contains(**event)).collect();
        assert!(missing.is_empty(), "never reached {missing:?}, only {reached:?}");
    }
}
