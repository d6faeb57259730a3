//! The write sequence of one block. It is data, so that an oracle can compare two of them and a fault can strike
//! between any two writes.

use lru::LruCache;
use serde::{Deserialize, Serialize};

use super::{StateKey, Version};
use crate::ledger::{AccountKey, BlockMetadata, Hash, MAX_ORPHANS, Topoheight};

/// One write.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum WriteOp {
    /// The account exists from this topoheight on.
    Register { account: AccountKey, topoheight: Topoheight },
    /// Adds a version and makes it the newest.
    Put { key: StateKey, topoheight: Topoheight, version: Version },
    /// The transaction stands in the block at this topoheight.
    Link { transaction: Hash, topoheight: Topoheight, block: Hash },
    /// The block at this topoheight executed the transaction.
    MarkExecuted { transaction: Hash, topoheight: Topoheight, block: Hash },
    /// The hash becomes the newest orphan.
    AddOrphan(Hash),
    /// The hash is no orphan, whether it was one or not.
    RemoveOrphan(Hash),
    /// What is remembered of the block.
    Metadata { topoheight: Topoheight, metadata: BlockMetadata },
    /// The block is part of the chain.
    Top(Topoheight),
}

/// All writes of one block, in canonical order, to be applied as one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct WriteBatch {
    pub ops: Vec<WriteOp>,
}

/// The orphan set: the newest [`MAX_ORPHANS`] hashes that were orphaned and not executed since.
#[derive(Clone, Debug)]
pub struct Orphans(LruCache<Hash, ()>);

impl Default for Orphans {
    fn default() -> Self {
        // Bounded by hand: a bounded cache would set its whole table aside for each empty ledger.
        Self(LruCache::unbounded())
    }
}

/// The same hashes in the same order.
impl PartialEq for Orphans {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().eq(other.0.iter())
    }
}

impl Eq for Orphans {}

impl Orphans {
    /// Makes `hash` the newest; the oldest beyond the bound is forgotten.
    pub fn add(&mut self, hash: Hash) {
        self.0.put(hash, ());
        if self.0.len() > MAX_ORPHANS {
            self.0.pop_lru();
        }
    }

    /// Forgets `hash`.
    pub fn remove(&mut self, hash: &Hash) {
        self.0.pop(hash);
    }

    /// Oldest first.
    pub fn oldest_first(&self) -> Vec<Hash> {
        self.0.iter().rev().map(|(hash, ())| *hash).collect()
    }
}
