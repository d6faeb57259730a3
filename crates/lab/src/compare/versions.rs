//! The whole history of every key equals the reference's: which topoheights have versions, what they hold, what they
//! link to, and which is the newest.

use super::locate::first_in;
use super::{Difference, field_of};
use seriatim_tos::ledger::Topoheight;
use seriatim_tos::storage::{LedgerState, StateKey, Version};

pub(super) fn check(expected: &LedgerState, actual: &LedgerState) -> Option<(Option<StateKey>, Difference)> {
    if expected.versions != actual.versions {
        if let Some(first) = first_version(expected, actual) {
            return Some(first);
        }
        // Only keys without any version differ.
        return Some((None, Difference::new("keys with a history", expected.versions.len(), actual.versions.len())));
    }
    let (key, expected, actual) = first_in(&expected.newest, &actual.newest)?;
    let difference = Difference::new(field_of(key).under("newest version of"), expected, actual);
    let topoheight = expected.or(actual).copied().unwrap_or_default();
    Some((Some(*key), difference.at_topoheight(topoheight)))
}

fn first_version(expected: &LedgerState, actual: &LedgerState) -> Option<(Option<StateKey>, Difference)> {
    let of = |ledger: &LedgerState, key: &StateKey| ledger.versions.get(key).cloned().unwrap_or_default();
    let keys = expected.versions.keys().chain(actual.versions.keys());
    let differing = keys.filter_map(|key| {
        let (expected, actual) = (of(expected, key), of(actual, key));
        let (topoheight, expected, actual) = first_in(&expected, &actual)?;
        Some((*topoheight, *key, expected.cloned(), actual.cloned()))
    });
    let first = differing.min_by_key(|(topoheight, key, ..)| (*topoheight, *key));
    let (topoheight, key, expected, actual): (Topoheight, StateKey, Option<Version>, Option<Version>) = first?;
    let difference = Difference::new(field_of(&key).under("version of"), expected, actual);
    Some((Some(key), difference.at_topoheight(topoheight)))
}
