//! A block with what follows from its bytes alone, worked out once for all who execute it.

use std::ops::Deref;
use std::sync::Arc;

use super::rules::{Footprint, footprint};
use super::{Block, Canonical, Hash, Transaction};

/// A block that does not change any more: its hash, and of each transaction the encoding, the hash and the footprint.
/// Sealing costs what the sequential path would pay for them.
///
/// # Examples
/// ```
/// use seriatim_testkit::ledger::{MINER, pay};
/// use seriatim_tos::ledger::{Block, Hash};
///
/// let transactions = vec![pay(1, 2, 0, 5)];
/// let block = Block { parent: Hash::ZERO, height: 1, miner: MINER, transactions };
/// let sealed = block.clone().seal();
/// assert_eq!(sealed.hash(), block.hash());
/// assert_eq!(sealed.transaction(0).hash, block.transactions[0].hash(), "worked out once, for all who execute it");
/// assert_eq!(sealed.height, 1, "it is the block, too");
/// ```
#[derive(Clone, Debug)]
pub struct SealedBlock {
    block: Block,
    hash: Hash,
    /// One a transaction, in block order.
    facts: Vec<TransactionFacts>,
}

/// What follows from one transaction's bytes.
#[derive(Clone, Debug)]
struct TransactionFacts {
    canonical: Canonical,
    hash: Hash,
    footprint: Footprint,
}

/// One transaction of a sealed block.
#[derive(Clone, Copy, Debug)]
pub struct SealedTransaction<'a> {
    /// Position in its block.
    pub tx_index: usize,
    pub transaction: &'a Transaction,
    pub canonical: &'a Canonical,
    pub hash: Hash,
    pub footprint: &'a Footprint,
}

impl SealedBlock {
    /// Seals `block`.
    pub fn new(block: Block) -> Self {
        let facts = block.transactions.iter().map(|transaction| {
            let canonical = transaction.canonical();
            TransactionFacts { hash: canonical.hash(), canonical, footprint: footprint(&transaction.body) }
        });
        let facts: Vec<TransactionFacts> = facts.collect();
        let hash = block.hash_of_encodings(facts.iter().map(|facts| facts.canonical.bytes()));
        Self { block, hash, facts }
    }

    /// The hash of the block's encoding.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The transaction at a position of the block.
    ///
    /// # Panics
    /// There is none.
    pub fn transaction(&self, tx_index: usize) -> SealedTransaction<'_> {
        let TransactionFacts { canonical, hash, footprint } = &self.facts[tx_index];
        let transaction = &self.block.transactions[tx_index];
        SealedTransaction { tx_index, transaction, canonical, hash: *hash, footprint }
    }

    /// Every transaction, in block order.
    pub fn sealed_transactions(&self) -> impl ExactSizeIterator<Item = SealedTransaction<'_>> {
        (0..self.facts.len()).map(|tx_index| self.transaction(tx_index))
    }
}

impl Block {
    /// The block as executors want it.
    pub fn seal(self) -> Arc<SealedBlock> {
        Arc::new(SealedBlock::new(self))
    }
}

impl Deref for SealedBlock {
    type Target = Block;

    fn deref(&self) -> &Block {
        &self.block
    }
}

impl PartialEq for SealedBlock {
    /// The rest follows from the block.
    fn eq(&self, other: &Self) -> bool {
        self.block == other.block
    }
}

impl Eq for SealedBlock {}
