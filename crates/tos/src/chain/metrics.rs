//! A chain's figures for Prometheus. What is counted here is what [`super::TestModeFigures`] and the executors say; the text is
//! the exposition format 0.0.4, which every scraper reads.

mod families;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use prometheus::{Encoder, TextEncoder};

use crate::ledger::{Receipt, SealedBlock, Topoheight};
use seriatim_runtime::{Native, Recorder};

use super::conflicts::conflicts;
use super::modes::{Tested, Verdict};
use super::{ExecutionPath, Mode, Rollout};
use crate::execution::parallel::ConflictGraph;

use families::Families;
pub(super) use families::{ABORTED, STORAGE, TASKS};

/// The figures of one chain. Clones share them: one goes to the chain's [`super::Modes`], one to each executor, one to
/// whatever serves them. All begin at 0, each label that can occur included, so that a rate is known from the first scrape on.
#[derive(Clone, Debug)]
pub struct ChainMetrics(Arc<Families>);

impl Default for ChainMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl ChainMetrics {
    /// All at 0.
    pub fn new() -> Self {
        Self(Arc::new(Families::new()))
    }

    /// Every family in Prometheus' text format, with its help and type; the families in order of name.
    pub fn encode(&self) -> String {
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.0.registry.gather(), &mut text);
        encoded.expect("every family has a name and metrics, and memory takes what is written");
        String::from_utf8(text).expect("names, helps and labels are text")
    }

    /// A runtime that tells these figures of its workers and of its waiting, for the executors of a node.
    pub fn native(&self, hash_seed: u64) -> Native {
        Native::with_hash_seed(hash_seed).with_recorder(self.recorder())
    }

    /// What a [`Native`] runtime tells.
    pub fn recorder(&self) -> Arc<dyn Recorder> {
        Arc::clone(&self.0) as Arc<dyn Recorder>
    }

    /// A block is in the ledger.
    pub(super) fn block_added(&self, block: &SealedBlock, mode: Mode, path: ExecutionPath, receipts: &[Receipt]) {
        let families = &*self.0;
        families.blocks.with_label_values(&[path.name(), mode.name()]).inc();
        families.block_transactions.observe(block.transactions.len() as f64);
        families.block_conflicts.observe(conflicts(block) as f64);
        for batch in ConflictGraph::of(block, &BTreeMap::new()).batches() {
            families.batch_transactions.observe(batch.len() as f64);
        }
        for receipt in receipts {
            let result = match receipt {
                Receipt::Executed { .. } => "executed",
                Receipt::Orphaned { .. } => "orphaned",
                Receipt::Skipped { .. } => "skipped",
            };
            families.transactions.with_label_values(&[result]).inc();
        }
    }

    /// A block was to be added and came to its end, well or not.
    pub(super) fn block_took(&self, mode: Mode, took: Duration) {
        self.0.block_seconds.with_label_values(&[mode.name()]).observe(took.as_secs_f64());
    }

    pub(super) fn block_failed(&self, reason: &str) {
        self.0.block_failures.with_label_values(&[reason]).inc();
    }

    pub(super) fn top_is(&self, top: Topoheight) {
        self.0.top.set(i64::try_from(top).unwrap_or(i64::MAX));
    }

    pub(super) fn rewound(&self, blocks: u64) {
        self.0.rewinds.inc();
        self.0.rewound_blocks.inc_by(blocks);
    }

    pub(super) fn tested(&self, tested: &Tested) {
        let (families, Tested { verdict, times, waited }) = (&*self.0, tested);
        families.tested.inc();
        families.waited_seconds.inc_by(waited.as_secs_f64());
        if let Some((sequential, parallel)) = times {
            families.sequential_seconds.inc_by(sequential.as_secs_f64());
            families.parallel_seconds.inc_by(parallel.as_secs_f64());
            let parallel = families.parallel_seconds.get();
            if parallel > 0.0 {
                families.speed_up.set(families.sequential_seconds.get() / parallel);
            }
        }
        match verdict {
            Verdict::Skipped => families.skipped.inc(),
            Verdict::Matched => families.matches.inc(),
            Verdict::Mismatched(mismatch) => families.mismatches.with_label_values(&[mismatch.kind.name()]).inc(),
        }
    }

    pub(super) fn fell_back(&self) {
        self.0.fallbacks.inc();
    }

    pub(super) fn rollout_is(&self, rollout: Option<&Rollout>) {
        let families = &*self.0;
        families.stage.set(rollout.map_or(-1, |rollout| rollout.stage() as i64));
        families.held.set(rollout.is_some_and(Rollout::is_held).into());
        let matched = rollout.map_or(0, Rollout::matched_blocks);
        families.stage_matches.set(i64::try_from(matched).unwrap_or(i64::MAX));
    }
}
