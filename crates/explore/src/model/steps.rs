//! What each modelled operation did, in the order in which they happened. It is recorded only when somebody asked for it.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::shown::{Anatomy, set_anatomy};

/// One operation of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Position of the choice that let the task run: several operations may follow one choice.
    pub at: usize,
    pub task: u64,
    pub action: Action,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}: {}", self.task, self.action)
    }
}

thread_local! {
    static AT: Cell<usize> = const { Cell::new(0) };
    static STEPS: RefCell<Option<Vec<Step>>> = const { RefCell::new(None) };
}

/// More are not recorded: an execution without end tells nothing new.
pub(crate) const MOST_STEPS: usize = 10_000;

/// Records from now on, beginning with nothing. Values of the types that `anatomy` knows can be compared by their facts.
pub(crate) fn record_steps(anatomy: Anatomy) {
    set_anatomy(anatomy);
    STEPS.set(Some(Vec::new()));
}

/// Says to which position of the schedule the next steps belong. The scheduler calls it at each choice.
pub(crate) fn begin_step(at: usize) {
    AT.set(at);
}

/// What was recorded; nothing more is recorded after it.
pub(crate) fn take_steps() -> Vec<Step> {
    STEPS.take().unwrap_or_default()
}

pub(super) fn are_recorded() -> bool {
    STEPS.with_borrow(Option::is_some)
}

/// Records what a task does, be it an operation of the runtime or something that helps to understand one. Task and action
/// are asked for only if somebody records.
pub fn trace(task: impl FnOnce() -> u64, action: impl FnOnce() -> Action) {
    STEPS.with_borrow_mut(|steps| {
        if let Some(steps) = steps.as_mut().filter(|steps| steps.len() < MOST_STEPS) {
            steps.push(Step { at: AT.get(), task: task(), action: action() });
        }
    });
}
