//! Which transactions the tasks of an execution work on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use seriatim_explore::model::{Action, Key, Step};
use seriatim_lab::compare::payload_name;
use seriatim_lab::workload::{Expectation, Scenario};
use seriatim_tos::ledger::Block;
use seriatim_tos::storage::Read;

/// A transaction that a task works on.
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

/// Which transaction each task works on, and from which of its steps on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskNames(BTreeMap<u64, Vec<(usize, TaskName)>>);

impl TaskNames {
    /// What a task works on at a step.
    pub fn at(&self, task: u64, position: usize) -> Option<&TaskName> {
        let of_task = self.0.get(&task)?;
        let begun = of_task.partition_point(|(begins, _)| *begins <= position);
        // Before it says so it has nothing else to do.
        of_task.get(begun.saturating_sub(1)).map(|(_, name)| name)
    }

    /// Everything that was begun, in order.
    pub fn in_order(&self) -> Vec<TaskName> {
        let mut begun: Vec<_> = self.0.values().flatten().collect();
        begun.sort_by_key(|(begins, _)| *begins);
        begun.into_iter().map(|(_, name)| *name).collect()
    }

    /// What a task worked on last.
    pub fn last(&self, task: u64) -> Option<&TaskName> {
        self.at(task, usize::MAX)
    }

    /// What a task works on within a range of steps, each once, in the order in which it began.
    pub fn within(&self, task: u64, range: &Range<usize>) -> Vec<TaskName> {
        let mut names: Vec<TaskName> = Vec::new();
        for (begins, name) in self.0.get(&task).into_iter().flatten() {
            if range.contains(begins) && !names.contains(name) {
                names.push(*name);
            }
        }
        names
    }
}

/// The transactions of the tasks that do something in `steps`. Task 0, the execution's own thread, has none.
///
/// The executor reads the top before each block. A task says itself what it works on; of one that does not, it is known by
/// what it asks first, whether its transaction was executed before.
pub fn task_names(scenario: &Scenario, steps: &[Step]) -> TaskNames {
    let mut names: BTreeMap<u64, Vec<(usize, TaskName)>> = BTreeMap::new();
    let expectation = Expectation::of(scenario);
    let mut applied = expectation.walk(scenario);
    let start = block_start();
    let mut current: Option<(usize, &Block, Vec<Key>)> = None;
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut telling: BTreeSet<u64> = BTreeSet::new();
    for (position, step) in steps.iter().enumerate() {
        if step.action == start {
            let keys =
                |block: &Block| block.transactions.iter().map(|tx| Key::of(&Read::ExecutedBy(tx.hash()))).collect();
            current = applied.next().map(|(number, block, _)| (number, block, keys(block)));
            taken.clear();
        }
        let Some((number, block, keys)) = &current else { continue };
        let transaction = match &step.action {
            _ if step.task == 0 => continue,
            Action::WorkOn { item } => {
                telling.insert(step.task);
                Some(*item)
            }
            // Copies of a transaction have one hash: which of them comes first means nothing.
            Action::Ask { key } if !telling.contains(&step.task) => {
                (0..keys.len()).find(|tx_index| keys[*tx_index] == *key && !taken.contains(tx_index))
            }
            _ => continue,
        };
        let Some(payload) = transaction.and_then(|tx_index| block.transactions.get(tx_index)) else { continue };
        let transaction = transaction.expect("it has a payload");
        taken.insert(transaction);
        let name = TaskName { block: *number, transaction, payload: payload_name(&payload.body.data) };
        names.entry(step.task).or_default().push((position, name));
    }
    TaskNames(names)
}

/// What every executor does first with a block: it looks at the top.
pub(crate) fn block_start() -> Action {
    Action::Ask { key: Key::of(&Read::Top) }
}
