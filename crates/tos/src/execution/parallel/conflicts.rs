//! Which transactions may run side by side.
//!
//! Two transactions conflict when they share a conflict key. Every pair that conflicts keeps block order: a transaction waits
//! for the last one before it that has the same key, and through that one for all before it. The levels of this graph are
//! the batches of V3, as many as its longest chain. (V3 as first built cut the block at each conflict; that
//! keeps the same order with more barriers: on the real shapes a median of 77 batches where the longest chain is 33, see
//! `tests/lab/batches.rs`.)
//!
//! Keys are the accounts of the footprint, for everything that a transaction reads or writes of an account, known
//! assets being fixed. What is left are sums over the whole block. Fees only ever add up, and the block sees nothing but
//! the total. Burned amounts add up too, but a burn fails where the amount would not fit, so near the limit the order
//! of burns shows. There, and only there, the burned amount is a key as well.

#[expect(
    clippy::disallowed_types,
    reason = "looked up for each key of each transaction; the map is never iterated"
)]
use std::collections::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use seriatim_runtime::SeededHasher;

use crate::ledger::rules::{Footprint, footprint};
use crate::ledger::{AccountKey, Amount, AssetId, Payload, SealedBlock, Transaction};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ConflictKey {
    Account(AccountKey),
    Burned(AssetId),
}

/// Who waits for whom in a block. Transactions are named by their position in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictGraph {
    /// Those that wait for this one; ascending, each once.
    followers: Vec<Vec<usize>>,
    /// How many transactions each one waits for.
    predecessors: Vec<u32>,
}

/// Looked up only, so its order shows nowhere.
#[expect(clippy::disallowed_types, reason = "as above")]
type LastWithKey = HashMap<ConflictKey, usize, SeededHasher>;

impl ConflictGraph {
    /// The graph of a block. `burned` holds the burned amount before the block of every asset that a transaction of the block
    /// may burn.
    ///
    /// # Cost
    /// One look-up for each account of each footprint.
    pub fn of(block: &SealedBlock, burned: &BTreeMap<AssetId, Amount>) -> Self {
        let footprints = block.sealed_transactions().map(|sealed| sealed.footprint);
        Self::new(&block.transactions, footprints, burned)
    }

    fn new<'a>(
        transactions: &[Transaction],
        footprints: impl Iterator<Item = &'a Footprint>,
        burned: &BTreeMap<AssetId, Amount>,
    ) -> Self {
        let ordered_burns = assets_near_their_limit(transactions, burned);
        let mut last = LastWithKey::with_capacity_and_hasher(2 * transactions.len(), SeededHasher(0));
        let mut followers: Vec<Vec<usize>> = vec![Vec::new(); transactions.len()];
        let mut predecessors = Vec::with_capacity(transactions.len());
        for (tx_index, footprint) in footprints.enumerate() {
            let mut waits_for = 0;
            for key in conflict_keys(footprint, &ordered_burns) {
                let Some(before) = last.insert(key, tx_index) else { continue };
                // Several keys may have come from one transaction: it is waited for once.
                if followers[before].last() != Some(&tx_index) {
                    followers[before].push(tx_index);
                    waits_for += 1;
                }
            }
            predecessors.push(waits_for);
        }
        Self { followers, predecessors }
    }

    /// The transactions that wait for this one.
    pub fn followers(&self, tx_index: usize) -> &[usize] {
        &self.followers[tx_index]
    }

    /// How many transactions each one waits for.
    pub fn predecessors(&self) -> &[u32] {
        &self.predecessors
    }

    /// The level of each transaction: 0, or one more than the highest that it waits for.
    fn levels(&self) -> Vec<usize> {
        let mut levels = vec![0; self.followers.len()];
        for (tx_index, followers) in self.followers.iter().enumerate() {
            for &follower in followers {
                levels[follower] = levels[follower].max(levels[tx_index] + 1);
            }
        }
        levels
    }

    /// The levels, lowest first, each with its transactions in block order: nothing keeps those of one level apart.
    pub fn batches(&self) -> Vec<Vec<usize>> {
        let levels = self.levels();
        let mut batches: Vec<Vec<usize>> = vec![Vec::new(); levels.iter().max().map_or(0, |highest| highest + 1)];
        for (tx_index, level) in levels.into_iter().enumerate() {
            batches[level].push(tx_index);
        }
        batches
    }
}

/// The batches of a block, as positions in it; ascending within a batch. `burned` is as in [`ConflictGraph::of`].
///
/// # Examples
/// ```
/// use seriatim_testkit::ledger::pay;
/// use seriatim_tos::execution::parallel::batches;
///
/// // The first two share no account; the third pays with what the first pays to account 2.
/// let transactions = [pay(1, 2, 0, 5), pay(3, 4, 0, 5), pay(2, 5, 0, 5)];
/// assert_eq!(batches(&transactions, &Default::default()), [vec![0, 1], vec![2]]);
/// ```
pub fn batches(transactions: &[Transaction], burned: &BTreeMap<AssetId, Amount>) -> Vec<Vec<usize>> {
    let footprints: Vec<Footprint> = transactions.iter().map(|transaction| footprint(&transaction.body)).collect();
    ConflictGraph::new(transactions, footprints.iter(), burned).batches()
}

fn conflict_keys(footprint: &Footprint, ordered_burns: &BTreeSet<AssetId>) -> impl Iterator<Item = ConflictKey> {
    let accounts = footprint.accounts.keys().copied().map(ConflictKey::Account);
    let burned = footprint.burned.filter(|asset| ordered_burns.contains(asset)).map(ConflictKey::Burned);
    accounts.chain(burned)
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
