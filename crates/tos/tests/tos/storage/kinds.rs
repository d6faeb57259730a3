//! The kinds of storage that are held to one suite.

use seriatim_tos::ledger::Genesis;
use seriatim_tos::storage::{LedgerState, MemoryStorage, Storage};

/// A kind of storage, with what its tests need beside the trait.
pub trait Kind {
    type Storage: Storage;

    fn new(genesis: &Genesis) -> Self;

    fn storage(&self) -> &Self::Storage;

    fn ledger(&self) -> LedgerState;
}

pub struct InMemory(MemoryStorage);

impl Kind for InMemory {
    type Storage = MemoryStorage;

    fn new(genesis: &Genesis) -> Self {
        Self(MemoryStorage::new(genesis).unwrap())
    }

    fn storage(&self) -> &MemoryStorage {
        &self.0
    }

    fn ledger(&self) -> LedgerState {
        self.0.inspect(Clone::clone)
    }
}

#[cfg(feature = "redb")]
pub struct OnDisk {
    storage: seriatim_tos::storage::RedbStorage,
    _folder: tempfile::TempDir,
}

#[cfg(feature = "redb")]
impl Kind for OnDisk {
    type Storage = seriatim_tos::storage::RedbStorage;

    fn new(genesis: &Genesis) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Self::Storage::create(folder.path().join("ledger"), genesis).unwrap();
        Self { storage, _folder: folder }
    }

    fn storage(&self) -> &Self::Storage {
        &self.storage
    }

    fn ledger(&self) -> LedgerState {
        self.storage.inspect().unwrap()
    }
}
