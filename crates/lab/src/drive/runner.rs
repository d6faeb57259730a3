//! Takes a chain through a scenario, on whatever runtime, and writes down what it does.

use std::any::Any;
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::workload::{Expectation, Scenario, Step};
use seriatim_explore::model::Model;
use seriatim_runtime::{Level, Probed, Runtime, panic_message};
use seriatim_tos::chain::{
    Blockchain, ChainConfig, ExecutionPath, Modes, NativeShadow, RecentMismatches, ShadowThreads,
};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::ledger::{Block, GenesisError, SealedBlock, Topoheight};
use seriatim_tos::storage::{Layered, LedgerState, MemoryStorage, Record, Storage};

use super::paths::Way;
use super::suspending::Suspending;
use super::traced::Traced;
use super::{BlockFailure, LayerSource, Observation, ObservedBlock, ObservedStep, Paths, Tasks};

/// A runtime, and the means to run a future on it.
pub trait Host {
    type Runtime: Runtime;

    fn runtime(&self) -> Self::Runtime;

    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Whether blocks may have threads of their own: not on an engine that controls what runs.
    fn has_threads(&self) -> bool {
        false
    }

    /// Whether a panic is the engine's own and ends the whole execution: no block is to blame for it.
    fn is_fatal(&self, panic: &(dyn Any + Send)) -> bool {
        let _ = panic;
        false
    }
}

/// Runs a future. `Err`: the text of its panic.
pub fn caught<H: Host, F: Future>(host: &H, future: F) -> Result<F::Output, String> {
    // Pinned here: a block's future is large, and would be moved from hand to hand.
    let future = pin!(future);
    catch_unwind(AssertUnwindSafe(|| host.block_on(future))).map_err(|payload| {
        if host.is_fatal(&*payload) {
            resume_unwind(payload);
        }
        panic_message(&*payload)
    })
}

/// How the chain is run. The layer lies around the recorded storage.
#[derive(Clone, Debug)]
pub struct Runner {
    pub paths: Paths,
    /// Where paths are mixed, it decides with the block's number which path a block takes.
    pub salt: u64,
    pub max_parallelism: usize,
    pub suspends: bool,
    pub layer: LayerSource,
}

/// What every run of a scenario starts from, made once for all of them.
#[derive(Debug)]
pub struct Start {
    /// The ledger where it begins, to be cloned.
    genesis: Result<Arc<LedgerState>, GenesisError>,
    /// The ledgers that are expected after each step and after undoing them, as far as they are known.
    ledgers: Vec<Arc<LedgerState>>,
    undone: Option<Arc<LedgerState>>,
    /// The blocks of every step, shared as executors want them: one list a step, empty for rewinds.
    blocks: Vec<Vec<Arc<SealedBlock>>>,
}

impl Start {
    pub fn of(scenario: &Scenario) -> Self {
        let genesis = scenario.genesis.validate().map(|()| Arc::new(LedgerState::from_genesis(&scenario.genesis)));
        Self { genesis, ledgers: Vec::new(), undone: None, blocks: Self::blocks(scenario) }
    }

    /// The same where it is known what should come of the scenario. A ledger that is as expected is then not copied.
    pub fn expecting(scenario: &Scenario, expectation: &Expectation) -> Self {
        let Expectation { genesis, steps: _, ledgers, undone } = expectation;
        let genesis = scenario.genesis.validate().map(|()| Arc::clone(genesis));
        Self { genesis, ledgers: ledgers.clone(), undone: Some(Arc::clone(undone)), blocks: Self::blocks(scenario) }
    }

    fn blocks(scenario: &Scenario) -> Vec<Vec<Arc<SealedBlock>>> {
        let of_step = |step: &Step| match step {
            Step::Run(blocks) => blocks.iter().cloned().map(Block::seal).collect(),
            Step::Rewind(_) => Vec::new(),
        };
        scenario.steps.iter().map(of_step).collect()
    }
}

impl Runner {
    /// Runs the whole scenario. The subject is called by its path; the rest of its name, and what its engine promises, are
    /// for the caller to fill in.
    pub fn run<H: Host>(&self, host: &H, scenario: &Scenario, start: &Start) -> Observation {
        let mut observation = Observation {
            subject: self.paths.name().to_owned(),
            max_parallelism: (self.paths != Paths::One(ExecutionPath::Sequential)).then_some(self.max_parallelism),
            suspends: false,
            worker_threads: 1,
            steps: Vec::with_capacity(scenario.steps.len()),
            ledgers: Vec::new(),
            undone: None,
            broken: None,
        };
        let memory = match &start.genesis {
            Ok(genesis) => Arc::new(MemoryStorage::from_state(LedgerState::clone(genesis))),
            Err(error) => {
                observation.broken = Some(error.to_string());
                return observation;
            }
        };
        let runtime = Probed::new(host.runtime());
        let recorded = Arc::new(Record::default());
        let mut storage = Layered::new(Arc::clone(&memory), Arc::clone(&recorded));
        if let Some(layer) = self.layer.make() {
            storage = storage.with(layer);
        }
        let reads = Arc::new(Level::default());
        if self.suspends {
            // The record has the call before it suspends, so a task that holds a lock meanwhile is known to wait for storage.
            storage =
                storage.with(Suspending::new(runtime.clone(), Arc::clone(&reads))).with(Traced::new(runtime.clone()));
        }
        let watched = Watched { memory, recorded, reads, runtime };
        let outcome = self.steps(host, scenario, start, &watched, Arc::new(storage), &mut observation);
        observation.broken = outcome.err();
        observation
    }

    fn steps<H: Host, S: Storage>(
        &self,
        host: &H,
        scenario: &Scenario,
        start: &Start,
        watched: &Watched<H::Runtime>,
        storage: Arc<S>,
        observation: &mut Observation,
    ) -> Result<(), String> {
        let executor =
            ParallelExecutor::new(watched.runtime.clone(), self.max_parallelism).map_err(|error| error.to_string())?;
        let mut chain = Blockchain::new(storage, scenario.parameters.clone(), executor);
        let mismatches = RecentMismatches::new(NonZeroUsize::MIN);
        if self.paths == Paths::Mixed && host.has_threads() {
            let modes = self.test_mode().map_err(|error| error.to_string())?.with_sink(mismatches.clone());
            chain = chain.with_modes(modes);
        }
        let memory = &watched.memory;
        for (index, ((first_block, step), blocks)) in scenario.numbered_steps().zip(&start.blocks).enumerate() {
            match step {
                Step::Run(_) => {
                    let observed = self.run_blocks(host, &mut chain, first_block as u64, blocks, &mismatches, watched);
                    observation.steps.push(ObservedStep::Run(observed));
                }
                Step::Rewind(to) => {
                    rewind(host, &mut chain, (*to).min(memory.inspect(|ledger| ledger.top)))?;
                    observation.steps.push(ObservedStep::Rewind);
                }
            }
            observation.ledgers.push(shared(memory, start.ledgers.get(index)));
        }
        rewind(host, &mut chain, scenario.genesis.topoheight)?;
        observation.undone = Some(shared(memory, start.undone.as_ref()));
        Ok(())
    }

    /// Test mode, with a shadow that takes turns between the parallel executors from one scenario to the next.
    fn test_mode(&self) -> Result<Modes, Box<dyn std::error::Error>> {
        let path = if self.salt.is_multiple_of(2) { ExecutionPath::Parallel } else { ExecutionPath::BlockStm };
        let shadow = ShadowThreads::of(NativeShadow::new(path, self.max_parallelism.min(2), self.salt)?)?;
        let config = ChainConfig {
            parallel_execution_test_mode: true,
            test_mode_budget: TEST_MODE_BUDGET,
            ..ChainConfig::default()
        };
        Ok(Modes::new(config, Some(shadow))?)
    }

    fn run_blocks<H: Host, S: Storage>(
        &self,
        host: &H,
        chain: &mut Blockchain<S, Probed<H::Runtime>>,
        first_block: u64,
        blocks: &[Arc<SealedBlock>],
        mismatches: &RecentMismatches,
        watched: &Watched<H::Runtime>,
    ) -> Vec<ObservedBlock> {
        let mut run = chain.ordering_run();
        let mut observed = Vec::with_capacity(blocks.len());
        for (number, block) in (first_block..).zip(blocks) {
            let way = self.paths.of_block(number, self.salt, host.has_threads());
            let (outcome, made_of) = match way {
                Way::Path(path) => (caught(host, run.apply(block, path)), tasks_of(run.path_of(path, block))),
                Way::Tested => (caught(host, run.add_block(block)), None),
            };
            let defect = mismatches.take().into_iter().find(|mismatch| mismatch.kind.is_defect());
            let outcome = match (outcome, defect) {
                (_, Some(mismatch)) => Err(BlockFailure::Mismatched(mismatch.to_string())),
                (Ok(outcome), None) => outcome.map_err(BlockFailure::from),
                (Err(message), None) => Err(BlockFailure::Panicked(message)),
            };
            let failed = outcome.is_err();
            let (batches, reads_at_once) = (watched.recorded.take(), watched.reads.take_most());
            let tasks = watched.runtime.take_figures();
            observed.push(ObservedBlock { outcome, batches, made_of, tasks, reads_at_once });
            if failed {
                break;
            }
        }
        observed
    }
}

/// A shadow that is late says nothing of its executor, and it should not be: longer than any block takes on a busy machine.
const TEST_MODE_BUDGET: Duration = Duration::from_secs(10);

fn tasks_of(path: ExecutionPath) -> Option<Tasks> {
    match path {
        ExecutionPath::Sequential => None,
        ExecutionPath::SequentialAhead => Some(Tasks::Helpers),
        ExecutionPath::Parallel | ExecutionPath::BlockStm => Some(Tasks::Workers),
    }
}

/// The ledger as it is now: the expected one itself, if it equals that.
fn shared(memory: &MemoryStorage, expected: Option<&Arc<LedgerState>>) -> Arc<LedgerState> {
    memory.inspect(|ledger| match expected {
        Some(expected) if **expected == *ledger => Arc::clone(expected),
        _ => Arc::new(ledger.clone()),
    })
}

/// What is looked at while a chain runs.
struct Watched<R> {
    memory: Arc<MemoryStorage>,
    recorded: Arc<Record>,
    reads: Arc<Level>,
    runtime: Probed<R>,
}

fn rewind<H: Host, S: Storage, R: Runtime>(
    host: &H,
    chain: &mut Blockchain<S, R>,
    to: Topoheight,
) -> Result<(), String> {
    match caught(host, chain.rewind(to)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(message) => Err(format!("rewind to {to} panicked: {message}")),
    }
}

/// A model is its own host: inside an execution it has all that a run needs.
impl Host for Model {
    type Runtime = Self;

    fn runtime(&self) -> Self {
        self.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        Self::block_on(self, future)
    }

    fn is_fatal(&self, panic: &(dyn Any + Send)) -> bool {
        Self::is_fatal(self, panic)
    }
}
