//! How a devnet reorganises: some blocks are undone, and their transactions stand in blocks of a longer branch, in another
//! order, with new ones between them.

use crate::workload::build::disorder;
use crate::workload::chance::Chance;
use crate::workload::scenario::Step;
use seriatim_tos::ledger::Transaction;

use super::{DevnetStep, Segment};

/// Most blocks that are undone at once.
const MAX_DEPTH: u64 = 4;

/// The branch that takes the place of undone blocks.
#[derive(Debug)]
pub(super) struct Fork {
    transactions: Vec<Transaction>,
    blocks: u64,
}

impl Segment {
    /// Undoes up to [`MAX_DEPTH`] blocks. What comes in their place is the next step.
    pub(super) fn reorganise(&mut self) -> DevnetStep {
        let top = self.ledger().top;
        let mut chance = Chance::new(self.mixed(5));
        let depth = chance.between(1, MAX_DEPTH.min(top - self.start));
        let to = top - depth;
        self.reorganised = Some(top);
        self.reference.rewind(to);
        let undone = self.above.split_off((to - self.start) as usize);
        let mut transactions: Vec<Transaction> = undone.into_iter().flatten().collect();
        match chance.below(8) {
            4 => {
                let start = transactions.len() / 3;
                transactions.rotate_left(start);
            }
            5 => {
                // Left to the branch that lost.
                let kept = transactions.len() / 2;
                transactions.truncate(kept);
            }
            how => disorder(&mut transactions, how, &mut chance),
        }
        // A branch wins by being longer, where the segment has room for that.
        self.fork = Some(Fork { transactions, blocks: (depth + 1).min(self.end() - to) });
        DevnetStep { step: Step::Rewind(to), receipts: Vec::new(), classes: Vec::new(), shaped: Vec::new() }
    }

    /// The branch, in one ordering run.
    pub(super) fn apply_fork(&mut self, fork: Fork) -> DevnetStep {
        let Fork { mut transactions, blocks } = fork;
        let mut step = self.begin_run();
        for left in (1..=blocks).rev() {
            let count = transactions.len().div_ceil(left as usize);
            let rest = transactions.split_off(count);
            let again = std::mem::replace(&mut transactions, rest);
            self.add_block(&mut step, again);
        }
        step
    }
}
