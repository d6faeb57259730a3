//! Four programs that execute a block: the reference, which is obvious; the sequential path, which a node runs
//! today; the parallel path, which must equal both on every block and under every interleaving; and a second parallel
//! executor of an unlike kind, which must too. All but the reference share the rules and the commit; the reference shares
//! nothing but types.

mod account;
pub mod block_stm;
mod changes;
mod nonces;
pub mod parallel;
pub mod reference;
mod sequential;
mod signatures;

use std::sync::Arc;

use crate::ledger::rules::{BlockContext, Reward, block_reward};
use crate::ledger::{BlockAbort, BlockMetadata, Hash, Parameters, Receipt, SealedBlock};
use crate::storage::{Storage, StorageError};
use seriatim_runtime::{Runtime, TaskError};

pub use account::Account;
pub use block_stm::BlockStmExecutor;
pub use changes::{BlockChanges, PreparedBlock};
pub use nonces::{AccountNonces, NonceChecker};
pub use parallel::{MIN_SHARED, ParallelExecutor, ZeroParallelism};
pub use sequential::{execute_sequentially, execute_sequentially_ahead};
pub use signatures::{Ahead, InPlace, Signatures};

/// What both paths start a block from: read once, unchanged while the block runs.
#[derive(Clone, Debug)]
pub struct BlockStart {
    pub context: BlockContext,
    pub reward: Reward,
    /// Metadata of the block below.
    pub previous: BlockMetadata,
    /// What the ordering run has used before this block.
    pub nonces: Arc<NonceChecker>,
    /// The sources' signatures, verified where they are asked for unless [`BlockStart::ahead`] was called.
    pub signatures: Arc<dyn Signatures>,
    is_ahead: bool,
}

impl BlockStart {
    /// Reads what stands before `block`, which is to stand on top of it.
    ///
    /// # Errors
    /// Whatever the storage reports.
    pub async fn read<S: Storage>(
        storage: &S,
        parameters: &Parameters,
        nonces: Arc<NonceChecker>,
        block: &Arc<SealedBlock>,
    ) -> Result<Self, StorageError> {
        let (top, previous) = storage.top().await?;
        let context = BlockContext {
            block: block.hash(),
            topoheight: top + 1,
            height: block.height,
            miner: block.miner,
            dev_account: parameters.dev_account,
            signature_scheme: parameters.signature_scheme,
            assets: Arc::new(storage.assets().await?),
        };
        let reward = block_reward(previous.emitted_supply, parameters.block_time_ms, block.height);
        let signatures = Arc::new(InPlace::new(block, context.signature_scheme));
        Ok(Self { context, reward, previous, nonces, signatures, is_ahead: false })
    }

    /// The same as [`Self::ahead`] for blocks that are worth sharing: in a smaller one there is nothing to be ahead of.
    #[must_use]
    pub fn ahead_if_shared<R: Runtime>(self, runtime: &R, block: &Arc<SealedBlock>, workers: usize) -> Self {
        if block.transactions.len() < MIN_SHARED { self } else { self.ahead(runtime, block, workers) }
    }

    /// The same with signatures that `workers` verify ahead of where they are asked for. Clones share them, and asking for
    /// them twice changes nothing.
    #[must_use]
    pub fn ahead<R: Runtime>(self, runtime: &R, block: &Arc<SealedBlock>, workers: usize) -> Self {
        if self.is_ahead {
            return self;
        }
        let signatures = Arc::new(Ahead::new(runtime, block, self.context.signature_scheme, workers));
        Self { signatures, is_ahead: true, ..self }
    }
}

/// Why a block was not executed to its end. The ledger is as it was before, in each case.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
pub enum BlockError {
    /// The contract aborts the block.
    #[error("block aborted: {0}")]
    Aborted(#[from] BlockAbort),
    /// Nothing is known of the block: the storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Tasks of the parallel executor did not end as they should. One entry a transaction, in block order, so that
    /// what befell one of them is told of that one.
    #[error("transaction {} of the block {}", first_failure(.0).0, first_failure(.0).1)]
    Tasks(Vec<Result<Receipt, TaskFailure>>),
}

fn first_failure(results: &[Result<Receipt, TaskFailure>]) -> (usize, &TaskFailure) {
    let failures = results.iter().enumerate().filter_map(|(index, result)| Some((index, result.as_ref().err()?)));
    let mut own = failures.filter(|(_, failure)| failure.cause != TaskFailureCause::NotRun);
    own.next().expect("made only with a failure")
}

/// A transaction without a receipt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("{hash:?}: {cause}")]
pub struct TaskFailure {
    pub hash: Hash,
    pub cause: TaskFailureCause,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
pub enum TaskFailureCause {
    /// A defect of the executor, never a property of the transaction.
    #[error(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Another transaction failed, so this one was not tried, or what it came to is not known to be right.
    #[error("not run")]
    NotRun,
}
