//! Workers: as many as may run at a time, each taking what the schedule gives until the block is done.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::execution::{BlockError, TaskFailure, TaskFailureCause};
use crate::ledger::{Receipt, SealedBlock};
use crate::storage::{Storage, StorageError};
use seriatim_runtime::{JoinSet, Runtime, TaskError, both};

use super::ParallelChainState;
use super::conflicts::ConflictGraph;
use super::schedule::{Finished, Next, Schedule};

/// Runs blocks with at most `max_parallelism` workers.
///
/// # Examples
/// ```
/// use seriatim_runtime::Native;
/// use seriatim_tos::execution::{MIN_SHARED, ParallelExecutor, ZeroParallelism};
///
/// let executor = ParallelExecutor::new(Native::with_hash_seed(7), 4)?;
/// assert_eq!(executor.max_parallelism().get(), 4);
/// // A smaller block is done before another thread is awake, so the chain runs it sequentially.
/// assert_eq!(executor.with_min_shared(MIN_SHARED).min_shared(), 4);
/// assert_eq!(ParallelExecutor::new(Native::with_hash_seed(7), 0).err(), Some(ZeroParallelism));
/// # Ok::<(), ZeroParallelism>(())
/// ```
#[derive(Clone, Debug)]
pub struct ParallelExecutor<R> {
    runtime: R,
    max_parallelism: NonZeroUsize,
    min_shared: usize,
}

/// A block of fewer transactions is done before another thread is awake: measured on two cores with Ed25519, where four
/// transactions are the first that two workers finish sooner.
pub const MIN_SHARED: usize = 4;

/// No task could ever run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("max_parallelism is 0, but must be at least 1")]
pub struct ZeroParallelism;

/// What running one transaction came to.
pub(super) type TaskResult = Result<Receipt, StorageError>;

impl<R: Runtime> ParallelExecutor<R> {
    /// An executor on `runtime`.
    ///
    /// # Errors
    /// `max_parallelism` is 0.
    pub fn new(runtime: R, max_parallelism: usize) -> Result<Self, ZeroParallelism> {
        let max_parallelism = NonZeroUsize::new(max_parallelism).ok_or(ZeroParallelism)?;
        Ok(Self { runtime, max_parallelism, min_shared: 0 })
    }

    /// The same, but a chain runs blocks of fewer than `min_shared` transactions sequentially, on the caller's thread alone.
    /// [`MIN_SHARED`] is what a node wants.
    #[must_use]
    pub fn with_min_shared(self, min_shared: usize) -> Self {
        Self { min_shared, ..self }
    }

    /// The runtime that tasks run on.
    pub fn runtime(&self) -> &R {
        &self.runtime
    }

    /// Fewest transactions of a block that workers share.
    pub fn min_shared(&self) -> usize {
        self.min_shared
    }

    /// Most workers of a block.
    pub fn max_parallelism(&self) -> NonZeroUsize {
        self.max_parallelism
    }

    /// Runs every transaction of `block` on `state`. Returns one receipt a transaction, in block order. No worker is left
    /// running, so `state` has one owner again.
    ///
    /// # Errors
    /// `Tasks` if any worker panicked or was cancelled; else `Storage` with the failure of the lowest transaction that met
    /// one, which is the sequential path's. Every transaction that waits for none that failed has run.
    pub async fn execute<S: Storage>(
        &self,
        state: &Arc<ParallelChainState<S, R>>,
        block: &Arc<SealedBlock>,
    ) -> Result<Vec<Receipt>, BlockError> {
        let workers = self.max_parallelism.get().min(block.transactions.len());
        if workers == 0 {
            return Ok(Vec::new());
        }
        let schedule = Schedule::new(&self.runtime, ConflictGraph::of(block, &state.burned()), workers);
        let (runtime, state, block) = (self.runtime.clone(), Arc::clone(state), Arc::clone(block));
        let shared = Arc::new(Shared { runtime, state, block, schedule });
        let mut tasks = self.runtime.join_set::<()>("workers");
        let worker = |worker| {
            let shared = Arc::clone(&shared);
            async move { shared.work(worker).await }
        };
        // The caller is a worker too, so a small block is done before another thread could have begun.
        let (first, here) = tasks.here(worker(0));
        for index in 1..workers {
            tasks.spawn(worker(index));
        }
        if workers > 1 {
            self.runtime.hand_over();
        }
        let here = async {
            if let Err(error) = here.await {
                shared.schedule.lost(first.0, error);
            }
        };
        let others = async {
            while let Some((task, result)) = tasks.join_next().await {
                if let Err(error) = result {
                    shared.schedule.lost(task.0, error);
                }
            }
        };
        both(here, others).await;
        let Shared { block, schedule, .. } = Arc::into_inner(shared).expect("every worker was joined");
        receipts(&block, schedule.into_results())
    }
}

/// What the workers of a block share.
struct Shared<S, R: Runtime> {
    runtime: R,
    state: Arc<ParallelChainState<S, R>>,
    block: Arc<SealedBlock>,
    schedule: Schedule<R>,
}

impl<S: Storage, R: Runtime> Shared<S, R> {
    /// A worker's life. All but the first begin with signatures that others will ask for: execution follows at its heels,
    /// and is the smaller part.
    async fn work(&self, worker: usize) {
        if worker > 0 {
            while self.state.start.signatures.verify_some() {}
        }
        while let Some(mut tx_index) = self.schedule.take(worker).await {
            loop {
                self.runtime.works_on(tx_index);
                let result = self.state.run(self.block.transaction(tx_index)).await;
                let Finished { next, has_woken } = self.schedule.finish(worker, tx_index, result);
                if has_woken {
                    self.runtime.hand_over();
                }
                match next {
                    Next::Run(next) => tx_index = next,
                    Next::Wait => break,
                    Next::Leave => return,
                }
            }
        }
    }
}

/// Sorts out what the workers came to.
fn receipts(
    block: &SealedBlock,
    results: Vec<Option<Result<TaskResult, TaskError>>>,
) -> Result<Vec<Receipt>, BlockError> {
    if results.iter().flatten().all(Result::is_ok) {
        // The lowest failure comes before whatever was not run for it.
        let receipts = results.into_iter().map_while(|result| result?.ok()).collect::<Result<Vec<_>, _>>()?;
        assert_eq!(receipts.len(), block.transactions.len(), "every transaction was run");
        return Ok(receipts);
    }
    let named = results.into_iter().enumerate().map(|(tx_index, result)| {
        let failure = |cause| Err(TaskFailure { hash: block.transaction(tx_index).hash, cause });
        match result {
            Some(Ok(Ok(receipt))) => Ok(receipt),
            Some(Ok(Err(error))) => failure(error.into()),
            Some(Err(error)) => failure(error.into()),
            None => failure(TaskFailureCause::NotRun),
        }
    });
    Err(BlockError::Tasks(named.collect()))
}
