//! Who waits for what. When nothing can run any more, this table says why.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// One task that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub task: u64,
    /// What it waits for, in words: the kind of object, its label, and the key where there is one.
    pub for_what: String,
}

thread_local! {
    static TABLE: RefCell<BTreeMap<u64, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// The tasks that wait, in order, and an empty table for the next execution.
pub fn take_waiting() -> Vec<Waiting> {
    let table = TABLE.take();
    table.into_iter().map(|(task, for_what)| Waiting { task, for_what }).collect()
}

pub(super) fn begin(task: u64, for_what: impl FnOnce() -> String) {
    TABLE.with_borrow_mut(|table| table.insert(task, for_what()));
}

pub(super) fn end(task: u64) {
    TABLE.with_borrow_mut(|table| table.remove(&task));
}
