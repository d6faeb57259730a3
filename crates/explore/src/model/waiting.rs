//! Who waits for what. When nothing can run any more, this table says why.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use super::object::Mode;
use super::shown::{Key, Label};
use super::steps::Place;

/// One task that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub task: u64,
    pub on: Awaited,
    /// Where it asked for it.
    pub place: Place,
}

/// What a task waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The lock of a map's shard, and the key that it is for.
    Shard {
        map: Label,
        shard: u64,
        key: Key,
        mode: Mode,
    },
    Lock {
        label: Label,
        mode: Mode,
    },
    /// A permit of the semaphore of this label.
    Permit {
        semaphore: Label,
    },
    /// A worker thread of the runtime, while every one polls another task.
    Worker,
    /// The end of some task of the join set.
    Task {
        set: Label,
    },
    /// What an operation on a shared thing needs, such as a message in a channel.
    Call {
        object: Label,
        call: Cow<'static, str>,
    },
}

impl Waiting {
    /// Whether some task holds it: a lock, a shard, a worker. A permit or a task's end is not held but owed.
    pub fn held_by_another(&self) -> bool {
        match self.on {
            Awaited::Shard { .. } | Awaited::Lock { .. } | Awaited::Worker => true,
            Awaited::Permit { .. } | Awaited::Task { .. } | Awaited::Call { .. } => false,
        }
    }
}

/// `task 2 waits for write access to the lock left`.
impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} waits for {}", self.task, self.on)
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shard { map, shard, key, mode } => {
                write!(f, "{mode} access to shard {shard} of the map {map}, for {key}")
            }
            Self::Lock { label, mode } => write!(f, "{mode} access to the lock {label}"),
            Self::Permit { semaphore } => write!(f, "a permit of {semaphore}"),
            Self::Worker => f.write_str("a worker thread of the runtime to run on"),
            Self::Task { set } => write!(f, "a task of {set}"),
            Self::Call { object, call } => write!(f, "what `{call}` of {object} needs"),
        }
    }
}

thread_local! {
    static TABLE: RefCell<BTreeMap<u64, (Awaited, Place)>> = const { RefCell::new(BTreeMap::new()) };
}

/// The tasks that wait, in order. The table is then empty for the next execution.
pub(crate) fn take_waiting() -> Vec<Waiting> {
    TABLE.take().into_iter().map(|(task, (on, place))| Waiting { task, on, place }).collect()
}

pub(super) fn begin(task: u64, on: Awaited, place: Place) {
    TABLE.with_borrow_mut(|table| table.insert(task, (on, place)));
}

pub(super) fn end(task: u64) {
    TABLE.with_borrow_mut(|table| table.remove(&task));
}
