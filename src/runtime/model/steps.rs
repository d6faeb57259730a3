//! What each modelled operation did, in the order in which they happened: recorded only when somebody asked for it.

use std::cell::RefCell;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One operation of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub task: u64,
    pub operation: String,
    /// The object's label, and the key or value where there is one.
    pub object: String,
    pub result: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, operation, object, result } = self;
        write!(f, "task {task}: {operation} {object}")?;
        if result.is_empty() { Ok(()) } else { write!(f, " -> {result}") }
    }
}

thread_local! {
    static STEPS: RefCell<Option<Vec<Step>>> = const { RefCell::new(None) };
}

/// Records from now on, beginning with nothing.
pub fn record_steps() {
    STEPS.set(Some(Vec::new()));
}

/// What was recorded; nothing more is recorded after it.
pub fn take_steps() -> Vec<Step> {
    STEPS.take().unwrap_or_default()
}

/// The texts are made only if somebody asked for them.
pub(super) fn log(task: u64, operation: &str, object: impl FnOnce() -> String, result: impl FnOnce() -> String) {
    STEPS.with_borrow_mut(|steps| {
        if let Some(steps) = steps {
            steps.push(Step { task, operation: operation.to_owned(), object: object(), result: result() });
        }
    });
}
