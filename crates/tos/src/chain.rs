//! The chain: blocks applied in order by any path, rewound, and applied again in another order.
//!
//! A node that embeds it says with a [`ChainConfig`] or a [`Rollout`] how its blocks run ([`Modes`]) and adds them by
//! [`OrderingRun::add_block`]: sequentially, in parallel, or in **test mode**, where a [`ShadowThreads`] runs each block beside the
//! sequential path on the same state below it. The sequential result is the one that is committed; where the shadow came to another, a
//! [`Mismatch`] goes to a [`MismatchSink`].
//!
//! What [`OrderingRun::add_block`] and [`Blockchain::rewind`] do is reported as spans and events of `tracing` with the target
//! `seriatim::chain`, and, with the feature `metrics`, counted in a `ChainMetrics`. [`OrderingRun::apply`] tells nothing.

mod add_block;
mod config;
#[cfg(feature = "metrics")]
mod conflicts;
mod difference;
mod figures;
#[cfg(feature = "metrics")]
mod metrics;
mod mismatch;
mod modes;
mod observer;
mod rollout;
mod shadow;
mod shadow_threads;
mod started;
mod stopwatch;
mod test_mode;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::execution::parallel::{ParallelChainState, merge_parallel_results};
use crate::execution::{
    AccountNonces, BlockChanges, BlockError, BlockStart, BlockStmExecutor, NonceChecker, ParallelExecutor,
    PreparedBlock, execute_sequentially, execute_sequentially_ahead,
};
use crate::ledger::{AccountKey, Hash, Parameters, Receipt, SealedBlock, Topoheight};
use crate::storage::{Storage, StorageError};
use seriatim_runtime::Runtime;

pub use config::{
    ChainConfig, ConfigError, MIN_TXS_FOR_PARALLEL, Mode, Network, PARALLEL_EXECUTION_ENABLED, PARALLEL_TEST_BUDGET_MS,
    PARALLEL_TEST_MODE,
};
pub use figures::TestModeFigures;
#[cfg(feature = "metrics")]
pub use metrics::ChainMetrics;
pub use mismatch::{Found, Mismatch, MismatchKind, MismatchSink, RecentMismatches};
pub use modes::{Modes, ModesError};
pub use rollout::{Rollout, Stage};
pub use shadow::{NativeShadow, ShadowBlock, ShadowExecutor, ShadowFuture, ShadowStorage};
pub use shadow_threads::{ReadLimits, ShadowError, ShadowThreads};

/// Which executor applies a block.
///
/// # Examples
/// A path changes how fast a block is, and nothing else.
///
/// ```
/// use std::sync::Arc;
/// use seriatim_runtime::Native;
/// use seriatim_testkit::ledger::{block, genesis, parameters, pay};
/// use seriatim_tos::chain::{Blockchain, ExecutionPath::{self, *}};
/// use seriatim_tos::execution::ParallelExecutor;
/// use seriatim_tos::storage::MemoryStorage;
///
/// let block = block((0..8).map(|nonce| pay(1, 2, nonce, 1)).collect());
/// let digest = |path: ExecutionPath| seriatim_testkit::wait(async {
///     let storage = Arc::new(MemoryStorage::new(&genesis([1, 2])).unwrap());
///     let executor = ParallelExecutor::new(Native::with_hash_seed(7), 4).unwrap();
///     let mut chain = Blockchain::new(Arc::clone(&storage), parameters(), executor);
///     chain.ordering_run().apply(&block, path).await.unwrap();
///     storage.inspect(|ledger| ledger.digest())
/// });
/// for path in [SequentialAhead, Parallel, BlockStm] {
///     assert_eq!(digest(path), digest(Sequential), "{} gives the sequential ledger", path.name());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutionPath {
    Sequential,
    /// The sequential one, with helpers that verify signatures ahead of it.
    SequentialAhead,
    /// V3.
    Parallel,
    /// The optimistic one, on the runtime of the other and with as many tasks at a time.
    BlockStm,
}

impl ExecutionPath {
    /// What it is called in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::SequentialAhead => "sequential-ahead",
            Self::Parallel => "parallel",
            Self::BlockStm => "block-stm",
        }
    }
}

/// A ledger and the executors that extend it. Exclusive borrows make sure that one chain applies blocks one at a time; a
/// storage shared by two chains refuses the block that does not stand on its top. Readers share the storage and see only
/// whole blocks.
#[derive(Debug)]
pub struct Blockchain<S, R> {
    storage: Arc<S>,
    parameters: Parameters,
    parallel: ParallelExecutor<R>,
    modes: Modes,
}

impl<S: Storage, R: Runtime> Blockchain<S, R> {
    /// A chain on `storage`, which holds at least genesis. All modes are off.
    pub fn new(storage: Arc<S>, parameters: Parameters, parallel: ParallelExecutor<R>) -> Self {
        Self { storage, parameters, parallel, modes: Modes::off() }
    }

    /// The same chain with other modes for the blocks that it adds.
    pub fn with_modes(mut self, modes: Modes) -> Self {
        self.modes = modes;
        self
    }

    /// How its blocks run, and what came of testing.
    pub fn modes(&self) -> &Modes {
        &self.modes
    }

    /// The same, for an operator.
    pub fn modes_mut(&mut self) -> &mut Modes {
        &mut self.modes
    }

    /// The ledger, for readers.
    pub fn storage(&self) -> &Arc<S> {
        &self.storage
    }

    /// The path that a block of so many transactions takes where `path` is asked for: the sequential one, if they are fewer
    /// than the executor's workers would share.
    pub fn path_of(&self, path: ExecutionPath, tx_count: usize) -> ExecutionPath {
        if tx_count < self.parallel.min_shared() { ExecutionPath::Sequential } else { path }
    }

    /// Starts an ordering run: one NonceChecker for all the blocks it applies.
    pub fn ordering_run(&mut self) -> OrderingRun<'_, S, R> {
        OrderingRun { chain: self, nonces: Arc::default(), in_doubt: None }
    }

    /// Goes on with an ordering run that a restart broke off: `nonces` is what its checker had when it ended. Without it the
    /// blocks to come might be executed otherwise than they would have been.
    pub fn resumed_run(&mut self, nonces: NonceChecker) -> OrderingRun<'_, S, R> {
        OrderingRun { chain: self, nonces: Arc::new(nonces), in_doubt: None }
    }

    /// Removes every block above `to`. The orphan set stays.
    ///
    /// # Errors
    /// Whatever the storage reports; the chain is then as before.
    ///
    /// # Examples
    /// ```
    /// # use seriatim_runtime::Native;
    /// # use seriatim_tos::{chain::*, execution::*, storage::*};
    /// use seriatim_testkit::ledger::{block, genesis, parameters, pay};
    ///
    /// seriatim_testkit::wait(async {
    ///     // A chain over genesis, as the crate's first example makes it.
    /// #   let storage = std::sync::Arc::new(MemoryStorage::new(&genesis([1, 2]))?);
    /// #   let executor = ParallelExecutor::new(Native::with_hash_seed(7), 2)?;
    /// #   let mut chain = Blockchain::new(storage, parameters(), executor);
    ///     let before = chain.storage().inspect(LedgerState::clone);
    ///     chain.ordering_run().apply(&block(vec![pay(1, 2, 0, 5)]), ExecutionPath::Parallel).await?;
    ///     assert_eq!(chain.storage().top().await?.0, 1);
    ///
    ///     chain.rewind(0).await?;
    ///     assert_eq!(chain.storage().inspect(LedgerState::digest), before.digest(), "nothing of the block is left");
    ///     Ok::<(), Box<dyn std::error::Error>>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn rewind(&mut self, to: Topoheight) -> Result<(), StorageError> {
        let from = if self.modes.observer.wants_top() { Some(self.storage.top().await?.0) } else { None };
        self.storage.rewind(to).await?;
        self.modes.observer.rewound(from, to);
        Ok(())
    }
}

/// Blocks applied in one go (section 5).
#[derive(Debug)]
pub struct OrderingRun<'a, S, R> {
    chain: &'a mut Blockchain<S, R>,
    nonces: Arc<NonceChecker>,
    /// The block whose commit began and was not seen to succeed.
    in_doubt: Option<InDoubt>,
}

/// A block that is in the ledger or is not: its future was dropped, or panicked, during its commit.
#[derive(Debug)]
struct InDoubt {
    block: Hash,
    topoheight: Topoheight,
    nonces: Vec<(AccountKey, AccountNonces)>,
}

impl<S: Storage, R: Runtime> OrderingRun<'_, S, R> {
    /// The nonces that the run's blocks have used. Those of a block whose commit was cut off are there once the next block has
    /// found it in the ledger.
    pub fn nonces(&self) -> &NonceChecker {
        &self.nonces
    }

    /// Applies `block` on top. Returns one receipt a transaction, in block order.
    ///
    /// Dropped before it ends, the block is in the ledger as a whole or not at all, and the run may go on: its NonceChecker
    /// follows the ledger.
    ///
    /// # Errors
    /// Then ledger and NonceChecker are as before. The contract ends an ordering run at an aborted block.
    pub async fn apply(&mut self, block: &Arc<SealedBlock>, path: ExecutionPath) -> Result<Vec<Receipt>, BlockError> {
        let start = self.start(block).await?;
        let path = self.chain.path_of(path, block.transactions.len());
        let changes = execute_on(path, &self.chain.storage, &self.chain.parallel, &start, block).await?;
        let prepared = changes.prepare(&start)?;
        self.commit(start, prepared).await
    }

    /// The path that `block` takes where `path` is asked for: see [`Blockchain::path_of`].
    pub fn path_of(&self, path: ExecutionPath, block: &SealedBlock) -> ExecutionPath {
        self.chain.path_of(path, block.transactions.len())
    }

    /// What the run has used, for [`Blockchain::resumed_run`]: as [`Self::nonces`], without what a cut-off commit would add.
    pub fn into_nonces(self) -> NonceChecker {
        Arc::unwrap_or_clone(self.nonces)
    }

    async fn start(&mut self, block: &Arc<SealedBlock>) -> Result<BlockStart, StorageError> {
        let Blockchain { storage, parameters, .. } = &*self.chain;
        let mut start = BlockStart::read(&**storage, parameters, Arc::clone(&self.nonces), block).await?;
        if let Some(InDoubt { block, topoheight, nonces }) = self.in_doubt.take()
            && block == start.previous.block
            && topoheight + 1 == start.context.topoheight
        {
            Arc::make_mut(&mut self.nonces).keep(nonces);
            start.nonces = Arc::clone(&self.nonces);
        }
        Ok(start)
    }

    async fn commit(&mut self, start: BlockStart, prepared: PreparedBlock) -> Result<Vec<Receipt>, BlockError> {
        let PreparedBlock { batch, receipts, nonces } = prepared;
        // Kept here while the storage is at work: whoever drops this future takes nothing with it.
        let in_doubt = InDoubt { block: start.context.block, topoheight: start.context.topoheight, nonces };
        let in_doubt = self.in_doubt.insert(in_doubt);
        // The checker has one owner again and need not be copied.
        drop(start);
        self.chain.storage.commit(batch).await?;
        Arc::make_mut(&mut self.nonces).keep(std::mem::take(&mut in_doubt.nonces));
        self.in_doubt = None;
        Ok(receipts)
    }
}

/// Runs a block on a path. Nothing of it is in the ledger yet.
async fn execute_on<S: Storage, R: Runtime>(
    path: ExecutionPath,
    storage: &Arc<S>,
    parallel: &ParallelExecutor<R>,
    start: &BlockStart,
    block: &Arc<SealedBlock>,
) -> Result<BlockChanges, BlockError> {
    match path {
        ExecutionPath::Sequential => execute_sequentially(&**storage, start, block).await,
        ExecutionPath::SequentialAhead => {
            let (runtime, workers) = (parallel.runtime(), parallel.max_parallelism());
            execute_sequentially_ahead(runtime, workers, &**storage, start.clone(), block).await
        }
        ExecutionPath::Parallel => execute_in_parallel(storage, parallel, start.clone(), block).await,
        ExecutionPath::BlockStm => BlockStmExecutor::like(parallel).execute(storage, start.clone(), block).await,
    }
}

async fn execute_in_parallel<S: Storage, R: Runtime>(
    storage: &Arc<S>,
    executor: &ParallelExecutor<R>,
    start: BlockStart,
    block: &Arc<SealedBlock>,
) -> Result<BlockChanges, BlockError> {
    let start = start.ahead_if_shared(executor.runtime(), block, executor.max_parallelism().get());
    let state = ParallelChainState::open(Arc::clone(storage), executor.runtime(), Arc::new(start), block).await?;
    let state = Arc::new(state);
    let receipts = executor.execute(&state, block).await?;
    Ok(merge_parallel_results(state, receipts)?)
}
