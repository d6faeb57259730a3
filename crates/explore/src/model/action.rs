//! What one modelled operation did, as data: what it touched, and what it found or left there.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::object::{Entry, Lock, Mode, Object, Permit};
use super::shown::{Key, Label, Shown};
use seriatim_runtime::TaskError;

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// The task started another: number `index` of its join set.
    Spawn {
        set: Label,
        index: usize,
        task: u64,
    },
    /// The task came to its end.
    End {
        set: Label,
        index: usize,
        end: TaskEnd,
    },
    /// The task learnt that one of the join set has ended.
    Join {
        set: Label,
        index: usize,
    },
    /// The task works on this item of its block from here on.
    WorkOn {
        item: usize,
    },
    /// The task let others run.
    Suspend,
    Acquire {
        permit: Permit,
    },
    Release {
        permit: Permit,
    },
    Lock {
        lock: Lock,
        mode: Mode,
    },
    Unlock {
        lock: Lock,
    },
    /// The task took shared access to an entry, or found none.
    Read {
        entry: Entry,
        found: Option<Shown>,
    },
    /// The task asked whether there is an entry.
    LookFor {
        entry: Entry,
        found: Option<Shown>,
    },
    /// The task took exclusive access to an entry, or found none.
    Hold {
        entry: Entry,
        found: Option<Shown>,
    },
    /// The task gave exclusive access back.
    Leave {
        entry: Entry,
        left: Shown,
    },
    /// The task put a value there, whatever was there before.
    Insert {
        entry: Entry,
        value: Shown,
        found: Option<Shown>,
    },
    /// The task took exclusive access to an entry, which it made if there was none.
    InsertIfAbsent {
        entry: Entry,
        found: Option<Shown>,
    },
    Load {
        atomic: Label,
        value: u64,
    },
    Store {
        atomic: Label,
        value: u64,
    },
    /// The task found the value that it expected, and replaced it.
    Exchange {
        atomic: Label,
        found: u64,
        new: u64,
    },
    /// The task found another value than it expected, and left it.
    ExchangeFailed {
        atomic: Label,
        found: u64,
        expected: u64,
    },
    /// The task asked the storage for something, which does not change while tasks run.
    Ask {
        key: Key,
    },
    /// The task gave the storage a batch of so many writes.
    Commit {
        writes: usize,
    },
    /// Something else that a task did with a thing that tasks share, by the name that its library gives the operation.
    Call {
        object: Label,
        call: Cow<'static, str>,
        effect: Effect,
        /// What came of it, where that can be shown.
        value: Option<Shown>,
    },
}

/// What an operation does to a shared thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Others notice nothing of it.
    Read,
    /// Others may find something else.
    Write,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskEnd {
    Ok,
    /// The text of the panic.
    Panicked(String),
    Cancelled,
}

impl TaskEnd {
    pub(super) fn of<T>(result: &Result<T, TaskError>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(TaskError::Panicked(message)) => Self::Panicked(message.clone()),
            Err(TaskError::Cancelled) => Self::Cancelled,
        }
    }
}

impl Action {
    /// A call of this name, and what came of it.
    pub fn call(object: Label, call: &'static str, effect: Effect, value: Option<Shown>) -> Self {
        Self::Call { object, call: call.into(), effect, value }
    }

    /// The operation in one or a few words: of a call, what its library calls it.
    pub fn name(&self) -> &str {
        if let Self::Call { call, .. } = self { call } else { self.kind() }
    }

    /// The kind of operation, in one or a few words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Spawn { .. } => "spawn",
            Self::End { .. } => "end",
            Self::Join { .. } => "join",
            Self::WorkOn { .. } => "work on",
            Self::Suspend => "suspend",
            Self::Acquire { .. } => "acquire",
            Self::Release { .. } => "release",
            Self::Lock { mode: Mode::Shared, .. } => "read-lock",
            Self::Lock { mode: Mode::Exclusive, .. } => "write-lock",
            Self::Unlock { .. } => "unlock",
            Self::Read { .. } => "read",
            Self::LookFor { .. } => "look for",
            Self::Hold { .. } => "hold",
            Self::Leave { .. } => "leave",
            Self::Insert { .. } => "insert",
            Self::InsertIfAbsent { .. } => "insert if absent",
            Self::Load { .. } | Self::Ask { .. } => "load",
            Self::Store { .. } => "store",
            Self::Exchange { .. } | Self::ExchangeFailed { .. } => "exchange",
            Self::Commit { .. } => "commit",
            Self::Call { .. } => "call",
        }
    }

    /// The thing that it touched, if tasks share it.
    pub fn object(&self) -> Option<Object<'_>> {
        match self {
            Self::Spawn { .. }
            | Self::Join { .. }
            | Self::WorkOn { .. }
            | Self::Suspend
            | Self::Ask { .. }
            | Self::Commit { .. } => None,
            Self::End { set, .. } => Some(Object::Ends(set)),
            Self::Acquire { permit } | Self::Release { permit } => Some(Object::Permit(permit)),
            Self::Lock { lock, .. } | Self::Unlock { lock } => Some(Object::Lock(lock)),
            Self::Load { atomic, .. }
            | Self::Store { atomic, .. }
            | Self::Exchange { atomic, .. }
            | Self::ExchangeFailed { atomic, .. } => Some(Object::Atomic(atomic)),
            Self::Call { object, .. } => Some(Object::Called(object)),
            _ => self.entry().map(Object::Entry),
        }
    }

    /// The entry of a map that it touched.
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Read { entry, .. }
            | Self::LookFor { entry, .. }
            | Self::Hold { entry, .. }
            | Self::Leave { entry, .. }
            | Self::Insert { entry, .. }
            | Self::InsertIfAbsent { entry, .. } => Some(entry),
            _ => None,
        }
    }

    /// What it was done to, in words for a reader. A suspension is done to nothing.
    pub fn target(&self) -> String {
        match self {
            Self::Spawn { set, index, .. } | Self::End { set, index, .. } | Self::Join { set, index } => {
                format!("task {index} of {set}")
            }
            Self::WorkOn { item } => format!("transaction {item}"),
            Self::Ask { key } => key.to_string(),
            Self::Commit { writes } => format!("{writes} writes"),
            _ => self.object().map(|object| object.to_string()).unwrap_or_default(),
        }
    }

    /// What it found, left or came to, in words for a reader. It is empty where there is nothing to say.
    pub fn result(&self) -> String {
        match self {
            Self::Spawn { task, .. } => format!("task {task}"),
            Self::End { end, .. } => end.to_string(),
            Self::Read { found, .. }
            | Self::LookFor { found, .. }
            | Self::Hold { found, .. }
            | Self::InsertIfAbsent { found, .. } => or_absent(found.as_ref()),
            Self::Leave { left, .. } => left.to_string(),
            Self::Insert { value, found, .. } => format!("{value} for {}", or_absent(found.as_ref())),
            Self::Load { value, .. } | Self::Store { value, .. } => value.to_string(),
            Self::Call { value, .. } => value.as_ref().map(Shown::to_string).unwrap_or_default(),
            Self::Exchange { found, new, .. } => format!("{found} by {new}"),
            Self::ExchangeFailed { found, expected, .. } => format!("{found}, not {expected}"),
            Self::Join { .. }
            | Self::WorkOn { .. }
            | Self::Suspend
            | Self::Acquire { .. }
            | Self::Release { .. }
            | Self::Lock { .. }
            | Self::Unlock { .. }
            | Self::Ask { .. }
            | Self::Commit { .. } => String::new(),
        }
    }
}

fn or_absent(value: Option<&Shown>) -> String {
    value.map_or_else(|| "absent".to_owned(), Shown::to_string)
}

/// `store fees -> 5`.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let (target, result) = (self.target(), self.result());
        if !target.is_empty() {
            write!(f, " {target}")?;
        }
        if result.is_empty() { Ok(()) } else { write!(f, " -> {result}") }
    }
}

impl fmt::Display for TaskEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}
