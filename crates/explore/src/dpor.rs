//! Exhaustive exploration by dynamic partial order reduction: every outcome that some schedule can have, under
//! sequential consistency, by few schedules. A scheduler for shuttle, to which [`announce`](crate::announce) says what each step touches.
//!
//! # Source
//! Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction", POPL 2014, algorithm 1: source sets and
//! sleep sets, without wakeup trees, so some executions turn out redundant and are broken off. We deviate in what can
//! block. A task that waits inside an acquisition races like one that makes it; and a reversal that the trace cannot
//! prove possible makes the search choose every task there.

mod search;
mod trace;
mod tree;

use std::cell::RefCell;
use std::rc::Rc;

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

use self::search::{Progress, Search};
use super::schedulers::Choose;

/// Tasks of an execution that the search can tell apart, its own thread and the sentinel among them.
pub(crate) const MOST_TASKS: usize = 128;

/// The scheduler. A clone is the same search: keep one, give others to one runner after another, and the search goes on
/// where an execution that ended in a deadlock or a panic left it.
///
/// **Invariant:** after [`Dpor::is_complete`], each final state, each deadlock and each panic that some schedule leads to
/// has been seen, if every access was announced and the model is deterministic but for the schedule.
#[derive(Clone, Debug)]
pub struct Dpor(Rc<RefCell<Search>>);

/// What an exploration did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DporFigures {
    /// Executions begun, those below included.
    pub executions: u64,
    /// Broken off, because whatever they would have shown had been seen.
    pub redundant: u64,
    /// Broken off at the bound on steps: what lies behind was not explored.
    pub overlong: u64,
    /// Choices on the longest path.
    pub longest: usize,
}

impl Dpor {
    /// A search without bounds.
    pub fn new() -> Self {
        Self(Rc::new(RefCell::new(Search::new())))
    }

    /// Ends the search after so many executions, complete or not.
    pub fn with_bound(self, executions: u64) -> Self {
        self.0.borrow_mut().max_executions = Some(executions);
        self
    }

    /// Breaks off each execution after so many steps.
    pub fn with_step_bound(self, steps: usize) -> Self {
        self.0.borrow_mut().max_steps = Some(steps);
        self
    }

    /// What was done so far.
    pub fn figures(&self) -> DporFigures {
        self.0.borrow().figures
    }

    /// Whether every execution, up to reordering of steps that commute, was run to its end.
    pub fn is_complete(&self) -> bool {
        let search = self.0.borrow();
        search.progress == Progress::Exhausted && search.figures.overlong == 0
    }

    /// Whether the search ended with work left, at its bound on executions.
    pub fn is_cut(&self) -> bool {
        self.0.borrow().progress == Progress::Cut
    }
}

impl Default for Dpor {
    fn default() -> Self {
        Self::new()
    }
}

impl Choose for Dpor {
    fn begin(&mut self) -> bool {
        self.0.borrow_mut().begin()
    }

    fn choose(&mut self, runnable: &[usize], current: Option<usize>, _is_yielding: bool) -> Option<usize> {
        self.0.borrow_mut().step(runnable.iter().copied().collect(), current)
    }

    /// # Panics
    /// Always: a model that draws random numbers cannot be explored exhaustively.
    fn next_u64(&mut self) -> u64 {
        panic!("the model asked for a random number: it has outcomes that no schedule leads to")
    }
}

impl Scheduler for Dpor {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.begin().then(|| Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let runnable: Vec<usize> = runnable.iter().map(|task| usize::from(task.id())).collect();
        self.choose(&runnable, current.map(usize::from), is_yielding).map(TaskId::from)
    }

    fn next_u64(&mut self) -> u64 {
        Choose::next_u64(self)
    }
}
