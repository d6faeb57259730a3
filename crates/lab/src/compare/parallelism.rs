//! A parallel path is parallel: it ran the tasks that it is made of (no fallback), never more at once than allowed, and
//! side by side where nothing keeps them apart. What it is made of is its own: on V3 every transaction is a task, and as many of
//! a block's first transactions as share no account are in flight together; Block-STM has workers, as many as it may and as
//! there are transactions, none of which leaves before the block is done, so that all of them are in flight together.
//!
//! With several threads the figures are less sharp. A task gives its permit back a moment before the observer sees it
//! end, so each thread may hold one more task for that moment; and a task may end before another thread begins the
//! next, so overlap is demanded only of one thread, and there only if reads suspend.

use std::collections::BTreeSet;

use super::Difference;
use crate::drive::{Observation, ObservedBlock, Tasks};
use crate::workload::Scenario;
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{AccountKey, AssetId, Block, Transaction};

pub(super) fn check(scenario: &Scenario, observation: &Observation) -> Option<Difference> {
    let max_parallelism = observation.max_parallelism?;
    observation.walk(scenario).find_map(|(number, block, observed)| {
        let difference = of_block(block, observed, max_parallelism, observation)?;
        Some(difference.in_block(number))
    })
}

fn of_block(
    block: &Block,
    observed: &ObservedBlock,
    max_parallelism: usize,
    observation: &Observation,
) -> Option<Difference> {
    let receipts = observed.outcome.as_ref().ok()?;
    let tasks = observed.tasks;
    let spawned = match observed.made_of {
        None => 0,
        Some(Tasks::Transactions) => receipts.len(),
        Some(Tasks::Workers) => max_parallelism.min(receipts.len()),
    };
    if tasks.spawned != spawned {
        return Some(Difference::new("tasks spawned", spawned, tasks.spawned));
    }
    let one_thread = observation.worker_threads == 1;
    let most = max_parallelism + if one_thread { 0 } else { observation.worker_threads };
    if tasks.peak_in_flight > most {
        return Some(Difference::new("most tasks in flight, at most", most, tasks.peak_in_flight));
    }
    let must_overlap = one_thread && observation.suspends;
    let free = match observed.made_of {
        Some(Tasks::Transactions) => free_prefix(block),
        Some(Tasks::Workers) | None => spawned,
    };
    let least = if must_overlap { max_parallelism.min(free) } else { 0 };
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
