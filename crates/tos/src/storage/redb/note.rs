//! One note beside the ledger, for whoever embeds the storage: where it is in its work, say. It can go into the file in the
//! transaction of the next block or rewind, so that it tells of exactly the ledger that it stands beside, whenever the process ends.

use std::sync::PoisonError;

use ::redb::{ReadableDatabase, TableError, WriteTransaction};

use super::tables::NOTE;
use super::{RedbStorage, begin_write};
use crate::storage::StorageError;

impl RedbStorage {
    /// The note as it is in the file. None: there never was one.
    ///
    /// # Errors
    /// The file fails.
    pub fn note(&self) -> Result<Option<Vec<u8>>, StorageError> {
        let transaction = self.database.begin_read()?;
        match transaction.open_table(NOTE) {
            Ok(table) => Ok(table.get(())?.map(|note| note.value().to_vec())),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the note by itself. It is on the disk when this returns. A note that waits is forgotten.
    ///
    /// # Errors
    /// The file fails; the note is then one or the other.
    pub fn set_note(&self, note: &[u8]) -> Result<(), StorageError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = begin_write(&self.database)?;
        write(&transaction, note)?;
        transaction.commit()?;
        *waiting = None;
        Ok(())
    }

    /// The next commit or rewind changes the note, too, in its transaction: both are on the disk or neither. One that fails
    /// leaves it waiting.
    pub fn set_note_with_next_change(&self, note: Vec<u8>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(note);
    }
}

pub(super) fn write(transaction: &WriteTransaction, note: &[u8]) -> Result<(), StorageError> {
    transaction.open_table(NOTE)?.insert((), note)?;
    Ok(())
}
