//! What tasks share, as recordings name it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::shown::{Key, Label};

/// An entry of a map, whether or not it is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub map: Label,
    pub key: Key,
}

/// What is locked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Lock {
    /// One of a map's shards, by its number.
    Shard { map: Label, shard: u64 },
    /// A lock of its own.
    Named(Label),
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Others may read as well.
    Shared,
    /// Nobody else has access.
    Exclusive,
}

/// What a permit is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permit {
    /// A worker thread of the runtime to run on.
    Worker,
    /// Whatever the semaphore of this label counts.
    Of(Label),
}

/// Something that tasks share and operations touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object<'a> {
    Atomic(&'a Label),
    Entry(&'a Entry),
    Lock(&'a Lock),
    Permit(&'a Permit),
    /// What is known by its operations alone: a channel, a condition variable.
    Called(&'a Label),
    /// The order in which the tasks of a join set end.
    Ends(&'a Label),
}

impl Mode {
    pub(super) fn of(exclusive: bool) -> Self {
        if exclusive { Self::Exclusive } else { Self::Shared }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.map, self.key)
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shard { map, shard } => write!(f, "shard {shard} of {map}"),
            Self::Named(label) => label.fmt(f),
        }
    }
}

/// The access that the mode allows.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Exclusive { "write" } else { "read" })
    }
}

impl fmt::Display for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker => f.write_str("workers"),
            Self::Of(label) => label.fmt(f),
        }
    }
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atomic(label) | Self::Called(label) => label.fmt(f),
            Self::Entry(entry) => entry.fmt(f),
            Self::Lock(lock) => lock.fmt(f),
            Self::Permit(permit) => permit.fmt(f),
            Self::Ends(set) => write!(f, "order of {set}"),
        }
    }
}
