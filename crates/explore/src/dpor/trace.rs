//! One execution as a partial order: its steps with vector clocks, and the races between them. Knows no schedules.
//!
//! Two steps are ordered if they belong to one task, if their accesses conflict, by spawn and join, and from the
//! release of a lock to an acquisition that had to come after it. The last kind is implied by the order of conflicting
//! acquisitions, so it tells apart no executions that the others call equal. A semaphore with several permits has no
//! such edges, because another release might have done as well.

use std::collections::BTreeMap;

use super::tree::TaskSet;
use crate::announce::{Access, Note, ObjectId};

/// How many steps of each task happened before something, itself included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Clock(Vec<u32>);

impl Clock {
    fn of(&self, task: usize) -> u32 {
        self.0.get(task).copied().unwrap_or(0)
    }

    fn tick(&mut self, task: usize) -> u32 {
        if self.0.len() <= task {
            self.0.resize(task + 1, 0);
        }
        self.0[task] += 1;
        self.0[task]
    }

    fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    fn covers(&self, step: &Step) -> bool {
        self.of(step.task) >= step.serial
    }
}

#[derive(Clone, Debug)]
struct Step {
    task: usize,
    access: Access,
    /// Number of this step among those of its task, from 1.
    serial: u32,
    clock: Clock,
    /// Whether an acquisition found its object held by nobody.
    fresh: bool,
}

/// What the releases of an object happened after.
#[derive(Clone, Debug, Default)]
struct Releases {
    shared: Clock,
    exclusive: Clock,
}

/// The steps of an execution so far.
#[derive(Debug, Default)]
pub(super) struct Trace {
    steps: Vec<Step>,
    /// What happened before the next step of each task.
    clocks: Vec<Clock>,
    releases: BTreeMap<ObjectId, Releases>,
    /// Whether acquisitions of permits of one semaphore conflict.
    permits_compete: bool,
}

impl Trace {
    pub fn new(permits_compete: bool) -> Self {
        Self { permits_compete, ..Self::default() }
    }

    /// Whether the order of two accesses by different tasks can matter.
    pub fn conflicts(&self, one: Access, other: Access) -> bool {
        let permits = matches!((one, other), (Access::Permit { .. }, Access::Permit { .. }));
        one.conflicts(other) && (self.permits_compete || !permits)
    }

    /// Whether the access conflicts with nothing that could ever happen.
    pub fn is_free(&self, access: Access) -> bool {
        matches!(access, Access::Local) || (matches!(access, Access::Permit { .. }) && !self.permits_compete)
    }

    /// How many acquisitions of this object there were.
    pub fn acquisitions(&self, object: ObjectId) -> usize {
        self.steps.iter().filter(|step| step.access.is_acquisition() && step.access.object() == Some(object)).count()
    }

    /// Appends a step. `fresh`: nobody holds the object that it acquires.
    pub fn push(&mut self, task: usize, access: Access, fresh: bool) {
        let mut clock = self.clock_after(task, access);
        let serial = clock.tick(task);
        *self.clock_mut(task) = clock.clone();
        self.steps.push(Step { task, access, serial, clock, fresh });
    }

    /// Adds what the last step did besides its access.
    pub fn note(&mut self, notes: Vec<Note>) {
        for note in notes {
            match note {
                Note::Spawned { task, child } => {
                    let clock = self.clock_mut(task).clone();
                    self.clock_mut(child).join(&clock);
                }
                Note::Joined { task, child } => {
                    let clock = self.clock_mut(child).clone();
                    self.clock_mut(task).join(&clock);
                    // The step that learnt of the end comes after it, not only the next one.
                    if let Some(last) = self.steps.last_mut().filter(|last| last.task == task) {
                        last.clock.join(&clock);
                    }
                }
                Note::Released { task, object, exclusive } => {
                    let clock = self.clock_mut(task).clone();
                    let releases = self.releases.entry(object).or_default();
                    if exclusive { releases.exclusive.join(&clock) } else { releases.shared.join(&clock) }
                }
            }
        }
    }

    /// The steps that race with the next step of `task`, whether it can be taken now or waits: those that conflict with
    /// it and happened before it for no other reason.
    ///
    /// A conflicting step hides those that happened before it, because their turn comes once the order of these two has
    /// been reversed. Not so the acquisition of a lock that was held already: the task could not have gone first there,
    /// so the order of these two can only be reversed together with the older hold.
    pub fn races(&self, task: usize, access: Access) -> Vec<usize> {
        let mut known = self.clocks.get(task).cloned().unwrap_or_default();
        let mut races = Vec::new();
        for (index, step) in self.steps.iter().enumerate().rev() {
            if step.task == task || !self.conflicts(step.access, access) || known.covers(step) {
                continue;
            }
            races.push(index);
            if step.fresh || !matches!(access, Access::Shared(_) | Access::Exclusive(_)) {
                known.join(&step.clock);
            }
        }
        races
    }

    /// The tasks that can begin the steps after `first` that did not happen after it, followed by the next step of
    /// `task`: the initials of "notdep(first).task" in the paper.
    pub fn initials(&self, first: usize, task: usize, access: Access) -> TaskSet {
        // The first step of each task that has one here.
        let mut seen: Vec<(usize, u32)> = Vec::new();
        let mut initials = TaskSet::default();
        let mut begin = |task: usize, serial: u32, clock: &Clock| {
            if seen.iter().any(|&(other, _)| other == task) {
                return;
            }
            if seen.iter().all(|&(other, serial)| clock.of(other) < serial) {
                initials.insert(task);
            }
            seen.push((task, serial));
        };
        let race = &self.steps[first];
        for step in self.steps[first + 1..].iter().filter(|step| !step.clock.covers(race)) {
            begin(step.task, step.serial, &step.clock);
        }
        begin(task, u32::MAX, &self.clock_after(task, access));
        initials
    }

    /// What happens before the next step of `task`.
    fn clock_after(&self, task: usize, access: Access) -> Clock {
        let mut clock = self.clocks.get(task).cloned().unwrap_or_default();
        for step in self.steps.iter().filter(|step| self.conflicts(step.access, access)) {
            clock.join(&step.clock);
        }
        if let Some(releases) = access.object().and_then(|object| self.releases.get(&object)) {
            match access {
                Access::Local | Access::Read(_) | Access::Write(_) => {}
                Access::Shared(_) => clock.join(&releases.exclusive),
                Access::Exclusive(_) => {
                    clock.join(&releases.shared);
                    clock.join(&releases.exclusive);
                }
                Access::Permit { permits, .. } => {
                    if permits == 1 {
                        clock.join(&releases.shared);
                    }
                }
            }
        }
        clock
    }

    fn clock_mut(&mut self, task: usize) -> &mut Clock {
        if self.clocks.len() <= task {
            self.clocks.resize(task + 1, Clock::default());
        }
        &mut self.clocks[task]
    }

    /// One more than the highest number of a task seen.
    pub fn tasks(&self) -> usize {
        self.clocks.len()
    }
}
