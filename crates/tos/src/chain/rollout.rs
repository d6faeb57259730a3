//! The way from the first test to all blocks in parallel, in stages that each rest on evidence of the one before.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{MismatchKind, Mode};

/// How far the parallel path is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Every block is tested.
    TestMode,
    /// Blocks of fewer than 50 transactions run in parallel.
    Below50,
    /// Blocks of fewer than 200.
    Below200,
    /// Blocks of any size.
    All,
}

impl Stage {
    /// Blocks of so many transactions and more do not run in parallel yet.
    pub fn limit(self) -> usize {
        match self {
            Self::TestMode => 0,
            Self::Below50 => 50,
            Self::Below200 => 200,
            Self::All => usize::MAX,
        }
    }

    fn next(self) -> Option<Self> {
        match self {
            Self::TestMode => Some(Self::Below50),
            Self::Below50 => Some(Self::Below200),
            Self::Below200 => Some(Self::All),
            Self::All => None,
        }
    }

    fn previous(self) -> Option<Self> {
        match self {
            Self::TestMode => None,
            Self::Below50 => Some(Self::TestMode),
            Self::Below200 => Some(Self::Below50),
            Self::All => Some(Self::Below200),
        }
    }

    /// How a block of `tx_count` transactions is run. One too small to gain by the parallel path is tested in every stage:
    /// it costs little, and in the last stage nothing else would tell of a defect.
    fn mode_of(self, tx_count: usize, min_txs_for_parallel: usize) -> Mode {
        if (min_txs_for_parallel..self.limit()).contains(&tx_count) { Mode::Parallel } else { Mode::Test }
    }
}

/// A rollout's whole state, to be kept over a restart.
///
/// # Examples
/// ```
/// use std::num::NonZeroU64;
/// use seriatim_tos::chain::{MismatchKind, Mode, Rollout, Stage};
///
/// let mut rollout = Rollout::new(NonZeroU64::new(2).unwrap());
/// assert_eq!(rollout.mode_of(30, 20), Mode::Test, "at first every block is tested");
/// rollout.matched(30, 20);
/// rollout.matched(0, 20); // An empty block says nothing of large ones.
/// assert_eq!(rollout.stage(), Stage::TestMode);
/// rollout.matched(30, 20);
/// assert_eq!((rollout.stage(), rollout.mode_of(30, 20)), (Stage::Below50, Mode::Parallel));
///
/// rollout.mismatched(MismatchKind::Receipts { index: 0 });
/// assert_eq!((rollout.stage(), rollout.is_held()), (Stage::TestMode, true), "a defect waits for an operator");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    stage: Stage,
    /// Matched blocks that count for the next stage, since this one began.
    matched: u64,
    needed: NonZeroU64,
    /// No stage follows by itself.
    held: bool,
}

/// A thousand matched blocks a stage.
impl Default for Rollout {
    fn default() -> Self {
        Self::new(NonZeroU64::new(1_000).expect("not 0"))
    }
}

impl Rollout {
    /// A rollout at its beginning; each stage follows after `needed` matched blocks.
    pub fn new(needed: NonZeroU64) -> Self {
        Self { stage: Stage::TestMode, matched: 0, needed, held: false }
    }

    /// The stage it is in.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Matched blocks towards the next stage.
    pub fn matched_blocks(&self) -> u64 {
        self.matched
    }

    /// Matched blocks that each stage needs before the next.
    pub fn needed_blocks(&self) -> NonZeroU64 {
        self.needed
    }

    /// Whether the next stage waits for an operator.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// How a block of `tx_count` transactions is run.
    pub fn mode_of(&self, tx_count: usize, min_txs_for_parallel: usize) -> Mode {
        self.stage.mode_of(tx_count, min_txs_for_parallel)
    }

    /// A block of `tx_count` transactions was tested and matched. It counts only if the next stage would be the first to run
    /// its like in parallel: a thousand empty blocks say nothing of large ones. With enough of them the next stage begins,
    /// unless held.
    pub fn matched(&mut self, tx_count: usize, min_txs_for_parallel: usize) {
        let Some(next) = self.stage.next() else { return };
        let modes = [self.stage, next].map(|stage| stage.mode_of(tx_count, min_txs_for_parallel));
        if modes == [Mode::Test, Mode::Parallel] {
            self.matched = self.matched.saturating_add(1);
        }
        if self.matched >= self.needed.get() && !self.held {
            self.go_to(next);
        }
    }

    /// A block did not match: everything is tested again, from the first block on. If it proves a defect, no stage follows
    /// until an operator says so: the defect is still there after a thousand blocks that it did not strike.
    pub fn mismatched(&mut self, kind: MismatchKind) {
        self.go_to(Stage::TestMode);
        self.held |= kind.is_defect();
    }

    /// An operator holds it: no stage follows by itself. Matched blocks are counted all the same.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// An operator releases it: stages follow by themselves again, the next one with the next matched block if there are enough.
    pub fn release(&mut self) {
        self.held = false;
    }

    /// An operator goes to the next stage now, whatever was matched; a hold stays. False: there is none.
    pub fn advance(&mut self) -> bool {
        self.stage.next().map(|stage| self.go_to(stage)).is_some()
    }

    /// An operator goes back to the stage before, now; a hold stays. False: there is none.
    pub fn go_back(&mut self) -> bool {
        self.stage.previous().map(|stage| self.go_to(stage)).is_some()
    }

    fn go_to(&mut self, stage: Stage) {
        self.stage = stage;
        self.matched = 0;
    }
}
