//! One block on both paths.

use std::sync::Arc;
use std::time::Duration;

use crate::execution::{BlockStart, execute_sequentially};
use crate::ledger::SealedBlock;
use crate::storage::{CountReads, ErasedStorage, Layered, Storage};

use super::difference::{PathDifference, PathOutcome, difference, outcome_text};
use super::modes::{Tested, Verdict};
use super::started::{Answer, Started};
use super::stopwatch::Stopwatch;
use super::{Mismatch, MismatchKind, Modes};

impl Modes {
    /// Runs `block` on the sequential path with the shadow beside it. The outcome is the sequential one, and nothing of it is in
    /// the ledger yet: the shadow has ended or been given up before anything can be.
    ///
    /// # Panics
    /// Without a shadow.
    pub(super) async fn test(
        &mut self,
        storage: ErasedStorage,
        start: &BlockStart,
        block: &Arc<SealedBlock>,
    ) -> (PathOutcome, Tested) {
        let mut budget = self.config().test_mode_budget;
        let shadow = self.shadow.as_mut().expect("test mode is refused without a side");
        let before = Stopwatch::start();
        let started = shadow.start(storage.clone(), start.clone(), block, &mut budget);
        let waited_before = before.elapsed();

        let watch = Stopwatch::start();
        let reads = Arc::new(CountReads::default());
        let counted = Layered::new(Arc::new(storage), Arc::clone(&reads));
        let outcome = sequentially(&counted, start, block).await;
        let took = watch.elapsed();

        let Some(started) = started else {
            return (outcome, Tested { verdict: Verdict::Skipped, times: None, waited: waited_before });
        };
        // A path that failed has read less than it would have, and the shadow need not fail as early.
        if outcome.is_ok() {
            started.limit_to(reads.reads());
        }
        let watch = Stopwatch::start();
        let answer = started.wait(budget);
        let waited = waited_before + watch.elapsed();
        if answer.is_none() {
            shadow.abandon();
        }
        let times = answer.as_ref().map(|answer| (took, answer.took));
        let verdict = match judged(&started, answer, start, &outcome, budget) {
            None => Verdict::Matched,
            Some(PathDifference { kind, sequential, parallel, found }) => {
                let (block, topoheight) = (start.context.block, start.context.topoheight);
                Verdict::Mismatched(Box::new(Mismatch { kind, block, topoheight, sequential, parallel, found }))
            }
        };
        (outcome, Tested { verdict, times, waited })
    }
}

async fn sequentially<S: Storage>(storage: &S, start: &BlockStart, block: &SealedBlock) -> PathOutcome {
    Ok(execute_sequentially(storage, start, block).await?.prepare(start)?)
}

fn judged(
    started: &Started,
    answer: Option<Answer>,
    start: &BlockStart,
    sequential: &PathOutcome,
    budget: Duration,
) -> Option<PathDifference> {
    let read_only = &started.read_only;
    let shown = match &answer {
        None => format!("no answer within {budget:?}"),
        Some(Answer { result: Err(message), .. }) => format!("panicked: {message}"),
        Some(Answer { result: Ok(outcome), .. }) => outcome_text(outcome),
    };
    let failed = |kind, shown| Some(PathDifference::new(kind, outcome_text(sequential), shown));
    if read_only.write_attempted() {
        return failed(MismatchKind::WriteAttempt, shown);
    }
    if read_only.is_exceeded() {
        let reads = format!("{} reads where {} are allowed; {shown}", read_only.reads(), read_only.limit());
        return failed(MismatchKind::Reads, reads);
    }
    match answer.map(|answer| answer.result) {
        None => failed(MismatchKind::Late, shown),
        Some(Err(_)) => failed(MismatchKind::Panic, shown),
        Some(Ok(parallel)) => difference(&start.nonces, sequential, &parallel),
    }
}
