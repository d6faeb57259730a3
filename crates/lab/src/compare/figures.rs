//! The metadata of every topoheight (block, reward, fees, emitted and burned supply) and the top equal the reference's.

use super::locate::first_in;
use super::{Difference, Field};
use seriatim_tos::ledger::BlockMetadata;
use seriatim_tos::storage::LedgerState;

pub(super) fn check(expected: &LedgerState, actual: &LedgerState) -> Option<Difference> {
    if let Some((topoheight, expected, actual)) = first_in(&expected.metadata, &actual.metadata) {
        let field = Field::named("metadata");
        let field = match (expected, actual) {
            (Some(expected), Some(actual)) => field.members(members(expected, actual)),
            _ => field,
        };
        return Some(Difference::new(field, expected, actual).at_topoheight(*topoheight));
    }
    if expected.assets != actual.assets {
        return Some(Difference::new("known assets", &expected.assets, &actual.assets));
    }
    (expected.top != actual.top).then(|| Difference::new("top topoheight", expected.top, actual.top))
}

/// The names of those that differ.
fn members(expected: &BlockMetadata, actual: &BlockMetadata) -> Vec<&'static str> {
    let BlockMetadata { block, reward, fees, emitted_supply, burned_supply } = expected;
    let members = [
        ("block", *block != actual.block),
        ("reward", *reward != actual.reward),
        ("fees", *fees != actual.fees),
        ("emitted_supply", *emitted_supply != actual.emitted_supply),
        ("burned_supply", *burned_supply != actual.burned_supply),
    ];
    members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}
