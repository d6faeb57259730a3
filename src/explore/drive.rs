//! Takes a chain through a scenario, on whatever runtime, and writes down what it does.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::chain::{Blockchain, ExecutionPath};
use crate::execution::ParallelExecutor;
use crate::ledger::{Block, GenesisError, Topoheight};
use crate::runtime::{Observed, Runtime, panic_message};
use crate::storage::{Layer, Layered, LedgerState, MemoryStorage, Record, Storage, Suspend};
use crate::workload::{Scenario, Step};

use super::told::Told;
use super::{BlockFailure, Observation, ObservedBlock, ObservedStep, Tasks};

/// A runtime, and the means to run a future on it.
pub(super) trait Host {
    type Runtime: Runtime;

    fn runtime(&self) -> Self::Runtime;

    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Whether a panic is the engine's own and ends the whole execution: no block is to blame for it.
    fn is_fatal(&self, panic: &(dyn Any + Send)) -> bool {
        let _ = panic;
        false
    }
}

/// Runs a future. `Err`: the text of its panic.
pub(super) fn caught<H: Host, F: Future>(host: &H, future: F) -> Result<F::Output, String> {
    catch_unwind(AssertUnwindSafe(|| host.block_on(future))).map_err(|payload| {
        if host.is_fatal(&*payload) {
            resume_unwind(payload);
        }
        panic_message(&*payload)
    })
}

/// How the chain is run. `layer` lies around the recorded storage.
#[derive(Clone, Debug)]
pub(super) struct Drive<L> {
    pub path: ExecutionPath,
    pub max_parallelism: usize,
    pub suspends: bool,
    pub layer: L,
}

/// Nothing around the storage.
impl Layer for () {}

/// What every run of a scenario starts from, made once for all of them.
#[derive(Debug)]
pub(super) struct Start {
    /// The ledger where it begins, to be cloned.
    genesis: Result<LedgerState, GenesisError>,
    /// The blocks of every step, shared as executors want them: one list a step, empty for rewinds.
    blocks: Vec<Vec<Arc<Block>>>,
}

impl Start {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let genesis = scenario.genesis.validate().map(|()| LedgerState::from_genesis(&scenario.genesis));
        let of_step = |step: &Step| match step {
            Step::Run(blocks) => blocks.iter().cloned().map(Arc::new).collect(),
            Step::Rewind(_) => Vec::new(),
        };
        Self { genesis, blocks: scenario.steps.iter().map(of_step).collect() }
    }
}

impl<L: Layer + Clone> Drive<L> {
    /// Runs the whole scenario. The subject is called by its path; the rest of its name, and what its engine promises, are
    /// for the caller to fill in.
    pub(super) fn run<H: Host>(&self, host: &H, scenario: &Scenario, start: &Start) -> Observation {
        let mut observation = Observation {
            subject: self.path.name().to_owned(),
            max_parallelism: (self.path != ExecutionPath::Sequential).then_some(self.max_parallelism),
            tasks: if self.path == ExecutionPath::BlockStm { Tasks::Workers } else { Tasks::Transactions },
            suspends: false,
            worker_threads: 1,
            steps: Vec::with_capacity(scenario.steps.len()),
            ledgers: Vec::new(),
            undone: None,
            broken: None,
            answers: None,
        };
        let memory = match &start.genesis {
            Ok(genesis) => Arc::new(MemoryStorage::from_state(genesis.clone())),
            Err(error) => {
                observation.broken = Some(error.to_string());
                return observation;
            }
        };
        let runtime = Observed::new(host.runtime());
        let recorded = Arc::new(Layered::new(Arc::clone(&memory), Record::default()));
        let layered = Arc::new(Layered::new(Arc::clone(&recorded), self.layer.clone()));
        let outcome = if self.suspends {
            // Told before it suspends: whoever holds a lock meanwhile is then known to wait for storage.
            let suspend = Told::new(Suspend(runtime.clone()), runtime.clone());
            let suspending = Arc::new(Layered::new(layered, suspend));
            self.steps(
                host,
                scenario,
                &start.blocks,
                &Watched { memory, recorded, runtime },
                suspending,
                &mut observation,
            )
        } else {
            self.steps(host, scenario, &start.blocks, &Watched { memory, recorded, runtime }, layered, &mut observation)
        };
        observation.broken = outcome.err();
        observation
    }

    fn steps<H: Host, S: Storage>(
        &self,
        host: &H,
        scenario: &Scenario,
        blocks: &[Vec<Arc<Block>>],
        watched: &Watched<H::Runtime>,
        storage: Arc<S>,
        observation: &mut Observation,
    ) -> Result<(), String> {
        let executor =
            ParallelExecutor::new(watched.runtime.clone(), self.max_parallelism).map_err(|error| error.to_string())?;
        let mut chain = Blockchain::new(storage, scenario.parameters.clone(), executor);
        let memory = &watched.memory;
        for (step, blocks) in scenario.steps.iter().zip(blocks) {
            match step {
                Step::Run(_) => {
                    let blocks = self.run_blocks(host, &mut chain, blocks, watched);
                    observation.steps.push(ObservedStep::Run(blocks));
                }
                Step::Rewind(to) => {
                    observation.ledgers.push(memory.inspect(LedgerState::clone));
                    rewind(host, &mut chain, (*to).min(memory.inspect(|ledger| ledger.top)))?;
                    observation.steps.push(ObservedStep::Rewind);
                }
            }
        }
        observation.ledgers.push(memory.inspect(LedgerState::clone));
        rewind(host, &mut chain, scenario.genesis.topoheight)?;
        observation.undone = Some(memory.inspect(LedgerState::clone));
        Ok(())
    }

    fn run_blocks<H: Host, S: Storage>(
        &self,
        host: &H,
        chain: &mut Blockchain<S, Observed<H::Runtime>>,
        blocks: &[Arc<Block>],
        watched: &Watched<H::Runtime>,
    ) -> Vec<ObservedBlock> {
        let mut run = chain.ordering_run();
        let mut observed = Vec::with_capacity(blocks.len());
        for block in blocks {
            let outcome = match caught(host, run.apply(block, self.path)) {
                Ok(outcome) => outcome.map_err(BlockFailure::from),
                Err(message) => Err(BlockFailure::Panicked(message)),
            };
            let failed = outcome.is_err();
            let batches = watched.recorded.layer().take();
            observed.push(ObservedBlock { outcome, batches, tasks: watched.runtime.take_figures() });
            if failed {
                break;
            }
        }
        observed
    }
}

/// What is looked at while a chain runs.
struct Watched<R> {
    memory: Arc<MemoryStorage>,
    recorded: Arc<Layered<MemoryStorage, Record>>,
    runtime: Observed<R>,
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
