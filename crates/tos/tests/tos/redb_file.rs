//! A ledger's file: how it comes into being, is opened and is refused. A file that is refused stays as it was.

use std::fs;
use std::path::{Path, PathBuf};

use redb::{Database, TableDefinition};
use seriatim_testkit::wait;
use seriatim_tos::ledger::{AssetId, BlockMetadata, Genesis, GenesisError, Hash, MAXIMUM_SUPPLY};
use seriatim_tos::storage::{
    CreateError, LedgerState, OpenError, RedbStorage, SCHEMA_VERSION, StateKey, StateValue, Storage, Version,
    WriteBatch, WriteOp,
};
use tempfile::TempDir;

use crate::fixtures::{A, genesis};

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    (folder, path)
}

fn block(topoheight: u64) -> WriteBatch {
    let metadata = BlockMetadata { block: Hash([9; 32]), reward: 0, fees: 0, emitted_supply: 0, burned_supply: 0 };
    let version = Version { previous: Some(topoheight - 1), value: StateValue::Amount(topoheight) };
    let key = StateKey::Balance(A, AssetId::TOS);
    let put = WriteOp::Put { key, topoheight, version };
    WriteBatch { ops: vec![put, WriteOp::Metadata { topoheight, metadata }, WriteOp::Top(topoheight)] }
}

/// Opening is refused and leaves every byte.
fn refused(path: &Path) -> OpenError {
    let before = fs::read(path).unwrap();
    let error = RedbStorage::open(path).map(|_| ()).unwrap_err();
    assert_eq!(fs::read(path).unwrap(), before, "{error}");
    error
}

fn names(folder: &TempDir) -> Vec<String> {
    fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_created_ledger_is_the_genesis_and_alone_in_its_folder() {
    let (folder, path) = place();
    let storage = RedbStorage::create(&path, &genesis()).unwrap();
    assert_eq!(storage.inspect().unwrap(), LedgerState::from_genesis(&genesis()));
    assert_eq!(names(&folder), ["ledger"]);
}

#[test]
fn an_opened_ledger_is_the_one_that_was_closed() {
    let (_folder, path) = place();
    let storage = RedbStorage::create(&path, &genesis()).unwrap();
    wait(storage.commit(block(1))).unwrap();
    let before = storage.inspect().unwrap();
    storage.close().unwrap();
    let storage = RedbStorage::open(&path).unwrap();
    assert_eq!(storage.inspect().unwrap(), before);
    wait(storage.commit(block(2))).unwrap();
    drop(storage);
    assert_eq!(RedbStorage::open(&path).unwrap().inspect().unwrap().top, 2);
}

#[test]
fn a_path_that_exists_is_refused_and_left() {
    let (folder, path) = place();
    fs::write(&path, "mine").unwrap();
    let error = RedbStorage::create(&path, &genesis()).unwrap_err();
    assert!(matches!(&error, CreateError::Exists { path: named } if *named == path), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    let error = RedbStorage::create(folder.path(), &genesis()).unwrap_err();
    assert!(matches!(error, CreateError::Exists { .. }), "{error}");
    assert_eq!(names(&folder), ["ledger"]);
}

#[test]
fn a_ledger_that_cannot_be_created_leaves_nothing() {
    let (folder, path) = place();
    let rich = Genesis { emitted_supply: MAXIMUM_SUPPLY + 1, ..genesis() };
    let error = RedbStorage::create(&path, &rich).unwrap_err();
    assert!(matches!(error, CreateError::Genesis(GenesisError::Emitted(_))), "{error}");
    let error = RedbStorage::create(folder.path().join("no folder/ledger"), &genesis()).unwrap_err();
    assert!(matches!(error, CreateError::Io { .. }), "{error}");
    assert_eq!(names(&folder), Vec::<String>::new());
}

#[test]
fn a_missing_file_is_no_ledger_and_is_not_made() {
    let (folder, path) = place();
    let error = RedbStorage::open(&path).unwrap_err();
    assert!(matches!(&error, OpenError::Missing { path: named } if *named == path), "{error}");
    assert_eq!(names(&folder), Vec::<String>::new());
}

#[test]
fn a_file_of_another_kind_is_no_database() {
    let (_folder, path) = place();
    for bytes in [&b""[..], b"redb", b"a text that is longer than the magic number", &[0; 8192]] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(refused(&path), OpenError::NotADatabase { .. }));
    }
}

#[test]
fn a_folder_cannot_be_opened() {
    let (folder, _) = place();
    assert!(matches!(RedbStorage::open(folder.path()), Err(OpenError::Io { .. })));
}

#[test]
fn the_database_of_another_program_is_foreign() {
    let change = |path: &Path, change: fn(&redb::WriteTransaction)| {
        let _ = fs::remove_file(path);
        let database = Database::create(path).unwrap();
        let transaction = database.begin_write().unwrap();
        change(&transaction);
        transaction.commit().unwrap();
    };
    let (_folder, path) = place();
    let others: [fn(&redb::WriteTransaction); 5] = [
        |_| (),
        |transaction| {
            transaction.open_table(TableDefinition::<u64, u64>::new("numbers")).unwrap().insert(1, 2).unwrap();
        },
        |transaction| {
            transaction.open_table(TableDefinition::<u64, u64>::new("meta")).unwrap().insert(1, 2).unwrap();
        },
        |transaction| {
            transaction.open_table(META).unwrap().insert("name", &b"seriatim ledger"[..]).unwrap();
        },
        |transaction| {
            transaction.open_table(META).unwrap().insert("magic", &b"another ledger"[..]).unwrap();
        },
    ];
    for other in others {
        change(&path, other);
        let error = refused(&path);
        assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    }
}

#[test]
fn another_schema_is_refused_with_both_versions() {
    let (_folder, path) = place();
    RedbStorage::create(&path, &genesis()).unwrap().close().unwrap();
    let database = Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let other = (SCHEMA_VERSION + 1).to_le_bytes();
    transaction.open_table(META).unwrap().insert("schema", &other[..]).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = refused(&path);
    assert!(
        matches!(error, OpenError::Schema { found, known, .. } if (found, known) == (SCHEMA_VERSION + 1, SCHEMA_VERSION)),
        "{error}"
    );
}

#[test]
fn a_ledger_without_top_or_schema_is_damaged_or_foreign() {
    let (_folder, path) = place();
    for (table, expected) in [("top", "damaged"), ("metadata", "damaged"), ("meta", "another program")] {
        let _ = fs::remove_file(&path);
        RedbStorage::create(&path, &genesis()).unwrap().close().unwrap();
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        let handle =
            transaction.list_tables().unwrap().find(|handle| redb::TableHandle::name(handle) == table).unwrap();
        transaction.delete_table(handle).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let error = refused(&path);
        assert!(error.to_string().contains(expected), "{table}: {error}");
    }
}

#[test]
fn an_open_ledger_is_locked() {
    let (_folder, path) = place();
    let storage = RedbStorage::create(&path, &genesis()).unwrap();
    assert!(matches!(refused(&path), OpenError::Locked { .. }));
    drop(storage);
    RedbStorage::open(&path).unwrap();
}

/// Bytes that nothing reads may change; all others are noticed, and then the file stays as it is.
#[test]
fn a_damaged_file_is_refused_or_is_the_same_ledger() {
    let (_folder, path) = place();
    let storage = RedbStorage::create(&path, &genesis()).unwrap();
    wait(storage.commit(block(1))).unwrap();
    wait(storage.commit(block(2))).unwrap();
    let ledger = storage.inspect().unwrap();
    storage.close().unwrap();
    let whole = fs::read(&path).unwrap();
    let (mut damaged, mut same) = (0, 0);
    for place in (0..320).chain((320..whole.len()).step_by(509)) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        fs::write(&path, &bytes).unwrap();
        match RedbStorage::open(&path) {
            Ok(storage) => {
                assert_eq!(storage.inspect().unwrap(), ledger, "byte {place}");
                same += 1;
            }
            Err(error) => {
                assert!(
                    matches!(
                        error,
                        OpenError::Damaged { .. } | OpenError::NotADatabase { .. } | OpenError::Foreign { .. }
                    ),
                    "byte {place}: {error}"
                );
                assert_eq!(fs::read(&path).unwrap(), bytes, "byte {place}: {error}");
                damaged += 1;
            }
        }
    }
    println!("{damaged} damaged, {same} the same ledger");
    assert!(damaged >= 100, "{damaged} damaged, {same} the same ledger");
}

#[test]
fn a_file_that_was_cut_is_damaged() {
    let (_folder, path) = place();
    RedbStorage::create(&path, &genesis()).unwrap().close().unwrap();
    let whole = fs::read(&path).unwrap();
    for len in [9, 100, 320, 4096, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        let error = refused(&path);
        assert!(matches!(error, OpenError::Damaged { .. }), "{len} bytes: {error}");
    }
}

#[test]
fn a_reader_beside_the_writer_sees_whole_blocks() {
    const BLOCKS: u64 = 40;
    let (_folder, path) = place();
    let storage = RedbStorage::create(&path, &genesis()).unwrap();
    let key = StateKey::Balance(A, AssetId::TOS);
    std::thread::scope(|scope| {
        scope.spawn(|| (1..=BLOCKS).for_each(|topoheight| wait(storage.commit(block(topoheight))).unwrap()));
        let mut seen = 0;
        while seen < BLOCKS {
            let ledger = storage.inspect().unwrap();
            assert!(ledger.top >= seen);
            seen = ledger.top;
            assert_eq!((ledger.newest[&key], ledger.versions[&key].len() as u64), (seen, seen + 1));
            assert_eq!(ledger.metadata.len() as u64, seen + 1);
        }
    });
}
