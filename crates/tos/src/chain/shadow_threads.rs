//! The threads of the test mode's shadow, and the wall between them and the chain.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::execution::BlockStart;
use crate::ledger::SealedBlock;
use crate::ledger::rules::Footprint;
use crate::storage::{ErasedStorage, Layered, ReadOnly};
use seriatim_runtime::{caught, panic_message};

use super::shadow::{NativeShadow, ShadowBlock, ShadowExecutor};
use super::started::{Answer, Started};
use super::stopwatch::Stopwatch;

/// How often a shadow may read: `factor` times what the sequential path read, and `constant` more. V3 reads what that path
/// reads, Block-STM once an incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    pub factor: u64,
    pub constant: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { factor: 16, constant: 1_024 }
    }
}

impl ReadLimits {
    /// Most reads of a shadow, where the sequential path reads so often.
    pub(super) fn of(self, reads: u64) -> u64 {
        self.factor.saturating_mul(reads).saturating_add(self.constant)
    }
}

/// The shadow's threads cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("no runtime for the parallel side: {0}")]
pub struct ShadowError(#[from] std::io::Error);

/// A shadow on a tokio runtime of its own. One block at a time; dropping it waits for nothing.
pub struct ShadowThreads {
    shadow: Arc<dyn ShadowExecutor>,
    /// Always there until it is dropped.
    tokio: Option<Runtime>,
    limits: ReadLimits,
    /// The last block's shadow was given up. While anything of it runs, no other is started.
    abandoned: bool,
}

impl fmt::Debug for ShadowThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shadow: _, tokio: _, limits, abandoned } = self;
        f.debug_struct("ShadowThreads").field("limits", limits).field("abandoned", abandoned).finish_non_exhaustive()
    }
}

impl Drop for ShadowThreads {
    fn drop(&mut self) {
        if let Some(tokio) = self.tokio.take() {
            // Neither waits for a shadow that hangs, nor minds being inside another runtime.
            tokio.shutdown_background();
        }
    }
}

const THERE: &str = "there until it is dropped";

impl ShadowThreads {
    /// `shadow` on `threads` threads, with the default limits.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn new(shadow: Arc<dyn ShadowExecutor>, threads: NonZeroUsize) -> Result<Self, ShadowError> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let tokio =
            builder.worker_threads(threads.get()).max_blocking_threads(1).thread_name("parallel side").build()?;
        Ok(Self { shadow, tokio: Some(tokio), limits: ReadLimits::default(), abandoned: false })
    }

    /// A parallel executor on a thread for each of its tasks.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(shadow: NativeShadow) -> Result<Self, ShadowError> {
        let threads = shadow.threads();
        Self::new(Arc::new(shadow), threads)
    }

    /// The same with other limits.
    pub fn with_limits(mut self, limits: ReadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether anything of an earlier block still runs.
    pub fn is_running(&self) -> bool {
        self.tokio.as_ref().expect(THERE).metrics().num_alive_tasks() > 0
    }

    /// Starts on a block, unless an earlier one still runs. `budget` is what is left for the block to wait: a shadow that
    /// has answered, but has tasks left, is waited for within it.
    pub(super) fn start(
        &mut self,
        storage: ErasedStorage,
        start: BlockStart,
        block: &Arc<SealedBlock>,
        budget: &mut Duration,
    ) -> Option<Started> {
        if !self.is_drained(budget) {
            return None;
        }
        let read_only = Arc::new(ReadOnly::default());
        let storage = Arc::new(Layered::new(Arc::new(storage), Arc::clone(&read_only)));
        let (shadow, limits) = (Arc::clone(&self.shadow), self.limits);
        // The sequential path's count takes the place of this limit once it is known, and is never higher.
        read_only.limit_to(limits.of(most_sequential_reads(block)));
        let given = ShadowBlock { storage, start, block: Arc::clone(block) };
        // Room for the answer: nobody waits to give it.
        let (sender, answer) = sync_channel(1);
        let task = self.tokio.as_ref().expect(THERE).spawn(async move {
            let watch = Stopwatch::start();
            // The panic may be in the call or in any poll.
            let result = caught(async move { shadow.execute(given).await }).await;
            let result = result.map_err(|payload| panic_message(&*payload));
            // The chain may be gone.
            let _ = sender.send(Answer { result, took: watch.elapsed() });
        });
        Some(Started { read_only, limits, answer, task: task.abort_handle() })
    }

    /// Whether nothing runs any more.
    fn is_drained(&mut self, budget: &mut Duration) -> bool {
        let watch = Stopwatch::start();
        while self.is_running() {
            // What was given up is not waited for again.
            if self.abandoned || watch.elapsed() >= *budget {
                self.abandoned = true;
                return false;
            }
            // A task that has answered is gone within microseconds.
            std::thread::sleep(Duration::from_micros(50));
        }
        *budget = budget.saturating_sub(watch.elapsed());
        self.abandoned = false;
        true
    }

    /// Gives up the shadow that was started last.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
    }
}

/// No sequential execution of `block` reads more often, the reward's few reads apart.
fn most_sequential_reads(block: &SealedBlock) -> u64 {
    let of_transaction = |footprint: &Footprint| {
        let accounts: usize = footprint.accounts.values().map(|assets| 1 + assets.len()).sum();
        1 + accounts + usize::from(footprint.burned.is_some())
    };
    block.sealed_transactions().map(|sealed| of_transaction(sealed.footprint) as u64).sum()
}
