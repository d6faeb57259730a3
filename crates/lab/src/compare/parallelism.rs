//! A parallel path is parallel: it ran the tasks that it is made of (no fallback), never more at once than allowed, and
//! transactions side by side where nothing keeps them apart. V3 and Block-STM have workers, as many as they may and as there
//! are transactions, none of which leaves before the block is done, so that all of them are in flight together; the
//! sequential path with signatures ahead has one helper fewer.
//!
//! Workers alone prove little: they could wait for each other. So storage reads are counted where they suspend, by a layer
//! that no executor knows of: as many of a block's first transactions as share no account are to read at one moment.
//!
//! With several threads the figures are less sharp: a task may end before another thread begins the next, so overlap is
//! demanded only of one thread, and there only if reads suspend.

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
        Some(Tasks::Workers) => max_parallelism.min(receipts.len()),
        Some(Tasks::Helpers) => max_parallelism.min(receipts.len()).saturating_sub(1),
    };
    if tasks.spawned != spawned {
        return Some(Difference::new("tasks spawned", spawned, tasks.spawned));
    }
    let one_thread = observation.worker_threads == 1;
    if tasks.peak_in_flight > max_parallelism {
        return Some(Difference::new("most tasks in flight, at most", max_parallelism, tasks.peak_in_flight));
    }
    let must_overlap = one_thread && observation.suspends;
    if !must_overlap || observed.made_of != Some(Tasks::Workers) {
        return None;
    }
    if tasks.peak_in_flight < spawned {
        return Some(Difference::new("most tasks in flight, at least", spawned, tasks.peak_in_flight));
    }
    // No block needs more than all workers; only of one with fewer is it worked out how many it needs.
    if observed.reads_at_once >= spawned {
        return None;
    }
    let free = max_parallelism.min(free_prefix(block));
    let field = "most transactions that read at one moment, at least";
    (observed.reads_at_once < free).then(|| Difference::new(field, free, observed.reads_at_once))
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
