//! The parallel path is parallel: every transaction ran as a task of its own (no fallback), never more at once than
//! allowed, and as many of a block's first transactions as share no account were in flight together.
//!
//! With several threads the figures are less sharp. A task gives its permit back a moment before the observer sees it
//! end, so each thread may hold one more task for that moment; and a task may end before another thread begins the
//! next, so overlap is demanded only of one thread, and there only if reads suspend.

use std::collections::BTreeSet;

use super::Difference;
use crate::explore::{Observation, ObservedBlock, ObservedStep};
use crate::ledger::rules::footprint;
use crate::ledger::{AccountKey, AssetId, Block, Transaction};
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
    let least = if must_overlap { max_parallelism.min(free_prefix(block)) } else { 0 };
    let difference = || Difference::new("most tasks in flight, at least", least, tasks.peak_in_flight);
    (tasks.peak_in_flight < least).then(difference)
}

/// How many transactions from the first on share no account with each other, so that nothing keeps them apart. Burns of
/// one asset count as sharing: near its limit they do.
fn free_prefix(block: &Block) -> usize {
    let mut accounts: BTreeSet<AccountKey> = BTreeSet::new();
    let mut burned: BTreeSet<AssetId> = BTreeSet::new();
    let mut is_free = |tx: &&Transaction| {
        let footprint = footprint(&tx.body);
        footprint.accounts.into_keys().all(|account| accounts.insert(account))
            && footprint.burned.is_none_or(|asset| burned.insert(asset))
    };
    block.transactions.iter().take_while(|tx| is_free(tx)).count()
}
