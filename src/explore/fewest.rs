//! Schedules in order of their switches: first the one without a choice, in which a task runs until it cannot go on, then
//! all that leave it at one point, then at two. What is found first needs the fewest.
//!
//! After Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded programs" (PLDI 2007).
//! We count every deviation, not only preemptions: a reader has to follow each. Within one level, schedules with fewer
//! preemptions come first.

use std::collections::VecDeque;

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

/// A point at which another task runs than the one that would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deviation {
    at: usize,
    task: usize,
    preempts: bool,
}

/// The scheduler. It ends by itself when every schedule of at most so many deviations was run.
#[derive(Debug)]
pub(super) struct FewestSwitches {
    most: usize,
    /// Of the level under way, and of the next one.
    open: VecDeque<Vec<Deviation>>,
    next: Vec<Vec<Deviation>>,
    /// The execution under way: its deviations, its steps so far, and what else could have run after the last deviation.
    deviations: Vec<Deviation>,
    step: usize,
    others: Vec<Deviation>,
}

impl FewestSwitches {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            open: VecDeque::from([Vec::new()]),
            next: Vec::new(),
            deviations: Vec::new(),
            step: 0,
            others: Vec::new(),
        }
    }

    /// Files what the execution before leaves to be tried.
    fn branch(&mut self) {
        let Self { deviations, others, next, most, .. } = self;
        if deviations.len() < *most {
            next.extend(others.iter().map(|other| {
                let mut longer = deviations.clone();
                longer.push(*other);
                longer
            }));
        }
        others.clear();
    }
}

impl Scheduler for FewestSwitches {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.branch();
        if self.open.is_empty() {
            let mut next = std::mem::take(&mut self.next);
            next.sort_by_key(|deviations| deviations.iter().filter(|deviation| deviation.preempts).count());
            self.open = next.into();
        }
        self.deviations = self.open.pop_front()?;
        self.step = 0;
        Some(Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let current = current.filter(|current| runnable.iter().any(|task| task.id() == *current));
        let straight = current.unwrap_or(runnable[0].id());
        let planned = self.deviations.iter().find(|deviation| deviation.at == self.step);
        let chosen = planned.map_or(straight, |deviation| TaskId::from(deviation.task));
        let past_the_last = self.deviations.last().is_none_or(|last| last.at < self.step);
        if past_the_last && self.deviations.len() < self.most {
            let (at, preempts) = (self.step, current.is_some() && !is_yielding);
            let others = runnable.iter().map(|task| task.id()).filter(|task| *task != straight);
            self.others.extend(others.map(|task| Deviation { at, task: task.into(), preempts }));
        }
        self.step += 1;
        Some(chosen)
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}
