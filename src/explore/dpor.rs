//! Exhaustive exploration by dynamic partial order reduction: every outcome that some schedule can have, under
//! sequential consistency, by few schedules. A scheduler for shuttle, told by [`announce`] what each step touches.
//!
//! # Source
//! Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction", POPL 2014, algorithm 1: source sets and
//! sleep sets, without wakeup trees, so some executions turn out redundant and are broken off. We deviate in what can
//! block. A task that waits inside an acquisition races like one that makes it; and a reversal that the trace cannot
//! prove possible makes the search choose every task there.

mod trace;
mod tree;

use std::cell::RefCell;
use std::rc::Rc;

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

use self::trace::Trace;
use self::tree::{Node, Path, TaskSet};
use crate::runtime::announce::{self, Access};

/// The scheduler. A clone is the same search: keep one, give others to one runner after another, and the search goes on
/// where an execution that ended in a deadlock or a panic left it.
///
/// **Invariant:** after [`Dpor::is_complete`], each final state, each deadlock and each panic that some schedule leads to
/// has been seen, if every access was announced and the model is deterministic but for the schedule.
#[derive(Clone, Debug)]
pub struct Dpor(Rc<RefCell<Search>>);

/// What an exploration did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
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
    pub fn figures(&self) -> Figures {
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

impl Scheduler for Dpor {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.0.borrow_mut().begin().then(|| Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, _is_yielding: bool) -> Option<TaskId> {
        let runnable = runnable.iter().map(|task| usize::from(task.id())).collect();
        self.0.borrow_mut().step(runnable, current.map(usize::from)).map(TaskId::from)
    }

    /// # Panics
    /// Always: a model that draws random numbers cannot be explored exhaustively.
    fn next_u64(&mut self) -> u64 {
        panic!("the model asked for a random number: it has outcomes that no schedule leads to")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Searching,
    /// Nothing is left to try.
    Exhausted,
    /// The bound on executions was reached.
    Cut,
}

/// Where the search is.
#[derive(Debug)]
struct Search {
    path: Path,
    trace: Trace,
    /// How many choices of the path the execution has made.
    depth: usize,
    /// Who sleeps in the state reached.
    sleep: TaskSet,
    /// Whether nothing more is to be learnt from the execution: it was broken off, or waits for a deadlock to be seen.
    over: bool,
    /// Whether the order in which tasks get permits can matter. Assumed not to, until some execution acquires more
    /// permits of a semaphore than it has; then the search starts again.
    permits_compete: bool,
    progress: Progress,
    max_executions: Option<u64>,
    max_steps: Option<usize>,
    figures: Figures,
}

impl Search {
    fn new() -> Self {
        Self {
            path: Path::default(),
            trace: Trace::default(),
            depth: 0,
            sleep: TaskSet::default(),
            over: true,
            permits_compete: false,
            progress: Progress::Searching,
            max_executions: None,
            max_steps: None,
            figures: Figures::default(),
        }
    }

    /// Starts the next execution; false if there is none.
    fn begin(&mut self) -> bool {
        self.end();
        if self.progress == Progress::Searching {
            self.progress = self.advance();
        }
        if self.progress != Progress::Searching {
            announce::silence();
            return false;
        }
        self.figures.executions += 1;
        self.trace = Trace::new(self.permits_compete);
        self.depth = 0;
        self.sleep = TaskSet::default();
        self.over = false;
        announce::reset();
        true
    }

    /// Goes on to the next path.
    fn advance(&mut self) -> Progress {
        // An empty path is one that has not begun: the first execution, or the first after a new start.
        if !self.path.0.is_empty() && !self.path.advance() {
            Progress::Exhausted
        } else if self.max_executions.is_some_and(|bound| self.figures.executions >= bound) {
            Progress::Cut
        } else {
            Progress::Searching
        }
    }

    /// Learns from the end of an execution that was not broken off.
    fn end(&mut self) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        assert!(self.depth == self.path.0.len(), "the model is not deterministic: it ended after {} steps", self.depth);
        self.trace.note(announce::take_notes());
        self.find_races_of_waiting(|_| true);
        // If somebody else could still step, the last step ended the execution, by a panic or as the end of the first
        // task, and so it conflicts with all that others do.
        if let Some(last) = self.path.0.last_mut() {
            last.want_all();
        }
    }

    /// Chooses who steps next; None breaks the execution off.
    fn step(&mut self, runnable: TaskSet, current: Option<usize>) -> Option<usize> {
        if self.over {
            return runnable.iter().next();
        }
        self.trace.note(announce::take_notes());
        let enabled: TaskSet =
            runnable.iter().filter(|&task| announce::is_grantable(announce::announced(task))).collect();
        if enabled.is_empty() {
            // Each of them will find that it has to wait, and the engine that they wait for each other.
            self.find_races_of_waiting(|_| true);
            self.over = true;
            return runnable.iter().next();
        }
        if self.max_steps.is_some_and(|bound| self.depth >= bound) {
            self.figures.overlong += 1;
            self.over = true;
            return None;
        }
        if self.depth == self.path.0.len() {
            let Some(chosen) = self.choose(enabled.without(self.sleep), current) else {
                self.find_races_of_waiting(|access| !announce::is_grantable(access));
                self.figures.redundant += 1;
                self.over = true;
                return None;
            };
            self.path.0.push(Node::new(enabled, self.sleep, chosen, announce::announced(chosen)));
            self.figures.longest = self.figures.longest.max(self.path.0.len());
        }
        let chosen = self.take_choice(enabled);
        if self.permits_ran_out() {
            self.permits_compete = true;
            self.path = Path::default();
            self.figures.redundant += 1;
            self.over = true;
            return None;
        }
        Some(chosen)
    }

    /// Steps that conflict with nothing go first and need no alternative. Else the current task goes on.
    fn choose(&self, awake: TaskSet, current: Option<usize>) -> Option<usize> {
        awake
            .iter()
            .find(|&task| self.trace.is_free(announce::announced(task)))
            .or(current.filter(|&task| awake.contains(task)))
            .or(awake.iter().next())
    }

    /// Takes the step that the path has at this depth.
    ///
    /// # Panics
    /// If the model does not do what it did when the same choices were made before.
    fn take_choice(&mut self, enabled: TaskSet) -> usize {
        let is_new = self.depth + 1 == self.path.0.len();
        let node = &mut self.path.0[self.depth];
        let chosen = node.chosen;
        let access = announce::announced(chosen);
        if is_new {
            node.access = access;
        }
        assert!(
            node.enabled == enabled && node.access == access,
            "the model is not deterministic: step {} was {node:?}, and is now task {chosen} with {access:?} of {enabled:?}",
            self.depth
        );
        // Who was tried here before sleeps until something conflicts with what it would do.
        let trace = &self.trace;
        self.sleep = node
            .sleep
            .union(node.done)
            .iter()
            .filter(|&task| task != chosen && !trace.conflicts(announce::announced(task), access))
            .collect();
        if is_new {
            self.find_races(chosen, access);
        }
        let fresh = access.object().is_none_or(|object| !announce::is_held(object));
        self.trace.push(chosen, access, fresh);
        announce::stepped(chosen);
        self.depth += 1;
        chosen
    }

    /// Asks for the reversal of every race with the next step of a task.
    fn find_races(&mut self, task: usize, access: Access) {
        for race in self.trace.races(task, access) {
            let initials = self.trace.initials(race, task, access);
            self.path.0[race].want(initials);
        }
    }

    /// The same for the tasks that wait inside an acquisition: whoever is in their way could have come later.
    fn find_races_of_waiting(&mut self, waits: impl Fn(Access) -> bool) {
        for task in 0..self.trace.tasks() {
            let access = announce::announced(task);
            if access.is_acquisition() && waits(access) {
                self.find_races(task, access);
            }
        }
    }

    /// Whether the last step took more permits than its semaphore has, while they are assumed to suffice.
    fn permits_ran_out(&self) -> bool {
        let Some(Node { access: Access::Permit { semaphore, permits }, .. }) = self.path.0.get(self.depth - 1) else {
            return false;
        };
        !self.permits_compete && self.trace.acquisitions(*semaphore) > *permits
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        announce::silence();
    }
}
