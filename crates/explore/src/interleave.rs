//! An experiment under shuttle, execution after execution, each with its schedule recorded.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::{Arc, Once};

use serde::{Deserialize, Serialize};
use shuttle::scheduler::Scheduler;

use crate::announce;
use crate::model::{Model, Step, control, record_steps, take_steps};

use super::dpor::Dpor;
use super::executions::{execute, shuttle_config};
use super::fewest::FewestSwitches;
use super::recorder::{Record, Recorder, lock};
use super::schedulers::{Choose, Chooser};
use super::{Experiment, InterleaveConfig, Interleaved, STEP_BOUND, Schedule, Strategy};

/// Figures of an exploration: what an agreement rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterleavingEvidence {
    pub interleavings: u64,
    /// How many executions differ, by the hash of their choices.
    pub distinct: u64,
    pub steps: u64,
    /// Switches from one task to another.
    pub context_switches: u64,
    /// Those of them that took a task off which could have gone on.
    pub preemptions: u64,
    /// Pairs of conflicting accesses by tasks side by side.
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

/// An experiment, under whatever schedules a search wants.
#[derive(Clone)]
pub struct Interleaver {
    pub(super) experiment: Arc<dyn Experiment>,
    /// Steps after which an execution counts as endless.
    step_bound: usize,
}

impl Interleaver {
    /// Makes an experiment ready for searches.
    pub fn of(experiment: impl Experiment + 'static) -> Self {
        Self { experiment: Arc::new(experiment), step_bound: STEP_BOUND }
    }

    /// The same, with executions that end after fewer steps than [`STEP_BOUND`]: for whoever runs many of which some are
    /// endless.
    #[must_use]
    pub fn with_step_bound(self, step_bound: usize) -> Self {
        Self { step_bound: step_bound.min(STEP_BOUND), ..self }
    }

    /// What the executor is called in reports.
    pub fn name(&self) -> String {
        self.experiment.name()
    }

    /// Tasks of all blocks together.
    pub fn tasks(&self) -> usize {
        self.experiment.tasks()
    }

    /// What the executor is called under shuttle.
    fn under_shuttle(&self) -> String {
        format!("{} under shuttle", self.experiment.name())
    }

    /// Runs executions until `judge` breaks off or there are enough.
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
            if judge(record.interleaved(config, config.strategy.name(), || self.under_shuttle())).is_break() {
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
            if judge(record.interleaved(config, "fewest", || self.under_shuttle())).is_break() {
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
            if judge(record.interleaved(config, "dpor", || self.under_shuttle())).is_break() {
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
        let config = InterleaveConfig::like(schedule, Strategy::Replay(schedule.choices.clone()), 1);
        let recorder = Recorder::new(Chooser::new(config.strategy.clone(), config.seed));
        let record = self.execute(&config, &recorder).expect("a replay wants an execution");
        let diverged_at = recorder.borrow().chooser.diverged_at();
        // Fewer steps than recorded are a divergence too.
        let short = record.choices.len() < schedule.choices.0.len();
        let diverged_at = diverged_at.or(short.then_some(record.choices.len()));
        let replayed = record.interleaved(&config, "replay", || self.under_shuttle());
        let schedule = Schedule { choices: replayed.schedule.choices, ..schedule.clone() };
        (Interleaved { schedule, ..replayed }, diverged_at)
    }

    /// The schedule with what its tasks did at each step: followed once more, and written down.
    pub fn with_steps(&self, schedule: &Schedule) -> Schedule {
        record_steps(self.experiment.anatomy());
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
        recorder.borrow_mut().step_bound = self.step_bound;
        let (experiment, settings) = (Arc::clone(&self.experiment), config.settings);
        let max_parallelism = config.max_parallelism;
        let execution = move || {
            let sentinel = Arc::clone(&ended);
            drop(shuttle::thread::spawn(move || {
                while lock(&sentinel).is_none() {
                    shuttle::thread::yield_now();
                }
            }));
            let subject = format!("{} under shuttle ({max_parallelism} at a time)", experiment.name());
            let verdict = experiment.run(Model::shuttle(settings), max_parallelism, &subject);
            *lock(&ended) = Some(verdict);
        };
        // What the execution panics with is caught inside it, and it never blocks for good, so this returns.
        execute(Rc::clone(recorder), schedule, &shuttle_config(), execution);
        Some(recorder.borrow_mut().end())
    }
}

/// shuttle's panic hook prints at every later panic of the process, also at those we catch and judge. It is installed once,
/// by the first execution, so an empty execution comes first and the hook from before is put back after it. A panic of a
/// task that somebody catches and judges is noted there instead of printed.
pub(super) fn quieten_shuttle() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        let recorder = Recorder::new(Chooser::new(Strategy::Random, 0));
        let schedule = recorder.borrow_mut().new_execution().expect("a strategy wants every execution");
        execute(recorder, schedule, &shuttle_config(), || ());
        std::panic::set_hook(Box::new(move |info| {
            if !control::note_panic(info) {
                before(info);
            }
        }));
    });
}
