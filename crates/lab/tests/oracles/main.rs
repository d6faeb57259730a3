//! The oracles in pairs: what they accept (every right subject), and a wrong subject that each of them rejects. They have a
//! binary of their own, small and quick to build, which `cargo mutants` runs on each changed program.

mod blocks;
mod ledgers;
mod tampered;

use std::collections::BTreeSet;

use seriatim_lab::compare::{Evidence, Oracle, Signature, Verdict, Violation, judge};
use seriatim_lab::drive::{ChainSubject, ObservedStep};
use seriatim_lab::workload::{Built, Expectation, Plan, Scenario, build, real_shapes};
use seriatim_lab::{Canary, Examiner, check_canaries};
use seriatim_lab::{Genesis, Letter, scenario};
use seriatim_runtime::TaskFigures;
use seriatim_tos::chain::ExecutionPath;
use seriatim_tos::ledger::{Receipt, SignatureScheme};

/// The part of the evidence that the reference alone says.
fn of_reference(scenario: &Scenario, expectation: &Expectation, soak: bool) -> Evidence {
    let executed = |receipt: &&Receipt| matches!(receipt, Receipt::Executed { .. });
    Evidence {
        observations: 4 + 2 * u64::from(soak),
        // A run ends with its aborted block, and the builder puts no block after it.
        blocks: scenario.blocks().count() as u64,
        aborted_blocks: expectation.aborts().count() as u64,
        transactions: expectation.receipts().count() as u64,
        executed: expectation.receipts().filter(executed).count() as u64,
        ..Evidence::default()
    }
}

/// The evidence without the figures that depend on the executor.
fn without_tasks(evidence: Evidence) -> Evidence {
    Evidence { tasks: 0, blocks_with_overlap: 0, ..evidence }
}

#[test]
fn right_subjects_are_accepted_with_evidence() {
    let examiner = Examiner::new().unwrap();
    let (mut all, mut sums, mut counted) = (Evidence::default(), Evidence::default(), 0);
    for seed in 0..300 {
        let Built { scenario, expectation, .. } = build(&Plan::from_seed(seed), SignatureScheme::Tagged);
        let soak = seed % 8 == 0;
        let evidence = match examiner.examine(&scenario, &expectation, seed, soak) {
            Verdict::Agree(evidence) => evidence,
            Verdict::Violation(violation) => panic!("seed {seed}: {violation}"),
        };
        let Evidence { blocks, aborted_blocks: aborted, .. } = of_reference(&scenario, &expectation, soak);
        assert_eq!(without_tasks(evidence), of_reference(&scenario, &expectation, soak), "seed {seed}");
        // Elsewhere tasks of an aborted block count too, and burns near their limit run one by one.
        if aborted == 0 && scenario.genesis.burned.is_empty() {
            // A worker is a task, and a block has at most one worker for each of its transactions.
            let sizes: Vec<usize> = scenario.blocks().map(|block| block.transactions.len()).collect();
            let workers = |most: usize| sizes.iter().map(|size| most.min(*size) as u64).sum::<u64>();
            let in_parallel = workers(1) + workers(2) + workers(8) + if soak { workers(8) } else { 0 };
            let some = in_parallel..=in_parallel + if soak { workers(2) } else { 0 };
            assert!(some.contains(&evidence.tasks), "seed {seed}: {} tasks, {some:?}", evidence.tasks);
            let overlapping = 2 * sizes.iter().filter(|size| **size > 1).count() as u64;
            let with_mixed = overlapping + u64::from(soak) * blocks;
            assert!(
                (overlapping..=with_mixed).contains(&evidence.blocks_with_overlap),
                "with two and with eight tasks at a time, seed {seed}: {evidence:?}"
            );
            counted += 1;
        }
        all.merge(&evidence);
        sums.observations += evidence.observations;
        sums.blocks += evidence.blocks;
        sums.aborted_blocks += evidence.aborted_blocks;
        sums.transactions += evidence.transactions;
        sums.executed += evidence.executed;
        sums.tasks += evidence.tasks;
        sums.blocks_with_overlap += evidence.blocks_with_overlap;
    }
    assert_eq!(all, sums);
    assert!(counted > 150 && all.aborted_blocks > 1, "{counted} {all:?}");
}

#[test]
fn the_optimistic_executor_is_accepted_with_evidence() {
    let examiner = Examiner::new().unwrap();
    let (mut counted, mut overlapping) = (0, 0);
    for seed in 0..100 {
        let Built { scenario, expectation, .. } = build(&Plan::from_seed(seed), SignatureScheme::Tagged);
        let (path, soak) = (ExecutionPath::BlockStm, seed % 8 == 0);
        let evidence = match examiner.examine_on(path, &scenario, &expectation, seed, soak) {
            Verdict::Agree(evidence) => evidence,
            Verdict::Violation(violation) => panic!("seed {seed}: {violation}"),
        };
        assert_eq!(without_tasks(evidence), of_reference(&scenario, &expectation, soak), "seed {seed}");
        // The soak adds two threads, and a run whose blocks go different ways.
        if soak || expectation.aborts().count() > 0 {
            continue;
        }
        // A worker is a task, and a block has at most one worker for each of its transactions.
        let sizes: Vec<usize> = scenario.blocks().map(|block| block.transactions.len()).collect();
        let workers = |most: usize| sizes.iter().map(|size| most.min(*size) as u64).sum::<u64>();
        assert_eq!(evidence.tasks, workers(1) + workers(2) + workers(8), "seed {seed}");
        // With two and with eight workers.
        let several = 2 * sizes.iter().filter(|size| **size > 1).count() as u64;
        assert_eq!(evidence.blocks_with_overlap, several, "seed {seed}");
        counted += 1;
        overlapping += several;
    }
    assert!(counted > 60 && overlapping > 200, "{counted} scenarios, {overlapping} blocks with overlap");
}

/// The violation, if there is one, after `change` has altered the figures of an observation: two burns that share no account,
/// on the optimistic executor with two workers.
fn with_figures(change: impl Fn(&mut TaskFigures)) -> Option<Violation> {
    let letters = [Letter::Burn { from: 0, other_asset: false }, Letter::Burn { from: 1, other_asset: true }];
    let scenario = scenario(Genesis::Plain, &letters);
    let examiner = Examiner::new().unwrap();
    let parallel = ChainSubject::parallel(examiner.runtimes(), 2, 0);
    let mut observation = ChainSubject { paths: ExecutionPath::BlockStm.into(), ..parallel }.run(&scenario);
    for step in &mut observation.steps {
        let ObservedStep::Run(blocks) = step else { continue };
        blocks.iter_mut().filter(|block| block.tasks.spawned > 0).for_each(|block| change(&mut block.tasks));
    }
    judge(&scenario, &Expectation::of(&scenario), &[observation]).into_violation().map(|violation| *violation)
}

#[test]
fn workers_are_as_many_as_allowed_and_in_flight_together() {
    assert_eq!(with_figures(|_| ()), None);
    let rejected: [fn(&mut TaskFigures); 4] = [
        |tasks| tasks.spawned -= 1,
        |tasks| tasks.spawned += 1,
        |tasks| tasks.peak_in_flight -= 1,
        |tasks| tasks.peak_in_flight += 1,
    ];
    for change in rejected {
        assert_eq!(with_figures(change).map(|violation| violation.oracle), Some(Oracle::Parallelism));
    }
}

#[test]
fn right_subjects_are_accepted_under_real_signatures() {
    let examiner = Examiner::new().unwrap();
    for seed in 0..20 {
        let built = build(&Plan::from_seed(seed), SignatureScheme::Ed25519);
        let verdict = examiner.examine(&built.scenario, &built.expectation, seed, false);
        assert!(matches!(verdict, Verdict::Agree(_)), "seed {seed}: {verdict:?}");
    }
}

#[test]
fn every_real_shape_is_equal_on_all_executors() {
    let examiner = Examiner::new().unwrap();
    assert_eq!(real_shapes().len(), 85);
    for shape in real_shapes() {
        let scenario = shape.scenario(SignatureScheme::Tagged, 0);
        let expectation = Expectation::of(&scenario);
        for path in [ExecutionPath::Parallel, ExecutionPath::BlockStm] {
            let verdict = examiner.examine_on(path, &scenario, &expectation, shape.block, true);
            assert!(matches!(verdict, Verdict::Agree(_)), "block {}: {verdict:?}", shape.block);
        }
    }
}

#[test]
fn every_canary_is_caught_by_its_oracle() {
    quieten();
    assert_eq!(check_canaries(&Examiner::new().unwrap()), Ok(vec![]));
}

#[test]
fn every_oracle_has_a_canary() {
    let with_canary: BTreeSet<Oracle> = Canary::ALL.iter().map(|canary| canary.oracle()).collect();
    assert_eq!(with_canary, BTreeSet::from(Oracle::ALL));
}

#[test]
fn every_oracle_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = Oracle::ALL.iter().map(|oracle| oracle.name()).collect();
    assert!(names.len() == Oracle::ALL.len() && !names.contains(""), "{names:?}");
}

#[test]
fn a_signature_covers_fewer_types_of_transactions_and_nothing_else_that_differs() {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<String>>();
    let receipts = Some(("Executed".to_owned(), "Skipped".to_owned()));
    let transactions = names(&["burn", "transfer"]);
    let whole = Signature { oracle: Oracle::Receipts, field: "receipt".to_owned(), receipts, transactions };
    for fewer in [&["burn", "transfer"][..], &["burn"], &[]] {
        assert!(whole.covers(&Signature { transactions: names(fewer), ..whole.clone() }), "{fewer:?}");
    }
    for other in [
        Signature { oracle: Oracle::State, ..whole.clone() },
        Signature { field: "task".to_owned(), ..whole.clone() },
        Signature { receipts: None, ..whole.clone() },
        Signature { transactions: names(&["burn", "freeze"]), ..whole.clone() },
    ] {
        assert!(!whole.covers(&other), "{other:?}");
    }
}

#[test]
fn a_violation_names_block_transaction_and_both_values() {
    quieten();
    let examiner = Examiner::new().unwrap();
    let mut located = 0;
    for seed in 0..40 {
        let built = build(&Plan::from_seed(seed), SignatureScheme::Tagged);
        let verdict = Canary::BalanceTooHigh.judge(&examiner, &built.scenario, &built.expectation);
        let Some(violation) = verdict.into_violation() else { continue };
        if violation.oracle == Oracle::State {
            let difference = &violation.difference;
            assert!(difference.place.block.is_some(), "{violation}");
            assert!(difference.field.is("balance"), "{violation}");
            assert_ne!(difference.expected, difference.actual);
            located += 1;
        }
    }
    assert!(located > 10, "only {located} of 40");
}

/// Keeps the panics that are made on purpose off the screen, and no others.
fn quieten() {
    std::panic::set_hook(Box::new(|panic| {
        if !panic.payload_as_str().is_some_and(|message| message.contains("a canary")) {
            eprintln!("{panic}");
        }
    }));
}
