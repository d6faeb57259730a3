//! Which transactions may run side by side.
//!
//! Two transactions conflict when they share a conflict key. Every pair that conflicts keeps block order, every batch
//! is free of conflicts, and a transaction goes into the earliest batch that allows both: the batches are the levels
//! of the conflict graph, as many as its longest chain. (V3 as first built cut the block at each conflict; that
//! keeps the same order with more barriers: on the real shapes a median of 77 batches where the longest chain is 33, see
//! `tests/lab/batches.rs`.)
//!
//! Keys are the accounts of the footprint, for everything that a transaction reads or writes of an account, known
//! assets being fixed. What is left are sums over the whole block. Fees only ever add up, and the block sees nothing but
//! the total. Burned amounts add up too, but a burn fails where the amount would not fit, so near the limit the order
//! of burns shows. There, and only there, the burned amount is a key as well.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::rules::footprint;
use crate::ledger::{AccountKey, Amount, AssetId, Payload, Transaction};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ConflictKey {
    Account(AccountKey),
    Burned(AssetId),
}

/// The batches of a block, as positions in it; ascending within a batch. `burned` holds the burned amount before the
/// block of every asset that a transaction of the block may burn.
///
/// # Cost
/// One map access for each account of each footprint.
pub fn batches(transactions: &[Transaction], burned: &BTreeMap<AssetId, Amount>) -> Vec<Vec<usize>> {
    let ordered_burns = assets_near_their_limit(transactions, burned);
    let mut next_level: BTreeMap<ConflictKey, usize> = BTreeMap::new();
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for (tx_index, transaction) in transactions.iter().enumerate() {
        let keys = conflict_keys(transaction, &ordered_burns);
        let level = keys.iter().filter_map(|key| next_level.get(key)).max().copied().unwrap_or(0);
        next_level.extend(keys.into_iter().map(|key| (key, level + 1)));
        if level == batches.len() {
            batches.push(Vec::new());
        }
        batches[level].push(tx_index);
    }
    batches
}

fn conflict_keys(transaction: &Transaction, ordered_burns: &BTreeSet<AssetId>) -> Vec<ConflictKey> {
    let footprint = footprint(&transaction.body);
    let accounts = footprint.accounts.into_keys().map(ConflictKey::Account);
    let burned = footprint.burned.filter(|asset| ordered_burns.contains(asset)).map(ConflictKey::Burned);
    accounts.chain(burned).collect()
}

/// The assets of which this block's burns, were they all executed, would not fit into the burned amount. For every
/// other asset no subset of the burns can overflow, whatever the order.
fn assets_near_their_limit(transactions: &[Transaction], burned: &BTreeMap<AssetId, Amount>) -> BTreeSet<AssetId> {
    let mut sums: BTreeMap<AssetId, Option<Amount>> = burned.iter().map(|(asset, sum)| (*asset, Some(*sum))).collect();
    for transaction in transactions {
        if let Payload::Burn { asset, amount } = &transaction.body.data {
            let sum = sums.entry(*asset).or_insert(Some(0));
            *sum = sum.and_then(|sum| sum.checked_add(*amount));
        }
    }
    sums.into_iter().filter_map(|(asset, sum)| sum.is_none().then_some(asset)).collect()
}
