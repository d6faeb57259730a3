//! The project's own executors as subjects: a chain over memory, on tokio.

use std::future::Future;

use crate::workload::Scenario;
use seriatim_runtime::Native;
use seriatim_tos::chain::ExecutionPath;
use seriatim_tos::storage::Layer;

use super::runner::{Host, Runner, Start};
use super::{LayerSource, Observation, Paths};

/// The runtimes of tokio, kept from one run to the next.
#[derive(Debug)]
pub struct TokioRuntimes {
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

impl TokioRuntimes {
    /// Starts both runtimes; the threads of the second sleep until they are used.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub fn new() -> std::io::Result<Self> {
        let single = tokio::runtime::Builder::new_current_thread().build()?;
        let multi = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
        Ok(Self { single, multi })
    }

    pub fn block_on<F: Future>(&self, threads: Threads, future: F) -> F::Output {
        match threads {
            Threads::One => self.single.block_on(future),
            Threads::Two => self.multi.block_on(future),
        }
    }
}

/// One path of the chain, with all that its results must not depend on. `L` lies around the recorded
/// storage: nothing for the real subject, a fault for a wrong one.
#[derive(Clone, Debug)]
pub struct ChainSubject<'a> {
    pub engine: &'a TokioRuntimes,
    pub paths: Paths,
    pub max_parallelism: usize,
    pub hash_seed: u64,
    /// Whether every storage read suspends.
    pub suspends: bool,
    pub threads: Threads,
    pub layer: LayerSource,
}

impl<'a> ChainSubject<'a> {
    /// The path that a node runs today.
    pub fn sequential(engine: &'a TokioRuntimes) -> Self {
        Self {
            engine,
            paths: Paths::One(ExecutionPath::Sequential),
            max_parallelism: 1,
            hash_seed: 0,
            suspends: false,
            threads: Threads::One,
            layer: LayerSource::default(),
        }
    }

    /// The parallel path with suspending reads on one thread.
    pub fn parallel(engine: &'a TokioRuntimes, max_parallelism: usize, hash_seed: u64) -> Self {
        let paths = Paths::One(ExecutionPath::Parallel);
        Self { paths, max_parallelism, hash_seed, suspends: true, ..Self::sequential(engine) }
    }
}

impl ChainSubject<'_> {
    /// The same with a layer around its storage; each run gets a clone of it.
    #[must_use]
    pub fn with_layer(self, layer: impl Layer + Clone) -> Self {
        Self { layer: LayerSource::cloning(layer), ..self }
    }

    /// What it is called in reports, with all that distinguishes its runs: path, workers, seeds.
    pub fn name(&self) -> String {
        match self.paths {
            Paths::One(ExecutionPath::Sequential) => self.paths.name().to_owned(),
            Paths::One(ExecutionPath::SequentialAhead | ExecutionPath::Parallel | ExecutionPath::BlockStm)
            | Paths::Mixed => {
                let Self { max_parallelism, hash_seed, threads, suspends, .. } = self;
                let threads = if *threads == Threads::Two { ", two threads" } else { "" };
                let reads = if *suspends { "" } else { ", reads at once" };
                let path = self.paths.name();
                format!("{path} ({max_parallelism} at a time, hash seed {hash_seed}{reads}{threads})")
            }
        }
    }

    /// Runs a scenario from genesis to end. A chain that panics is caught, and the observation says so.
    pub fn run(&self, scenario: &Scenario) -> Observation {
        self.run_from(scenario, &Start::of(scenario))
    }

    /// The same from what was made of the scenario before.
    pub fn run_from(&self, scenario: &Scenario, start: &Start) -> Observation {
        let host = OnTokio::new(self.engine, self.threads, self.hash_seed);
        let runner = Runner {
            paths: self.paths,
            salt: self.hash_seed,
            max_parallelism: self.max_parallelism,
            suspends: self.suspends,
            layer: self.layer.clone(),
        };
        let observation = runner.run(&host, scenario, start);
        Observation {
            subject: self.name(),
            suspends: self.suspends,
            worker_threads: if self.threads == Threads::One { 1 } else { 2 },
            ..observation
        }
    }
}

/// A host that runs scenarios on tokio.
pub(super) struct OnTokio<'a> {
    engine: &'a TokioRuntimes,
    threads: Threads,
    runtime: Native,
}

impl<'a> OnTokio<'a> {
    pub(super) fn new(engine: &'a TokioRuntimes, threads: Threads, hash_seed: u64) -> Self {
        Self { engine, threads, runtime: Native::with_hash_seed(hash_seed) }
    }
}

impl Host for OnTokio<'_> {
    type Runtime = Native;

    fn runtime(&self) -> Native {
        self.runtime.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.engine.block_on(self.threads, future)
    }

    fn has_threads(&self) -> bool {
        true
    }
}
