//! The oracles in pairs: what they accept (every right subject), and a wrong subject that each of them rejects.

use std::collections::BTreeSet;

use seriatim::campaign::{Canary, Examiner, check_canaries};
use seriatim::chain::ExecutionPath;
use seriatim::compare::{Oracle, Verdict, Violation, judge};
use seriatim::explore::{ChainSubject, ObservedStep, Subject};
use seriatim::ledger::SignatureScheme;
use seriatim::prove::{Genesis, Letter, scenario};
use seriatim::runtime::TaskFigures;
use seriatim::workload::{Expectation, Plan, build, real_shapes};

#[test]
fn right_subjects_are_accepted_with_evidence() {
    let examiner = Examiner::new().unwrap();
    for seed in 0..300 {
        let built = build(&Plan::from_seed(seed), SignatureScheme::Tagged);
        match examiner.examine(&built.scenario, &built.expectation, seed, seed % 8 == 0) {
            Verdict::Agree(evidence) => assert!(evidence.observations >= 4),
            Verdict::Violation(violation) => panic!("seed {seed}: {violation}"),
        }
    }
}

#[test]
fn the_optimistic_executor_is_accepted_with_evidence() {
    let examiner = Examiner::new().unwrap();
    for seed in 0..100 {
        let built = build(&Plan::from_seed(seed), SignatureScheme::Tagged);
        let (path, soak) = (ExecutionPath::BlockStm, seed % 8 == 0);
        match examiner.examine_path(path, &built.scenario, &built.expectation, seed, soak) {
            Verdict::Agree(evidence) => assert!(evidence.observations >= 4),
            Verdict::Violation(violation) => panic!("seed {seed}: {violation}"),
        }
    }
}

/// Two payments that share no account, on the optimistic executor with two workers: what it did, judged as it was and as it
/// would be with other figures.
fn with_figures(change: impl Fn(&mut TaskFigures)) -> Option<Violation> {
    let letters = [Letter::Burn { from: 0, other_asset: false }, Letter::Burn { from: 1, other_asset: true }];
    let scenario = scenario(Genesis::Plain, &letters);
    let examiner = Examiner::new().unwrap();
    let parallel = ChainSubject::parallel(examiner.engine(), 2, 0);
    let mut observation = ChainSubject { path: ExecutionPath::BlockStm, ..parallel }.run(&scenario);
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
            let verdict = examiner.examine_path(path, &scenario, &expectation, shape.block, true);
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
            assert!(difference.field.starts_with("balance of"), "{violation}");
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
