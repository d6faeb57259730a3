//! The figures for Prometheus, over generated scenarios and real shapes.

use std::collections::{BTreeMap, BTreeSet};

use seriatim_lab::workload::{Scenario, Step, real_shapes};
use seriatim_runtime::Native;
use seriatim_testkit::metered::Metered;
use seriatim_testkit::test_mode::Memory;
use seriatim_testkit::wait;
use seriatim_tos::chain::Blockchain;
use seriatim_tos::execution::parallel::batches;
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{Receipt, SignatureScheme};
use seriatim_tos::storage::LedgerState;

use crate::fixtures::built;

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
    let mut seen = Seen::default();
    for step in &scenario.steps {
        match step {
            Step::Run(blocks) => {
                let mut run = chain.ordering_run();
                for block in blocks {
                    let Ok(receipts) = wait(run.add_block(&block.clone().seal())) else {
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
                wait(chain.rewind((*to).min(top))).unwrap();
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
fn figures_are_those_of_the_test_mode_and_of_what_was_added() {
    let mut all = Seen::default();
    for seed in 0..200 {
        let scenario = built(seed).scenario;
        let mut node = Metered::tested(&scenario.genesis, &scenario.parameters);
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

/// The sizes of batches and the conflicts of real shapes can be computed from outside.
#[test]
fn batches_and_conflicts_are_those_of_the_blocks() {
    let scenarios = real_shapes().iter().map(|shape| shape.scenario(SignatureScheme::Tagged, 0));
    let scenario = scenarios.max_by_key(Scenario::tx_count).unwrap();
    let mut node = Metered::tested(&scenario.genesis, &scenario.parameters);
    drive(&mut node.chain, &scenario);
    let (mut transactions, mut levels, mut conflicts) = (0, 0, 0);
    for block in scenario.blocks() {
        transactions += block.transactions.len() as u64;
        levels += batches(&block.transactions, &BTreeMap::new()).len() as u64;
        let footprints = block.transactions.iter().map(|tx| footprint(&tx.body).accounts);
        let accounts: Vec<_> = footprints.flat_map(BTreeMap::into_keys).collect();
        let distinct: BTreeSet<_> = accounts.iter().collect();
        conflicts += (accounts.len() - distinct.len()) as u64;
    }
    let text = node.read();
    assert!(conflicts > 0 && levels > 1, "the shape has conflicts");
    assert_eq!(text.count("seriatim_batch_transactions_sum"), transactions);
    assert_eq!(text.count("seriatim_batch_transactions_count"), levels);
    assert!(text.count("seriatim_block_workers_count") > 0, "the shadow has workers");
    assert_eq!(text.count("seriatim_block_conflicts_sum"), conflicts);
    let (sequential, parallel) = (
        text.get("seriatim_test_mode_sequential_seconds_total"),
        text.get("seriatim_test_mode_parallel_seconds_total"),
    );
    let ratio = text.get("seriatim_test_mode_speed_up_ratio");
    assert!(ratio > 0.0 && (ratio - sequential / parallel).abs() < 1e-9, "{ratio}");
}
