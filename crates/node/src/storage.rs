//! What a node asks of its ledger beside what a chain does: a note of where it is, and a digest at the end.

use seriatim_tos::ledger::Hash;
use seriatim_tos::storage::{MemoryStorage, RedbStorage, Storage, StorageError};

/// A ledger with a node's note beside it.
pub trait NodeStorage: Storage {
    /// The note of the node that worked on it last. None: there was none.
    fn note(&self) -> Result<Option<Vec<u8>>, StorageError>;

    /// Changes the note now.
    fn set_note(&self, note: &[u8]) -> Result<(), StorageError>;

    /// The next block or rewind changes the note, too: both are kept or neither.
    fn set_note_with_next_change(&self, note: Vec<u8>);

    /// The digest of the whole ledger. Reads everything.
    fn ledger_digest(&self) -> Result<Hash, StorageError>;
}

impl NodeStorage for RedbStorage {
    fn note(&self) -> Result<Option<Vec<u8>>, StorageError> {
        self.note()
    }

    fn set_note(&self, note: &[u8]) -> Result<(), StorageError> {
        self.set_note(note)
    }

    fn set_note_with_next_change(&self, note: Vec<u8>) {
        self.set_note_with_next_change(note);
    }

    fn ledger_digest(&self) -> Result<Hash, StorageError> {
        self.digest()
    }
}

/// A ledger in memory ends with its process, and nobody reads its note.
impl NodeStorage for MemoryStorage {
    fn note(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    fn set_note(&self, _note: &[u8]) -> Result<(), StorageError> {
        Ok(())
    }

    fn set_note_with_next_change(&self, _note: Vec<u8>) {}

    fn ledger_digest(&self) -> Result<Hash, StorageError> {
        Ok(self.inspect(seriatim_tos::storage::LedgerState::digest))
    }
}
