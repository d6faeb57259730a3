//! The metadata of every topoheight (block, reward, fees, emitted and burned supply) and the top equal the reference's.

use super::Difference;
use super::difference::first_in;
use crate::storage::LedgerState;

pub(super) fn check(expected: &LedgerState, actual: &LedgerState) -> Option<Difference> {
    if let Some((topoheight, expected, actual)) = first_in(&expected.metadata, &actual.metadata) {
        return Some(Difference::new("metadata", expected, actual).at_topoheight(*topoheight));
    }
    if expected.assets != actual.assets {
        return Some(Difference::new("known assets", &expected.assets, &actual.assets));
    }
    (expected.top != actual.top).then(|| Difference::new("top topoheight", expected.top, actual.top))
}
