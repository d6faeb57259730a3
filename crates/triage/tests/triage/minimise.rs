//! Cases made smaller: how small, whether they still show the violation, and that nothing unrelated is touched.

use seriatim_lab::compare::Signature;
use seriatim_lab::workload::{Built, Expectation, Plan, Scenario, build};
use seriatim_lab::{BuiltinSubject, Canary, Examiner};
use seriatim_tos::ledger::{Receipt, SignatureScheme};
use seriatim_triage::minimise::{ByVerdict, Case, Minimised, NotShown, Script, UnderShuttle, minimise};

use crate::fixtures::{built, first_case, found};

const LIMIT: u64 = 100_000;

fn smaller(subject: BuiltinSubject, case: &Case, signature: &Signature) -> Result<Minimised, NotShown> {
    let explorer = |scenario: &Scenario| subject.explorer(scenario);
    minimise(case, signature, &mut UnderShuttle::new(&explorer), LIMIT)
}

/// So many cases of a canary, each with its minimised case.
fn minimised(canary: Canary, cases: usize) -> Vec<(Case, Signature, Minimised)> {
    let subject = BuiltinSubject::Canary(canary);
    let minimised: Vec<_> = (0..40)
        .filter_map(|seed| found(subject, seed, 8))
        .take(cases)
        .map(|(case, violation)| {
            let signature = violation.signature();
            let minimised = smaller(subject, &case, &signature).unwrap();
            (case, signature, minimised)
        })
        .collect();
    assert_eq!(minimised.len(), cases, "{canary:?} shows on too few plans");
    minimised
}

/// Few transactions, the same defect, and a schedule that shows it again.
fn assert_small(canary: Canary, case: &Case, signature: &Signature, minimised: &Minimised) {
    assert!(minimised.transactions.1 <= 2, "{canary:?}: {:?} transactions", minimised.transactions);
    assert_eq!(minimised.transactions.0, case.scenario.tx_count());
    assert!(minimised.is_one_minimal, "{canary:?}: cut after {} executions", minimised.tries);
    assert!(signature.covers(&minimised.signature), "{canary:?}: {} became {}", signature, minimised.signature);
    minimised.scenario.check().unwrap();
    let Some(schedule) = &minimised.schedule else { return };
    let explorer = BuiltinSubject::Canary(canary).explorer(&minimised.scenario);
    let (replayed, diverged_at) = explorer.replay(schedule);
    assert_eq!(diverged_at, None);
    let violation = replayed.verdict.into_violation().unwrap();
    assert_eq!(*violation, minimised.violation);
    assert!(!schedule.steps.is_empty());
}

#[test]
fn a_lost_count_ends_with_one_preemption() {
    for (case, signature, minimised) in minimised(Canary::CountsByLoadAndStore, 6) {
        assert_small(Canary::CountsByLoadAndStore, &case, &signature, &minimised);
        assert!(minimised.schedule.is_some());
        assert_eq!(minimised.preemptions, 1, "{:?}", minimised.schedule);
    }
}

#[test]
fn opposite_locks_end_with_two_transactions_that_wait_for_each_other() {
    for (case, signature, minimised) in minimised(Canary::OppositeLocks, 6) {
        assert_small(Canary::OppositeLocks, &case, &signature, &minimised);
        assert!(minimised.preemptions <= 2, "{:?}", minimised.schedule);
    }
}

#[test]
fn what_every_schedule_shows_needs_none() {
    for (case, signature, minimised) in minimised(Canary::NeverWoken, 3) {
        assert_small(Canary::NeverWoken, &case, &signature, &minimised);
        assert_eq!(minimised.schedule, None);
    }
}

#[test]
fn what_never_ends_becomes_small_too() {
    for (case, signature, minimised) in minimised(Canary::NeverEnding, 1) {
        assert_small(Canary::NeverEnding, &case, &signature, &minimised);
    }
}

#[test]
fn the_same_case_gives_the_same_result() {
    let subject = BuiltinSubject::Canary(Canary::CountsByLoadAndStore);
    let (case, signature) = first_case(subject);
    assert_eq!(smaller(subject, &case, &signature), smaller(subject, &case, &signature));
}

#[test]
fn a_violation_without_a_schedule_is_made_small_by_a_verdict_alone() {
    let examiner = Examiner::new().unwrap();
    for canary in [Canary::FeesMiscounted, Canary::BalanceTooHigh, Canary::LinkLost, Canary::ReceiptsSwapped] {
        let mut minimised = 0;
        for seed in 0..6 {
            let Built { scenario, expectation, .. } = built(seed);
            let Some(violation) = canary.judge(&examiner, &scenario, &expectation).into_violation() else { continue };
            let signature = violation.signature();
            let mut probe = ByVerdict(|scenario: &_, expectation: &_| canary.judge(&examiner, scenario, expectation));
            let case = Case { scenario, schedule: None };
            let smaller = minimise(&case, &signature, &mut probe, LIMIT).unwrap();
            assert_small(canary, &case, &signature, &smaller);
            assert_eq!(smaller.schedule, None);
            minimised += 1;
        }
        assert!(minimised > 0, "{canary:?}");
    }
}

#[test]
fn a_right_subject_shows_nothing_to_make_smaller() {
    let wrong = BuiltinSubject::Canary(Canary::CountsByLoadAndStore);
    let (case, signature) = first_case(wrong);
    let error = smaller(BuiltinSubject::Parallel, &case, &signature).unwrap_err();
    assert!(error.to_string().contains("does not show any more"), "{error}");
    assert!(error.tries > 0);
}

#[test]
fn few_tries_give_a_larger_case_that_says_so() {
    let subject = BuiltinSubject::Canary(Canary::CountsByLoadAndStore);
    let (case, signature) = first_case(subject);
    let explorer = |scenario: &Scenario| subject.explorer(scenario);
    let cut = minimise(&case, &signature, &mut UnderShuttle::new(&explorer), 5).unwrap();
    assert!(!cut.is_one_minimal);
    assert!(signature.covers(&cut.signature));
}

#[test]
fn a_script_without_a_change_plays_the_same_scenario() {
    for seed in 0..300 {
        let scenario = built(seed).scenario;
        assert_eq!(Script::of(&scenario).play(), Some(scenario), "seed {seed}");
    }
    for seed in 0..20 {
        let scenario = build(&Plan::from_seed(seed), SignatureScheme::Ed25519).scenario;
        assert_eq!(Script::of(&scenario).play(), Some(scenario), "seed {seed}");
    }
}

/// Whether it was executed, and with which fee: what a successor sees of it.
fn outcome(receipt: &Receipt) -> Option<(u64, u64)> {
    match receipt {
        Receipt::Executed { fee, energy, .. } => Some((*fee, *energy)),
        Receipt::Orphaned { .. } | Receipt::Skipped { .. } => None,
    }
}

#[test]
fn taking_a_transaction_out_leaves_those_that_share_no_account_with_it_as_they_were() {
    let mut compared = 0;
    for seed in 0..200 {
        let Built { scenario, expectation, .. } = built(seed);
        // One block, so that all receipts are there whatever happens.
        if scenario.blocks().count() != 1 || expectation.aborts().count() > 0 {
            continue;
        }
        let transactions: Vec<_> = scenario.blocks().flat_map(|block| &block.transactions).collect();
        let receipts: Vec<_> = expectation.receipts().map(outcome).collect();
        for (removed, tx) in transactions.iter().enumerate() {
            let mut script = Script::of(&scenario);
            script.remove_transactions(&[removed]);
            let smaller = script.play().unwrap();
            let mut after: Vec<_> = Expectation::of(&smaller).receipts().map(outcome).collect();
            after.insert(removed, None);
            for (place, other) in transactions.iter().enumerate() {
                let is_successor = other.body.source == tx.body.source;
                if place != removed
                    && receipts[place].is_some()
                    && !is_successor
                    && is_independent(&transactions, place)
                {
                    assert_eq!(after[place], receipts[place], "seed {seed}, without {removed}: {place}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

/// Whether no other transaction of the block touches its source, or registers one of its destinations.
fn is_independent(transactions: &[&seriatim_tos::ledger::Transaction], place: usize) -> bool {
    let footprint = |place: usize| seriatim_tos::ledger::rules::footprint(&transactions[place].body);
    let own = footprint(place);
    let mut others = (0..transactions.len()).filter(|other| *other != place).map(footprint);
    others.all(|other| own.accounts.keys().all(|account| !other.accounts.contains_key(account)))
}

#[test]
fn successors_of_a_removed_transaction_keep_their_place_in_the_line_of_nonces() {
    let mut executed = 0;
    for seed in 0..200 {
        let Built { scenario, expectation, .. } = built(seed);
        if scenario.blocks().count() != 1 || expectation.aborts().count() > 0 {
            continue;
        }
        let transactions: Vec<_> = scenario.blocks().flat_map(|block| &block.transactions).collect();
        let receipts: Vec<_> = expectation.receipts().map(outcome).collect();
        let Some(removed) = receipts.iter().position(Option::is_some) else { continue };
        let mut script = Script::of(&scenario);
        script.remove_transactions(&[removed]);
        let smaller = Expectation::of(&script.play().unwrap());
        for (receipt, place) in smaller.receipts().zip((0..transactions.len()).filter(|place| *place != removed)) {
            let follows = place > removed && transactions[place].body.source == transactions[removed].body.source;
            let gap = transactions[place].body.nonce != transactions[removed].body.nonce + 1;
            if follows && !gap && receipts[place].is_some() {
                let nonce = matches!(receipt, Receipt::Orphaned { error, .. } if error.name() == "InvalidNonce");
                assert!(!nonce, "seed {seed}: {receipt:?}");
                executed += 1;
            }
        }
    }
    assert!(executed > 5, "{executed}");
}
