//! Applies one block of a scenario, or rewinds it, while a fault strikes at one point, and writes down what is then in the
//! ledger and whether the chain can go on. Nothing is judged here; [`crate::compare::judge_fault`] does.
//!
//! On one thread of tokio tasks run in the same order each time, so a point's number means the same place in each run; under
//! shuttle, with a seed, it means the same place in each run of that seed.

mod scenario;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use seriatim_explore::model::{Model, ModelSettings};
use seriatim_runtime::{Fault, Faults, Native, Passed, Probed, Runtime};
use seriatim_tos::chain::{Blockchain, ExecutionPath, OrderingRun};
use seriatim_tos::execution::{BlockError, NonceChecker, ParallelExecutor};
use seriatim_tos::ledger::{Parameters, Receipt, SealedBlock, Topoheight};
use seriatim_tos::storage::{Failing, Layer, Layered, LedgerState, MemoryStorage, Storage, Suspend};

use super::chain_subject::OnTokio;
use super::runner::{Host, caught};
use super::{Threads, TokioRuntimes};
use seriatim_explore::{Strategy, under_shuttle};

pub use scenario::{BlockPlace, ExpectedBlock, ExpectedRun, FaultScenario};

/// What a chain is doing when a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// It applies a block.
    Apply,
    /// It removes that block again.
    Rewind,
}

/// A run of one block with a fault, and where that strikes: enough to make it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPoint {
    /// Number of the block in the scenario.
    pub block: usize,
    pub doing: Doing,
    pub path: ExecutionPath,
    /// Number of the point, of those that the chain reaches meanwhile, and what is injected there. None: the run without a fault.
    #[serde(rename = "strike")]
    pub injected: Option<(usize, Fault)>,
    /// The seed of the schedule under shuttle. None: the run is on one thread of tokio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_seed: Option<u64>,
}

/// What came of something that a fault may have struck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Ended<T> {
    Done(T),
    /// It panicked with this message.
    Panicked(String),
    /// It was dropped before it ended.
    Cancelled,
}

/// What applying a block comes to.
pub type Applied = Result<Vec<Receipt>, BlockError>;

/// What happened under one fault, or under none.
#[derive(Clone, Debug)]
pub struct FaultTrial {
    /// Points and fault; without a fault all points that there are.
    pub passed: Passed,
    /// How the block or rewind ended into which the fault was injected. A rewind has no receipts.
    pub ended: Ended<Applied>,
    /// Ledger and nonces of the run before what was struck and after it.
    pub before: LedgerState,
    pub nonces_before: NonceChecker,
    pub after: LedgerState,
    pub nonces_after: NonceChecker,
    /// Handles on the storage that tasks still had when nothing was running any more.
    pub handles_left: usize,
    /// The same once more, without a fault: if the ledger was as before.
    pub again: Option<Ended<Applied>>,
    pub ledger_again: LedgerState,
    /// The next blocks of the run: of a rewind the block itself, in a run of its own.
    pub later: Vec<Ended<Applied>>,
    /// The ledger after them.
    pub ledger_later: LedgerState,
    pub nonces_later: NonceChecker,
    /// The ledger after everything from the block on was removed. None: that rewind failed.
    pub undone: Option<LedgerState>,
}

/// Most tasks at a time on the parallel paths.
const MAX_PARALLELISM: usize = 4;
/// Blocks of the run that are applied after the struck one: what a run forgets or keeps shows in the next ones.
const LATER: usize = 2;
/// Turns in which cancelled tasks come to their end, at most.
const TURNS: usize = 1_000;
/// Shards of the model's maps.
const SHARDS: u64 = 4;

/// Runs the block at `place` under a fault, or under none. `around` puts a layer between the executors and the storage: the
/// points' own for a right subject, something wrong around it for a canary.
pub fn under_fault(
    engine: &TokioRuntimes,
    parameters: &Parameters,
    place: &BlockPlace,
    what: (Doing, ExecutionPath),
    injected: Option<(usize, Fault)>,
    around: &dyn Fn(Failing<Native>, Arc<MemoryStorage>) -> Arc<dyn Layer>,
) -> FaultTrial {
    on(&OnTokio::new(engine, Threads::One, 0), parameters, place, what, injected, around)
}

/// The same with nothing but the points around the storage, under one random schedule of shuttle.
///
/// # Errors
/// What shuttle says of an execution that comes to no end.
pub fn under_fault_interleaved(
    parameters: &Parameters,
    place: &BlockPlace,
    what: (Doing, ExecutionPath),
    injected: Option<(usize, Fault)>,
    seed: u64,
) -> Result<FaultTrial, String> {
    let trial = Arc::new(Mutex::new(None));
    let settings = ModelSettings { workers: None, shards: SHARDS, placement_seed: seed };
    let (result, parameters, place) = (Arc::clone(&trial), parameters.clone(), place.clone());
    let run = under_shuttle(Strategy::Random, seed, 1, move || {
        let host = Model::shuttle(settings);
        let trial = on(&host, &parameters, &place, what, injected, &|failing, _| Arc::new(failing));
        *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(trial);
    });
    let trial = trial.lock().unwrap_or_else(PoisonError::into_inner).take();
    trial.ok_or_else(|| run.failure.unwrap_or_else(|| "no execution".to_owned()))
}

fn on<H: Host>(
    host: &H,
    parameters: &Parameters,
    place: &BlockPlace,
    (doing, path): (Doing, ExecutionPath),
    injected: Option<(usize, Fault)>,
    around: &dyn Fn(Failing<H::Runtime>, Arc<MemoryStorage>) -> Arc<dyn Layer>,
) -> FaultTrial {
    let faults = Faults::default();
    let runtime = Probed::new(host.runtime()).with_faults(faults.clone());
    let memory = Arc::new(MemoryStorage::from_state(place.run.start.clone()));
    let layer = around(Failing(runtime.clone()), Arc::clone(&memory));
    let storage = Arc::new(Layered::new(Arc::clone(&memory), layer).with(Suspend(host.runtime())));
    let executor = ParallelExecutor::new(runtime.clone(), MAX_PARALLELISM).expect("not 0");
    let mut chain = Blockchain::new(Arc::clone(&storage), parameters.clone(), executor);
    let bench = Bench { host, runtime, faults, memory, path, storage };
    match doing {
        Doing::Apply => bench.apply(&mut chain, place, injected),
        Doing::Rewind => bench.rewind(&mut chain, place, injected),
    }
}

/// What a chain is run with and looked at by.
struct Bench<'a, H: Host, S> {
    host: &'a H,
    runtime: Probed<H::Runtime>,
    faults: Faults,
    memory: Arc<MemoryStorage>,
    path: ExecutionPath,
    /// The handle that the chain has, too, and with it its tasks.
    storage: Arc<S>,
}

type Chain<H, S> = Blockchain<S, Probed<<H as Host>::Runtime>>;

impl<H: Host, S: Storage> Bench<'_, H, S> {
    fn apply(&self, chain: &mut Chain<H, S>, place: &BlockPlace, injected: Option<(usize, Fault)>) -> FaultTrial {
        let block = &place.expected().block;
        let mut run = chain.ordering_run();
        for earlier in place.earlier() {
            // Where it comes to something else, the ledger before the block says so.
            let _ = self.block(&mut run, &earlier.block);
        }
        let (before, nonces_before) = (self.ledger(), run.nonces().clone());
        let (ended, passed) = self.armed(injected, run.apply(block, self.path));
        let handles_left = self.handles_left();
        let (after, nonces_after) = (self.ledger(), run.nonces().clone());
        let again = (injected.is_some() && after == before).then(|| self.block(&mut run, block));
        let ledger_again = self.ledger();
        let later: Vec<_> = place.later(LATER).iter().map(|later| self.block(&mut run, &later.block)).collect();
        let (ledger_later, nonces_later) = (self.ledger(), run.nonces().clone());
        let undone = self.undone(chain, before.top);
        FaultTrial {
            passed,
            ended,
            before,
            nonces_before,
            after,
            nonces_after,
            handles_left,
            again,
            ledger_again,
            later,
            ledger_later,
            nonces_later,
            undone,
        }
    }

    fn rewind(&self, chain: &mut Chain<H, S>, place: &BlockPlace, injected: Option<(usize, Fault)>) -> FaultTrial {
        let mut run = chain.ordering_run();
        for earlier in place.earlier().iter().chain([place.expected()]) {
            let _ = self.block(&mut run, &earlier.block);
        }
        let (before, nonces_before) = (self.ledger(), run.nonces().clone());
        let to = place.before().top;
        let no_receipts = |rewound: Result<(), _>| rewound.map(|()| Vec::new()).map_err(BlockError::from);
        let (ended, passed) = self.armed(injected, async { no_receipts(chain.rewind(to).await) });
        let handles_left = self.handles_left();
        let after = self.ledger();
        let again =
            (injected.is_some() && after == before).then(|| self.ended(async { no_receipts(chain.rewind(to).await) }));
        let ledger_again = self.ledger();
        let mut run = chain.ordering_run();
        let nonces_after = run.nonces().clone();
        let later = vec![self.block(&mut run, &place.expected().block)];
        let (ledger_later, nonces_later) = (self.ledger(), run.nonces().clone());
        let undone = self.undone(chain, to);
        FaultTrial {
            passed,
            ended,
            before,
            nonces_before,
            after,
            nonces_after,
            handles_left,
            again,
            ledger_again,
            later,
            ledger_later,
            nonces_later,
            undone,
        }
    }

    /// The ledger once everything above `to` was removed. None: it cannot be.
    fn undone(&self, chain: &mut Chain<H, S>, to: Topoheight) -> Option<LedgerState> {
        matches!(self.ended(chain.rewind(to)), Ended::Done(Ok(()))).then(|| self.ledger())
    }

    fn block(&self, run: &mut OrderingRun<'_, S, Probed<H::Runtime>>, block: &Arc<SealedBlock>) -> Ended<Applied> {
        self.ended(run.apply(block, self.path))
    }

    fn armed<T>(&self, injected: Option<(usize, Fault)>, future: impl Future<Output = T>) -> (Ended<T>, Passed) {
        self.faults.arm(injected);
        let ended = self.ended(future);
        (ended, self.faults.disarm())
    }

    fn ended<T>(&self, future: impl Future<Output = T>) -> Ended<T> {
        let task = self.runtime.task(future);
        match caught(self.host, task) {
            Ok(Some(output)) => Ended::Done(output),
            Ok(None) => Ended::Cancelled,
            Err(message) => Ended::Panicked(message),
        }
    }

    fn ledger(&self) -> LedgerState {
        self.memory.inspect(Clone::clone)
    }

    /// How many handles on the storage there are beside the chain's and the one here.
    fn handles_left(&self) -> usize {
        let left = || Arc::strong_count(&self.storage) - 2;
        self.host.block_on(async {
            for _ in 0..TURNS {
                if left() == 0 {
                    break;
                }
                self.runtime.yield_now().await;
            }
        });
        left()
    }
}
