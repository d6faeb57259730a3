//! Accesses and differences as sentences.

use seriatim_explore::model::{Action, Key, Label, Lock, Mode, Object, Permit, Shown, Step, TaskEnd};
use seriatim_lab::compare::Violation;
use seriatim_lab::workload::Scenario;
use seriatim_tos::ledger::rules::footprint;

use super::access::{Access, Kind, left, left_behind};
use super::tasks::{TaskName, TaskNames, task_names};
use super::{Anomaly, at, changed_part};

/// The label of the parallel executor's map of accounts.
pub(crate) const ACCOUNTS: &str = "accounts";
/// The label of its accumulator of burned amounts.
const BURNED: &str = "burned";
/// The labels by which workers share out what is to be done: every two of them meet there, so meeting tells nothing.
const SHARING_OUT: [&str; 3] = ["schedule", "next chunk", "verdicts"];

/// Whether it is only about who does what.
pub(crate) fn shares_out(object: &Object<'_>) -> bool {
    let is_one = |label: &Label| SHARING_OUT.iter().any(|known| *label == **known);
    match object {
        Object::Entry(entry) => is_one(&entry.map),
        Object::Atomic(label) => is_one(label),
        Object::Lock(Lock::Shard { map, .. }) => is_one(map),
        _ => false,
    }
}

/// Names for the tasks of one execution.
pub(super) struct Words<'a> {
    scenario: &'a Scenario,
    steps: &'a [Step],
    names: TaskNames,
}

impl<'a> Words<'a> {
    pub(super) fn new(scenario: &'a Scenario, steps: &'a [Step]) -> Self {
        Self { scenario, steps, names: task_names(scenario, steps) }
    }

    /// `tx 1 (transfer)`: what the task worked on last.
    pub(super) fn who(&self, task: u64) -> String {
        self.named(task, self.names.last(task))
    }

    /// The same, at one of its steps.
    pub(super) fn who_at(&self, position: usize) -> String {
        let task = self.steps[position].task;
        self.named(task, self.names.at(task, position))
    }

    fn named(&self, task: u64, name: Option<&TaskName>) -> String {
        match name {
            _ if task == 0 => "the block's own thread".to_owned(),
            None => format!("task {task}"),
            Some(TaskName { block, transaction, payload }) if self.scenario.blocks().count() > 1 => {
                format!("tx {transaction} of block {block} ({payload})")
            }
            Some(TaskName { transaction, payload, .. }) => format!("tx {transaction} ({payload})"),
        }
    }

    /// What a step did, with values.
    pub(super) fn access(&self, position: usize) -> String {
        let at = at(self.steps[position].place);
        sentence(format!("{} {}{at}", self.who_at(position), self.did(position)))
    }

    /// The same without who.
    pub(super) fn did(&self, position: usize) -> String {
        match &self.steps[position].action {
            Action::Ask { key } => format!("reads {key} from the storage"),
            Action::Load { atomic, value } => format!("loads `{atomic}`: {value}"),
            Action::Store { atomic, value } => format!("stores {value} in `{atomic}`"),
            Action::Exchange { atomic, found, new } if found == new => format!("leaves {new} in `{atomic}`"),
            Action::Exchange { atomic, found, new } => format!("replaces {found} in `{atomic}` by {new}"),
            Action::ExchangeFailed { atomic, found, expected } => {
                format!("tries to replace what is in `{atomic}`, but finds {found}, not {expected}")
            }
            Action::Read { entry, found: Some(found) } => format!("reads `{entry}`: {found}"),
            Action::Read { entry, found: None } => format!("reads `{entry}`: absent"),
            Action::LookFor { entry, found: Some(found) } => format!("looks for `{entry}`: it is there, {found}"),
            Action::LookFor { entry, found: None } => format!("looks for `{entry}`: it is absent"),
            Action::Insert { entry, value, found: Some(found) } => {
                format!("puts {value} into `{entry}` in place of {found}")
            }
            Action::Insert { entry, value, found: None } => format!("inserts `{entry}`: {value}"),
            Action::InsertIfAbsent { entry, found: None } => match left(self.steps, position) {
                Some(left) => format!("inserts `{entry}`: {left}"),
                None => format!("takes hold of `{entry}`: absent"),
            },
            Action::Hold { entry, found: None } => format!("takes hold of `{entry}`: absent"),
            Action::Hold { entry, found: Some(found) } | Action::InsertIfAbsent { entry, found: Some(found) } => {
                match left(self.steps, position) {
                    Some(left) if left == found => {
                        format!("takes `{entry}` to write it, and leaves the same: {left}")
                    }
                    Some(left) => format!("changes `{entry}` from {}", change(found, left)),
                    None => format!("takes hold of `{entry}`: {found}"),
                }
            }
            Action::Lock { lock, mode } => {
                let purpose = if *mode == Mode::Shared { "reading" } else { "writing" };
                let value = match (&self.steps[position].guarded, left_behind(self.steps, position)) {
                    (Some(found), Some(left)) if found != left => format!(", and changes {}", change(found, left)),
                    (Some(found), _) => format!(", and finds {found}"),
                    (None, _) => String::new(),
                };
                format!("takes the lock `{lock}` for {purpose}{value}")
            }
            Action::Unlock { lock } => format!("gives the lock `{lock}` back"),
            Action::Acquire { permit: Permit::Worker } => "gets a worker thread of the runtime".to_owned(),
            Action::Release { permit: Permit::Worker } => "lets go of its worker thread".to_owned(),
            Action::Acquire { permit } => format!("takes a permit of `{permit}`"),
            Action::Release { permit } => format!("gives a permit of `{permit}` back"),
            Action::End { end: TaskEnd::Ok, .. } => "ends".to_owned(),
            Action::End { end, .. } => format!("ends: {end}"),
            Action::Spawn { set, index, .. } => format!("spawns task {index} of {set}"),
            Action::Join { set, index } => format!("learns that task {index} of {set} has ended"),
            Action::WorkOn { item } => format!("begins transaction {item}"),
            Action::Suspend => "suspends".to_owned(),
            Action::Call { object, call, value: Some(value), .. } => format!("does `{call}` on `{object}`: {value}"),
            Action::Call { object, call, value: None, .. } => format!("does `{call}` on `{object}`"),
            action @ (Action::Leave { .. } | Action::Commit { .. }) => {
                format!("does `{}` on {} {}", action.name(), action.target(), action.result()).trim_end().to_owned()
            }
        }
    }

    /// What the accesses come to, for one who does not know the anomaly's name.
    pub(super) fn what_happened(
        &self,
        anomaly: Anomaly,
        first: &Access<'_>,
        second: &Access<'_>,
        story: &[usize],
    ) -> String {
        let object = &first.object;
        let (one, other) = (self.who_at(first.step), self.who_at(second.step));
        let last = story.last().map_or(second.task, |&step| self.steps[step].task);
        let (writer, lost) = if last == first.task { (&one, &other) } else { (&other, &one) };
        sentence(match anomaly {
            Anomaly::LostUpdate => format!(
                "{writer} writes what it made of the value from before {lost} wrote, so what {lost} did to `{object}` is gone"
            ),
            Anomaly::WriteSkew => format!("{one} and {other} each rest on a value that the other then changes"),
            Anomaly::PartialCommit => "The reader sees the first of the two changes and not yet the second".to_owned(),
            Anomaly::DirtyRead => format!("What was read of `{object}` was not meant to stay"),
            Anomaly::Phantom => {
                format!("{one} goes on as if `{object}` did not exist, but {other} has inserted it by then")
            }
            Anomaly::StaleRead => format!("{one} goes on with a value of `{object}` that {other} has changed"),
            Anomaly::MissingEffect => {
                format!(
                    "{one} comes after {other} in the block, yet it is done with `{object}` before {other} gets to it"
                )
            }
            Anomaly::OrderLeak if second.kind == Kind::End => {
                format!(
                    "{other} comes before {one} in the block but ends after it here, and the order of ends shows in the result"
                )
            }
            Anomaly::OrderLeak => format!(
                "{other} comes before {one} in the block; here it is the second at `{object}`, and the result shows it"
            ),
            _ => format!("The order of these two accesses to `{object}` makes the difference"),
        })
    }

    /// Two transactions on one account should not have run side by side.
    pub(super) fn side_by_side(&self, first: &Access<'_>, second: &Access<'_>) -> Option<String> {
        let (one, other) = (self.names.at(first.task, first.step)?, self.names.at(second.task, second.step)?);
        let account = match first.object {
            Object::Entry(entry) if entry.map == *ACCOUNTS => &entry.key,
            Object::Atomic(label) if *label == *BURNED && one.block == other.block => {
                let (one, other) = (one.transaction.min(other.transaction), one.transaction.max(other.transaction));
                return Some(format!("Tx {one} and tx {other} both burn, and they run side by side."));
            }
            _ => return None,
        };
        let touches = |name: &TaskName| {
            let block = self.scenario.blocks().nth(name.block);
            let transaction = block.and_then(|block| block.transactions.get(name.transaction));
            transaction.is_some_and(|transaction| {
                footprint(&transaction.body).accounts.keys().any(|key| Key::of(key) == *account)
            })
        };
        (one.block == other.block && touches(one) && touches(other)).then(|| {
            let block = one.block;
            let (one, other) = (one.transaction.min(other.transaction), one.transaction.max(other.transaction));
            format!("Tx {one} and tx {other} share account {account}, yet they run side by side in block {block}.")
        })
    }
}

/// `5 to 7`, with nothing of the values but what changed.
fn change(found: &Shown, left: &Shown) -> String {
    let (found, left) = (found.to_string(), left.to_string());
    let (found, left) = changed_part(&found, &left);
    format!("{found} to {left}")
}

/// What should have been, and what is.
pub(super) fn wrong(violation: &Violation) -> String {
    let difference = &violation.difference;
    let place = match (difference.place.block, difference.place.transactions.as_slice()) {
        (None, _) => String::new(),
        (Some(block), [transaction]) => format!(" of tx {transaction} of block {block}"),
        (Some(block), _) => format!(" of block {block}"),
    };
    let (field, expected, actual) = (&difference.field, &difference.expected, &difference.actual);
    if let Some(member) = field.only_member()
        && let (Some(expected), Some(actual)) = (expected.member(member), actual.member(member))
    {
        let verb = if member == "fees" { "are" } else { "is" };
        return format!("So the {}{place} should be {expected}, but {verb} {actual}.", member.replace('_', " "));
    }
    sentence(format!("So the {field}{place} should be {expected}, but is {actual}"))
}

/// The text with a capital letter and a full stop.
pub(crate) fn sentence(text: String) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let text = first + letters.as_str();
    if text.ends_with('.') { text } else { text + "." }
}
