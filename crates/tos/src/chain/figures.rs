//! What the test mode has done so far.

use std::collections::BTreeMap;
use std::time::Duration;

/// Counts since the chain was made. `blocks` is the sum of `matched`, all of `mismatched`, and `skipped`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestModeFigures {
    /// Blocks that were to run in test mode.
    pub blocks: u64,
    /// The shadow came to the same in every respect.
    pub matched: u64,
    /// The mismatches by [`super::MismatchKind::name`]; kinds that never were are not there.
    pub mismatched: BTreeMap<&'static str, u64>,
    /// Blocks that no shadow ran, because one that was given up still runs.
    pub skipped: u64,
    /// Blocks in parallel mode whose tasks did not end as they should and that the sequential path ran instead.
    pub fallbacks: u64,
    /// Time of the sequential path, in the blocks whose shadow answered.
    pub sequential: Duration,
    /// Time of the shadow, in the same blocks.
    pub parallel: Duration,
    /// Time that blocks waited for the shadow after their own path had ended, all of them.
    pub waited: Duration,
}
