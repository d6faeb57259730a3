//! What of a recorded execution are accesses to data that tasks share.

use std::collections::BTreeMap;

use crate::runtime::model::Step;

/// One access of one task, at the moment it takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Position among the steps, and of the choice that let the task run.
    pub step: usize,
    pub at: usize,
    pub task: u64,
    pub object: String,
    pub kind: Kind,
    /// What it leaves behind, if it writes and the steps tell.
    pub after: String,
}

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    /// A read that finds nothing under the key.
    Absent,
    /// Puts a value there, whatever was there before.
    Write,
    /// Changes a value while nobody else can get to it.
    Change,
    /// Takes a value to change it, and leaves the same: it did nothing, or wrote what was there already.
    Keep,
    /// Replaces a value that is still the one expected.
    Exchange,
    /// Brings in what was not there, and leaves alone what was: how accounts are loaded.
    Fill,
    /// A task ends; its place in the order of ends is what it writes.
    End,
}

impl Access {
    pub(crate) fn reads(&self) -> bool {
        !matches!(self.kind, Kind::Write | Kind::End)
    }

    pub(crate) fn writes(&self) -> bool {
        !self.only_reads()
    }

    pub(crate) fn only_reads(&self) -> bool {
        matches!(self.kind, Kind::Read | Kind::Absent)
    }

    /// Whether it makes something else of what was there.
    pub(crate) fn replaces(&self) -> bool {
        self.writes() && !matches!(self.kind, Kind::Fill | Kind::Keep | Kind::End)
    }

    /// Whether the order of the two can matter.
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        self.object == other.object && self.task != other.task && (self.writes() || other.writes())
    }
}

/// The accesses of the tasks, in order. The execution's own thread has none: it waits while they run. What is guarded by a
/// lock cannot be seen; taking the lock stands for it.
pub(crate) fn accesses(steps: &[Step]) -> Vec<Access> {
    let tasks = steps.iter().enumerate().filter(|(_, step)| step.task != 0);
    tasks.filter_map(|(position, step)| access(steps, position, step)).collect()
}

fn access(steps: &[Step], position: usize, step: &Step) -> Option<Access> {
    let mut object = step.object.clone();
    let mut after = step.result.clone();
    let found = if step.result == "absent" { Kind::Absent } else { Kind::Read };
    let kind = match step.operation.as_str() {
        // A read of the storage, which does not change while tasks run, tells no value.
        "load" if step.result.is_empty() => return None,
        "read" | "look for" => found,
        "store" => Kind::Write,
        "exchange" => match step.result.split_once(" by ") {
            Some((_, new)) => {
                new.clone_into(&mut after);
                Kind::Exchange
            }
            None => Kind::Read,
        },
        "insert" => {
            after = step.result.rsplit_once(" for ").map_or_else(String::new, |(value, _)| value.to_owned());
            Kind::Write
        }
        "hold" | "insert if absent" => {
            let is_insertion = step.operation == "insert if absent" && found == Kind::Absent;
            match left(steps, position) {
                Some(value) if step.operation == "insert if absent" && value == step.result => Kind::Read,
                Some(value) => {
                    let kind = changed(&step.result, value, is_insertion);
                    value.clone_into(&mut after);
                    kind
                }
                None if is_insertion => Kind::Fill,
                None => found,
            }
        }
        // Those of maps are told by what is done under them.
        "read-lock" | "write-lock" if is_shard(&object) => return None,
        "load" | "read-lock" => Kind::Read,
        "write-lock" => Kind::Change,
        "end" => {
            object = object.split_once(" of ").map_or(object.clone(), |(_, set)| format!("order of {set}"));
            Kind::End
        }
        _ => return None,
    };
    Some(Access { step: position, at: step.at, task: step.task, object, kind, after })
}

/// Whether a lock's name is that of a shard of a map.
pub(crate) fn is_shard(object: &str) -> bool {
    object.starts_with("shard ")
}

/// The value as it was when the guard taken at `position` was let go.
pub(crate) fn left(steps: &[Step], position: usize) -> Option<&str> {
    let Step { task, object, .. } = &steps[position];
    let mut later = steps[position + 1..].iter().filter(|step| step.task == *task && step.object == *object);
    later.next().filter(|step| step.operation == "leave").map(|step| step.result.as_str())
}

fn changed(before: &str, after: &str, is_insertion: bool) -> Kind {
    if before == after {
        Kind::Keep
    } else if is_insertion || after.strip_prefix(before).is_some_and(|rest| rest.starts_with(", ")) {
        Kind::Fill
    } else {
        Kind::Change
    }
}

/// From which step to which each task lived, tasks without end to the last.
pub(crate) fn lives(steps: &[Step]) -> BTreeMap<u64, (usize, usize)> {
    let mut lives = BTreeMap::new();
    for (position, step) in steps.iter().enumerate() {
        let spawned = (step.operation == "spawn").then(|| spawned(step)).flatten();
        let (_, end) = lives.entry(spawned.unwrap_or(step.task)).or_insert((position, usize::MAX));
        if step.operation == "end" {
            *end = position;
        }
    }
    lives
}

/// The task that a `spawn` made.
pub(crate) fn spawned(step: &Step) -> Option<u64> {
    step.result.strip_prefix("task ")?.parse().ok()
}
