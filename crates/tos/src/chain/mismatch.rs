//! What the test mode has to tell, and to whom.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::ledger::{Hash, Receipt, Topoheight};
use crate::storage::WriteOp;

/// How the shadow differs, or how it failed. Where several hold, the first of [`Self::NAMES`] is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum MismatchKind {
    /// It tried to commit or to rewind, and was refused.
    #[strum(serialize = "write attempt")]
    WriteAttempt,
    /// It read more than it may, and was refused the rest.
    Reads,
    /// It did not answer in time.
    Late,
    /// It panicked, or one of its tasks did.
    Panic,
    /// A read failed on one of the two, or another one on each: no word against the executor.
    Storage,
    /// One has an error and the other none, or another error.
    Outcome,
    /// The first receipt that differs, or that only one of them has.
    Receipts { index: usize },
    /// The first write that differs, or that only one of them has.
    Writes { index: usize },
    /// Other nonces for the ordering run's checker.
    Nonces,
}

impl MismatchKind {
    /// The names of all kinds, the most telling first.
    pub const NAMES: &[&'static str] = Self::VARIANTS;

    /// Its name in figures.
    pub fn name(self) -> &'static str {
        self.into_str()
    }

    /// Whether it proves the parallel executor wrong. A machine under load is late, and a disk fails, without that.
    pub fn is_defect(self) -> bool {
        !matches!(self, Self::Late | Self::Storage)
    }
}

/// One block on which the paths do not agree. The ledger has the sequential result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    pub kind: MismatchKind,
    pub block: Hash,
    pub topoheight: Topoheight,
    /// What the sequential path has there, as text, cut at some thousands of characters.
    pub sequential: String,
    /// What the shadow has there, likewise.
    pub parallel: String,
    /// What both have there, where receipts or writes differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<(Found, Found)>,
}

/// What one of the two has at the place where they differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Found {
    /// Its list ends before that place.
    Nothing,
    Receipt(Receipt),
    Write(Box<WriteOp>),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, block, topoheight, sequential, parallel, found: _ } = self;
        write!(f, "{} of block {block} at {topoheight}", kind.name())?;
        if let MismatchKind::Receipts { index } | MismatchKind::Writes { index } = kind {
            write!(f, ", number {index}")?;
        }
        write!(f, ": sequential {sequential}, parallel {parallel}")
    }
}

/// Where mismatches go. It is called on the node's thread, after the block is in the ledger: it should not take long.
pub trait MismatchSink: Send + Sync + 'static {
    /// Takes one.
    fn report(&self, mismatch: Mismatch);
}

/// They are counted, and that is all.
impl MismatchSink for () {
    fn report(&self, _mismatch: Mismatch) {}
}

/// Keeps the newest mismatches, so many at most. Clones share them: one goes to the chain, one stays with the node.
#[derive(Clone, Debug)]
pub struct RecentMismatches {
    bound: NonZeroUsize,
    kept: Arc<Mutex<VecDeque<Mismatch>>>,
}

impl RecentMismatches {
    /// Keeps at most `bound`.
    pub fn new(bound: NonZeroUsize) -> Self {
        Self { bound, kept: Arc::default() }
    }

    /// Those kept since the last call, oldest first.
    pub fn take(&self) -> Vec<Mismatch> {
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl MismatchSink for RecentMismatches {
    fn report(&self, mismatch: Mismatch) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == self.bound.get() {
            kept.pop_front();
        }
        kept.push_back(mismatch);
    }
}

/// Most bytes of a value's text.
const MAX_TEXT: usize = 4_096;

/// `value` as text. Whatever its size, no more than [`MAX_TEXT`] bytes of it are made.
pub(super) fn text(value: &impl fmt::Debug) -> String {
    let mut text = Bounded(String::new());
    if write!(text, "{value:?}").is_err() {
        text.0.push_str(" ...");
    }
    text.0
}

/// Fails once it is full, which ends the formatting.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = MAX_TEXT - self.0.len();
        if more.len() <= room {
            self.0.push_str(more);
            return Ok(());
        }
        self.0.push_str(&more[..more.floor_char_boundary(room)]);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_value_is_told_whole_and_a_long_one_is_cut_between_characters() {
        assert_eq!(text(&"short"), "\"short\"");
        let cut = text(&"\u{fc}".repeat(MAX_TEXT));
        assert!(cut.ends_with(" ...") && cut.len() <= MAX_TEXT + 4, "{}", cut.len());
    }

    #[test]
    fn the_newest_mismatches_are_kept_and_no_more_than_the_bound() {
        let recent = RecentMismatches::new(NonZeroUsize::MIN.saturating_add(1));
        let at = |topoheight| Mismatch {
            kind: MismatchKind::Late,
            block: Hash::ZERO,
            topoheight,
            sequential: String::new(),
            parallel: String::new(),
            found: None,
        };
        (1..=3).for_each(|topoheight| recent.clone().report(at(topoheight)));
        assert_eq!(recent.take(), [at(2), at(3)]);
        assert_eq!(recent.take(), []);
    }
}
