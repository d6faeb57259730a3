//! One scenario on the parallel path under shuttle, execution after execution, each with its schedule recorded.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Once, PoisonError};

use serde::{Deserialize, Serialize};
use shuttle::scheduler::{Schedule as ShuttleSchedule, Scheduler, Task, TaskId};

use crate::chain::ExecutionPath;
use crate::ledger::Block;
use crate::runtime::announce;
use crate::runtime::model::{ModelSettings, Shuttle, Waiting, take_waiting};
use crate::storage::Layer;
use crate::workload::Scenario;

use super::dpor::Dpor;
use super::drive::{Drive, Host, shared_blocks};
use super::{Choices, Chooser, Observation, Schedule, Strategy};

/// Steps after which an execution counts as one that never ends: far more than any block of a plan takes.
pub const STEP_BOUND: usize = 200_000;
/// A task of a debug build fits easily; memory is only mapped where it is used.
const STACK_BYTES: usize = 1 << 20;

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
    /// It was cut off after [`STEP_BOUND`] steps.
    Endless,
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
    }

    /// Adds up two explorations of different scenarios.
    pub fn merge(&mut self, other: &Self) {
        let Self { interleavings, distinct, steps, context_switches, preemptions } = other;
        self.interleavings += interleavings;
        self.distinct += distinct;
        self.steps += steps;
        self.context_switches += context_switches;
        self.preemptions += preemptions;
    }
}

/// A scenario made ready for many executions. `L` lies around the storage: nothing for the real subject, a fault for a
/// wrong one; each execution gets a clone of it.
#[derive(Debug)]
pub struct Interleaver<L = ()> {
    scenario: Arc<Scenario>,
    blocks: Arc<Vec<Vec<Arc<Block>>>>,
    layer: L,
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

impl Interleaver {
    /// The real subject.
    pub fn new(scenario: &Scenario) -> Self {
        Self::with_layer(scenario, ())
    }
}

impl<L: Layer + Clone> Interleaver<L> {
    /// Shares the scenario with the executions to come.
    pub fn with_layer(scenario: &Scenario, layer: L) -> Self {
        Self { scenario: Arc::new(scenario.clone()), blocks: Arc::new(shared_blocks(scenario)), layer }
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
            let ending = self.execute(config, &recorder);
            let record = recorder.take();
            evidence.count(&record);
            let mut hasher = DefaultHasher::new();
            record.choices.hash(&mut hasher);
            distinct.insert(hasher.finish());
            let mut schedule =
                Schedule::new(config.max_parallelism, config.settings, config.strategy.name(), config.seed);
            schedule.choices = Choices(record.choices);
            if judge(Interleaved { schedule, ending }).is_break() {
                break;
            }
        }
        evidence.distinct = distinct.len() as u64;
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
        loop {
            let ending = self.execute(config, &recorder);
            let record = recorder.take();
            if record.choices.is_empty() {
                break;
            }
            // What the search broke off as redundant came to no end and shows nothing new.
            if record.broken_off && !record.stuck {
                continue;
            }
            evidence.count(&record);
            evidence.distinct += 1;
            let mut schedule = Schedule::new(config.max_parallelism, config.settings, "dpor", 0);
            schedule.choices = Choices(record.choices);
            if judge(Interleaved { schedule, ending }).is_break() {
                break;
            }
        }
        let figures = dpor.figures();
        let exhaustion =
            Exhaustion { complete: dpor.is_complete(), executions: figures.executions, redundant: figures.redundant };
        announce::silence();
        (evidence, exhaustion)
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
        let ending = self.execute(&config, &recorder);
        let record = recorder.take();
        let diverged_at = recorder.with(|state| state.scheduler.diverged_at());
        // Fewer steps than recorded are a divergence too.
        let short = record.choices.len() < schedule.choices.0.len();
        let diverged_at = diverged_at.or(short.then_some(record.choices.len()));
        let replayed = Schedule { choices: Choices(record.choices), ..schedule.clone() };
        (Interleaved { schedule: replayed, ending }, diverged_at)
    }

    fn execute<S: Scheduler + 'static>(&self, config: &InterleaveConfig, recorder: &Recorder<S>) -> Ending {
        let slot: Arc<Mutex<Option<Observation>>> = Arc::default();
        let execution = {
            let (slot, scenario, blocks) = (Arc::clone(&slot), Arc::clone(&self.scenario), Arc::clone(&self.blocks));
            let (settings, max_parallelism) = (config.settings, config.max_parallelism);
            let layer = self.layer.clone();
            let recorder = recorder.done();
            move || {
                let sentinel = Arc::clone(&recorder);
                drop(shuttle::thread::spawn(move || {
                    while !sentinel.load(Relaxed) {
                        shuttle::thread::yield_now();
                    }
                }));
                let host = ShuttleHost(Shuttle::new(settings));
                let layer = layer.clone();
                let drive = Drive { path: ExecutionPath::Parallel, max_parallelism, suspends: true, layer };
                let observation = drive.run(&host, &scenario, &blocks);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(observation);
                recorder.store(true, Relaxed);
            }
        };
        recorder.arm();
        // What the execution panics with is caught inside it, and it never blocks for good, so the runner returns.
        shuttle::Runner::new(recorder.clone(), shuttle_config()).run(execution);
        let waiting = take_waiting();
        let observation = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        match observation {
            Some(mut observation) => {
                observation.subject = format!("parallel under shuttle ({} at a time)", config.max_parallelism);
                Ending::Complete(Box::new(observation))
            }
            None if recorder.with(|state| state.record.stuck) => Ending::Stuck(waiting),
            None => Ending::Endless,
        }
    }
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

pub(super) fn shuttle_config() -> shuttle::Config {
    let mut config = shuttle::Config::new();
    config.stack_size = STACK_BYTES;
    config.failure_persistence = shuttle::FailurePersistence::None;
    // The recorder has a bound of its own, which is no failure to shuttle.
    config.max_steps = shuttle::MaxSteps::None;
    config.silence_warnings = true;
    config
}

/// shuttle's panic hook prints at every later panic of the process, also at those we catch and judge. It is installed once,
/// by the first runner, so an empty execution comes first and the hook from before is put back after it.
pub(super) fn quieten_shuttle() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        let recorder = Recorder::new(Chooser::new(Strategy::Random, 0));
        recorder.arm();
        shuttle::Runner::new(recorder, shuttle_config()).run(|| ());
        std::panic::set_hook(before);
    });
}

/// The task that an execution spawns first, and that can always run. The scheduler never sees it; where it is the only one
/// that can run, the execution is stuck, which shuttle itself would report by a panic and by text on standard error.
const SENTINEL: usize = 1;

/// Wraps a scheduler: writes its choices down, counts, and ends executions that are stuck or go on for ever. A clone is
/// the same recorder.
struct Recorder<S>(Arc<Mutex<Recording<S>>>);

impl<S> Clone for Recorder<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Recording<S> {
    scheduler: S,
    record: Record,
    /// Whether the runner may begin one more execution.
    armed: bool,
    /// Whether the execution under way came to its end; the sentinel may then go.
    done: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Record {
    choices: Vec<u32>,
    context_switches: u64,
    preemptions: u64,
    stuck: bool,
    /// By the scheduler.
    broken_off: bool,
}

impl<S> Recorder<S> {
    fn new(scheduler: S) -> Self {
        Self(Arc::new(Mutex::new(Recording {
            scheduler,
            record: Record::default(),
            armed: false,
            done: Arc::default(),
        })))
    }

    fn with<T>(&self, access: impl FnOnce(&mut Recording<S>) -> T) -> T {
        access(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn arm(&self) {
        self.with(|state| {
            state.armed = true;
            state.done.store(false, Relaxed);
        });
    }

    fn done(&self) -> Arc<AtomicBool> {
        self.with(|state| Arc::clone(&state.done))
    }

    fn take(&self) -> Record {
        self.with(|state| std::mem::take(&mut state.record))
    }
}

impl<S: Scheduler> Scheduler for Recorder<S> {
    fn new_execution(&mut self) -> Option<ShuttleSchedule> {
        self.with(|state| if std::mem::take(&mut state.armed) { state.scheduler.new_execution() } else { None })
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let tasks: Vec<&Task> = runnable.iter().copied().filter(|task| usize::from(task.id()) != SENTINEL).collect();
        self.with(|state| {
            if tasks.is_empty() {
                state.record.stuck = !state.done.load(Relaxed);
                return (!state.record.stuck).then(|| TaskId::from(SENTINEL));
            }
            if state.record.choices.len() >= STEP_BOUND {
                return None;
            }
            let current = current.filter(|&task| usize::from(task) != SENTINEL);
            let Some(chosen) = state.scheduler.next_task(&tasks, current, is_yielding) else {
                state.record.broken_off = true;
                return None;
            };
            if let Some(current) = current.filter(|&current| current != chosen) {
                state.record.context_switches += 1;
                let could_go_on = !is_yielding && tasks.iter().any(|task| task.id() == current);
                state.record.preemptions += u64::from(could_go_on);
            }
            state.record.choices.push(usize::from(chosen) as u32);
            Some(chosen)
        })
    }

    fn next_u64(&mut self) -> u64 {
        self.with(|state| state.scheduler.next_u64())
    }
}
