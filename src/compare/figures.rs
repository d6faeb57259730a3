//! The metadata of every topoheight (block, reward, fees, emitted and burned supply) and the top equal the reference's.

use super::Difference;
use super::difference::first_in;
use crate::ledger::BlockMetadata;
use crate::storage::LedgerState;

pub(super) fn check(expected: &LedgerState, actual: &LedgerState) -> Option<Difference> {
    if let Some((topoheight, expected, actual)) = first_in(&expected.metadata, &actual.metadata) {
        let field = match (expected, actual) {
            (Some(expected), Some(actual)) => format!("metadata: {}", fields(expected, actual)),
            _ => "metadata".to_owned(),
        };
        return Some(Difference::new(field, expected, actual).at_topoheight(*topoheight));
    }
    if expected.assets != actual.assets {
        return Some(Difference::new("known assets", &expected.assets, &actual.assets));
    }
    (expected.top != actual.top).then(|| Difference::new("top topoheight", expected.top, actual.top))
}

/// The names of those that differ.
fn fields(expected: &BlockMetadata, actual: &BlockMetadata) -> String {
    let BlockMetadata { block, reward, fees, emitted_supply, burned_supply } = expected;
    let fields = [
        ("block", *block != actual.block),
        ("reward", *reward != actual.reward),
        ("fees", *fees != actual.fees),
        ("emitted supply", *emitted_supply != actual.emitted_supply),
        ("burned supply", *burned_supply != actual.burned_supply),
    ];
    let names: Vec<&str> = fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    names.join(", ")
}
