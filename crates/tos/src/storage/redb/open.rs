//! How a ledger's file comes into being and is opened again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ::redb::backends::FileBackend;
use ::redb::{Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase, StorageBackend, TableError};

use super::held::Held;
use super::snapshot::Snapshot;
use super::tables::*;
use super::write::Tables;
use super::{RedbStorage, begin_write};
use crate::ledger::{Genesis, GenesisError};
use crate::storage::{LedgerState, StorageError};

/// How every redb file begins.
const FILE_MAGIC: [u8; 9] = *b"redb\x1A\n\xA9\r\n";

/// Why a ledger cannot be opened. Whatever the reason but `Io`, the file is byte for byte as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no ledger at {}", path.display())]
    Missing { path: PathBuf },
    #[error("{} is no redb database", path.display())]
    NotADatabase { path: PathBuf },
    /// A redb database whose content is not what was written, and which recovery does not restore.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{} is the database of another program", path.display())]
    Foreign { path: PathBuf },
    #[error("{} has schema version {found}, this build knows {known}", path.display())]
    Schema { path: PathBuf, found: u32, known: u32 },
    #[error("{} is open already, here or in another process", path.display())]
    Locked { path: PathBuf },
    /// Where it happened while a recovery was written, the file is as after a crash: the next opening recovers it.
    #[error("{} cannot be opened: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Why a ledger cannot be created. There is then nothing new at the path.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    #[error("{} exists already", path.display())]
    Exists { path: PathBuf },
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    #[error("{} cannot be created: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} cannot be created: {source}", path.display())]
    Storage { path: PathBuf, source: StorageError },
    /// The ledger is there, whole, and cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl RedbStorage {
    /// A new ledger where it begins, in a new file at `path`. It is made whole under a temporary name in the same folder and
    /// then given its own; a crash in between leaves the temporary file and nothing at `path`. Only its owner may read it.
    ///
    /// # Errors
    /// Something is at `path` already, the genesis cannot be started from, or the file cannot be written.
    ///
    /// # Examples
    /// ```
    /// use seriatim_testkit::ledger::genesis;
    /// use seriatim_tos::storage::{CreateError, LedgerState, OpenError, RedbStorage};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("ledger.redb");
    /// let written = RedbStorage::create(&path, &genesis([1, 2]))?.digest()?;
    /// assert!(matches!(RedbStorage::create(&path, &genesis([3])), Err(CreateError::Exists { .. })));
    ///
    /// let ledger = RedbStorage::open(&path)?; // As after a restart.
    /// assert_eq!(ledger.digest()?, written);
    /// assert_eq!(written, LedgerState::from_genesis(&genesis([1, 2])).digest(), "the same as in memory");
    /// assert!(matches!(RedbStorage::open(&path), Err(OpenError::Locked { .. })), "one process at a time");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(path: impl AsRef<Path>, genesis: &Genesis) -> Result<Self, CreateError> {
        let path = path.as_ref();
        let exists = || CreateError::Exists { path: path.to_owned() };
        let io = |source| CreateError::Io { path: path.to_owned(), source };
        let failed = |source| CreateError::Storage { path: path.to_owned(), source };
        genesis.validate()?;
        // A link that leads nowhere is something too.
        if path.symlink_metadata().is_ok() {
            return Err(exists());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".ledger-").suffix(".new").tempfile_in(folder).map_err(io)?;
        let backend = FileBackend::new(file.reopen().map_err(io)?).map_err(|error| failed(error.into()))?;
        Self::create_on(backend, genesis).and_then(Self::close).map_err(failed)?;
        file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => exists(),
            _ => io(error.error),
        })?;
        // The name outlives a crash once its folder is on the disk.
        #[cfg(unix)]
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        Ok(Self::open(path)?)
    }

    /// The ledger in the file at `path`. What a crash left half done is undone first: the ledger is as some block or rewind left
    /// it, the last one that was reported done or the one after.
    ///
    /// Reads and checks the whole file. The database would write to a file as it opens it; here its writes are held in memory
    /// until magic, schema and top have been read and found right.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let file = File::options().read(true).write(true).open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => OpenError::Missing { path: path.to_owned() },
            _ => OpenError::Io { path: path.to_owned(), source },
        })?;
        let backend = FileBackend::new(file).map_err(|error| of_database(path, error))?;
        Self::open_on(backend, path)
    }

    /// A new ledger where it begins, on an empty backend, which a test can have in memory.
    ///
    /// # Errors
    /// The backend is not empty, or fails. The genesis must be valid ([`Genesis::validate`]).
    pub fn create_on(backend: impl StorageBackend, genesis: &Genesis) -> Result<Self, StorageError> {
        let len = backend.len().map_err(|error| StorageError::Failed(error.to_string()))?;
        if len != 0 {
            return Err(StorageError::Failed(format!("a new ledger needs an empty file, this one has {len} bytes")));
        }
        let database = Builder::new().create_with_backend(backend)?;
        let transaction = begin_write(&database)?;
        {
            let mut meta = transaction.open_table(META)?;
            meta.insert(MAGIC_ENTRY, MAGIC)?;
            meta.insert(SCHEMA_ENTRY, &SCHEMA_VERSION.to_le_bytes()[..])?;
        }
        Tables::open(&transaction)?.start(&LedgerState::from_genesis(genesis))?;
        transaction.commit()?;
        Ok(Self::new(database))
    }

    /// The same as [`Self::open`], on a backend. `path` is what errors call it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_on(backend: impl StorageBackend, path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let held = Held::new(backend);
        if !begins_as_database(&held).map_err(io)? {
            held.close().map_err(io)?;
            return Err(OpenError::NotADatabase { path: path.to_owned() });
        }
        let database = Builder::new().set_check_integrity_on_open(true).create_with_backend(held.clone());
        let database = database.map_err(|error| of_database(path, error))?;
        check(&database, path)?;
        held.release().map_err(io)?;
        Ok(Self::new(database))
    }

    /// Closes the file, as dropping the storage does, and says what goes wrong. The ledger is on the disk in any case.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn close(self) -> Result<(), StorageError> {
        Ok(self.database.close()?)
    }
}

/// The database would take an empty file for one that it is to fill.
fn begins_as_database(file: &impl StorageBackend) -> io::Result<bool> {
    let mut magic = [0; FILE_MAGIC.len()];
    if file.len()? < magic.len() as u64 {
        return Ok(false);
    }
    file.read(0, &mut magic)?;
    Ok(magic == FILE_MAGIC)
}

/// Whether the file is a ledger of this layout, with a top.
fn check(database: &Database, path: &Path) -> Result<(), OpenError> {
    let foreign = || OpenError::Foreign { path: path.to_owned() };
    let damaged = |reason: StorageError| OpenError::Damaged { path: path.to_owned(), reason: reason.to_string() };
    let transaction = database.begin_read().map_err(|error| damaged(error.into()))?;
    let entry = |name| match meta(&transaction, name) {
        Ok(Some(bytes)) => Ok(bytes),
        Err(TableError::Storage(error)) => Err(damaged(error.into())),
        // There is no such entry, no such table, or it is of other types.
        Ok(None) | Err(_) => Err(foreign()),
    };
    if entry(MAGIC_ENTRY)? != MAGIC {
        return Err(foreign());
    }
    let schema = entry(SCHEMA_ENTRY)?;
    let found = <[u8; 4]>::try_from(&schema[..]).map(u32::from_le_bytes);
    let found =
        found.map_err(|_| damaged(StorageError::Failed(format!("schema version of {} bytes", schema.len()))))?;
    if found != SCHEMA_VERSION {
        return Err(OpenError::Schema { path: path.to_owned(), found, known: SCHEMA_VERSION });
    }
    Snapshot(transaction).top().map(drop).map_err(damaged)
}

fn meta(transaction: &ReadTransaction, name: &str) -> Result<Option<Vec<u8>>, TableError> {
    let meta = transaction.open_table(META)?;
    Ok(meta.get(name)?.map(|bytes| bytes.value().to_vec()))
}

fn of_database(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => OpenError::Locked { path },
        // Ledgers have only ever been of one file format.
        DatabaseError::UpgradeRequired(_) => OpenError::Foreign { path },
        // A file that is shorter than it says.
        DatabaseError::Storage(::redb::StorageError::Io(source)) if source.kind() != io::ErrorKind::UnexpectedEof => {
            OpenError::Io { path, source }
        }
        error => OpenError::Damaged { path, reason: error.to_string() },
    }
}
