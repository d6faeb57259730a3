//! The final ledger of a node that was ended and opened again equals that of an uninterrupted node.

use seriatim_lab::workload::DevnetContent;
use seriatim_node::{NodeState, NodeStorage, Origin, STATE_VERSION, StateError};
use seriatim_tos::storage::RedbStorage;

use crate::chains::*;

/// Closed and opened after every block and every rewind, the file has at every moment the very ledger of a chain that runs on.
#[test]
fn a_restart_after_any_event_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger");
    let devnet = devnet(11, DevnetContent::Plans, 12);
    let mut whole = in_memory(devnet, sequential());
    let mut rewinds = 0;
    let mut mid_run = 0;
    for _ in 0..110 {
        let mut node = on_disk(&file, devnet, |_| sequential());
        assert_eq!(node.state(), whole.state());
        step(&mut node);
        step(&mut whole);
        let position = &node.state().position;
        rewinds += usize::from(position.run.is_none());
        mid_run += usize::from(position.run.as_ref().is_some_and(|run| run.base + 1 < position.top));
        let digest = node.chain().storage().ledger_digest().unwrap();
        assert_eq!(digest, whole.chain().storage().ledger_digest().unwrap(), "{position:?}");
    }
    assert!(rewinds >= 6 && mid_run >= 30, "{rewinds} rewinds, {mid_run} blocks in the middle of a run");
}

/// The digest of the file equals that of the ledger as data, and different ledgers have different digests.
#[test]
fn the_file_has_the_digest_of_its_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = devnet(2, DevnetContent::Plans, 5);
    let mut node = on_disk(&folder.path().join("ledger"), devnet, |_| sequential());
    let mut seen = std::collections::BTreeSet::new();
    for until in [1, 20, 40] {
        let report = run_on(&mut node, until);
        let mut ledger = node.chain().storage().inspect().unwrap();
        assert_eq!(ledger.digest(), report.ledger_digest);
        assert!(seen.insert(ledger.digest().0));
        let orphan = ledger.orphans.oldest_first().last().copied();
        ledger.orphans.remove(&orphan.unwrap_or(seriatim_tos::ledger::Hash::ZERO));
        assert_eq!(ledger.digest() == report.ledger_digest, orphan.is_none());
        ledger.metadata.get_mut(&0).unwrap().emitted_supply += 1;
        assert!(seen.insert(ledger.digest().0));
    }
}

/// A file whose note is missing, of another form, or of another ledger.
#[test]
fn notes_that_do_not_belong_to_the_ledger_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger");
    let devnet = devnet(6, DevnetContent::Plans, 0);
    let origin = Origin::Devnet(devnet);
    run(on_disk(&file, devnet, |_| sequential()), 5);
    let storage = RedbStorage::open(&file).unwrap();
    let runtime = tokio();
    let read = || runtime.block_on(NodeState::read(&storage));
    let right = read().unwrap().unwrap();
    assert_eq!((right.position.top, &right.origin), (5, &origin));

    let refused = |note: &[u8]| {
        storage.set_note(note).unwrap();
        let error = read().unwrap_err();
        assert_eq!(storage.note().unwrap().as_deref(), Some(note));
        error
    };
    assert!(matches!(refused(b"no JSON"), StateError::Json(_)));
    let nothing_else = format!("{{\"version\":{STATE_VERSION}}}");
    assert!(matches!(refused(nothing_else.as_bytes()), StateError::Json(_)));
    for other in [u64::from(STATE_VERSION) - 1, 9] {
        let note = format!("{{\"version\":{other}}}");
        assert!(matches!(refused(note.as_bytes()), StateError::Version { found } if found == other));
    }
    let mut other = right.clone();
    other.position.top = 4;
    assert!(matches!(refused(&other.to_bytes()), StateError::Place { stated: 4, found: 5 }));
    let mut other = right.clone();
    other.position.block = seriatim_tos::ledger::Hash::ZERO;
    assert!(matches!(refused(&other.to_bytes()), StateError::Place { .. }));
    let mut other = right.clone();
    other.position.base = 6;
    assert!(matches!(refused(&other.to_bytes()), StateError::Place { .. }));
    storage.set_note(&right.to_bytes()).unwrap();
    assert_eq!(read().unwrap(), Some(right));

    // A ledger that no node wrote beside: one with blocks, and one that begins otherwise.
    let begin = runtime.block_on(NodeState::begin(&storage, origin.clone(), &genesis(devnet)));
    assert!(matches!(begin, Err(StateError::NotANode)));
    let young = RedbStorage::create(folder.path().join("young"), &devnet.genesis()).unwrap();
    let elsewhere = genesis(crate::chains::devnet(7, DevnetContent::Plans, 0));
    let begin = runtime.block_on(NodeState::begin(&young, origin.clone(), &elsewhere));
    assert!(matches!(begin, Err(StateError::Genesis)));
    assert_eq!(young.note().unwrap(), None);
    assert!(runtime.block_on(NodeState::begin(&young, origin, &genesis(devnet))).is_ok());
}

/// The note goes with the block or not at all: a block that is refused leaves both as they were.
#[test]
fn a_note_is_kept_with_the_next_change_and_not_without() {
    use seriatim_tos::storage::{Storage, WriteBatch, WriteOp};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger");
    let storage = RedbStorage::create(&file, &devnet(1, DevnetContent::Plans, 0).genesis()).unwrap();
    assert_eq!(storage.note().unwrap(), None);
    storage.set_note(b"first").unwrap();
    storage.set_note_with_next_change(b"second".to_vec());
    let misplaced = WriteBatch { ops: vec![WriteOp::Top(7)] };
    assert!(tokio().block_on(storage.commit(misplaced)).is_err());
    assert_eq!(storage.note().unwrap().as_deref(), Some(&b"first"[..]));
    tokio().block_on(storage.rewind(0)).unwrap();
    assert_eq!(storage.note().unwrap().as_deref(), Some(&b"second"[..]));
    storage.set_note_with_next_change(b"third".to_vec());
    drop(storage);
    assert_eq!(RedbStorage::open(&file).unwrap().note().unwrap().as_deref(), Some(&b"second"[..]));
}
