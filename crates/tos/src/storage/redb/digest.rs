//! The digest of a ledger on disk, read entry by entry.

use ::redb::{ReadableDatabase, ReadableTable};

use super::RedbStorage;
use super::tables::*;
use crate::ledger::Hash;
use crate::storage::StorageError;
use crate::storage::digest::LedgerHasher;

impl RedbStorage {
    /// The digest of the whole ledger, equal to that of [`Self::inspect`]'s. Reads everything and keeps nothing.
    ///
    /// # Errors
    /// The file fails.
    pub fn digest(&self) -> Result<Hash, StorageError> {
        let tables = self.database.begin_read()?;
        let mut hasher = LedgerHasher::default();
        hasher.table("top");
        for entry in tables.open_table(TOP)?.iter()? {
            hasher.entry(&[], &entry?.1.value().to_be_bytes());
        }
        hasher.table("assets");
        for entry in tables.open_table(ASSETS)?.iter()? {
            hasher.entry(entry?.0.value(), &[]);
        }
        hasher.table("registrations");
        for entry in tables.open_table(REGISTRATIONS)?.iter()? {
            let (account, topoheight) = entry?;
            hasher.entry(account.value(), &topoheight.value().to_be_bytes());
        }
        hasher.table("versions");
        for entry in tables.open_table(VERSIONS)?.iter()? {
            let (key, version) = entry?;
            hasher.entry(key.value(), version.value());
        }
        hasher.table("newest");
        for entry in tables.open_table(NEWEST)?.iter()? {
            let (key, topoheight) = entry?;
            hasher.entry(key.value(), &topoheight.value().to_be_bytes());
        }
        hasher.table("links");
        for entry in tables.open_table(LINKS)?.iter()? {
            let (key, block) = entry?;
            hasher.entry(key.value(), block.value());
        }
        hasher.table("executed");
        for entry in tables.open_table(EXECUTED)?.iter()? {
            let (transaction, executed) = entry?;
            hasher.entry(transaction.value(), executed.value());
        }
        hasher.table("orphans");
        for entry in tables.open_table(ORPHAN_TURNS)?.iter()? {
            hasher.entry(entry?.1.value(), &[]);
        }
        hasher.table("metadata");
        for entry in tables.open_table(METADATA)?.iter()? {
            let (topoheight, metadata) = entry?;
            hasher.entry(&topoheight.value().to_be_bytes(), metadata.value());
        }
        Ok(hasher.end())
    }
}
