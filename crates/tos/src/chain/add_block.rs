//! Adding a block in whatever mode it is to run.

use std::sync::Arc;

use tracing::Instrument;

use crate::execution::BlockError;
use crate::ledger::{Receipt, SealedBlock};
use crate::storage::{ErasedStorage, Storage};
use seriatim_runtime::Runtime;

use super::mismatch::text;
use super::observer::Observer;
use super::{Blockchain, ExecutionPath, Mismatch, MismatchKind, Mode, OrderingRun};

impl<S: Storage, R: Runtime> OrderingRun<'_, S, R> {
    /// Applies `block` on top, in the mode that the chain's [`super::Modes`] give it. Returns one receipt a transaction, in block
    /// order.
    ///
    /// In test mode the calling thread is blocked while it waits for the shadow, at most for the budget; the shadow has threads
    /// of its own, so it needs none of the caller's. In parallel mode a block whose tasks panic runs sequentially instead, and
    /// that is reported: nothing of the parallel run is in the ledger then.
    ///
    /// Dropped before it ends, it leaves what [`Self::apply`] leaves; what a test came to is then not counted.
    ///
    /// # Errors
    /// As [`Self::apply`]; in test mode those of the sequential path alone.
    pub async fn add_block(&mut self, block: &Arc<SealedBlock>) -> Result<Vec<Receipt>, BlockError> {
        let mode = self.chain.modes.mode_of(block.transactions.len());
        let path = if mode == Mode::Parallel { self.chain.modes.path } else { ExecutionPath::Sequential };
        let path = self.chain.path_of(path, block.transactions.len());
        self.chain.modes.tell_rollout();
        let observer = self.chain.modes.observer.clone();
        let topoheight = if observer.wants_top() { Some(self.chain.storage.top().await?.0 + 1) } else { None };
        let adding = observer.adding(block, topoheight, mode, path);
        let added = async {
            match mode {
                Mode::Sequential => (path, self.apply(block, path).await),
                Mode::Parallel => self.add_in_parallel(block, path).await,
                Mode::Test => (path, self.add_in_test_mode(block).await),
            }
        };
        let (path, outcome) = added.instrument(adding.span.clone()).await;
        Observer::added(&adding, path, &outcome);
        self.chain.modes.tell_rollout();
        outcome
    }

    async fn add_in_test_mode(&mut self, block: &Arc<SealedBlock>) -> Result<Vec<Receipt>, BlockError> {
        // Both sides ask the same verdicts, so each signature is verified once.
        let Blockchain { parallel, .. } = &*self.chain;
        let (runtime, workers) = (parallel.runtime().clone(), parallel.max_parallelism().get());
        let start = self.start(block).await?.ahead(&runtime, block, workers);
        let (outcome, tested) =
            self.chain.modes.test(ErasedStorage::new(Arc::clone(&self.chain.storage)), &start, block).await;
        let committed = match outcome {
            Ok(prepared) => self.commit(start, prepared).await,
            Err(error) => Err(error),
        };
        self.chain.modes.record(block.transactions.len(), tested);
        committed
    }

    /// What came of it, and on which path.
    async fn add_in_parallel(
        &mut self,
        block: &Arc<SealedBlock>,
        path: ExecutionPath,
    ) -> (ExecutionPath, Result<Vec<Receipt>, BlockError>) {
        let failed = match self.apply(block, path).await {
            Err(failed @ BlockError::Tasks(_)) => failed,
            applied_or_not => return (path, applied_or_not),
        };
        let top = match self.chain.storage.top().await {
            Ok((top, _)) => top,
            Err(error) => return (path, Err(error.into())),
        };
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
            found: None,
        });
        (ExecutionPath::Sequential, outcome)
    }
}
