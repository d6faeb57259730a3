//! The figures are those of the chain, over generated scenarios and every way in which a block can be added.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::Arc;

use seriatim::chain::{
    Blockchain, ChainConfig, ChainMetrics, ExecutionPath, MismatchKind, Mode, Modes, ParallelSide, Rollout, Stage,
};
use seriatim::execution::{BlockError, ParallelExecutor};
use seriatim::ledger::{BlockAbort, Genesis, Parameters, Receipt, SignatureScheme};
use seriatim::runtime::Native;
use seriatim::storage::{LedgerState, MemoryStorage, StorageError};
use seriatim::workload::{Plan, Scenario, Step, build, real_shapes};

use crate::test_mode::node::{AMPLE, Memory, SHORT, blocks, executor_side, genesis, parameters, right, side, testing, tokio};
use super::text::Exposition;

/// Every family that a dashboard may rely on.
const FAMILIES: [(&str, &str); 24] = [
    ("seriatim_batch_transactions", "histogram"),
    ("seriatim_block_conflicts", "histogram"),
    ("seriatim_block_failures_total", "counter"),
    ("seriatim_block_seconds", "histogram"),
    ("seriatim_block_transactions", "histogram"),
    ("seriatim_blocks_total", "counter"),
    ("seriatim_fallbacks_total", "counter"),
    ("seriatim_lock_wait_seconds", "histogram"),
    ("seriatim_permit_wait_seconds", "histogram"),
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

/// A chain whose figures are looked at.
struct Metered {
    chain: Blockchain<Memory, Native>,
    metrics: ChainMetrics,
}

impl Metered {
    fn new(genesis: &Genesis, parameters: &Parameters, modes: Modes<Memory>, metrics: ChainMetrics) -> Self {
        let memory = Arc::new(MemoryStorage::new(genesis).unwrap());
        let executor = ParallelExecutor::new(metrics.native(3), 2).unwrap();
        let modes = modes.with_metrics(metrics.clone());
        Self { chain: Blockchain::new(memory, parameters.clone(), executor).with_modes(modes), metrics }
    }

    /// On the ledger of [`blocks`].
    fn small(modes: Modes<Memory>) -> Self {
        Self::new(&genesis(), &parameters(), modes, ChainMetrics::new())
    }

    /// With V3 tested, and its tasks counted.
    fn tested(scenario: &Scenario) -> Self {
        let metrics = ChainMetrics::new();
        let side = ParallelSide::of(executor_side(ExecutionPath::Parallel).with_metrics(&metrics)).unwrap();
        let modes = Modes::new(testing(AMPLE), Some(side)).unwrap();
        Self::new(&scenario.genesis, &scenario.parameters, modes, metrics)
    }

    fn read(&self) -> Exposition {
        Exposition::read(&self.metrics.encode())
    }
}

fn in_parallel() -> ChainConfig {
    ChainConfig { parallel_execution_enabled: true, min_txs_for_parallel: 1, ..ChainConfig::default() }
}

/// What was counted beside the chain.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    blocks: u64,
    aborted: u64,
    receipts: BTreeMap<&'static str, u64>,
    transactions: u64,
    rewinds: u64,
    rewound: u64,
}

fn drive(chain: &mut Blockchain<Memory, Native>, scenario: &Scenario) -> Seen {
    let (tokio, mut seen) = (tokio(), Seen::default());
    for step in &scenario.steps {
        match step {
            Step::Run(blocks) => {
                let mut run = chain.ordering_run();
                for block in blocks {
                    let Ok(receipts) = tokio.block_on(run.add_block(&Arc::new(block.clone()))) else {
                        seen.aborted += 1;
                        break;
                    };
                    seen.blocks += 1;
                    seen.transactions += receipts.len() as u64;
                    for receipt in receipts {
                        let name = match receipt {
                            Receipt::Executed { .. } => "executed",
                            Receipt::Orphaned { .. } => "orphaned",
                            Receipt::Skipped { .. } => "skipped",
                        };
                        *seen.receipts.entry(name).or_default() += 1;
                    }
                }
            }
            Step::Rewind(to) => {
                let top = chain.storage().inspect(|ledger| ledger.top);
                tokio.block_on(chain.rewind((*to).min(top))).unwrap();
                seen.rewinds += 1;
                seen.rewound += top.saturating_sub(*to);
            }
        }
    }
    seen
}

fn top_of(chain: &Blockchain<Memory, Native>) -> u64 {
    chain.storage().inspect(|ledger: &LedgerState| ledger.top)
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
fn figures_are_those_of_the_test_mode_and_of_what_was_added() {
    let mut all = Seen::default();
    for seed in 0..200 {
        let scenario = build(&Plan::from_seed(seed), SignatureScheme::Tagged).scenario;
        let mut node = Metered::tested(&scenario);
        let seen = drive(&mut node.chain, &scenario);
        let (text, figures) = (node.read(), node.chain.modes().figures().clone());
        assert_eq!(text.count("seriatim_test_mode_blocks_total"), figures.blocks, "seed {seed}");
        assert_eq!(text.count("seriatim_test_mode_matches_total"), figures.matched);
        assert_eq!(text.count("seriatim_test_mode_skipped_total"), figures.skipped);
        assert_eq!(text.sum("seriatim_test_mode_mismatches_total"), figures.mismatched.values().sum::<u64>());
        assert_eq!(figures.matched, seen.blocks + seen.aborted);
        for (name, time) in
            [("sequential", figures.sequential), ("parallel", figures.parallel), ("waited", figures.waited)]
        {
            let told = text.get(&format!("seriatim_test_mode_{name}_seconds_total"));
            assert!((told - time.as_secs_f64()).abs() < 1e-6, "seed {seed}: {name} {told} and {time:?}");
        }
        assert_eq!(text.count("seriatim_blocks_total{mode=\"test\",path=\"sequential\"}"), seen.blocks);
        assert_eq!(text.sum("seriatim_blocks_total"), seen.blocks);
        assert_eq!(text.count("seriatim_block_failures_total{reason=\"aborted\"}"), seen.aborted);
        assert_eq!(text.count("seriatim_block_seconds_count{mode=\"test\"}"), seen.blocks + seen.aborted);
        assert_eq!(text.count("seriatim_block_transactions_count"), seen.blocks);
        assert_eq!(text.count("seriatim_block_transactions_sum"), seen.transactions);
        for name in ["executed", "orphaned", "skipped"] {
            let told = text.count(&format!("seriatim_transactions_total{{result=\"{name}\"}}"));
            assert_eq!(told, seen.receipts.get(name).copied().unwrap_or(0), "seed {seed}: {name}");
        }
        assert_eq!(text.count("seriatim_rewinds_total"), seen.rewinds);
        assert_eq!(text.count("seriatim_rewound_blocks_total"), seen.rewound);
        if seen.blocks > 0 {
            assert_eq!(text.count("seriatim_top_topoheight"), top_of(&node.chain), "seed {seed}");
        }
        all.blocks += seen.blocks;
        all.aborted += seen.aborted;
        all.rewound += seen.rewound;
        seen.receipts.into_iter().for_each(|(name, count)| *all.receipts.entry(name).or_default() += count);
    }
    assert!(all.blocks > 80 && all.aborted > 0 && all.rewound > 0 && all.receipts.len() == 3, "{all:?}");
}

/// On real shapes the sizes of batches and the conflicts can be computed from outside.
#[test]
fn batches_permits_and_conflicts_are_those_of_the_blocks() {
    let scenarios = real_shapes().iter().map(|shape| shape.scenario(SignatureScheme::Tagged, 0));
    let scenario = scenarios.max_by_key(Scenario::tx_count).unwrap();
    let mut node = Metered::tested(&scenario);
    drive(&mut node.chain, &scenario);
    let (mut transactions, mut levels, mut conflicts) = (0, 0, 0);
    for block in scenario.blocks() {
        transactions += block.transactions.len() as u64;
        levels += seriatim::execution::parallel::batches(&block.transactions, &BTreeMap::new()).len() as u64;
        let footprints = block.transactions.iter().map(|tx| seriatim::ledger::rules::footprint(&tx.body).accounts);
        let accounts: Vec<_> = footprints.flat_map(BTreeMap::into_keys).collect();
        let distinct: std::collections::BTreeSet<_> = accounts.iter().collect();
        conflicts += (accounts.len() - distinct.len()) as u64;
    }
    let text = node.read();
    assert!(conflicts > 0 && levels > 1, "the shape has conflicts");
    assert_eq!(text.count("seriatim_batch_transactions_sum"), transactions);
    assert_eq!(text.count("seriatim_batch_transactions_count"), levels);
    assert_eq!(text.count("seriatim_permit_wait_seconds_count"), transactions);
    assert_eq!(text.count("seriatim_block_conflicts_sum"), conflicts);
    let (sequential, parallel) = (
        text.get("seriatim_test_mode_sequential_seconds_total"),
        text.get("seriatim_test_mode_parallel_seconds_total"),
    );
    let ratio = text.get("seriatim_test_mode_speed_up_ratio");
    assert!(ratio > 0.0 && (ratio - sequential / parallel).abs() < 1e-9, "{ratio}");
}

#[test]
fn blocks_are_counted_by_the_path_whose_result_counts() {
    let blocks = blocks(2);
    for path in [ExecutionPath::Parallel, ExecutionPath::BlockStm] {
        let mut node = Metered::small(Modes::new(in_parallel(), None).unwrap().with_parallel_path(path));
        for block in &blocks {
            tokio().block_on(node.chain.ordering_run().add_block(block)).unwrap();
        }
        let name = format!("seriatim_blocks_total{{mode=\"{}\",path=\"{}\"}}", Mode::Parallel.name(), path.name());
        assert_eq!((node.read().count(&name), node.read().sum("seriatim_blocks_total")), (2, 2));
        let batches = if path == ExecutionPath::Parallel { 10 } else { 0 };
        assert_eq!(node.read().count("seriatim_batch_transactions_sum"), batches, "of V3 alone");
    }
    let mut node = Metered::small(Modes::off());
    tokio().block_on(node.chain.ordering_run().add_block(&blocks[0])).unwrap();
    assert_eq!(node.read().count("seriatim_blocks_total{mode=\"sequential\",path=\"sequential\"}"), 1);
    assert_eq!(node.read().count("seriatim_test_mode_blocks_total"), 0);
}

#[test]
fn mismatches_are_counted_by_kind_and_send_the_rollout_back() {
    let wrong = side(|given| match given.start.context.topoheight {
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
        tokio().block_on(node.chain.ordering_run().add_block(block)).unwrap();
    }
    let text = node.read();
    assert_eq!(text.count("seriatim_test_mode_mismatches_total{kind=\"outcome\"}"), 1);
    assert_eq!(text.count("seriatim_test_mode_mismatches_total{kind=\"storage\"}"), 1);
    assert_eq!(text.sum("seriatim_test_mode_mismatches_total"), 2);
    assert_eq!(text.count("seriatim_test_mode_matches_total"), 2);
    assert_eq!((text.count("seriatim_rollout_stage"), text.count("seriatim_rollout_held")), (0, 1));
    node.chain.modes_mut().rollout_mut().unwrap().advance();
    tokio().block_on(node.chain.ordering_run().add_block(&blocks(5)[4])).unwrap();
    assert_eq!(node.chain.modes().rollout().unwrap().stage(), Stage::Below50);
    assert_eq!(node.read().count("seriatim_rollout_stage"), 1, "an operator's change shows with the next block");
}

#[test]
fn a_skipped_block_is_counted_as_one() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    let stuck = side(move |given| {
        let held = Arc::clone(&held);
        Box::pin(async move {
            if given.start.context.topoheight == 1 {
                // Until the test lets it go: on its thread, where nobody can stop it.
                let _ = held.lock().unwrap().recv();
            }
            right(given).await
        })
    });
    let mut node = Metered::small(Modes::new(testing(SHORT), Some(stuck)).unwrap());
    for block in &blocks(3) {
        tokio().block_on(node.chain.ordering_run().add_block(block)).unwrap();
    }
    release.send(()).unwrap();
    let text = node.read();
    assert_eq!(text.count("seriatim_test_mode_mismatches_total{kind=\"late\"}"), 1);
    assert_eq!(text.count("seriatim_test_mode_skipped_total"), 2);
    assert_eq!(text.count("seriatim_test_mode_blocks_total"), 3);
    assert!(text.get("seriatim_test_mode_waited_seconds_total") >= SHORT.as_secs_f64());
}
