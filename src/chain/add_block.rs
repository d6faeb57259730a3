//! Adding a block in whatever mode it is to run.

use std::sync::Arc;

use crate::execution::BlockError;
use crate::ledger::{Block, Receipt};
use crate::runtime::Runtime;
use crate::storage::Storage;

use super::mismatch::text;
use super::{ExecutionPath, Mismatch, MismatchKind, Mode, OrderingRun};

impl<S: Storage, R: Runtime> OrderingRun<'_, S, R> {
    /// Applies `block` on top, in the mode that the chain's [`super::Modes`] give it. Returns one receipt a transaction, in block
    /// order.
    ///
    /// In test mode the calling thread is blocked while it waits for the side, at most for the budget; the side has threads
    /// of its own, so it needs none of the caller's. In parallel mode a block whose tasks panic runs sequentially instead, and
    /// that is reported: nothing of the parallel run is in the ledger then.
    ///
    /// Dropped before it ends, it leaves what [`Self::apply`] leaves; what a test came to is then not counted.
    ///
    /// # Errors
    /// As [`Self::apply`]; in test mode those of the sequential path alone.
    pub async fn add_block(&mut self, block: &Arc<Block>) -> Result<Vec<Receipt>, BlockError> {
        match self.chain.modes.mode_of(block.transactions.len()) {
            Mode::Sequential => self.apply(block, ExecutionPath::Sequential).await,
            Mode::Parallel => self.add_in_parallel(block).await,
            Mode::Test => self.add_in_test_mode(block).await,
        }
    }

    async fn add_in_test_mode(&mut self, block: &Arc<Block>) -> Result<Vec<Receipt>, BlockError> {
        let start = self.start(block).await?;
        let (outcome, tested) = self.chain.modes.test(&self.chain.storage, &start, block).await;
        let committed = match outcome {
            Ok(prepared) => self.commit(start, prepared).await,
            Err(error) => Err(error),
        };
        self.chain.modes.record(block.transactions.len(), tested);
        committed
    }

    async fn add_in_parallel(&mut self, block: &Arc<Block>) -> Result<Vec<Receipt>, BlockError> {
        let failed = match self.apply(block, self.chain.modes.path).await {
            Err(failed @ BlockError::Tasks(_)) => failed,
            applied_or_not => return applied_or_not,
        };
        let (top, _) = self.chain.storage.top().await?;
        let outcome = self.apply(block, ExecutionPath::Sequential).await;
        self.chain.modes.record_fallback(Mismatch {
            kind: MismatchKind::Panic,
            block: block.hash(),
            topoheight: top + 1,
            sequential: match &outcome {
                Ok(receipts) => format!("{} receipts", receipts.len()),
                Err(error) => text(error),
            },
            parallel: text(&failed),
        });
        outcome
    }
}
