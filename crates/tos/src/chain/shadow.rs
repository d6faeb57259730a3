//! What runs beside the sequential path in test mode: one of the parallel executors, or anything else that a test brings.

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;

use crate::execution::{BlockError, BlockStart, ParallelExecutor, PreparedBlock, ZeroParallelism};
use crate::ledger::SealedBlock;
use crate::storage::{ErasedStorage, Layered};
use seriatim_runtime::Native;

use super::{ExecutionPath, execute_on};

/// The storage as a shadow sees it: it cannot write, and reads only so often. A budget of milliseconds does not notice that each
/// call is boxed, and executors are compiled once for the shadows of all chains.
pub type ShadowStorage = Layered<ErasedStorage>;

/// What a shadow is given of a block. All of it is its own or cannot be changed.
#[derive(Debug)]
pub struct ShadowBlock {
    pub storage: Arc<ShadowStorage>,
    pub start: BlockStart,
    pub block: Arc<SealedBlock>,
}

/// What a shadow runs as.
pub type ShadowFuture = Pin<Box<dyn Future<Output = Result<PreparedBlock, BlockError>> + Send>>;

/// Executes blocks on threads of its own. It may fail, panic, hang and answer wrongly: none of it reaches the chain.
/// What nobody can stop in a thread is left to it: to take memory without end, to overflow its stack, to abort the process.
pub trait ShadowExecutor: Send + Sync + 'static {
    /// Executes a block, inside a tokio runtime without timers. Nothing of it is to be in the ledger.
    fn execute(&self, given: ShadowBlock) -> ShadowFuture;
}

/// V3 or Block-STM as a shadow.
#[derive(Clone, Debug)]
pub struct NativeShadow {
    path: ExecutionPath,
    executor: ParallelExecutor<Native>,
}

impl NativeShadow {
    /// An executor with at most `max_parallelism` tasks at a time. `hash_seed` is that of [`Native::with_hash_seed`].
    ///
    /// # Errors
    /// `max_parallelism` is 0.
    pub fn new(path: ExecutionPath, max_parallelism: usize, hash_seed: u64) -> Result<Self, ZeroParallelism> {
        let executor = ParallelExecutor::new(Native::with_hash_seed(hash_seed), max_parallelism)?;
        Ok(Self { path, executor })
    }

    /// The same on a runtime that tells these figures of its batches and of its waiting.
    #[cfg(feature = "metrics")]
    pub fn with_metrics(self, metrics: &super::ChainMetrics) -> Self {
        let Self { path, executor } = self;
        let runtime = executor.runtime().clone().with_recorder(metrics.recorder());
        let executor = ParallelExecutor::new(runtime, executor.max_parallelism().get()).expect("it was not 0");
        Self { path, executor }
    }

    /// How many threads it needs: as many as it has tasks at a time.
    pub fn threads(&self) -> NonZeroUsize {
        self.executor.max_parallelism()
    }
}

impl ShadowExecutor for NativeShadow {
    fn execute(&self, given: ShadowBlock) -> ShadowFuture {
        let Self { path, executor } = self.clone();
        Box::pin(async move {
            let ShadowBlock { storage, start, block } = given;
            let changes = execute_on(path, &storage, &executor, &start, &block).await?;
            Ok(changes.prepare(&start)?)
        })
    }
}
