//! The newest value of every key, and every registration, equal the reference's.

use std::collections::BTreeSet;

use super::locate::first_in;
use super::{Difference, field_of, of_account};
use seriatim_tos::storage::{LedgerState, StateKey, StateValue};

/// A difference in one key's newest value; the key is kept for locating the transactions that touch it.
pub(super) fn check(expected: &LedgerState, actual: &LedgerState) -> Option<(Option<StateKey>, Difference)> {
    if let Some((account, expected, actual)) = first_in(&expected.registrations, &actual.registrations) {
        let topoheight = expected.or(actual).copied().unwrap_or_default();
        let difference = Difference::new(of_account("registration", account), expected, actual);
        return Some((Some(StateKey::Nonce(*account)), difference.at_topoheight(topoheight)));
    }
    if expected.versions == actual.versions && expected.newest == actual.newest {
        return None;
    }
    let keys = expected.newest.keys().chain(actual.newest.keys());
    let differing = keys.filter(|key| value(expected, key) != value(actual, key));
    // The earliest block is the likeliest cause; within it, the first key.
    let first = differing.min_by_key(|key| (expected.newest.get(key).max(actual.newest.get(key)), **key))?;
    let topoheight = expected.newest.get(first).max(actual.newest.get(first)).copied().unwrap_or_default();
    let difference = Difference::new(field_of(first), value(expected, first), value(actual, first));
    Some((Some(*first), difference.at_topoheight(topoheight)))
}

/// Every key whose newest values differ.
pub(super) fn all(expected: &LedgerState, actual: &LedgerState) -> Vec<Difference> {
    let keys: BTreeSet<_> = expected.newest.keys().chain(actual.newest.keys()).collect();
    let differing = keys.into_iter().filter(|key| value(expected, key) != value(actual, key));
    differing.map(|key| Difference::new(field_of(key), value(expected, key), value(actual, key))).collect()
}

fn value<'a>(ledger: &'a LedgerState, key: &StateKey) -> Option<&'a StateValue> {
    ledger.newest_value(key)
}
