//! The node as a library: modes, restarts, lines, a rollout, and what is wrong on purpose.

mod capture;
mod chains;
mod fixtures;
mod lines;
mod metrics_endpoint;
mod restart;
mod rollout;
mod wrong;

use seriatim_campaign::Conclusion;
use seriatim_lab::workload::DevnetContent;
use seriatim_tos::chain::ExecutionPath;

use chains::*;

/// The same chain in every mode: the ledger is the same to the last byte, and the reference agrees.
#[test]
fn every_mode_comes_to_the_same_ledger() {
    let devnet = devnet(3, DevnetContent::Plans, 20);
    let reports = [
        sequential(),
        parallel(ExecutionPath::Parallel),
        parallel(ExecutionPath::BlockStm),
        testing(ExecutionPath::Parallel),
        testing(ExecutionPath::BlockStm),
    ]
    .map(|modes| run(in_memory(devnet, modes), 320));
    for report in &reports {
        assert_eq!(report.ledger_digest, reports[0].ledger_digest);
        assert_eq!(report.conclusion(), (Some(Conclusion::Agree), None), "{report}");
        assert_eq!((report.top, report.blocks_compared, report.segments_compared), (320, report.outcome.blocks, 6));
    }
    let [sequential, parallel, _, tested, _] = &reports;
    let blocks = sequential.outcome.blocks;
    assert_eq!((sequential.paths.sequential, tested.paths.test, tested.test_mode.matched), (blocks, blocks, blocks));
    assert!(parallel.paths.parallel > blocks / 2, "{parallel}");
    assert_eq!(tested.test_mode.percent_matched, Some(100.0));
}

/// The chain is worth testing: most of it executes, late in it as well as early, and everything that is meant to happen does.
#[test]
fn a_devnet_goes_on_executing_with_every_kind_of_conflict_and_reorganises() {
    let mut node = in_memory(devnet(1, DevnetContent::Plans, 10), sequential());
    let mut shares = Vec::new();
    let mut executed = 0;
    let mut transactions = 0;
    for until in [300, 600, 900, 1_200] {
        let report = run_on(&mut node, until);
        let outcome = report.outcome;
        shares.push((outcome.executed - executed) as f64 / (outcome.transactions - transactions) as f64);
        (executed, transactions) = (outcome.executed, outcome.transactions);
    }
    assert!(shares.iter().all(|share| *share > 0.65), "{shares:?}");
    let report = run_on(&mut node, 1_200);
    assert_eq!(report.classes.len(), 16, "{:?}", report.classes);
    assert!(report.outcome.reorganisations >= 110 && report.outcome.undone_blocks > 180, "{report}");
    assert!(report.outcome.skipped > 100 && report.outcome.orphaned > 1_000, "{report}");
}

#[test]
fn real_shapes_come_in_turn_and_agree() {
    let report = run(in_memory(devnet(5, DevnetContent::Shapes, 40), testing(ExecutionPath::Parallel)), 90);
    assert_eq!(report.conclusion(), (Some(Conclusion::Agree), None), "{report}");
    assert!(report.shape_blocks >= 85 && report.outcome.largest_block >= 1_414, "{report}");
    assert!(report.outcome.executed * 100 > report.outcome.transactions * 95, "{report}");
}

#[test]
fn another_seed_is_another_chain() {
    let digest = |seed| run(in_memory(devnet(seed, DevnetContent::Plans, 7), sequential()), 60).ledger_digest;
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

/// Reorganising every block, and never.
#[test]
fn the_schedule_of_reorganisations_is_kept() {
    let count =
        |every| run(in_memory(devnet(4, DevnetContent::Plans, every), sequential()), 100).outcome.reorganisations;
    assert_eq!(count(0), 0);
    assert_eq!(count(50), 2);
    assert_eq!(count(10), 10);
    assert!(count(1) >= 80, "{}", count(1));
}
