//! The parallel path is parallel: every transaction ran as a task of its own (no fallback), never more at once than
//! allowed, and where the block has transactions that share no account, several were in flight.
//!
//! With several threads the figures are less sharp. A task gives its permit back a moment before the observer sees it
//! end, so each thread may hold one more task for that moment; and a task may end before another thread begins the
//! next, so overlap is demanded only of one thread, and there only if reads suspend.

use std::collections::BTreeSet;

use super::Difference;
use crate::explore::{Observation, ObservedBlock, ObservedStep};
use crate::ledger::rules::footprint;
use crate::ledger::{AccountKey, Block};
use crate::workload::{Scenario, Step};

pub(super) fn check(scenario: &Scenario, observation: &Observation) -> Option<Difference> {
    let max_parallelism = observation.max_parallelism?;
    let mut first_block = 0;
    for (step, observed) in scenario.steps.iter().zip(&observation.steps) {
        let (Step::Run(blocks), ObservedStep::Run(observed)) = (step, observed) else { continue };
        for (index, (block, observed)) in blocks.iter().zip(observed).enumerate() {
            if let Some(difference) = of_block(block, observed, max_parallelism, observation) {
                return Some(difference.in_block(first_block + index));
            }
        }
        first_block += blocks.len();
    }
    None
}

fn of_block(
    block: &Block,
    observed: &ObservedBlock,
    max_parallelism: usize,
    observation: &Observation,
) -> Option<Difference> {
    let receipts = observed.outcome.as_ref().ok()?;
    let tasks = observed.tasks;
    if tasks.spawned != receipts.len() {
        return Some(Difference::new("tasks spawned", receipts.len(), tasks.spawned));
    }
    let one_thread = observation.worker_threads == 1;
    let most = max_parallelism + if one_thread { 0 } else { observation.worker_threads };
    if tasks.peak_in_flight > most {
        return Some(Difference::new("most tasks in flight, at most", most, tasks.peak_in_flight));
    }
    let must_overlap = one_thread && observation.suspends;
    let least = if must_overlap && max_parallelism > 1 && starts_without_conflict(block) { 2 } else { 0 };
    (tasks.peak_in_flight < least)
        .then(|| Difference::new("most tasks in flight, at least", least, tasks.peak_in_flight))
}

/// Whether the block's first two transactions share no account, so that nothing keeps them apart.
fn starts_without_conflict(block: &Block) -> bool {
    let accounts = |index: usize| -> Option<BTreeSet<AccountKey>> {
        Some(footprint(&block.transactions.get(index)?.body).accounts.into_keys().collect())
    };
    // Burns are left out: near its limit a burned amount keeps them apart too.
    let burns = |index: usize| block.transactions.get(index).is_some_and(|tx| footprint(&tx.body).burned.is_some());
    match (accounts(0), accounts(1)) {
        (Some(first), Some(second)) => first.is_disjoint(&second) && !(burns(0) && burns(1)),
        _ => false,
    }
}
