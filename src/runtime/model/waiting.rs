//! Who waits for what. When nothing can run any more, this table says why.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// One task that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub task: u64,
    /// What it waits for, in words: the kind of object, its label, and the key where there is one.
    pub for_what: String,
    /// Whether some task holds it: a lock, a shard, a worker. A permit or a task's end is not held but owed.
    pub held_by_another: bool,
}

thread_local! {
    static TABLE: RefCell<BTreeMap<u64, (String, bool)>> = const { RefCell::new(BTreeMap::new()) };
}

/// The tasks that wait, in order, and an empty table for the next execution.
pub fn take_waiting() -> Vec<Waiting> {
    let table = TABLE.take();
    let waiting = |(task, (for_what, held_by_another))| Waiting { task, for_what, held_by_another };
    table.into_iter().map(waiting).collect()
}

pub(super) fn begin(task: u64, held_by_another: bool, for_what: impl FnOnce() -> String) {
    TABLE.with_borrow_mut(|table| table.insert(task, (for_what(), held_by_another)));
}

pub(super) fn end(task: u64) {
    TABLE.with_borrow_mut(|table| table.remove(&task));
}
