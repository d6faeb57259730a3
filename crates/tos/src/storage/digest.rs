//! A ledger as one hash: two ledgers with the same digest are the same in every entry, history and orphan set included.

use borsh::BorshSerialize;

use super::LedgerState;
use crate::ledger::{Hash, Topoheight, encode};

/// Hashes tables, one after another, each entry as its key's and its value's bytes with their lengths. Both storages feed it the
/// same bytes in the same order.
#[derive(Debug, Default)]
pub(super) struct LedgerHasher(blake3::Hasher);

impl LedgerHasher {
    /// What follows belongs to the table of that name.
    pub(super) fn table(&mut self, name: &str) {
        self.bytes(b"table");
        self.bytes(name.as_bytes());
    }

    pub(super) fn entry(&mut self, key: &[u8], value: &[u8]) {
        self.bytes(key);
        self.bytes(value);
    }

    pub(super) fn end(self) -> Hash {
        Hash(*self.0.finalize().as_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}

/// A key with a topoheight, in the order of its bytes.
fn at(key: &impl BorshSerialize, topoheight: Topoheight) -> Vec<u8> {
    let mut bytes = encode(key);
    bytes.extend(topoheight.to_be_bytes());
    bytes
}

impl LedgerState {
    /// The digest of all of it.
    pub fn digest(&self) -> Hash {
        let Self { top, assets, registrations, versions, newest, links, executed, orphans, metadata } = self;
        let mut hasher = LedgerHasher::default();
        hasher.table("top");
        hasher.entry(&[], &top.to_be_bytes());
        hasher.table("assets");
        for asset in assets {
            hasher.entry(&asset.0, &[]);
        }
        hasher.table("registrations");
        for (account, topoheight) in registrations {
            hasher.entry(&account.0, &topoheight.to_be_bytes());
        }
        hasher.table("versions");
        for (key, history) in versions {
            for (topoheight, version) in history.iter() {
                hasher.entry(&at(key, *topoheight), &encode(version));
            }
        }
        hasher.table("newest");
        for (key, topoheight) in newest {
            hasher.entry(&encode(key), &topoheight.to_be_bytes());
        }
        hasher.table("links");
        for (transaction, blocks) in links {
            for (topoheight, block) in blocks {
                hasher.entry(&at(transaction, *topoheight), &block.0);
            }
        }
        hasher.table("executed");
        for (transaction, executed) in executed {
            hasher.entry(&transaction.0, &encode(executed));
        }
        hasher.table("orphans");
        for orphan in orphans.oldest_first() {
            hasher.entry(&orphan.0, &[]);
        }
        hasher.table("metadata");
        for (topoheight, metadata) in metadata {
            hasher.entry(&topoheight.to_be_bytes(), &encode(metadata));
        }
        hasher.end()
    }
}
