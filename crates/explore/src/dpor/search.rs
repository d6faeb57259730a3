//! The search itself, without the engine: it is asked for the next execution and for each choice in it.

use super::DporFigures;
use super::trace::Trace;
use super::tree::{Node, Path, TaskSet};
use crate::announce::{self, Access, ObjectId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Searching,
    /// Nothing is left to try.
    Exhausted,
    /// The bound on executions was reached.
    Cut,
}

/// Where the search is.
#[derive(Debug)]
pub(super) struct Search {
    path: Path,
    trace: Trace,
    /// How many choices of the path the execution has made.
    depth: usize,
    /// Who sleeps in the state reached.
    sleep: TaskSet,
    /// Whether nothing more is to be learnt from the execution: it was broken off, or waits for a deadlock to be seen.
    over: bool,
    /// Whether the order in which tasks get permits can matter. Assumed not to, until some execution asks a semaphore
    /// for more permits than it has, even if some were given back; then the search starts again.
    permits_compete: bool,
    /// Whether giving a lock back is a step. Assumed not to, since it only enables others, until some task asks for a lock
    /// without waiting for it and so sees when it is given back; then the search starts again.
    releases_are_steps: bool,
    pub progress: Progress,
    pub max_executions: Option<u64>,
    pub max_steps: Option<usize>,
    pub figures: DporFigures,
}

impl Search {
    pub fn new() -> Self {
        Self {
            path: Path::default(),
            trace: Trace::default(),
            depth: 0,
            sleep: TaskSet::default(),
            over: true,
            permits_compete: false,
            releases_are_steps: false,
            progress: Progress::Searching,
            max_executions: None,
            max_steps: None,
            figures: DporFigures::default(),
        }
    }

    /// Starts the next execution; false if there is none.
    pub fn begin(&mut self) -> bool {
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
        announce::make_releases_steps(self.releases_are_steps);
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
        if self.restart_if_more_counts() {
            return;
        }
        self.find_races_of_waiting(|_| true);
        // If somebody else could still step, the last step ended the execution, by a panic or as the end of the first
        // task, and so it conflicts with all that others do.
        if let Some(last) = self.path.0.last_mut() {
            last.want_all();
        }
    }

    /// Chooses who steps next; None breaks the execution off.
    pub fn step(&mut self, runnable: TaskSet, current: Option<usize>) -> Option<usize> {
        if self.over {
            return runnable.iter().next();
        }
        self.trace.note(announce::take_notes());
        if self.restart_if_more_counts() {
            return None;
        }
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
        Some(self.take_choice(enabled))
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

    /// Starts again if some semaphore has fewer permits than are asked for, while they were assumed to suffice, or if somebody
    /// sees when a lock is given back.
    fn restart_if_more_counts(&mut self) -> bool {
        let wanted = |task| match announce::announced(task) {
            Access::Permit { semaphore, permits } => Some((semaphore, permits)),
            _ => None,
        };
        let wanted: Vec<_> = (0..self.trace.tasks()).filter_map(wanted).collect();
        let exceeds = |&(semaphore, permits): &(ObjectId, usize)| {
            let waiting = wanted.iter().filter(|&&(other, _)| other == semaphore).count();
            self.trace.acquisitions(semaphore) + waiting > permits
        };
        let permits_compete = self.permits_compete || wanted.iter().any(exceeds);
        let releases_are_steps = self.releases_are_steps || announce::is_tried();
        let restart = (permits_compete, releases_are_steps) != (self.permits_compete, self.releases_are_steps);
        if restart {
            (self.permits_compete, self.releases_are_steps) = (permits_compete, releases_are_steps);
            self.path = Path::default();
            self.figures.redundant += 1;
            self.over = true;
        }
        restart
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        announce::silence();
    }
}
