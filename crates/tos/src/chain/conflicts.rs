//! How much the transactions of a block have in common: a figure for an operator, not what batches are cut by.

use std::collections::BTreeSet;

use crate::ledger::SealedBlock;

/// Accounts of a transaction's footprint that a transaction before it has too, summed over the block.
///
/// # Cost
/// One set access for each account of each footprint.
pub(super) fn conflicts(block: &SealedBlock) -> u64 {
    let mut seen = BTreeSet::new();
    let accounts = block.sealed_transactions().flat_map(|sealed| sealed.footprint.accounts.keys());
    accounts.filter(|account| !seen.insert(*account)).count() as u64
}
