//! Workers: as many tasks as may run at a time, each taking what the scheduler gives until the block is done.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::view::{Base, Location, Memory, Stop, Value, View};
use super::{Bell, Handover, MvMemory, Scheduler, Task, Version};
use crate::execution::{BlockChanges, BlockError, BlockStart, ParallelExecutor, TaskFailure, TaskFailureCause};
use crate::ledger::{Amount, BlockAbort, Receipt, SealedBlock};
use crate::storage::{Storage, StorageError};
use seriatim_runtime::{AtomicU64, ConcurrentMap, JoinSet, Ordering, Runtime, TaskError};

/// Runs blocks with at most `max_parallelism` workers.
#[derive(Clone, Debug)]
pub struct BlockStmExecutor<R> {
    runtime: R,
    max_parallelism: NonZeroUsize,
}

impl<R: Runtime> BlockStmExecutor<R> {
    /// An executor on the same runtime, with as many tasks at a time.
    pub fn like(parallel: &ParallelExecutor<R>) -> Self {
        Self { runtime: parallel.runtime().clone(), max_parallelism: parallel.max_parallelism() }
    }

    /// Executes a block. The result is that of [`crate::execution::execute_sequentially`], and not yet in the ledger. No task
    /// is left running.
    ///
    /// # Errors
    /// `Aborted` or `Storage`, of the lowest transaction that meets either, as on the sequential path; `Tasks` if a worker
    /// panicked or was cancelled: then what the others came to is not known, for nobody validated all of it.
    pub async fn execute<S: Storage>(
        &self,
        storage: &Arc<S>,
        start: BlockStart,
        block: &Arc<SealedBlock>,
    ) -> Result<BlockChanges, BlockError> {
        let workers = self.max_parallelism.get().min(block.transactions.len());
        let start = start.ahead_if_shared(&self.runtime, block, workers);
        let base = Base::open(Arc::clone(storage), Arc::new(start)).await?;
        let shared = Arc::new(Shared::new(&self.runtime, base, Arc::clone(block), workers));
        let mut tasks = self.runtime.join_set::<()>("workers");
        for worker in 0..workers {
            let shared = Arc::clone(&shared);
            tasks.spawn(async move { shared.work(worker).await });
        }
        let mut failed = BTreeMap::new();
        while let Some((worker, result)) = tasks.join_next().await {
            if let Err(error) = result {
                // Its task stays active for ever, so the others would never be done.
                failed.insert(shared.at(worker.0), error);
                shared.scheduler.halt();
                shared.bell.ring();
            }
        }
        let shared = Arc::into_inner(shared).expect("every worker was joined");
        if failed.is_empty() { shared.into_changes() } else { Err(BlockError::Tasks(shared.failures(failed))) }
    }
}

/// What the workers of a block share.
struct Shared<S, R: Runtime> {
    runtime: R,
    block: Arc<SealedBlock>,
    base: Base<S>,
    scheduler: Scheduler<R>,
    memory: Memory<R>,
    bell: Bell<R>,
    /// The receipts of last incarnations, by transaction.
    receipts: R::Map<usize, Receipt>,
    /// The failures of any incarnation, by transaction. A storage that failed has failed, also if the transaction is executed
    /// again.
    storage_failures: R::Map<usize, StorageError>,
    /// The transaction that each worker works on.
    at: Vec<R::AtomicU64>,
}

impl<S: Storage, R: Runtime> Shared<S, R> {
    fn new(runtime: &R, base: Base<S>, block: Arc<SealedBlock>, workers: usize) -> Self {
        Self {
            runtime: runtime.clone(),
            base,
            scheduler: Scheduler::new(runtime, block.transactions.len()),
            block,
            memory: MvMemory::new(runtime),
            bell: Bell::new(runtime),
            receipts: runtime.map("receipts"),
            storage_failures: runtime.map("storage failures"),
            at: (0..workers).map(|_| runtime.atomic_u64("at", 0)).collect(),
        }
    }

    /// A worker's life.
    async fn work(&self, worker: usize) {
        let mut task = None;
        while !self.scheduler.done() {
            let Some(current) = task.take().or_else(|| self.scheduler.next_task()) else {
                // Nothing to execute and nothing to validate: verify ahead for those who have.
                if !self.base.start.signatures.verify_some() {
                    self.bell.sleep(worker, || self.scheduler.is_work()).await;
                }
                continue;
            };
            let Handover { task: next, is_work_for_others } = match current {
                Task::Execution(version) => {
                    self.goes_to(worker, version);
                    self.try_execute(version).await
                }
                Task::Validation(version) => {
                    self.goes_to(worker, version);
                    self.needs_reexecution(version)
                }
            };
            task = next;
            // tokio keeps a woken task where only this thread looks for it: make room.
            if is_work_for_others && self.bell.ring() {
                self.runtime.yield_now().await;
            }
        }
        // Whoever sleeps sleeps until somebody says that the block is done.
        self.bell.ring();
    }

    fn goes_to(&self, worker: usize, version: Version) {
        self.runtime.works_on(version.txn_idx);
        // Read after the worker was joined.
        self.at[worker].store(version.txn_idx as u64, Ordering::Release);
    }

    /// The transaction that a worker was at when it ended.
    fn at(&self, worker: usize) -> usize {
        self.at[worker].load(Ordering::Acquire) as usize
    }

    async fn try_execute(&self, version: Version) -> Handover {
        let Version { txn_idx, .. } = version;
        loop {
            let mut view = View { base: &self.base, memory: &self.memory, txn_idx, reads: Vec::new() };
            let writes = match view.run(self.block.transaction(txn_idx)).await {
                Ok((receipt, writes)) => {
                    self.receipts.insert(txn_idx, receipt);
                    writes
                }
                Err(Stop::Storage(error)) => {
                    drop(self.storage_failures.entry_or_insert(txn_idx, error));
                    Vec::new()
                }
                Err(Stop::Estimate { blocking_txn_idx }) => {
                    if self.scheduler.add_dependency(txn_idx, blocking_txn_idx) {
                        return Handover { task: None, is_work_for_others: false };
                    }
                    continue;
                }
            };
            let wrote_new_location = self.memory.record(version, view.reads, writes);
            return self.scheduler.finish_execution(version, wrote_new_location);
        }
    }

    fn needs_reexecution(&self, version: Version) -> Handover {
        let is_valid = self.memory.validate_read_set(version.txn_idx);
        let aborted = !is_valid && self.scheduler.try_validation_abort(version);
        if aborted {
            self.memory.convert_writes_to_estimates(version.txn_idx);
        }
        self.scheduler.finish_validation(version, aborted)
    }

    /// The changes in block order, as the sequential path meets them.
    fn into_changes(self) -> Result<BlockChanges, BlockError> {
        let Self { block, base, memory, receipts, storage_failures, .. } = self;
        let storage_failures: BTreeMap<usize, StorageError> = storage_failures.into_entries().into_iter().collect();
        let mut by_transaction: BTreeMap<usize, Receipt> = receipts.into_entries().into_iter().collect();
        let mut receipts = Vec::with_capacity(block.transactions.len());
        let mut fees: Amount = 0;
        for txn_idx in 0..block.transactions.len() {
            if let Some(error) = storage_failures.get(&txn_idx) {
                return Err(error.clone().into());
            }
            let receipt = by_transaction.remove(&txn_idx).expect("the block is done");
            if let Receipt::Executed { fee, .. } = receipt {
                fees = fees.checked_add(fee).ok_or(BlockAbort::FeesOverflow)?;
            }
            receipts.push(receipt);
        }
        let mut accounts = base.rewarded;
        let mut burned = BTreeMap::new();
        for (location, value) in memory.into_snapshot() {
            match (location, value) {
                (Location::Account(key), Value::Account(account)) => {
                    accounts.insert(key, Arc::unwrap_or_clone(account));
                }
                (Location::Burned(asset), Value::Burned(amount)) => {
                    burned.insert(asset, amount);
                }
                (Location::Executed(_), Value::Executed) => {}
                (location, value) => unreachable!("{location:?} holds {value:?}"),
            }
        }
        Ok(BlockChanges { accounts, burned, receipts, fees })
    }

    /// One entry a transaction: what befell the workers, what befell the storage, and of the others that they were not run to
    /// their end.
    fn failures(self, failed: BTreeMap<usize, TaskError>) -> Vec<Result<Receipt, TaskFailure>> {
        let mut causes: BTreeMap<usize, TaskFailureCause> =
            self.storage_failures.into_entries().into_iter().map(|(txn_idx, error)| (txn_idx, error.into())).collect();
        causes.extend(failed.into_iter().map(|(txn_idx, error)| (txn_idx, error.into())));
        let failure = |(txn_idx, transaction): (usize, &crate::ledger::Transaction)| {
            let cause = causes.remove(&txn_idx).unwrap_or(TaskFailureCause::NotRun);
            Err(TaskFailure { hash: transaction.hash(), cause })
        };
        self.block.transactions.iter().enumerate().map(failure).collect()
    }
}
