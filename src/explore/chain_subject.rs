//! The project's own executors as subjects: a chain over memory, on tokio.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::chain::{Blockchain, ExecutionPath};
use crate::execution::ParallelExecutor;
use crate::ledger::{Block, Topoheight};
use crate::runtime::{Native, Observed, Runtime, panic_message};
use crate::storage::{Layer, Layered, LedgerState, MemoryStorage, Record, Storage, Suspend};
use crate::workload::{Scenario, Step};

use super::{BlockFailure, Observation, ObservedBlock, ObservedStep, Subject};

/// tokio runtimes, kept from one run to the next.
#[derive(Debug)]
pub struct Engine {
    single: tokio::runtime::Runtime,
    multi: tokio::runtime::Runtime,
}

/// Which of an engine's runtimes a subject uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// One thread: deterministic, for the search.
    One,
    /// Two worker threads: real concurrency, for soaking.
    Two,
}

impl Engine {
    /// Starts both runtimes; the threads of the second sleep until they are used.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub fn new() -> std::io::Result<Self> {
        let single = tokio::runtime::Builder::new_current_thread().build()?;
        let multi = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
        Ok(Self { single, multi })
    }

    fn block_on<F: Future>(&self, threads: Threads, future: F) -> F::Output {
        match threads {
            Threads::One => self.single.block_on(future),
            Threads::Two => self.multi.block_on(future),
        }
    }
}

/// One path of the chain, with all that its results must not depend on. `L` lies around the recorded
/// storage: nothing for the real subject, a fault for a wrong one.
#[derive(Clone, Debug)]
pub struct ChainSubject<'a, L = ()> {
    pub engine: &'a Engine,
    pub path: ExecutionPath,
    pub max_parallelism: usize,
    pub hash_seed: u64,
    /// Whether every storage read suspends.
    pub suspends: bool,
    pub threads: Threads,
    pub layer: L,
}

impl Layer for () {}

impl<'a> ChainSubject<'a> {
    /// The path that a node runs today.
    pub fn sequential(engine: &'a Engine) -> Self {
        Self {
            engine,
            path: ExecutionPath::Sequential,
            max_parallelism: 1,
            hash_seed: 0,
            suspends: false,
            threads: Threads::One,
            layer: (),
        }
    }

    /// The parallel path with suspending reads on one thread.
    pub fn parallel(engine: &'a Engine, max_parallelism: usize, hash_seed: u64) -> Self {
        Self { path: ExecutionPath::Parallel, max_parallelism, hash_seed, suspends: true, ..Self::sequential(engine) }
    }
}

impl<'a, L: Layer + Clone> ChainSubject<'a, L> {
    /// The same with another layer.
    pub fn with_layer<M: Layer + Clone>(self, layer: M) -> ChainSubject<'a, M> {
        let Self { engine, path, max_parallelism, hash_seed, suspends, threads, layer: _ } = self;
        ChainSubject { engine, path, max_parallelism, hash_seed, suspends, threads, layer }
    }
}

impl<L: Layer + Clone> Subject for ChainSubject<'_, L> {
    fn name(&self) -> String {
        match self.path {
            ExecutionPath::Sequential => "sequential".to_owned(),
            ExecutionPath::Parallel => {
                let Self { max_parallelism, hash_seed, threads, suspends, .. } = self;
                let threads = if *threads == Threads::Two { ", two threads" } else { "" };
                let reads = if *suspends { "" } else { ", reads at once" };
                format!("parallel ({max_parallelism} at a time, hash seed {hash_seed}{reads}{threads})")
            }
        }
    }

    fn run(&self, scenario: &Scenario) -> Observation {
        let mut observation = Observation {
            subject: self.name(),
            max_parallelism: (self.path == ExecutionPath::Parallel).then_some(self.max_parallelism),
            suspends: self.suspends,
            worker_threads: if self.threads == Threads::One { 1 } else { 2 },
            steps: Vec::with_capacity(scenario.steps.len()),
            ledgers: Vec::new(),
            undone: None,
            broken: None,
        };
        let memory = match MemoryStorage::new(&scenario.genesis) {
            Ok(memory) => Arc::new(memory),
            Err(error) => {
                observation.broken = Some(error.to_string());
                return observation;
            }
        };
        let runtime = Observed::new(Native::with_hash_seed(self.hash_seed));
        let recorded = Arc::new(Layered::new(Arc::clone(&memory), Record::default()));
        let layered = Arc::new(Layered::new(Arc::clone(&recorded), self.layer.clone()));
        let outcome = if self.suspends {
            let suspending = Arc::new(Layered::new(layered, Suspend(runtime.clone())));
            self.drive(scenario, &memory, &recorded, suspending, &runtime, &mut observation)
        } else {
            self.drive(scenario, &memory, &recorded, layered, &runtime, &mut observation)
        };
        observation.broken = outcome.err();
        observation
    }
}

impl<L: Layer + Clone> ChainSubject<'_, L> {
    fn drive<S: Storage>(
        &self,
        scenario: &Scenario,
        memory: &MemoryStorage,
        recorded: &Layered<MemoryStorage, Record>,
        storage: Arc<S>,
        runtime: &Observed<Native>,
        observation: &mut Observation,
    ) -> Result<(), String> {
        let executor =
            ParallelExecutor::new(runtime.clone(), self.max_parallelism).map_err(|error| error.to_string())?;
        let mut chain = Blockchain::new(storage, scenario.parameters.clone(), executor);
        let top = || memory.inspect(|ledger| ledger.top);
        for step in &scenario.steps {
            match step {
                Step::Run(blocks) => {
                    let blocks = self.run_blocks(&mut chain, blocks, recorded, runtime);
                    observation.steps.push(ObservedStep::Run(blocks));
                }
                Step::Rewind(to) => {
                    observation.ledgers.push(memory.inspect(LedgerState::clone));
                    self.rewind(&mut chain, (*to).min(top()))?;
                    observation.steps.push(ObservedStep::Rewind);
                }
            }
        }
        observation.ledgers.push(memory.inspect(LedgerState::clone));
        self.rewind(&mut chain, 0)?;
        observation.undone = Some(memory.inspect(LedgerState::clone));
        Ok(())
    }

    fn run_blocks<S: Storage>(
        &self,
        chain: &mut Blockchain<S, Observed<Native>>,
        blocks: &[Block],
        recorded: &Layered<MemoryStorage, Record>,
        runtime: &Observed<Native>,
    ) -> Vec<ObservedBlock> {
        let mut run = chain.ordering_run();
        let mut observed = Vec::with_capacity(blocks.len());
        for block in blocks {
            let block = Arc::new(block.clone());
            let apply = || self.engine.block_on(self.threads, run.apply(&block, self.path));
            let outcome = match catch_unwind(AssertUnwindSafe(apply)) {
                Ok(outcome) => outcome.map_err(BlockFailure::from),
                Err(payload) => Err(BlockFailure::Panicked(panic_message(&*payload))),
            };
            let failed = outcome.is_err();
            observed.push(ObservedBlock { outcome, batches: recorded.layer().take(), tasks: runtime.take_figures() });
            if failed {
                break;
            }
        }
        observed
    }

    fn rewind<S: Storage, R: Runtime>(&self, chain: &mut Blockchain<S, R>, to: Topoheight) -> Result<(), String> {
        let rewind = || self.engine.block_on(self.threads, chain.rewind(to));
        match catch_unwind(AssertUnwindSafe(rewind)) {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(payload) => Err(format!("rewind to {to} panicked: {}", panic_message(&*payload))),
        }
    }
}
