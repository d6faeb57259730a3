//! The state after the block that goes wrong, where subject and reference differ.

use seriatim_lab::compare::{Difference, Field, FieldDifference, Fields, Value, field_of};
use seriatim_tos::storage::LedgerState;

use super::names::Names;

/// One key of the state.
#[derive(Debug)]
pub(super) struct StateLine {
    pub field: Field,
    /// The member of the value; empty for the whole value.
    pub member: String,
    /// Both, for a reader.
    pub name: String,
    /// Its value when the block began, by the reference.
    pub before: String,
    pub expected: String,
    pub actual: String,
}

/// The differences as lines. Of a value with members, only those that differ are shown.
pub(super) fn state_lines(differences: &[Difference], before: &LedgerState, names: &Names) -> Vec<StateLine> {
    differences.iter().flat_map(|difference| lines_of(difference, before, names)).collect()
}

fn lines_of(difference: &Difference, before: &LedgerState, names: &Names) -> Vec<StateLine> {
    let key = before.newest.keys().find(|key| field_of(key) == difference.field);
    let before = key.and_then(|key| before.newest_value(key)).map(|value| Value::of(&Some(value)));
    let of_member = |member: &str| {
        let Some(before) = &before else { return "absent".to_owned() };
        // What it was, beside what it should have become: the same member of both.
        let changed = Fields::of(before, &difference.expected).differing;
        let same = || Fields::of(before, &difference.actual).differing;
        let found = changed.into_iter().chain(same()).find(|field| field.field == member);
        found.map_or_else(|| before.to_string(), |field| field.expected)
    };
    let name = names.shorten(&difference.field.to_string());
    let line = |field: &FieldDifference| {
        let member = names.shorten(&field.field);
        let value = |text: &str| if text.is_empty() { "absent".to_owned() } else { names.shorten(text) };
        StateLine {
            field: difference.field.clone(),
            member: field.field.clone(),
            name: if member.is_empty() { name.clone() } else { format!("{name}, {member}") },
            before: value(&of_member(&field.field)),
            expected: value(&field.expected),
            actual: value(&field.actual),
        }
    };
    difference.fields().differing.iter().map(line).collect()
}
