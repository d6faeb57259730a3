//! What is written down of an execution while it runs: the choices, the switches, and how it ended.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shuttle::scheduler::{Schedule as ShuttleSchedule, Scheduler, Task, TaskId};

use super::schedulers::Choose;
use super::{Choices, InterleaveConfig, Interleaved, Judged, STEP_BOUND, Schedule};
use crate::model::{Waiting, begin_step, take_meetings, take_waiting};
use seriatim_verdict::Verdict;

/// The task that an execution spawns first, and that can always run. The scheduler never sees it; where it is the only one
/// that can run, the execution is stuck, which shuttle itself would report by a panic and by text on standard error.
const SENTINEL: usize = 1;

/// Wraps a chooser: writes its choices down, counts, and ends executions that are stuck or go on for ever.
pub(super) struct Recorder<C> {
    pub chooser: C,
    /// The record of the execution under way.
    record: Record,
    /// What can run, the sentinel left out. Kept for its room.
    runnable: Vec<usize>,
    /// What the execution under way leaves when it comes to its end; the sentinel may then go.
    pub ended: Arc<Mutex<Option<Verdict>>>,
    /// Steps after which an execution is broken off as endless.
    pub step_bound: usize,
}

/// One execution, as it was chosen and what it came to.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub choices: Vec<u32>,
    pub context_switches: u64,
    pub preemptions: u64,
    pub meetings: u64,
    /// Who waited for what when nothing could run.
    stuck: Option<Vec<Waiting>>,
    /// The scheduler broke the execution off.
    pub broken_off: bool,
    verdict: Option<Verdict>,
}

impl Record {
    /// The execution as searches see it. `subject` is asked for the name of an executor that does not come to its end.
    pub(super) fn interleaved(
        self,
        config: &InterleaveConfig,
        strategy: &str,
        subject: impl FnOnce() -> String,
    ) -> Interleaved {
        let Self { choices, stuck, verdict, .. } = self;
        let mut schedule = Schedule::new(config.max_parallelism, config.settings, strategy, config.seed);
        schedule.choices = Choices(choices);
        let Judged { ending, verdict } = match (verdict, stuck) {
            (Some(verdict), _) => Judged::complete(verdict),
            (None, Some(waiting)) => Judged::stuck(&subject(), waiting),
            (None, None) => Judged::endless(&subject(), schedule.choices.0.len()),
        };
        Interleaved { schedule, ending, verdict }
    }
}

impl<C> Recorder<C> {
    pub(super) fn new(chooser: C) -> Rc<RefCell<Self>> {
        let (record, runnable) = (Record::default(), Vec::new());
        Rc::new(RefCell::new(Self { chooser, record, runnable, ended: Arc::default(), step_bound: STEP_BOUND }))
    }

    /// What was recorded of the execution that has just ended.
    pub(super) fn end(&mut self) -> Record {
        take_waiting();
        // The next one will take about as many steps.
        let next = Record { choices: Vec::with_capacity(self.record.choices.len()), ..Record::default() };
        self.record.meetings = take_meetings();
        Record { verdict: lock(&self.ended).take(), ..std::mem::replace(&mut self.record, next) }
    }
}

impl<C: Choose> Scheduler for Recorder<C> {
    fn new_execution(&mut self) -> Option<ShuttleSchedule> {
        self.chooser.begin().then(|| ShuttleSchedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let Self { chooser, record, runnable: tasks, ended, step_bound } = self;
        tasks.clear();
        tasks.extend(runnable.iter().map(|task| usize::from(task.id())).filter(|&task| task != SENTINEL));
        if tasks.is_empty() {
            if lock(ended).is_some() {
                return Some(TaskId::from(SENTINEL));
            }
            record.stuck = Some(take_waiting());
            return None;
        }
        if record.choices.len() >= *step_bound {
            return None;
        }
        let current = current.map(usize::from).filter(|&task| task != SENTINEL);
        let Some(chosen) = chooser.choose(tasks, current, is_yielding) else {
            record.broken_off = true;
            return None;
        };
        if let Some(current) = current.filter(|&current| current != chosen) {
            record.context_switches += 1;
            let could_go_on = !is_yielding && tasks.contains(&current);
            record.preemptions += u64::from(could_go_on);
        }
        begin_step(record.choices.len());
        record.choices.push(chosen as u32);
        Some(TaskId::from(chosen))
    }

    fn next_u64(&mut self) -> u64 {
        self.chooser.next_u64()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
