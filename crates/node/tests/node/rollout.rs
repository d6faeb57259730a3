//! A rollout in a node: its stages, over restarts, and back.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use seriatim_campaign::Conclusion;
use seriatim_lab::workload::DevnetContent;
use seriatim_node::NodeState;
use seriatim_tos::chain::{ExecutionPath, Rollout, Stage};
use seriatim_tos::storage::RedbStorage;

use crate::chains::*;
use crate::wrong::wrong_while;

fn rollout(state: &NodeState) -> Rollout {
    state.rollout.clone().unwrap_or_else(|| Rollout::new(NonZeroU64::new(10).unwrap()))
}

#[test]
fn stages_follow_over_restarts_and_the_ledger_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger");
    let devnet = devnet(9, DevnetContent::Both, 30);
    let mut stages = Vec::new();
    let mut matched = Vec::new();
    let mut parallel = 0;
    for until in [7, 14, 30, 50, 70] {
        let modes = |state: &NodeState| rolled_out(shadow(ExecutionPath::Parallel), rollout(state));
        let mut node = on_disk(&file, devnet, modes);
        let before = node.chain().modes().rollout().unwrap().clone();
        assert_eq!(matched.last().copied().unwrap_or(0), before.matched_blocks(), "a restart lost matches");
        let report = run_on(&mut node, until);
        assert_eq!(report.conclusion(), (Some(Conclusion::Agree), None), "{report}");
        let rollout = report.rollout.as_ref().unwrap();
        stages.push(rollout.stage());
        matched.push(rollout.matched_blocks());
        parallel += report.paths.parallel;
    }
    assert!(stages.is_sorted() && stages[0] == Stage::TestMode, "{stages:?}");
    assert!(*stages.last().unwrap() >= Stage::Below200 && parallel > 5, "{stages:?}, {parallel}");
    let whole = run(in_memory(devnet, sequential()), 70);
    assert_eq!(RedbStorage::open(&file).unwrap().digest().unwrap(), whole.ledger_digest);
}

/// A mismatch puts the rollout back at once, in the file as well, and it stays there until an operator says otherwise.
#[test]
fn a_mismatch_puts_it_back_and_holds_it_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger");
    let devnet = devnet(10, DevnetContent::Plans, 0);
    let is_wrong = Arc::new(AtomicBool::new(false));
    let open = || {
        let shadow = wrong_while(&is_wrong);
        on_disk(&file, devnet, |state| rolled_out(shadow, rollout(state)))
    };
    let report = run(open(), 40);
    assert_eq!(
        report.rollout.as_ref().map(|rollout| (rollout.stage(), rollout.is_held())),
        Some((Stage::Below50, false))
    );
    is_wrong.store(true, Relaxed);
    let mut node = open();
    // Small blocks are still tested, so a shadow that is wrong is found out. What the file has then is what a crash would leave.
    while node.chain().modes().figures().mismatched.is_empty() {
        step(&mut node);
    }
    drop(node);
    is_wrong.store(false, Relaxed);
    let node = open();
    let kept = node.chain().modes().rollout().unwrap();
    assert_eq!((kept.stage(), kept.is_held(), kept.matched_blocks()), (Stage::TestMode, true, 0));
    let report = run(node, 100);
    assert_eq!(report.conclusion().0, Some(Conclusion::Agree));
    let kept = report.rollout.unwrap();
    assert_eq!((kept.stage(), kept.is_held()), (Stage::TestMode, true));
    assert!(kept.matched_blocks() > 10);

    // A node without a rollout leaves it as it is.
    run(on_disk(&file, devnet, |_| sequential()), 110);
    assert_eq!(open().chain().modes().rollout(), Some(&kept));
}
