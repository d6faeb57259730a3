//! Schedules of version 2, whose steps told operation, object and result as text. This is the only place that takes such
//! text apart.

use serde::{Deserialize, Serialize};

use super::{Choices, SCHEDULE_VERSION, Schedule, ScheduleError};
use crate::model::{Action, Entry, Key, Label, Lock, Mode, Permit, Shown, Step, TaskEnd};

/// The version of the schedules that this file reads.
pub(super) const VERSION: u32 = 2;

/// A schedule as version 2 writes it, to the last character: a digest may have been made of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScheduleV2 {
    version: u32,
    engine: String,
    max_parallelism: u32,
    workers: u32,
    shards: u64,
    placement_seed: u64,
    strategy: String,
    seed: u64,
    choices: Choices,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepV2>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct StepV2 {
    at: usize,
    task: u64,
    operation: String,
    object: String,
    result: String,
}

impl TryFrom<ScheduleV2> for Schedule {
    type Error = ScheduleError;

    /// The same schedule in the present version.
    ///
    /// # Errors
    /// Another version than 2, and steps that it does not have.
    fn try_from(old: ScheduleV2) -> Result<Self, ScheduleError> {
        let ScheduleV2 {
            version,
            engine,
            max_parallelism,
            workers,
            shards,
            placement_seed,
            strategy,
            seed,
            choices,
            steps,
        } = old;
        if version != VERSION {
            return Err(ScheduleError::Version { found: version });
        }
        let step = |(position, step): (usize, &StepV2)| step.read().ok_or(ScheduleError::Step { position });
        let steps = steps.iter().enumerate().map(step).collect::<Result<_, _>>()?;
        Ok(Self {
            version: SCHEDULE_VERSION,
            engine,
            max_parallelism,
            workers,
            shards,
            placement_seed,
            strategy,
            seed,
            choices,
            steps,
        })
    }
}

impl StepV2 {
    /// None: version 2 wrote no such step.
    fn read(&self) -> Option<Step> {
        let Self { at, task, operation, object, result } = self;
        let found = || shown(result);
        let action = match operation.as_str() {
            "spawn" => {
                let (index, set) = task_of(object)?;
                Action::Spawn { set, index, task: result.strip_prefix("task ")?.parse().ok()? }
            }
            "end" => {
                let (index, set) = task_of(object)?;
                Action::End { set, index, end: task_end(result)? }
            }
            "join" => {
                let (index, set) = task_of(object)?;
                Action::Join { set, index }
            }
            "suspend" => Action::Suspend,
            "acquire" => Action::Acquire { permit: permit(object) },
            "release" => Action::Release { permit: permit(object) },
            "read-lock" => Action::Lock { lock: lock(object), mode: Mode::Shared },
            "write-lock" => Action::Lock { lock: lock(object), mode: Mode::Exclusive },
            "unlock" => Action::Unlock { lock: lock(object) },
            "read" => Action::Read { entry: entry(object)?, found: found() },
            "look for" => Action::LookFor { entry: entry(object)?, found: found() },
            "hold" => Action::Hold { entry: entry(object)?, found: found() },
            "leave" => Action::Leave { entry: entry(object)?, left: verbatim(result) },
            "insert" => {
                let (value, before) = result.rsplit_once(" for ")?;
                Action::Insert { entry: entry(object)?, value: verbatim(value), found: shown(before) }
            }
            "insert if absent" => Action::InsertIfAbsent { entry: entry(object)?, found: found() },
            "load" if result.is_empty() => Action::Ask { key: Key::of(&Verbatim(object)) },
            "load" => Action::Load { atomic: label(object), value: result.parse().ok()? },
            "store" => Action::Store { atomic: label(object), value: result.parse().ok()? },
            "exchange" => exchange(label(object), result)?,
            "commit" => Action::Commit { writes: object.strip_suffix(" writes")?.parse().ok()? },
            _ => return None,
        };
        Some(Step::new(*at, *task, action))
    }
}

/// Maps of the project's executors whose labels have a space in them. The key begins after the first space of all others.
const SPACED: [&str; 1] = ["storage failures"];

fn label(text: &str) -> Label {
    text.to_owned().into()
}

/// `accounts 01010101`.
fn entry(text: &str) -> Option<Entry> {
    let spaced = SPACED.into_iter().find_map(|map| Some((map, text.strip_prefix(map)?.strip_prefix(' ')?)));
    let (map, key) = spaced.or_else(|| text.split_once(' '))?;
    Some(Entry { map: label(map), key: Key::of(&Verbatim(key)) })
}

/// `shard 3 of accounts`, or the label of a lock of its own.
fn lock(text: &str) -> Lock {
    let shard = text.strip_prefix("shard ").and_then(|rest| rest.split_once(" of "));
    match shard.and_then(|(shard, map)| Some((shard.parse().ok()?, map))) {
        Some((shard, map)) => Lock::Shard { map: label(map), shard },
        None => Lock::Named(label(text)),
    }
}

fn permit(text: &str) -> Permit {
    if text == "workers" { Permit::Worker } else { Permit::Of(label(text)) }
}

/// `task 0 of batch`.
fn task_of(text: &str) -> Option<(usize, Label)> {
    let (index, set) = text.strip_prefix("task ")?.split_once(" of ")?;
    Some((index.parse().ok()?, label(set)))
}

fn task_end(text: &str) -> Option<TaskEnd> {
    match text {
        "ok" => Some(TaskEnd::Ok),
        "cancelled" => Some(TaskEnd::Cancelled),
        _ => text.strip_prefix("panicked: ").map(|message| TaskEnd::Panicked(message.to_owned())),
    }
}

/// `0 by 5`, or `7, not 0`.
fn exchange(atomic: Label, text: &str) -> Option<Action> {
    if let Some((found, new)) = text.split_once(" by ") {
        return Some(Action::Exchange { atomic, found: found.parse().ok()?, new: new.parse().ok()? });
    }
    let (found, expected) = text.split_once(", not ")?;
    Some(Action::ExchangeFailed { atomic, found: found.parse().ok()?, expected: expected.parse().ok()? })
}

fn shown(text: &str) -> Option<Shown> {
    (text != "absent").then(|| verbatim(text))
}

fn verbatim(text: &str) -> Shown {
    Shown::of(&Verbatim(text.to_owned()))
}

/// Text that `Debug` made once.
struct Verbatim<T>(T);

impl<T: std::fmt::Display> std::fmt::Debug for Verbatim<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(operation: &str, object: &str, result: &str) -> StepV2 {
        let (operation, object, result) = (operation.to_owned(), object.to_owned(), result.to_owned());
        StepV2 { at: 3, task: 2, operation, object, result }
    }

    /// What is read and shown again says the same.
    #[test]
    fn every_operation_of_version_2_is_read() {
        for (operation, object, result) in [
            ("spawn", "task 0 of batch", "task 2"),
            ("end", "task 0 of batch", "ok"),
            ("end", "task 0 of batch", "panicked: on purpose"),
            ("end", "task 0 of batch", "cancelled"),
            ("join", "task 0 of batch", ""),
            ("suspend", "", ""),
            ("acquire", "workers", ""),
            ("acquire", "max_parallelism", ""),
            ("release", "workers", ""),
            ("read-lock", "shard 3 of accounts", ""),
            ("write-lock", "left", ""),
            ("unlock", "shard 3 of accounts", ""),
            ("read", "accounts 01010101", "nonce 5, TOS 7"),
            ("look for", "accounts 01010101", "absent"),
            ("hold", "storage failures 1", "absent"),
            ("leave", "accounts 01010101", "nonce 5"),
            ("insert", "executed abcd", "() for absent"),
            ("insert if absent", "accounts 01010101", "absent"),
            ("load", "Top", ""),
            ("load", "fees", "17"),
            ("store", "reads counted", "17"),
            ("exchange", "fees", "0 by 5"),
            ("exchange", "fees", "7, not 0"),
            ("commit", "12 writes", ""),
        ] {
            let Step { at, task, action, .. } = step(operation, object, result).read().expect(operation);
            assert_eq!((at, task, action.name()), (3, 2, operation));
            assert_eq!((action.target().as_str(), action.result().as_str()), (object, result));
        }
    }

    #[test]
    fn other_operations_and_results_are_refused() {
        for (operation, object, result) in
            [("dance", "x", ""), ("store", "x", "much"), ("end", "task 0 of batch", "well"), ("read", "accounts", "1")]
        {
            assert_eq!(step(operation, object, result).read(), None, "{operation}");
        }
    }

    #[test]
    fn the_parts_of_an_object_are_told_apart() {
        let lock = step("write-lock", "shard 3 of accounts", "").read().unwrap().action;
        let expected = Lock::Shard { map: "accounts".into(), shard: 3 };
        assert_eq!(lock, Action::Lock { lock: expected, mode: Mode::Exclusive });
        let insert = step("insert", "m 7", "8 for 9").read().unwrap().action;
        let entry = Entry { map: "m".into(), key: Key::of(&7) };
        assert_eq!(insert, Action::Insert { entry, value: Shown::of(&8), found: Some(Shown::of(&9)) });
    }
}
