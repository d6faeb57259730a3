//! Which transaction each task of an execution ran.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use seriatim_explore::model::{Action, Key, Step};
use seriatim_lab::compare::payload_name;
use seriatim_lab::workload::{Expectation, Scenario};
use seriatim_tos::ledger::Block;
use seriatim_tos::storage::Read;

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

/// The transactions of the tasks that do something in `steps`. Task 0, the execution's own thread, has none.
///
/// The executor reads the top before each block, and a task looks first whether its transaction was executed before: by
/// what it asks for it is known, whatever batch it was put into.
pub fn task_names(scenario: &Scenario, steps: &[Step]) -> BTreeMap<u64, TaskName> {
    let mut names = BTreeMap::new();
    let expectation = Expectation::of(scenario);
    let mut applied = expectation.walk(scenario);
    let start = block_start();
    let mut current: Option<(usize, &Block, Vec<Key>)> = None;
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    for step in steps {
        if step.action == start {
            let keys =
                |block: &Block| block.transactions.iter().map(|tx| Key::of(&Read::ExecutedBy(tx.hash()))).collect();
            current = applied.next().map(|(number, block, _)| (number, block, keys(block)));
            taken.clear();
        }
        let (Some((number, block, keys)), Action::Ask { key }) = (&current, &step.action) else { continue };
        if step.task == 0 || names.contains_key(&step.task) {
            continue;
        }
        // Copies of a transaction have one hash: which of them comes first means nothing.
        let found = (0..keys.len()).find(|tx_index| keys[*tx_index] == *key && !taken.contains(tx_index));
        if let Some(transaction) = found {
            taken.insert(transaction);
            let payload = payload_name(&block.transactions[transaction].body.data);
            names.insert(step.task, TaskName { block: *number, transaction, payload });
        }
    }
    names
}

/// What every executor does first with a block: it looks at the top.
pub(crate) fn block_start() -> Action {
    Action::Ask { key: Key::of(&Read::Top) }
}
