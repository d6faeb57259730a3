//! What a node counts while it runs, and its clock: no block depends on either.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use seriatim_tos::chain::{Mode, TestModeFigures};
use seriatim_tos::execution::BlockError;
use seriatim_tos::ledger::{Block, Receipt, Topoheight};

use serde::Serialize;

use super::source::Made;
use super::{Divergence, NodeControl, NodeError, Position};

/// Blocks by how they ran. One that failed in parallel and was run sequentially counts as parallel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PathFigures {
    pub sequential: u64,
    pub parallel: u64,
    pub test: u64,
}

/// Figures since some moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch(Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "shown in the report; no block depends on it")]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Figures since the node was opened.
#[derive(Debug, Default)]
pub(super) struct NodeFigures {
    /// The top it began with.
    pub(super) from: Topoheight,
    pub(super) blocks: u64,
    pub(super) aborted_blocks: u64,
    pub(super) transactions: u64,
    pub(super) executed: u64,
    pub(super) orphaned: u64,
    pub(super) skipped: u64,
    pub(super) largest_block: u64,
    pub(super) paths: PathFigures,
    pub(super) reorganisations: u64,
    pub(super) undone_blocks: u64,
    /// Blocks whose receipts were compared with the reference's.
    pub(super) blocks_compared: u64,
    pub(super) divergence: Option<Divergence>,
    pub(super) made: Made,
    pub(super) time: Duration,
    pub(super) producing: Duration,
    pub(super) applying: Duration,
}

impl NodeFigures {
    pub(super) fn new(from: Topoheight) -> Self {
        Self { from, ..Self::default() }
    }

    pub(super) fn path(&mut self, mode: Mode) {
        let PathFigures { sequential, parallel, test } = &mut self.paths;
        *match mode {
            Mode::Sequential => sequential,
            Mode::Parallel => parallel,
            Mode::Test => test,
        } += 1;
    }

    pub(super) fn block_ended(&mut self, block: &Block, outcome: &Result<Vec<Receipt>, BlockError>) {
        let Ok(receipts) = outcome else {
            self.aborted_blocks += u64::from(matches!(outcome, Err(BlockError::Aborted(_))));
            return;
        };
        self.blocks += 1;
        self.transactions += block.transactions.len() as u64;
        self.largest_block = self.largest_block.max(block.transactions.len() as u64);
        for receipt in receipts {
            *match receipt {
                Receipt::Executed { .. } => &mut self.executed,
                Receipt::Orphaned { .. } => &mut self.orphaned,
                Receipt::Skipped { .. } => &mut self.skipped,
            } += 1;
        }
    }

    pub(super) fn rewound(&mut self, blocks: u64) {
        self.reorganisations += 1;
        self.undone_blocks += blocks;
    }

    /// Holds the chain's outcome against the reference's, which aborts no block.
    pub(super) fn compare(
        &mut self,
        block: &Block,
        topoheight: Topoheight,
        expected: &[Receipt],
        outcome: &Result<Vec<Receipt>, BlockError>,
    ) -> Result<(), NodeError> {
        let differs = |what, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
            let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
            Err(NodeError::Diverged(Box::new(Divergence { topoheight, what, expected, found })))
        };
        let receipts = match outcome {
            Ok(receipts) => receipts,
            Err(error) => return differs(format!("block {}", block.hash()), &"receipts", error),
        };
        let longest = expected.len().max(receipts.len());
        if let Some(index) = (0..longest).find(|index| expected.get(*index) != receipts.get(*index)) {
            let what = format!("receipt {index} of block {}", block.hash());
            return differs(what, &expected.get(index), &receipts.get(index));
        }
        self.blocks_compared += 1;
        Ok(())
    }

    pub(super) fn show(&self, control: &NodeControl, position: &Position, test: &TestModeFigures) {
        control.top.store(position.top, Relaxed);
        control.blocks.store(self.blocks, Relaxed);
        control.transactions.store(self.transactions, Relaxed);
        control.reorganisations.store(self.reorganisations, Relaxed);
        control.mismatches.store(test.mismatched.values().sum::<u64>() + test.fallbacks, Relaxed);
    }
}
