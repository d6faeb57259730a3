//! Which blocks link a transaction, which one executed it, and which transactions are orphans, oldest first.

use super::locate::first_in;
use super::{Difference, of_transaction};
use seriatim_tos::storage::LedgerState;

pub(super) fn check(expected: &LedgerState, actual: &LedgerState) -> Option<Difference> {
    if let Some((hash, expected, actual)) = first_in(&expected.executed, &actual.executed) {
        let topoheight = expected.or(actual).map(|executed| executed.topoheight).unwrap_or_default();
        let field = of_transaction("executed mark", " of ", hash);
        return Some(Difference::new(field, expected, actual).at_topoheight(topoheight));
    }
    if let Some((hash, expected, actual)) = first_in(&expected.links, &actual.links) {
        return Some(Difference::new(of_transaction("blocks that link", " ", hash), expected, actual));
    }
    let (expected, actual) = (expected.orphans.oldest_first(), actual.orphans.oldest_first());
    (expected != actual).then(|| Difference::new("orphans, oldest first", expected, actual))
}
