//! Which transaction each task of an execution ran.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::compare::payload_name;
use crate::execution::parallel::batches;
use crate::ledger::{Amount, AssetId, Block, Payload};
use crate::runtime::model::Step;
use crate::storage::{LedgerState, StateKey, StateValue};
use crate::workload::{self, Expectation, ExpectedStep, Scenario};

use super::access::spawned;

/// The transaction of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskName {
    /// Position over all blocks in the order in which the scenario has them.
    pub block: usize,
    /// Position in its block.
    pub transaction: usize,
    /// Its type, as [`payload_name`] has it.
    pub payload: &'static str,
}

/// `block 0 tx 1: transfer`.
impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { block, transaction, payload } = self;
        write!(f, "block {block} tx {transaction}: {payload}")
    }
}

/// The transactions of the tasks that were spawned in `steps`. Task 0, the execution's own thread, has none.
///
/// The executor spawns a task for each transaction, batch by batch, and reads the top before each block.
pub fn task_names(scenario: &Scenario, steps: &[Step]) -> BTreeMap<u64, TaskName> {
    let mut names = BTreeMap::new();
    let mut applied = applied_blocks(scenario).into_iter();
    let mut current: Option<(usize, &Block, std::vec::IntoIter<Vec<usize>>)> = None;
    let mut batch = Vec::new();
    for step in steps {
        match (step.operation.as_str(), step.object.as_str()) {
            ("load", "Top") => {
                let next = applied.next();
                current = next
                    .map(|(number, block, burned)| (number, block, batches(&block.transactions, &burned).into_iter()));
            }
            ("spawn", object) => {
                let index = object.strip_prefix("task ").and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
                let Some((index, task, (number, block, batches))) =
                    index.and_then(|index| Some((index, spawned(step)?, current.as_mut()?)))
                else {
                    continue;
                };
                if index == 0 {
                    batch = batches.next().unwrap_or_default();
                }
                if let Some(&transaction) = batch.get(index) {
                    let payload = payload_name(&block.transactions[transaction].body.data);
                    names.insert(task, TaskName { block: *number, transaction, payload });
                }
            }
            _ => {}
        }
    }
    names
}

/// The blocks that are applied, by number, with the burned amounts that each starts from.
fn applied_blocks(scenario: &Scenario) -> Vec<(usize, &Block, BTreeMap<AssetId, Amount>)> {
    let expectation = Expectation::of(scenario);
    let mut applied = Vec::new();
    let mut number = 0;
    for (index, (step, expected)) in scenario.steps.iter().zip(&expectation.steps).enumerate() {
        let (workload::Step::Run(blocks), ExpectedStep::Run { blocks: outcomes }) = (step, expected) else { continue };
        for (position, block) in blocks.iter().enumerate().take(outcomes.len()) {
            applied.push((number + position, block, burned_before(scenario, index, position, block)));
        }
        number += blocks.len();
    }
    applied
}

fn burned_before(scenario: &Scenario, step: usize, position: usize, block: &Block) -> BTreeMap<AssetId, Amount> {
    let burns = block.transactions.iter().filter_map(|transaction| match transaction.body.data {
        Payload::Burn { asset, .. } => Some(asset),
        _ => None,
    });
    let assets: BTreeSet<AssetId> = burns.collect();
    if assets.is_empty() {
        return BTreeMap::new();
    }
    let mut before = Scenario { steps: scenario.steps[..=step].to_vec(), ..scenario.clone() };
    if let Some(workload::Step::Run(blocks)) = before.steps.last_mut() {
        blocks.truncate(position);
    }
    let expectation = Expectation::of(&before);
    let ledger: &LedgerState = expectation.final_ledger();
    let amount = |asset: AssetId| match ledger.newest_value(&StateKey::Burned(asset)) {
        Some(StateValue::Amount(amount)) => *amount,
        _ => 0,
    };
    assets.into_iter().map(|asset| (asset, amount(asset))).collect()
}
