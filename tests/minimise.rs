//! Cases made smaller: how small, whether they still show the violation, and that nothing unrelated is touched.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output};

use seriatim::campaign::{Canary, Examiner, ExploredSubject};
use seriatim::compare::{Signature, Verdict, judge_ending};
use seriatim::explore::{InterleaveConfig, Strategy};
use seriatim::ledger::{Receipt, SignatureScheme};
use seriatim::minimise::{ByVerdict, Case, Minimised, NotShown, Script, UnderShuttle, minimise};
use seriatim::report::{Artifact, Origin};
use seriatim::runtime::model::ModelSettings;
use seriatim::workload::{Built, Expectation, Plan, Scenario, build};

const LIMIT: u64 = 100_000;

fn built(seed: u64) -> Built {
    build(&Plan::from_seed(seed), SignatureScheme::Tagged)
}

/// The first violation of a canary on a plan under random schedules, if it shows one.
fn found(subject: ExploredSubject, seed: u64, executions: usize) -> Option<(Case, Signature)> {
    let Built { scenario, expectation, .. } = built(seed);
    let settings = ModelSettings { workers: None, shards: 4, placement_seed: seed };
    let config = InterleaveConfig { strategy: Strategy::Random, seed, executions, max_parallelism: 4, settings };
    let mut found = None;
    subject.explorer(&scenario).explore(&config, |interleaved| {
        match judge_ending(&scenario, &expectation, &interleaved.ending) {
            Verdict::Violation(violation) => {
                found = Some((violation.signature(), interleaved.schedule));
                ControlFlow::Break(())
            }
            Verdict::Agree(_) => ControlFlow::Continue(()),
        }
    });
    let (signature, schedule) = found?;
    Some((Case { scenario, schedule: Some(schedule) }, signature))
}

fn smaller(subject: ExploredSubject, case: &Case, signature: &Signature) -> Result<Minimised, NotShown> {
    let explorer = |scenario: &Scenario| subject.explorer(scenario);
    minimise(case, signature, &mut UnderShuttle::new(&explorer), LIMIT)
}

/// Cases of a canary, so many of them, and what each is made to.
fn minimised(canary: Canary, cases: usize) -> Vec<(Case, Signature, Minimised)> {
    let subject = ExploredSubject::Canary(canary);
    let minimised: Vec<_> = (0..40)
        .filter_map(|seed| found(subject, seed, 8))
        .take(cases)
        .map(|(case, signature)| {
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
    let explorer = ExploredSubject::Canary(canary).explorer(&minimised.scenario);
    let (replayed, diverged_at) = explorer.replay(schedule);
    assert_eq!(diverged_at, None);
    let expectation = Expectation::of(&minimised.scenario);
    let violation = judge_ending(&minimised.scenario, &expectation, &replayed.ending).into_violation().unwrap();
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
    let subject = ExploredSubject::Canary(Canary::CountsByLoadAndStore);
    let (case, signature) = (0..40).find_map(|seed| found(subject, seed, 8)).unwrap();
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
    let wrong = ExploredSubject::Canary(Canary::CountsByLoadAndStore);
    let (case, signature) = (0..40).find_map(|seed| found(wrong, seed, 8)).unwrap();
    let error = smaller(ExploredSubject::Parallel, &case, &signature).unwrap_err();
    assert!(error.to_string().contains("does not show any more"), "{error}");
    assert!(error.tries > 0);
}

#[test]
fn few_tries_give_a_larger_case_that_says_so() {
    let subject = ExploredSubject::Canary(Canary::CountsByLoadAndStore);
    let (case, signature) = (0..40).find_map(|seed| found(subject, seed, 8)).unwrap();
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
fn is_independent(transactions: &[&seriatim::ledger::Transaction], place: usize) -> bool {
    let footprint = |place: usize| seriatim::ledger::rules::footprint(&transactions[place].body);
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

fn seriatim(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seriatim")).current_dir(folder).args(args).output().unwrap()
}

/// The file of a violation of this subject, which another may not show.
fn artifact(found_on: ExploredSubject, subject: &str) -> Artifact {
    let (case, _) = (0..40).find_map(|seed| found(found_on, seed, 8)).unwrap();
    let schedule = case.schedule.unwrap();
    let (replayed, _) = found_on.explorer(&case.scenario).replay(&schedule);
    let expectation = Expectation::of(&case.scenario);
    let violation = *judge_ending(&case.scenario, &expectation, &replayed.ending).into_violation().unwrap();
    let origin = Origin { found_by: "a test".to_owned(), seed: 0, index: 0, plan: None };
    Artifact::new(subject, origin, violation, case.scenario, Some(schedule))
}

#[test]
fn the_command_writes_a_smaller_artifact_beside_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let subject = ExploredSubject::Canary(Canary::CountsByLoadAndStore);
    let first = artifact(subject, &subject.to_string());
    std::fs::write(folder.path().join("found.json"), first.to_json()).unwrap();
    let output = seriatim(folder.path(), &["minimise", "found.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("SMALLER") && text.contains("found.min.json"), "{text}");
    let json = std::fs::read_to_string(folder.path().join("found.min.json")).unwrap();
    let smaller = Artifact::from_json(&json).unwrap();
    let figures = smaller.smaller.clone().unwrap();
    assert_eq!(figures.transactions, (first.scenario.tx_count(), smaller.scenario.tx_count()));
    assert!(figures.is_one_minimal && smaller.scenario.tx_count() <= 2, "{figures:?}");
    assert_eq!((smaller.origin.clone(), smaller.subject.clone()), (first.origin.clone(), first.subject.clone()));
    // Made smaller again, it stays as it is.
    let output = seriatim(folder.path(), &["minimise", "found.min.json", "--out", "again.json"]);
    assert_eq!(output.status.code(), Some(0));
    let again = Artifact::from_json(&std::fs::read_to_string(folder.path().join("again.json")).unwrap()).unwrap();
    assert_eq!(again.scenario.tx_count(), smaller.scenario.tx_count());
}

#[test]
fn the_command_writes_nothing_when_the_violation_does_not_show_or_the_file_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let subject = ExploredSubject::Canary(Canary::CountsByLoadAndStore);
    let not_shown = artifact(subject, "parallel");
    std::fs::write(folder.path().join("right.json"), not_shown.to_json()).unwrap();
    let unknown = artifact(subject, "canary Unheard");
    std::fs::write(folder.path().join("unknown.json"), unknown.to_json()).unwrap();
    std::fs::write(folder.path().join("altered.json"), not_shown.to_json().replace("a test", "a jest")).unwrap();
    let before = files();
    let refused = |file: &str, code: i32, part: &str| {
        let output = seriatim(folder.path(), &["minimise", file]);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{file}: {text}");
        assert_eq!(text.lines().count(), 1, "{file}: {text}");
        assert!(text.contains(part), "{file}: {text} lacks {part}");
    };
    refused("right.json", 3, "does not show any more");
    refused("unknown.json", 2, "canary Unheard");
    refused("altered.json", 2, "altered");
    refused("absent.json", 2, "absent.json");
    assert_eq!(files(), before);
}
