//! The figures are those of the chain, whichever way a block is added.

use std::num::NonZeroU64;
use std::sync::Arc;

use seriatim_testkit::exposition::Exposition;
use seriatim_testkit::metered::Metered;
use seriatim_testkit::test_mode::{AMPLE, SHORT, blocks, right, shadow, testing};
use seriatim_testkit::wait;
use seriatim_tos::chain::{ChainConfig, ChainMetrics, ExecutionPath, MismatchKind, Mode, Modes, Rollout, Stage};
use seriatim_tos::execution::BlockError;
use seriatim_tos::ledger::BlockAbort;
use seriatim_tos::storage::StorageError;

/// Every family that a dashboard may rely on.
const FAMILIES: [(&str, &str); 24] = [
    ("seriatim_batch_transactions", "histogram"),
    ("seriatim_block_conflicts", "histogram"),
    ("seriatim_block_failures_total", "counter"),
    ("seriatim_block_seconds", "histogram"),
    ("seriatim_block_transactions", "histogram"),
    ("seriatim_block_workers", "histogram"),
    ("seriatim_blocks_total", "counter"),
    ("seriatim_fallbacks_total", "counter"),
    ("seriatim_lock_wait_seconds", "histogram"),
    ("seriatim_rewinds_total", "counter"),
    ("seriatim_rewound_blocks_total", "counter"),
    ("seriatim_rollout_held", "gauge"),
    ("seriatim_rollout_stage", "gauge"),
    ("seriatim_rollout_stage_matches", "gauge"),
    ("seriatim_test_mode_blocks_total", "counter"),
    ("seriatim_test_mode_matches_total", "counter"),
    ("seriatim_test_mode_mismatches_total", "counter"),
    ("seriatim_test_mode_parallel_seconds_total", "counter"),
    ("seriatim_test_mode_sequential_seconds_total", "counter"),
    ("seriatim_test_mode_skipped_total", "counter"),
    ("seriatim_test_mode_speed_up_ratio", "gauge"),
    ("seriatim_test_mode_waited_seconds_total", "counter"),
    ("seriatim_top_topoheight", "gauge"),
    ("seriatim_transactions_total", "counter"),
];

fn in_parallel() -> ChainConfig {
    ChainConfig { parallel_execution_enabled: true, min_txs_for_parallel: 1, ..ChainConfig::default() }
}

#[test]
fn every_family_is_there_from_the_start_with_help_and_type() {
    let text = Exposition::read(&ChainMetrics::new().encode());
    let types: Vec<_> = text.types.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
    assert_eq!(types, FAMILIES);
    assert!(text.helps.len() == FAMILIES.len() && text.helps.values().all(|help| help.len() > 10));
    for kind in MismatchKind::NAMES {
        assert_eq!(text.count(&format!("seriatim_test_mode_mismatches_total{{kind=\"{kind}\"}}")), 0);
    }
    assert!((text.get("seriatim_rollout_stage") + 1.0).abs() < f64::EPSILON, "no rollout");
}

#[test]
fn blocks_are_counted_by_the_path_whose_result_counts() {
    let blocks = blocks(2);
    for path in [ExecutionPath::Parallel, ExecutionPath::BlockStm] {
        let mut node = Metered::small(Modes::new(in_parallel(), None).unwrap().with_parallel_path(path));
        for block in &blocks {
            wait(node.chain.ordering_run().add_block(block)).unwrap();
        }
        let name = format!("seriatim_blocks_total{{mode=\"{}\",path=\"{}\"}}", Mode::Parallel.name(), path.name());
        assert_eq!((node.read().count(&name), node.read().sum("seriatim_blocks_total")), (2, 2));
        assert_eq!(node.read().count("seriatim_batch_transactions_sum"), 10, "a block has them on any path");
        assert_eq!(node.read().count("seriatim_block_workers_count"), 2);
    }
    let mut node = Metered::small(Modes::off());
    wait(node.chain.ordering_run().add_block(&blocks[0])).unwrap();
    assert_eq!(node.read().count("seriatim_blocks_total{mode=\"sequential\",path=\"sequential\"}"), 1);
    assert_eq!(node.read().count("seriatim_test_mode_blocks_total"), 0);
}

#[test]
fn mismatches_are_counted_by_kind_and_send_the_rollout_back() {
    let wrong = shadow(|given| match given.start.context.topoheight {
        2 => Box::pin(async { Err(BlockError::Aborted(BlockAbort::FeesOverflow)) }),
        3 => Box::pin(async { Err(BlockError::Storage(StorageError::Failed("struck".to_owned()))) }),
        _ => right(given),
    });
    let config = ChainConfig { test_mode_budget: AMPLE, ..ChainConfig::default() };
    let mut rollout = Rollout::new(NonZeroU64::MIN);
    rollout.advance();
    let mut node = Metered::small(Modes::rolled_out(config, wrong, rollout).unwrap());
    assert_eq!(node.read().count("seriatim_rollout_stage"), 1);
    for block in &blocks(4) {
        wait(node.chain.ordering_run().add_block(block)).unwrap();
    }
    let text = node.read();
    assert_eq!(text.count("seriatim_test_mode_mismatches_total{kind=\"outcome\"}"), 1);
    assert_eq!(text.count("seriatim_test_mode_mismatches_total{kind=\"storage\"}"), 1);
    assert_eq!(text.sum("seriatim_test_mode_mismatches_total"), 2);
    assert_eq!(text.count("seriatim_test_mode_matches_total"), 2);
    assert_eq!((text.count("seriatim_rollout_stage"), text.count("seriatim_rollout_held")), (0, 1));
    node.chain.modes_mut().rollout_mut().unwrap().advance();
    wait(node.chain.ordering_run().add_block(&blocks(5)[4])).unwrap();
    assert_eq!(node.chain.modes().rollout().unwrap().stage(), Stage::Below50);
    assert_eq!(node.read().count("seriatim_rollout_stage"), 1, "an operator's change shows with the next block");
}

#[test]
fn a_skipped_block_is_counted_as_one() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    let stuck = shadow(move |given| {
        let held = Arc::clone(&held);
        Box::pin(async move {
            if given.start.context.topoheight == 1 {
                // The thread is held until the test releases it.
                let _ = held.lock().unwrap().recv();
            }
            right(given).await
        })
    });
    let mut node = Metered::small(Modes::new(testing(SHORT), Some(stuck)).unwrap());
    for block in &blocks(3) {
        wait(node.chain.ordering_run().add_block(block)).unwrap();
    }
    release.send(()).unwrap();
    let text = node.read();
    assert_eq!(text.count("seriatim_test_mode_mismatches_total{kind=\"late\"}"), 1);
    assert_eq!(text.count("seriatim_test_mode_skipped_total"), 2);
    assert_eq!(text.count("seriatim_test_mode_blocks_total"), 3);
    assert!(text.get("seriatim_test_mode_waited_seconds_total") >= SHORT.as_secs_f64());
}
