//! What a node came to, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde::Serialize;

use seriatim_campaign::Conclusion;
use seriatim_tos::chain::{MismatchKind, Rollout, TestModeFigures};
use seriatim_tos::ledger::{Hash, Topoheight};

use super::figures::{NodeFigures, PathFigures, Watch};
use super::{Divergence, MismatchSeen, Node, NodeControl, NodeError, NodeStorage};

/// Everything that is reported of a node's run.
#[derive(Clone, Debug, Serialize)]
pub struct NodeReport {
    /// The top before and after.
    pub from: Topoheight,
    pub top: Topoheight,
    pub block: Hash,
    /// The digest of the whole ledger, its history and orphans included.
    pub ledger_digest: Hash,
    /// It was told to end before it was where it was to go.
    pub interrupted: bool,
    #[serde(flatten)]
    pub outcome: ChainOutcome,
    /// Blocks by how they ran.
    pub paths: PathFigures,
    /// Transactions from which on blocks were to run in parallel. `null`: the mode was another.
    pub parallel_from: Option<usize>,
    pub test_mode: TestFigures,
    pub rollout: Option<Rollout>,
    /// Blocks whose receipts, and segments whose ledgers, were compared with the reference's.
    pub blocks_compared: u64,
    pub segments_compared: u64,
    pub divergence: Option<Divergence>,
    /// The first mismatches, and where they are kept.
    pub mismatches: Vec<MismatchSeen>,
    /// Transactions of generated blocks, by what they were made for.
    pub classes: BTreeMap<&'static str, u64>,
    /// Blocks with the shape of a real one.
    pub shape_blocks: u64,
    pub seconds: Times,
    /// A second of applying them, and of all the time.
    pub blocks_per_second: f64,
    pub blocks_per_second_applied: f64,
}

/// What became of blocks and transactions, undone ones included.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ChainOutcome {
    pub blocks: u64,
    pub aborted_blocks: u64,
    pub transactions: u64,
    pub executed: u64,
    pub orphaned: u64,
    pub skipped: u64,
    pub largest_block: u64,
    pub reorganisations: u64,
    pub undone_blocks: u64,
}

/// The figures of the test mode.
#[derive(Clone, Debug, Serialize)]
pub struct TestFigures {
    pub blocks: u64,
    pub matched: u64,
    /// So many of 100 blocks with a shadow's answer or a mismatch.
    pub percent_matched: Option<f64>,
    /// Mismatched blocks by kind.
    pub mismatched: BTreeMap<&'static str, u64>,
    /// Blocks that the shadow did not run.
    pub skipped: u64,
    /// Blocks in parallel mode that failed and were run sequentially.
    pub fallbacks: u64,
    pub sequential_seconds: f64,
    pub parallel_seconds: f64,
    /// Parallel time as a part of sequential time.
    pub ratio: Option<f64>,
    pub waited_seconds: f64,
}

/// Where the time went, in seconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    pub total: f64,
    /// Making or reading blocks, and comparing segments.
    pub producing: f64,
    /// Adding and undoing them, the disk included.
    pub applying: f64,
    /// The digest of the ledger at the end, which is not in the total.
    pub digest: f64,
}

impl<S: NodeStorage> Node<S> {
    pub(super) async fn report(&mut self, control: &NodeControl) -> Result<NodeReport, NodeError> {
        let storage = self.chain.storage();
        let (top, metadata) = storage.top().await?;
        let watch = Watch::start();
        let ledger_digest = storage.ledger_digest()?;
        let digest = watch.elapsed().as_secs_f64();
        let NodeFigures { ref made, time, producing, applying, .. } = self.figures;
        let figures = &self.figures;
        let config = self.chain.modes().config();
        let rate = |time: Duration| figures.blocks as f64 / time.as_secs_f64().max(1e-9);
        Ok(NodeReport {
            from: figures.from,
            top,
            block: metadata.block,
            ledger_digest,
            interrupted: control.stop.load(Relaxed),
            outcome: ChainOutcome {
                blocks: figures.blocks,
                aborted_blocks: figures.aborted_blocks,
                transactions: figures.transactions,
                executed: figures.executed,
                orphaned: figures.orphaned,
                skipped: figures.skipped,
                largest_block: figures.largest_block,
                reorganisations: figures.reorganisations,
                undone_blocks: figures.undone_blocks,
            },
            paths: figures.paths,
            parallel_from: config.parallel_execution_enabled.then_some(config.min_txs_for_parallel),
            test_mode: TestFigures::of(self.chain.modes().figures()),
            rollout: self.chain.modes().rollout().cloned(),
            blocks_compared: figures.blocks_compared,
            segments_compared: made.segments_compared,
            divergence: figures.divergence.clone(),
            mismatches: self.keeper.as_ref().map_or_else(Vec::new, |keeper| keeper.seen().to_vec()),
            classes: made.classes.clone(),
            shape_blocks: made.shape_blocks,
            seconds: Times {
                total: time.as_secs_f64(),
                producing: producing.as_secs_f64(),
                applying: applying.as_secs_f64(),
                digest,
            },
            blocks_per_second: rate(time),
            blocks_per_second_applied: rate(applying),
        })
    }
}

impl TestFigures {
    fn of(figures: &TestModeFigures) -> Self {
        let TestModeFigures { blocks, matched, mismatched, skipped, fallbacks, sequential, parallel, waited } = figures;
        let judged = blocks - skipped;
        let sequential_seconds = sequential.as_secs_f64();
        let parallel_seconds = parallel.as_secs_f64();
        Self {
            blocks: *blocks,
            matched: *matched,
            percent_matched: (judged > 0).then(|| 100.0 * *matched as f64 / judged as f64),
            mismatched: mismatched.clone(),
            skipped: *skipped,
            fallbacks: *fallbacks,
            sequential_seconds,
            parallel_seconds,
            ratio: (sequential_seconds > 0.0).then(|| parallel_seconds / sequential_seconds),
            waited_seconds: waited.as_secs_f64(),
        }
    }
}

impl NodeReport {
    /// What it means, and why where it is inconclusive. None: there was nothing to compare with.
    pub fn conclusion(&self) -> (Option<Conclusion>, Option<String>) {
        let TestFigures { blocks, matched, mismatched, skipped, fallbacks, .. } = &self.test_mode;
        let excused = [MismatchKind::Late.name(), MismatchKind::Storage.name()];
        let is_defect = mismatched.keys().any(|kind| !excused.contains(kind));
        if is_defect || *fallbacks > 0 || self.divergence.is_some() {
            return (Some(Conclusion::Violation), None);
        }
        let reason = if self.outcome.blocks == 0 {
            "no block was added".to_owned()
        } else if !mismatched.is_empty() {
            let kinds: Vec<_> = mismatched.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            format!("{} of {blocks} blocks were not told of: {}", blocks - matched, kinds.join(", "))
        } else if *skipped > 0 {
            format!("{skipped} of {blocks} blocks were not tested")
        } else if let (Some(least), 0) = (self.parallel_from, self.paths.parallel) {
            format!("no block had the {least} transactions from which on blocks run in parallel")
        } else if *blocks == 0 && self.blocks_compared == 0 {
            return (None, None);
        } else {
            return (Some(Conclusion::Agree), None);
        };
        (Some(Conclusion::Inconclusive), Some(reason))
    }
}

impl fmt::Display for NodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ChainOutcome {
            blocks,
            aborted_blocks,
            transactions,
            executed,
            orphaned,
            skipped,
            largest_block,
            reorganisations,
            undone_blocks,
        } = self.outcome;
        writeln!(f, "node from {} to {}{}", self.from, self.top, if self.interrupted { ", interrupted" } else { "" })?;
        writeln!(
            f,
            "  {blocks} blocks with {transactions} transactions (largest {largest_block}): {executed} executed, {orphaned} orphaned, {skipped} skipped; {aborted_blocks} blocks aborted"
        )?;
        writeln!(f, "  {reorganisations} reorganisations undid {undone_blocks} blocks")?;
        let PathFigures { sequential, parallel, test } = self.paths;
        writeln!(f, "  {sequential} blocks ran sequentially, {parallel} in parallel, {test} were tested")?;
        self.test_mode.fmt(f)?;
        if let Some(rollout) = &self.rollout {
            let held = if rollout.is_held() { ", held" } else { "" };
            let (matched, needed) = (rollout.matched_blocks(), rollout.needed_blocks());
            writeln!(f, "  rollout: {:?}, {matched} of {needed} blocks matched{held}", rollout.stage())?;
        }
        if self.blocks_compared > 0 {
            let (blocks, segments) = (self.blocks_compared, self.segments_compared);
            writeln!(f, "  the reference agrees on {blocks} blocks, receipt by receipt, and on {segments} ledgers")?;
            let (classes, shapes) = (self.classes.len(), self.shape_blocks);
            writeln!(f, "  {classes} conflict classes; {shapes} blocks with the shape of a real one")?;
        }
        for mismatch in &self.mismatches {
            writeln!(f, "  MISMATCH {}", mismatch.line)?;
        }
        if let Some(divergence) = &self.divergence {
            writeln!(f, "  DIVERGENCE {divergence}")?;
        }
        let Times { total, producing, applying, digest } = self.seconds;
        writeln!(
            f,
            "  {total:.1} s, {:.1} blocks a second; {producing:.1} s making blocks, {applying:.1} s adding them ({:.1} blocks a second), digest {digest:.1} s",
            self.blocks_per_second, self.blocks_per_second_applied
        )?;
        writeln!(f, "  top {} {}", self.top, self.block)?;
        writeln!(f, "  ledger {}", self.ledger_digest)?;
        match self.conclusion() {
            (None, _) => writeln!(f, "nothing was judged: blocks were read and ran on one path"),
            (Some(conclusion @ Conclusion::Agree), _) => {
                conclusion.write_line(f, format_args!("no difference in the blocks of this run"))
            }
            (Some(conclusion @ Conclusion::Violation), _) => conclusion
                .write_line(f, format_args!("the lines above that begin with MISMATCH or DIVERGENCE say where")),
            (Some(conclusion @ Conclusion::Inconclusive), reason) => {
                conclusion.write_line(f, format_args!("{}", reason.unwrap_or_default()))
            }
        }
    }
}

impl fmt::Display for TestFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { blocks, matched, mismatched, skipped, fallbacks, .. } = self;
        if *blocks > 0 {
            let percent = self.percent_matched.map_or("none".to_owned(), |percent| format!("{percent:.2} %"));
            let kinds: Vec<_> = mismatched.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            let kinds = if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") };
            writeln!(
                f,
                "  test mode: {matched} of {blocks} blocks matched, {percent}; mismatches: {kinds}; without a side {skipped}"
            )?;
            writeln!(
                f,
                "  sequential {:.1} s, parallel {:.1} s (ratio {:.2}), waited {:.1} s",
                self.sequential_seconds,
                self.parallel_seconds,
                self.ratio.unwrap_or(0.0),
                self.waited_seconds
            )?;
        }
        if *fallbacks > 0 {
            writeln!(f, "  {fallbacks} blocks failed in parallel and were run sequentially")?;
        }
        Ok(())
    }
}
