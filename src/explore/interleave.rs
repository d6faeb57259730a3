//! One scenario on the parallel path under shuttle, execution after execution, each with its schedule recorded.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use serde::{Deserialize, Serialize};
use shuttle::scheduler::{Schedule as ShuttleSchedule, Scheduler, Task, TaskId};

use crate::chain::ExecutionPath;
use crate::runtime::announce;
use crate::runtime::model::{
    ModelSettings, Shuttle, Step, Waiting, begin_step, record_steps, take_meetings, take_steps, take_waiting,
};
use crate::storage::Layer;
use crate::workload::Scenario;

use super::dpor::Dpor;
use super::drive::{Drive, Host, Start};
use super::executions::{execute, shuttle_config};
use super::fewest::FewestSwitches;
use super::schedulers::Choose;
use super::{Choices, Chooser, Observation, Schedule, Strategy};

/// Steps after which an execution counts as one that never ends: far more than any block of a plan takes.
pub const STEP_BOUND: usize = 200_000;

/// What came of one execution.
#[derive(Debug)]
pub struct Interleaved {
    pub schedule: Schedule,
    pub ending: Ending,
}

/// How an execution ended.
#[derive(Debug)]
pub enum Ending {
    /// It ran to its end; what it did is still to be judged.
    Complete(Box<Observation>),
    /// Nothing could run any more, and these tasks waited.
    Stuck(Vec<Waiting>),
    /// It was cut off after so many steps.
    Endless(usize),
}

/// Figures of an exploration: what an agreement rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterleavingEvidence {
    pub interleavings: u64,
    /// By the hash of their choices.
    pub distinct: u64,
    pub steps: u64,
    /// Switches from one task to another.
    pub context_switches: u64,
    /// Those of them that took a task off which could have gone on.
    pub preemptions: u64,
    /// Pairs of conflicting accesses by tasks side by side: see [`crate::runtime::model::take_meetings`].
    pub meetings: u64,
}

/// The first operation in which two executions of one schedule differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherStep {
    pub position: usize,
    pub expected: Option<Step>,
    pub actual: Option<Step>,
}

/// How far an exploration of all interleavings went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhaustion {
    /// Whether every interleaving that can matter was run.
    pub complete: bool,
    /// Executions, redundant ones included.
    pub executions: u64,
    /// Broken off, because what they would have shown had been seen.
    pub redundant: u64,
}

impl InterleavingEvidence {
    fn count(&mut self, record: &Record) {
        self.interleavings += 1;
        self.steps += record.choices.len() as u64;
        self.context_switches += record.context_switches;
        self.preemptions += record.preemptions;
        self.meetings += record.meetings;
    }

    /// Adds up two explorations of different scenarios.
    pub fn merge(&mut self, other: &Self) {
        let Self { interleavings, distinct, steps, context_switches, preemptions, meetings } = other;
        self.interleavings += interleavings;
        self.distinct += distinct;
        self.steps += steps;
        self.context_switches += context_switches;
        self.preemptions += preemptions;
        self.meetings += meetings;
    }
}

/// A scenario made ready for many executions. `L` lies around the storage: nothing for the real subject, a fault for a
/// wrong one; each execution gets a clone of it.
#[derive(Debug)]
pub struct Interleaver<L = ()> {
    pub(super) scenario: Arc<Scenario>,
    pub(super) start: Arc<Start>,
    pub(super) layer: L,
}

/// One exploration's inputs beside the scenario.
#[derive(Clone, Debug)]
pub struct InterleaveConfig {
    pub strategy: Strategy,
    pub seed: u64,
    /// Executions at most.
    pub executions: usize,
    pub max_parallelism: usize,
    pub settings: ModelSettings,
}

impl InterleaveConfig {
    /// The inputs of the model that a schedule was recorded under, for other executions.
    pub fn like(schedule: &Schedule, strategy: Strategy, executions: usize) -> Self {
        let (max_parallelism, settings) = (schedule.max_parallelism as usize, schedule.settings());
        Self { strategy, seed: schedule.seed, executions, max_parallelism, settings }
    }
}

impl Interleaver {
    /// The real subject.
    pub fn new(scenario: &Scenario) -> Self {
        Self::with_layer(scenario, ())
    }
}

impl<L: Layer + Clone> Interleaver<L> {
    /// Shares the scenario with the executions to come.
    pub fn with_layer(scenario: &Scenario, layer: L) -> Self {
        Self { scenario: Arc::new(scenario.clone()), start: Arc::new(Start::of(scenario)), layer }
    }

    /// Runs executions until `judge` breaks off or there are enough. The last one's schedule is handed over with each
    /// ending, so a judge that finds something has it at hand.
    pub fn explore(
        &self,
        config: &InterleaveConfig,
        mut judge: impl FnMut(Interleaved) -> ControlFlow<()>,
    ) -> InterleavingEvidence {
        quieten_shuttle();
        let mut evidence = InterleavingEvidence::default();
        let mut distinct = BTreeSet::new();
        let recorder = Recorder::new(Chooser::new(config.strategy.clone(), config.seed));
        for _ in 0..config.executions {
            let Some(record) = self.execute(config, &recorder) else { break };
            evidence.count(&record);
            let mut hasher = DefaultHasher::new();
            record.choices.hash(&mut hasher);
            distinct.insert(hasher.finish());
            if judge(record.interleaved(config, config.strategy.name())).is_break() {
                break;
            }
        }
        evidence.distinct = distinct.len() as u64;
        evidence
    }

    /// Runs schedules in order of how often they leave the straight way, in which a task runs until it cannot go on: at
    /// most so many times, and so many executions in all, until `judge` breaks off. Strategy and seed of the configuration
    /// play no part. What it finds first has the fewest switches; it ends early when there are no more schedules.
    pub fn explore_fewest(
        &self,
        config: &InterleaveConfig,
        most_switches: usize,
        mut judge: impl FnMut(Interleaved) -> ControlFlow<()>,
    ) -> InterleavingEvidence {
        quieten_shuttle();
        let mut evidence = InterleavingEvidence::default();
        let recorder = Recorder::new(FewestSwitches::new(most_switches));
        for _ in 0..config.executions {
            let Some(record) = self.execute(config, &recorder) else { break };
            evidence.count(&record);
            evidence.distinct += 1;
            if judge(record.interleaved(config, "fewest")).is_break() {
                break;
            }
        }
        evidence
    }

    /// Explores every interleaving that can matter, under sequential consistency, or as many as the bounds allow; `judge`
    /// sees each execution that came to an end.
    pub fn explore_all(
        &self,
        config: &InterleaveConfig,
        mut judge: impl FnMut(Interleaved) -> ControlFlow<()>,
    ) -> (InterleavingEvidence, Exhaustion) {
        quieten_shuttle();
        let dpor = Dpor::new().with_bound(config.executions as u64).with_step_bound(STEP_BOUND);
        let recorder = Recorder::new(dpor.clone());
        let mut evidence = InterleavingEvidence::default();
        while let Some(record) = self.execute(config, &recorder) {
            // What the search broke off as redundant came to no end and shows nothing new.
            if record.broken_off {
                continue;
            }
            evidence.count(&record);
            evidence.distinct += 1;
            if judge(record.interleaved(config, "dpor")).is_break() {
                break;
            }
        }
        let figures = dpor.figures();
        let exhaustion =
            Exhaustion { complete: dpor.is_complete(), executions: figures.executions, redundant: figures.redundant };
        announce::silence();
        (evidence, exhaustion)
    }

    /// Runs the one schedule in which each task runs until it cannot go on, under the inputs of `like`.
    pub fn straight(&self, like: &Schedule) -> Interleaved {
        let mut straight = None;
        self.explore_fewest(&InterleaveConfig::like(like, Strategy::Random, 1), 0, |interleaved| {
            straight = Some(interleaved);
            ControlFlow::Break(())
        });
        straight.expect("there is one such schedule")
    }

    /// Runs one schedule again. Returns its ending and the first step at which it could not be followed, if any.
    pub fn replay(&self, schedule: &Schedule) -> (Interleaved, Option<usize>) {
        quieten_shuttle();
        let config = InterleaveConfig {
            strategy: Strategy::Replay(schedule.choices.clone()),
            seed: schedule.seed,
            executions: 1,
            max_parallelism: schedule.max_parallelism as usize,
            settings: schedule.settings(),
        };
        let recorder = Recorder::new(Chooser::new(config.strategy.clone(), config.seed));
        let record = self.execute(&config, &recorder).expect("a replay wants an execution");
        let diverged_at = recorder.borrow().chooser.diverged_at();
        // Fewer steps than recorded are a divergence too.
        let short = record.choices.len() < schedule.choices.0.len();
        let diverged_at = diverged_at.or(short.then_some(record.choices.len()));
        let Interleaved { schedule: Schedule { choices, .. }, ending } = record.interleaved(&config, "replay");
        (Interleaved { schedule: Schedule { choices, ..schedule.clone() }, ending }, diverged_at)
    }

    /// The schedule with what its tasks did at each step: followed once more, and written down.
    pub fn with_steps(&self, schedule: &Schedule) -> Schedule {
        record_steps();
        let (replayed, _) = self.replay(schedule);
        Schedule { steps: take_steps(), ..replayed.schedule }
    }

    /// Follows a schedule and compares what its tasks do with what they did when it was recorded. None: the same.
    pub fn first_other_step(&self, schedule: &Schedule) -> Option<OtherStep> {
        let steps = self.with_steps(schedule).steps;
        let position = (0..steps.len().max(schedule.steps.len()))
            .find(|&position| steps.get(position) != schedule.steps.get(position))?;
        let (expected, actual) = (schedule.steps.get(position).cloned(), steps.get(position).cloned());
        Some(OtherStep { position, expected, actual })
    }

    /// Executes once, if the chooser wants it, and returns what was recorded.
    fn execute<C: Choose>(&self, config: &InterleaveConfig, recorder: &Rc<RefCell<Recorder<C>>>) -> Option<Record> {
        let schedule = recorder.borrow_mut().new_execution()?;
        let ended = Arc::clone(&recorder.borrow().ended);
        let (scenario, start) = (Arc::clone(&self.scenario), Arc::clone(&self.start));
        let (settings, max_parallelism, layer) = (config.settings, config.max_parallelism, self.layer.clone());
        let execution = move || {
            let sentinel = Arc::clone(&ended);
            drop(shuttle::thread::spawn(move || {
                while lock(&sentinel).is_none() {
                    shuttle::thread::yield_now();
                }
            }));
            let host = ShuttleHost(Shuttle::new(settings));
            let drive = Drive { path: ExecutionPath::Parallel, max_parallelism, suspends: true, layer };
            let observation = drive.run(&host, &scenario, &start);
            *lock(&ended) = Some(observation);
        };
        // What the execution panics with is caught inside it, and it never blocks for good, so this returns.
        execute(Rc::clone(recorder), schedule, &shuttle_config(), execution);
        Some(recorder.borrow_mut().end())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct ShuttleHost(Shuttle);

impl Host for ShuttleHost {
    type Runtime = Shuttle;

    fn runtime(&self) -> Shuttle {
        self.0.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

/// shuttle's panic hook prints at every later panic of the process, also at those we catch and judge. It is installed once,
/// by the first execution, so an empty execution comes first and the hook from before is put back after it.
pub(super) fn quieten_shuttle() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        let recorder = Recorder::new(Chooser::new(Strategy::Random, 0));
        let schedule = recorder.borrow_mut().new_execution().expect("a strategy wants every execution");
        execute(recorder, schedule, &shuttle_config(), || ());
        std::panic::set_hook(before);
    });
}

/// The task that an execution spawns first, and that can always run. The scheduler never sees it; where it is the only one
/// that can run, the execution is stuck, which shuttle itself would report by a panic and by text on standard error.
const SENTINEL: usize = 1;

/// Wraps a chooser: writes its choices down, counts, and ends executions that are stuck or go on for ever.
struct Recorder<C> {
    chooser: C,
    /// Of the execution under way.
    record: Record,
    /// What can run, the sentinel left out. Kept for its room.
    runnable: Vec<usize>,
    /// What the execution under way leaves when it comes to its end; the sentinel may then go.
    ended: Arc<Mutex<Option<Observation>>>,
}

/// One execution, as it was chosen and what it came to.
#[derive(Debug, Default)]
struct Record {
    choices: Vec<u32>,
    context_switches: u64,
    preemptions: u64,
    meetings: u64,
    /// Who waited for what when nothing could run.
    stuck: Option<Vec<Waiting>>,
    /// By the scheduler.
    broken_off: bool,
    observation: Option<Observation>,
}

impl Record {
    fn interleaved(self, config: &InterleaveConfig, strategy: &str) -> Interleaved {
        let Self { choices, stuck, observation, .. } = self;
        let mut schedule = Schedule::new(config.max_parallelism, config.settings, strategy, config.seed);
        schedule.choices = Choices(choices);
        let ending = match (observation, stuck) {
            (Some(mut observation), _) => {
                observation.subject = format!("parallel under shuttle ({} at a time)", config.max_parallelism);
                Ending::Complete(Box::new(observation))
            }
            (None, Some(waiting)) => Ending::Stuck(waiting),
            (None, None) => Ending::Endless(STEP_BOUND),
        };
        Interleaved { schedule, ending }
    }
}

impl<C> Recorder<C> {
    fn new(chooser: C) -> Rc<RefCell<Self>> {
        let (record, runnable) = (Record::default(), Vec::new());
        Rc::new(RefCell::new(Self { chooser, record, runnable, ended: Arc::default() }))
    }

    /// What was recorded of the execution that has just ended.
    fn end(&mut self) -> Record {
        take_waiting();
        // The next one will take about as many steps.
        let next = Record { choices: Vec::with_capacity(self.record.choices.len()), ..Record::default() };
        self.record.meetings = take_meetings();
        Record { observation: lock(&self.ended).take(), ..std::mem::replace(&mut self.record, next) }
    }
}

impl<C: Choose> Scheduler for Recorder<C> {
    fn new_execution(&mut self) -> Option<ShuttleSchedule> {
        self.chooser.begin().then(|| ShuttleSchedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let Self { chooser, record, runnable: tasks, ended } = self;
        tasks.clear();
        tasks.extend(runnable.iter().map(|task| usize::from(task.id())).filter(|&task| task != SENTINEL));
        if tasks.is_empty() {
            if lock(ended).is_some() {
                return Some(TaskId::from(SENTINEL));
            }
            record.stuck = Some(take_waiting());
            return None;
        }
        if record.choices.len() >= STEP_BOUND {
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
