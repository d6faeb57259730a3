//! What plans become, in numbers: most transactions execute, every error and every abort occurs, every class has
//! transactions, and what the builder says of a scenario is what the reference says of it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use seriatim_lab::workload::{
    Built, ConflictClass, Expectation, ExpectedStep, HEADER_BYTES, PLAN_VERSION, Plan, RECORD_BYTES, Scenario, Step,
    build, plans,
};
use seriatim_tos::ledger::{BlockAbort, Receipt, SignatureScheme, TransactionError};

use crate::fixtures::built;

/// What a fuzzer makes: a valid version, then anything.
fn of_any_bytes(seed: u64) -> Plan {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut bytes = vec![0; HEADER_BYTES + RECORD_BYTES + (generator.next_u64() % 600) as usize];
    generator.fill_bytes(&mut bytes);
    bytes[0] = PLAN_VERSION;
    Plan::from_bytes(&bytes).unwrap()
}

#[derive(Default)]
struct Counts {
    executed: usize,
    receipts: usize,
}

impl Counts {
    fn add(&mut self, built: &Built) {
        for receipt in built.expectation.receipts() {
            self.receipts += 1;
            self.executed += usize::from(matches!(receipt, Receipt::Executed { .. }));
        }
    }

    fn acceptance(&self) -> f64 {
        self.executed as f64 / self.receipts as f64
    }
}

fn acceptance(builds: impl Iterator<Item = Built>) -> f64 {
    let mut counts = Counts::default();
    builds.for_each(|built| counts.add(&built));
    counts.acceptance()
}

fn assert_sound(built: &Built) {
    let Built { scenario, expectation, classes } = built;
    assert_eq!(scenario.genesis.validate(), Ok(()));
    assert_eq!(classes.len(), scenario.tx_count());
    assert_eq!(built.outcomes().count(), classes.len());
    assert_eq!(built.outcomes().filter(|(_, receipt)| receipt.is_some()).count(), expectation.receipts().count());
    assert_eq!(expectation.steps.len(), scenario.steps.len());
    assert_eq!(expectation.ledgers.len(), scenario.steps.len());
    for (step, expected) in scenario.steps.iter().zip(&expectation.steps) {
        match (step, expected) {
            (Step::Run(blocks), ExpectedStep::Run { blocks: outcomes }) => {
                assert_eq!(blocks.len(), outcomes.len(), "a run ends with its first aborted block");
                for (block, outcome) in blocks.iter().zip(outcomes) {
                    let Ok(receipts) = outcome else { continue };
                    assert_eq!(receipts.len(), block.transactions.len());
                }
            }
            (Step::Rewind(_), ExpectedStep::Rewind) => {}
            _ => panic!("{step:?} is expected to be {expected:?}"),
        }
    }
}

#[test]
fn what_the_builder_expects_is_what_the_reference_says() {
    for seed in 0..200 {
        let built = built(seed);
        assert_eq!(built.expectation, Expectation::of(&built.scenario), "seed {seed}");
    }
}

#[test]
fn the_same_plan_gives_the_same_scenario() {
    assert!((0..50).all(|seed| built(seed) == built(seed)));
}

/// A plan's bytes mean the same scenario in every version of the builder, or committed seeds and regressions would become other
/// ones. A digest may change only together with [`PLAN_VERSION`].
#[test]
fn a_plan_keeps_its_scenario() {
    let of_class = |class: ConflictClass| {
        (0..200).map(move |seed| {
            let mut plan = Plan::from_seed(seed);
            plan.header.class_mask = class.bit();
            plan
        })
    };
    let digests = [
        digest((0..200).map(Plan::from_seed)),
        digest((0..200).map(of_any_bytes)),
        digest(of_class(ConflictClass::Limits)),
        digest(of_class(ConflictClass::Malformed)),
    ];
    assert_eq!(digests, ["2334210b92654ad3", "0c2be61b39081d3d", "18cf112465471c8e", "79e4334b41e8567e"]);
}

/// The first bytes of the hash of the plans' scenarios.
fn digest(plans: impl Iterator<Item = Plan>) -> String {
    let mut hasher = blake3::Hasher::new();
    for plan in plans {
        hasher.update(build(&plan, SignatureScheme::Tagged).scenario.to_json().as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

#[test]
fn every_seed_builds() {
    for seed in 0..2_000 {
        assert_sound(&built(seed));
        assert_sound(&build(&of_any_bytes(seed), SignatureScheme::Tagged));
    }
}

#[test]
fn most_transactions_execute() {
    let by_seed = acceptance((0..500).map(built));
    assert!(by_seed > 0.7, "{by_seed}");
    let by_bytes = acceptance((0..500).map(|seed| build(&of_any_bytes(seed), SignatureScheme::Tagged)));
    assert!(by_bytes > 0.7, "{by_bytes}");
}

#[test]
fn every_error_occurs() {
    let mut seeds: BTreeMap<&str, usize> = TransactionError::NAMES.iter().map(|name| (*name, 0)).collect();
    for seed in 0..500 {
        let built = built(seed);
        for &name in TransactionError::NAMES {
            let occurs = built
                .expectation
                .receipts()
                .any(|receipt| matches!(receipt, Receipt::Orphaned { error, .. } if error.name() == name));
            *seeds.get_mut(name).unwrap() += usize::from(occurs);
        }
    }
    assert!(seeds.values().all(|count| *count >= 2), "{seeds:?}");
}

#[test]
fn duplicates_are_skipped_and_blocks_abort_for_both_reasons() {
    let (mut skipped, mut rewards, mut fees) = (0, 0, 0);
    for seed in 0..3_000 {
        let built = built(seed);
        skipped += built.expectation.receipts().filter(|receipt| matches!(receipt, Receipt::Skipped { .. })).count();
        rewards += built.expectation.aborts().filter(|abort| *abort == BlockAbort::RewardOverflow).count();
        fees += built.expectation.aborts().filter(|abort| *abort == BlockAbort::FeesOverflow).count();
    }
    assert!(skipped > 300 && rewards > 5 && fees > 5, "{skipped} {rewards} {fees}");
}

#[test]
fn scenarios_have_runs_of_several_blocks_rewinds_and_empty_blocks() {
    let built: Vec<Scenario> = (0..300).map(|seed| built(seed).scenario).collect();
    let steps = || built.iter().flat_map(|scenario| &scenario.steps);
    assert!(steps().filter(|step| matches!(step, Step::Run(blocks) if blocks.len() > 1)).count() > 50);
    assert!(steps().filter(|step| matches!(step, Step::Rewind(_))).count() > 50);
    let blocks = || built.iter().flat_map(Scenario::blocks);
    assert!(blocks().filter(|block| block.transactions.is_empty()).count() > 10);
}

#[test]
fn each_class_occurs_and_builds_alone() {
    let mut counts = BTreeMap::new();
    for class in (0..300).flat_map(|seed| built(seed).classes) {
        *counts.entry(class).or_insert(0) += 1;
    }
    for &class in ConflictClass::ALL {
        assert!(counts.get(&class).is_some_and(|count| *count > 30), "{}: {counts:?}", class.name());
        let alone = (0..40).map(|seed| {
            let mut plan = Plan::from_seed(seed);
            plan.header.class_mask = class.bit();
            let built = build(&plan, SignatureScheme::Tagged);
            assert!(!built.classes.is_empty() && built.classes.iter().all(|other| *other == class));
            built
        });
        let share = acceptance(alone);
        assert!(share > 0.3, "{}: {share}", class.name());
    }
}

#[test]
fn deleting_a_record_keeps_the_others_valid() {
    let long = || (0..300).map(Plan::from_seed).filter(|plan| plan.records.len() > 4);
    let whole = acceptance(long().map(|plan| build(&plan, SignatureScheme::Tagged)));
    for at in 0..4 {
        let cut = acceptance(long().map(|mut plan| {
            plan.records.remove(at);
            build(&plan, SignatureScheme::Tagged)
        }));
        assert!((whole - cut).abs() < 0.05, "{whole} becomes {cut} without record {at}");
    }
}

#[test]
fn both_schemes_give_scenarios_of_one_form() {
    for seed in 0..20 {
        let plan = Plan::from_seed(seed);
        let real = build(&plan, SignatureScheme::Ed25519);
        assert_sound(&real);
        assert!(acceptance(std::iter::once(real)) > 0.0);
    }
}

#[test]
fn a_scenario_reads_back_from_its_text() {
    for seed in 0..50 {
        let scenario = built(seed).scenario;
        assert_eq!(Scenario::from_json(&scenario.to_json()).unwrap(), scenario);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_plan_builds_and_is_expected_as_the_reference_says(plan in plans(24)) {
        let built = build(&plan, SignatureScheme::Tagged);
        assert_sound(&built);
        prop_assert_eq!(&built.expectation, &Expectation::of(&built.scenario));
    }
}
