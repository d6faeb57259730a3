//! Faults in the shadow's results are found, each where it is.

use seriatim_testkit::test_mode::{AMPLE, Node, blocks, faulty_second_block, right, sequential_ledger, shadow};
use seriatim_tos::chain::{Mismatch, MismatchKind};
use seriatim_tos::execution::PreparedBlock;
use seriatim_tos::ledger::Receipt;
use seriatim_tos::storage::{StateKey, StateValue, WriteOp};

/// The mismatch after `fault` has changed the result of V3 on the second of three blocks. The chain goes on with the
/// sequential results.
fn found(fault: fn(&mut PreparedBlock)) -> Mismatch {
    let blocks = blocks(3);
    let mut node = Node::tested(faulty_second_block(fault), AMPLE);
    for block in &blocks {
        node.add(block).unwrap();
    }
    assert_eq!(node.ledger(), sequential_ledger(&blocks));
    let figures = node.chain.modes().figures().clone();
    assert_eq!((figures.blocks, figures.matched), (3, 2));
    let mismatch = node.one_mismatch();
    assert_eq!(figures.mismatched, [(mismatch.kind.name(), 1)].into());
    assert_eq!((mismatch.topoheight, mismatch.block), (2, blocks[1].hash()));
    assert_ne!(mismatch.sequential, mismatch.parallel);
    mismatch
}

fn position(prepared: &PreparedBlock, wanted: fn(&WriteOp) -> bool) -> usize {
    prepared.batch.ops.iter().position(wanted).unwrap()
}

#[test]
fn no_fault_is_no_mismatch() {
    let mut node = Node::tested(shadow(right), AMPLE);
    for block in &blocks(3) {
        node.add(block).unwrap();
    }
    assert_eq!(node.chain.modes().figures().matched, 3);
    assert_eq!(node.mismatches.take(), []);
}

#[test]
fn a_changed_receipt() {
    let mismatch = found(|prepared| {
        let Receipt::Executed { fee, .. } = &mut prepared.receipts[2] else { panic!("executed") };
        *fee += 1;
    });
    assert_eq!(mismatch.kind, MismatchKind::Receipts { index: 2 });
    assert!(mismatch.sequential.contains("fee: 200000") && mismatch.parallel.contains("fee: 200001"), "{mismatch}");
}

#[test]
fn a_receipt_too_few() {
    let mismatch = found(|prepared| prepared.receipts.truncate(4));
    assert_eq!(mismatch.kind, MismatchKind::Receipts { index: 4 });
    assert_eq!(mismatch.parallel, "nothing");
}

#[test]
fn one_unit_of_a_balance() {
    let mismatch = found(|prepared| {
        let of_balance = |op: &WriteOp| matches!(op, WriteOp::Put { key: StateKey::Balance(..), .. });
        let index = position(prepared, of_balance);
        let WriteOp::Put { version, .. } = &mut prepared.batch.ops[index] else { panic!("a version") };
        let StateValue::Amount(amount) = &mut version.value else { panic!("an amount") };
        *amount += 1;
    });
    assert!(matches!(mismatch.kind, MismatchKind::Writes { .. }), "{mismatch}");
    assert!(mismatch.sequential.contains("Balance"), "{mismatch}");
}

#[test]
fn a_missing_version() {
    let mismatch = found(|prepared| {
        let index = position(prepared, |op| matches!(op, WriteOp::Put { key: StateKey::Nonce(_), .. }));
        prepared.batch.ops.remove(index);
    });
    assert!(matches!(mismatch.kind, MismatchKind::Writes { .. }), "{mismatch}");
    assert!(mismatch.sequential.contains("Nonce"), "{mismatch}");
}

#[test]
fn a_missing_orphan_mark() {
    let mismatch = found(|prepared| {
        let index = position(prepared, |op| matches!(op, WriteOp::AddOrphan(_)));
        prepared.batch.ops.remove(index);
    });
    assert!(mismatch.sequential.contains("AddOrphan"), "{mismatch}");
}

#[test]
fn the_last_write_missing() {
    let mismatch = found(|prepared| prepared.batch.ops.truncate(prepared.batch.ops.len() - 1));
    assert_eq!((mismatch.sequential.as_str(), mismatch.parallel.as_str()), ("Top(2)", "nothing"));
}

#[test]
fn another_nonce_for_the_run() {
    let mismatch = found(|prepared| prepared.nonces[0].1.consume(77));
    assert_eq!(mismatch.kind, MismatchKind::Nonces);
    assert!(mismatch.parallel.contains("77"), "{mismatch}");
}

#[test]
fn an_account_without_its_nonces() {
    let mismatch = found(|prepared| prepared.nonces.retain(|(_, nonces)| nonces.is_unused()));
    assert_eq!(mismatch.kind, MismatchKind::Nonces);
}
