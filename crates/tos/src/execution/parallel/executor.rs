//! Batches as tasks: a join set under a semaphore, receipts in block order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::execution::{BlockError, TaskFailure, TaskFailureCause};
use crate::ledger::{Block, Receipt};
use crate::storage::{Storage, StorageError};
use seriatim_runtime::{JoinSet, Runtime, Semaphore, TaskError};

use super::{ParallelChainState, batches};

/// Runs blocks with at most `max_parallelism` tasks at a time.
#[derive(Clone, Debug)]
pub struct ParallelExecutor<R> {
    runtime: R,
    max_parallelism: NonZeroUsize,
}

/// No task could ever run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("max_parallelism is 0, but must be at least 1")]
pub struct ZeroParallelism;

/// What a task hands back.
type TaskResult = Result<Receipt, StorageError>;

impl<R: Runtime> ParallelExecutor<R> {
    /// An executor on `runtime`.
    ///
    /// # Errors
    /// `max_parallelism` is 0.
    pub fn new(runtime: R, max_parallelism: usize) -> Result<Self, ZeroParallelism> {
        let max_parallelism = NonZeroUsize::new(max_parallelism).ok_or(ZeroParallelism)?;
        Ok(Self { runtime, max_parallelism })
    }

    /// The runtime that tasks run on.
    pub fn runtime(&self) -> &R {
        &self.runtime
    }

    /// Most tasks at a time.
    pub fn max_parallelism(&self) -> NonZeroUsize {
        self.max_parallelism
    }

    /// Runs every transaction of `block` on `state`. Returns one receipt a transaction, in block order. No task is left
    /// running, so `state` has one owner again.
    ///
    /// # Errors
    /// `Tasks` if any task panicked or was cancelled, else `Storage` with the first transaction's failure.
    pub async fn execute<S: Storage>(
        &self,
        state: &Arc<ParallelChainState<S, R>>,
        block: &Arc<Block>,
    ) -> Result<Vec<Receipt>, BlockError> {
        let semaphore = self.runtime.semaphore("max_parallelism", self.max_parallelism.get());
        let mut results = BTreeMap::new();
        for batch in batches(&block.transactions, &state.burned()) {
            self.run_batch(state, block, &semaphore, &batch, &mut results).await;
            // What a later transaction came to would rest on a state that lacks these.
            if results.values().any(|result| !matches!(result, Ok(Ok(_)))) {
                break;
            }
        }
        receipts(block, results)
    }

    /// Runs one batch to its end: the next one reads what this one committed.
    async fn run_batch<S: Storage>(
        &self,
        state: &Arc<ParallelChainState<S, R>>,
        block: &Arc<Block>,
        semaphore: &R::Semaphore,
        batch: &[usize],
        results: &mut BTreeMap<usize, Result<TaskResult, TaskError>>,
    ) {
        let mut tasks = self.runtime.join_set::<TaskResult>("batch");
        for &tx_index in batch {
            // Taken before the task exists, so that a large batch is not spawned all at once.
            let permit = semaphore.acquire().await;
            let (state, block) = (Arc::clone(state), Arc::clone(block));
            tasks.spawn(async move {
                let _permit = permit;
                state.run(&block.transactions[tx_index]).await
            });
        }
        // Tasks end in any order and some may panic: each result is filed under the transaction it was spawned for.
        while let Some((task, result)) = tasks.join_next().await {
            results.insert(batch[task.0], result);
        }
    }
}

/// Sorts out what the tasks came to.
fn receipts(
    block: &Block,
    results: BTreeMap<usize, Result<TaskResult, TaskError>>,
) -> Result<Vec<Receipt>, BlockError> {
    if results.values().all(Result::is_ok) {
        let receipts = results.into_values().flatten().collect::<Result<Vec<_>, _>>()?;
        assert_eq!(receipts.len(), block.transactions.len(), "every transaction is in one batch");
        return Ok(receipts);
    }
    let failure = |tx_index: usize, cause| TaskFailure { hash: block.transactions[tx_index].hash(), cause };
    let mut results = results;
    let named = (0..block.transactions.len()).map(|tx_index| match results.remove(&tx_index) {
        Some(Ok(Ok(receipt))) => Ok(receipt),
        Some(Ok(Err(error))) => Err(failure(tx_index, error.into())),
        Some(Err(error)) => Err(failure(tx_index, error.into())),
        None => Err(failure(tx_index, TaskFailureCause::NotRun)),
    });
    Err(BlockError::Tasks(named.collect()))
}
