//! Whom the chain tells what it does: the subscriber of `tracing` that a node may have installed, and its metrics. Neither changes
//! anything of it, and without them nothing is computed for them.

use std::sync::Arc;

use tracing::{Level, Span, debug, enabled, error, info, warn};

use crate::execution::BlockError;
use crate::ledger::{Receipt, SealedBlock, Topoheight};

#[cfg(feature = "metrics")]
use super::metrics::{self, ChainMetrics};
use super::modes::{Tested, Verdict};
use super::{ExecutionPath, Mismatch, Mode, Rollout, Stage};

/// The target of every span and event of the chain.
const TARGET: &str = "seriatim::chain";

/// Cheap to clone; clones tell the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Observer {
    #[cfg(feature = "metrics")]
    pub(super) metrics: Option<ChainMetrics>,
}

/// A block that is being added.
pub(super) struct Adding {
    pub(super) span: Span,
    #[cfg(feature = "metrics")]
    metered: Option<Metered>,
}

/// What is counted of it in the end.
#[cfg(feature = "metrics")]
struct Metered {
    metrics: ChainMetrics,
    block: Arc<SealedBlock>,
    topoheight: Option<Topoheight>,
    mode: Mode,
    watch: super::stopwatch::Stopwatch,
}

/// What of the rollout is worth an event when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RolloutSeen(Option<(Stage, bool)>);

impl RolloutSeen {
    pub(super) fn of(rollout: Option<&Rollout>) -> Self {
        Self(rollout.map(|rollout| (rollout.stage(), rollout.is_held())))
    }
}

#[cfg_attr(not(feature = "metrics"), expect(clippy::unused_self, reason = "without metrics there is only tracing"))]
impl Observer {
    /// Whether somebody wants to know topoheights, which cost a read.
    pub(super) fn wants_top(&self) -> bool {
        self.is_metered() || enabled!(target: TARGET, Level::INFO)
    }

    fn is_metered(&self) -> bool {
        #[cfg(feature = "metrics")]
        let metered = self.metrics.is_some();
        #[cfg(not(feature = "metrics"))]
        let metered = false;
        metered
    }

    pub(super) fn adding(
        &self,
        block: &Arc<SealedBlock>,
        topoheight: Option<Topoheight>,
        mode: Mode,
        path: ExecutionPath,
    ) -> Adding {
        let span = tracing::info_span!(
            target: TARGET,
            "block",
            topoheight,
            hash = %block.hash(),
            transactions = block.transactions.len(),
            mode = mode.name(),
            path = path.name(),
        );
        Adding {
            span,
            #[cfg(feature = "metrics")]
            metered: self.metrics.clone().map(|metrics| Metered {
                metrics,
                block: Arc::clone(block),
                topoheight,
                mode,
                watch: super::stopwatch::Stopwatch::start(),
            }),
        }
    }

    /// `path` is the one whose result counts.
    pub(super) fn added(adding: &Adding, path: ExecutionPath, outcome: &Result<Vec<Receipt>, BlockError>) {
        let _entered = adding.span.enter();
        let path_name = path.name();
        match outcome {
            Ok(receipts) => debug!(target: TARGET, path = path_name, receipts = receipts.len(), "block added"),
            Err(error) => warn!(target: TARGET, path = path_name, %error, "block not added"),
        }
        #[cfg(feature = "metrics")]
        if let Some(Metered { metrics, block, topoheight, mode, watch }) = &adding.metered {
            metrics.block_took(*mode, watch.elapsed());
            match outcome {
                Ok(receipts) => {
                    metrics.block_added(block, *mode, path, receipts);
                    if let Some(topoheight) = topoheight {
                        metrics.top_is(*topoheight);
                    }
                }
                Err(BlockError::Aborted(_)) => metrics.block_failed(metrics::ABORTED),
                Err(BlockError::Storage(_)) => metrics.block_failed(metrics::STORAGE),
                Err(BlockError::Tasks(_)) => metrics.block_failed(metrics::TASKS),
            }
        }
    }

    pub(super) fn tested(&self, tested: &Tested) {
        match &tested.verdict {
            Verdict::Matched => {}
            Verdict::Skipped => {
                warn!(target: TARGET, "the parallel side was skipped: one that was given up still runs");
            }
            Verdict::Mismatched(mismatch) => {
                error!(
                    target: TARGET,
                    kind = mismatch.kind.name(),
                    topoheight = mismatch.topoheight,
                    block = %mismatch.block,
                    defect = mismatch.kind.is_defect(),
                    "mismatch: {mismatch}"
                );
            }
        }
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.tested(tested);
        }
    }

    pub(super) fn fell_back(&self, mismatch: &Mismatch) {
        warn!(
            target: TARGET,
            topoheight = mismatch.topoheight,
            block = %mismatch.block,
            "the parallel path failed and the sequential one ran: {mismatch}"
        );
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.fell_back();
        }
    }

    /// Tells where the rollout stands, and that it changed if `before` was another.
    pub(super) fn rollout_is(&self, before: RolloutSeen, rollout: Option<&Rollout>) {
        if let Some(rollout) = rollout
            && before != RolloutSeen::of(Some(rollout))
        {
            info!(target: TARGET, stage = ?rollout.stage(), held = rollout.is_held(), "stage of the rollout");
        }
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.rollout_is(rollout);
        }
    }

    /// A rewind is done.
    pub(super) fn rewound(&self, from: Option<Topoheight>, to: Topoheight) {
        let blocks = from.map_or(0, |from| from.saturating_sub(to));
        info!(target: TARGET, to, blocks, "rewound");
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.rewound(blocks);
            metrics.top_is(to);
        }
    }
}
