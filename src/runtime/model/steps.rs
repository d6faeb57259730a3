//! What each modelled operation did, in the order in which they happened: recorded only when somebody asked for it.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::{Deserialize, Serialize};

/// One operation of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Position of the choice that let the task run: several operations may follow one choice.
    pub at: usize,
    pub task: u64,
    pub operation: String,
    /// The object's label, and the key or value where there is one.
    pub object: String,
    pub result: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at: _, task, operation, object, result } = self;
        write!(f, "task {task}: {operation} {object}")?;
        if result.is_empty() { Ok(()) } else { write!(f, " -> {result}") }
    }
}

thread_local! {
    static AT: Cell<usize> = const { Cell::new(0) };
    static STEPS: RefCell<Option<Vec<Step>>> = const { RefCell::new(None) };
}

/// More are not recorded: an execution without end tells nothing new.
pub const MOST_STEPS: usize = 10_000;

/// Records from now on, beginning with nothing.
pub fn record_steps() {
    STEPS.set(Some(Vec::new()));
}

/// What follows belongs to the choice at this position of the schedule. By whoever makes the choices.
pub fn begin_step(at: usize) {
    AT.set(at);
}

/// What was recorded; nothing more is recorded after it.
pub fn take_steps() -> Vec<Step> {
    STEPS.take().unwrap_or_default()
}

/// Records something that is no operation of the runtime but helps to understand one.
pub fn tell(task: impl FnOnce() -> u64, operation: &str, object: impl FnOnce() -> String) {
    log(task, operation, object, String::new);
}

/// The texts are made only if somebody asked for them.
pub(super) fn log(
    task: impl FnOnce() -> u64,
    operation: &str,
    object: impl FnOnce() -> String,
    result: impl FnOnce() -> String,
) {
    STEPS.with_borrow_mut(|steps| {
        if let Some(steps) = steps.as_mut().filter(|steps| steps.len() < MOST_STEPS) {
            let (task, operation, object, result) = (task(), operation.to_owned(), object(), result());
            steps.push(Step { at: AT.get(), task, operation, object, result });
        }
    });
}
