//! Counts in expectation and observations what an agreement rests on.

use super::Evidence;
use crate::drive::Observation;
use crate::workload::{Expectation, ExpectedStep};
use seriatim_tos::ledger::Receipt;

/// Counts what the reference did in a scenario.
pub(super) fn of_expectation(expectation: &Expectation) -> Evidence {
    let mut evidence = Evidence::default();
    for step in &expectation.steps {
        let ExpectedStep::Run { blocks } = step else { continue };
        for block in blocks {
            evidence.blocks += 1;
            match block {
                Ok(receipts) => {
                    evidence.transactions += receipts.len() as u64;
                    let executed = receipts.iter().filter(|receipt| matches!(receipt, Receipt::Executed { .. }));
                    evidence.executed += executed.count() as u64;
                }
                Err(_) => evidence.aborted_blocks += 1,
            }
        }
    }
    evidence
}

/// Adds what one observation shows.
pub(super) fn add(evidence: &mut Evidence, observation: &Observation) {
    evidence.observations += 1;
    for block in observation.blocks() {
        evidence.tasks += block.tasks.spawned as u64;
        // With several threads the figure is chance.
        let overlap = observation.worker_threads == 1 && block.tasks.peak_in_flight > 1;
        evidence.blocks_with_overlap += u64::from(overlap);
    }
}
