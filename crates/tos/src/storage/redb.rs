//! The ledger on disk, in one redb file.
//!
//! A block is one write transaction, on the disk when `commit` returns; so is a rewind. The database copies on write and has
//! its pages on the disk before the header names them (two-phase commit), so a crash at any point leaves the ledger before the
//! block or after it, without trust in checksums, which whoever chooses a block's bytes could forge. An error aborts the
//! transaction. After an error of the file itself the database refuses everything until it is opened again, since what
//! reached the disk is unknown; opened again, the ledger is the one before the block or, where only the report of the last sync
//! failed, the one after it.
//!
//! Every read is a read transaction of its own and sees whole blocks only. Nothing is cached here; the database's own cache
//! holds pages, which no aborted transaction leaves behind.
//!
//! All input and output blocks the calling thread, inside the `async` functions too: a node runs block execution on a thread of
//! its own.

mod digest;
mod held;
mod note;
mod open;
#[cfg(feature = "simulated-disk")]
pub mod simulated;
mod snapshot;
mod tables;
mod write;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use ::redb::{Database, Durability, ReadableDatabase, WriteTransaction};

use super::memory::amount_of;
use super::{
    Executed, LedgerState, Newest, StateKey, Storage, StorageError, StoredAccount, Version, WriteBatch, WriteOp,
};
use crate::ledger::{AccountKey, Amount, AssetId, BlockMetadata, Hash, Topoheight};

pub use open::{CreateError, OpenError};
use snapshot::Snapshot;
pub use tables::SCHEMA_VERSION;
use write::Tables;

/// A ledger in a file, open for reading and writing; no other process has it open meanwhile.
#[derive(Debug)]
pub struct RedbStorage {
    database: Database,
    /// A note that waits for the next change of the ledger.
    waiting: Mutex<Option<Vec<u8>>>,
}

impl RedbStorage {
    fn new(database: Database) -> Self {
        Self { database, waiting: Mutex::new(None) }
    }

    /// The whole ledger as plain data, for tests and oracles. Reads everything.
    ///
    /// # Errors
    /// The file fails, or an entry is no encoding of what should stand there.
    pub fn inspect(&self) -> Result<LedgerState, StorageError> {
        self.snapshot()?.ledger()
    }

    fn snapshot(&self) -> Result<Snapshot, StorageError> {
        Ok(Snapshot(self.database.begin_read()?))
    }

    /// Changes the tables as one. An error leaves nothing: the transaction is dropped and with it all it wrote.
    fn change(&self, change: impl FnOnce(&mut Tables<'_>) -> Result<(), StorageError>) -> Result<(), StorageError> {
        let transaction = begin_write(&self.database)?;
        change(&mut Tables::open(&transaction)?)?;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(note) = &*waiting {
            note::write(&transaction, note)?;
        }
        transaction.commit()?;
        *waiting = None;
        Ok(())
    }
}

impl Storage for RedbStorage {
    async fn top(&self) -> Result<(Topoheight, BlockMetadata), StorageError> {
        self.snapshot()?.top()
    }

    async fn assets(&self) -> Result<BTreeSet<AssetId>, StorageError> {
        self.snapshot()?.assets()
    }

    async fn account(&self, account: AccountKey) -> Result<Option<StoredAccount>, StorageError> {
        self.snapshot()?.account(account)
    }

    async fn balance(&self, account: AccountKey, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        self.snapshot()?.newest(StateKey::Balance(account, asset), amount_of)
    }

    async fn burned(&self, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        self.snapshot()?.newest(StateKey::Burned(asset), amount_of)
    }

    async fn executed(&self, transaction: Hash) -> Result<Option<Executed>, StorageError> {
        self.snapshot()?.executed(transaction)
    }

    async fn metadata(&self, at: Topoheight) -> Result<BlockMetadata, StorageError> {
        self.snapshot()?.metadata(at)
    }

    async fn version_at(&self, key: StateKey, at: Topoheight) -> Result<Option<(Topoheight, Version)>, StorageError> {
        self.snapshot()?.version_at(key, at)
    }

    async fn commit(&self, batch: WriteBatch) -> Result<(), StorageError> {
        self.change(|tables| {
            let top = tables.top()?;
            let misplaced = batch.ops.iter().find_map(|op| match op {
                WriteOp::Top(found) if Some(*found) != top.checked_add(1) => Some(*found),
                _ => None,
            });
            if let Some(found) = misplaced {
                return Err(StorageError::NotOnTop { found, top });
            }
            batch.ops.iter().try_for_each(|op| tables.apply(op))
        })
    }

    async fn rewind(&self, to: Topoheight) -> Result<(), StorageError> {
        self.change(|tables| {
            let top = tables.top()?;
            if to > top {
                return Err(StorageError::RewindAboveTop { to, top });
            }
            let genesis = tables.genesis_topoheight()?;
            if to < genesis {
                return Err(StorageError::RewindBelowGenesis { to, genesis });
            }
            tables.rewind(to)
        })
    }
}

/// A write transaction that is on the disk once it is committed.
fn begin_write(database: &Database) -> Result<WriteTransaction, StorageError> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate).map_err(|error| StorageError::Failed(error.to_string()))?;
    transaction.set_two_phase_commit(true);
    Ok(transaction)
}

macro_rules! failures {
    ($($error:ident),*) => {$(
        impl From<::redb::$error> for StorageError {
            fn from(error: ::redb::$error) -> Self {
                Self::Failed(error.to_string())
            }
        }
    )*};
}

failures!(DatabaseError, TransactionError, TableError, StorageError, CommitError);
