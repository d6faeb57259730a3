//! What is said about executors that are wrong on purpose: the anomaly by its name, and the accesses that make it.

use std::ops::ControlFlow;

use seriatim_explore::model::ModelSettings;
use seriatim_explore::{InterleaveConfig, Schedule, Strategy};
use seriatim_lab::compare::{Oracle, Violation};
use seriatim_lab::workload::{SCENARIO_VERSION, Scenario, Step};
use seriatim_lab::{BuiltinSubject, Canary};
use seriatim_testkit::ledger::{block_at, burn, genesis, parameters, pay};
use seriatim_tos::ledger::{Block, TOS, Transaction};
use seriatim_triage::explain::{Anomaly, Explanation, explain, task_names};

use crate::fixtures::{assert_snapshot, first_violation};

/// One ordering run over accounts that have 100 coins each.
fn scenario(blocks: Vec<Vec<Transaction>>) -> Scenario {
    let block = |(index, transactions): (u64, _)| Block::clone(&block_at(1 + index, transactions));
    let blocks = (0..).zip(blocks).map(block).collect();
    let (parameters, genesis) = (parameters(), genesis(1..16));
    Scenario { version: SCENARIO_VERSION, parameters, genesis, steps: vec![Step::Run(blocks)] }
}

fn config() -> InterleaveConfig {
    let settings = ModelSettings { workers: None, shards: 64, placement_seed: 0 };
    InterleaveConfig { strategy: Strategy::Random, seed: 0, executions: 3_000, max_parallelism: 2, settings }
}

fn found(canary: Canary, scenario: &Scenario, most_switches: Option<usize>) -> (Schedule, Violation) {
    let subject = BuiltinSubject::Canary(canary);
    first_violation(subject, scenario, &config(), most_switches).expect("the canary shows")
}

fn explained(canary: Canary, scenario: &Scenario, most_switches: Option<usize>) -> (Schedule, Explanation) {
    let subject = BuiltinSubject::Canary(canary);
    let (schedule, violation) = found(canary, scenario, most_switches);
    let explanation = explain(scenario, Some(&schedule), &violation, &|scenario| subject.explorer(scenario));
    let again = explain(scenario, Some(&schedule), &violation, &|scenario| subject.explorer(scenario));
    assert_eq!(explanation, again, "the same every time");
    let traced = subject.explorer(scenario).with_steps(&schedule);
    (traced, explanation)
}

#[test]
fn counting_by_load_and_store_is_a_lost_update_of_the_counter() {
    let scenario = scenario(vec![vec![pay(1, 2, 0, 1), pay(3, 4, 0, 1)]]);
    for most_switches in [Some(2), None] {
        let (traced, explanation) = explained(Canary::CountsByLoadAndStore, &scenario, most_switches);
        assert_eq!(explanation.anomaly, Anomaly::LostUpdate);
        let (first, second) = explanation.guilty.expect("a guilty pair");
        let (first, second) = (&traced.steps[first], &traced.steps[second]);
        assert_eq!([first.action.target(), second.action.target()], ["reads counted"; 2]);
        assert_ne!(first.task, second.task);
        let strategy = if most_switches.is_some() { "fewest-switches" } else { "random-walk" };
        assert_snapshot(&format!("explained-lost-update-{strategy}"), &explanation.sentences.join("\n"));
    }
}

#[test]
fn locks_taken_in_opposite_orders_are_a_circle() {
    let scenario = scenario(vec![vec![pay(1, 3, 0, 1), pay(2, 4, 0, 1)]]);
    let (_, explanation) = explained(Canary::OppositeLocks, &scenario, Some(2));
    assert_eq!(explanation.anomaly, Anomaly::DeadlockCycle);
    assert_snapshot("explained-circle", &explanation.sentences.join("\n"));
}

#[test]
fn a_read_that_nobody_wakes_is_a_lost_wake_up() {
    let scenario = scenario(vec![vec![pay(1, 2, 0, 1)]]);
    let (_, explanation) = explained(Canary::NeverWoken, &scenario, Some(0));
    assert_eq!(explanation.anomaly, Anomaly::LostWakeup);
    assert_snapshot("explained-lost-wake-up", &explanation.sentences.join("\n"));
}

#[test]
fn a_read_that_yields_for_ever_is_a_livelock() {
    let scenario = scenario(vec![vec![pay(1, 2, 0, 1)]]);
    let (_, explanation) = explained(Canary::NeverEnding, &scenario, Some(0));
    assert_eq!(explanation.anomaly, Anomaly::Livelock);
    assert_snapshot("explained-livelock", &explanation.sentences.join("\n"));
}

#[test]
fn a_schedule_that_shows_nothing_is_said_to_show_nothing() {
    let scenario = scenario(vec![vec![pay(1, 2, 0, 1), pay(3, 4, 0, 1)]]);
    let (schedule, violation) = found(Canary::CountsByLoadAndStore, &scenario, Some(2));
    let right = |scenario: &Scenario| BuiltinSubject::Parallel.explorer(scenario);
    let explanation = explain(&scenario, Some(&schedule), &violation, &right);
    assert_eq!((explanation.anomaly, explanation.guilty), (Anomaly::Unnamed, None));
    assert_snapshot("explained-by-nothing", &explanation.sentences.join("\n"));
}

#[test]
fn a_violation_without_a_schedule_that_shuttle_does_not_show_stays_unnamed() {
    let scenario = scenario(vec![vec![pay(1, 2, 0, 1), pay(3, 4, 0, 1)]]);
    let (_, violation) = found(Canary::CountsByLoadAndStore, &scenario, Some(2));
    assert_eq!(violation.oracle, Oracle::Figures);
    let subject = BuiltinSubject::Canary(Canary::CountsByLoadAndStore);
    let explanation = explain(&scenario, None, &violation, &|scenario| subject.explorer(scenario));
    assert_eq!((explanation.anomaly, explanation.guilty), (Anomaly::Unnamed, None));
}

#[test]
fn tasks_are_named_after_their_transactions_across_blocks() {
    let first = vec![pay(1, 2, 0, 1), pay(1, 3, 1, 1), burn(4, 0, TOS)];
    let scenario = scenario(vec![first, vec![burn(5, 0, TOS)]]);
    let explorer = BuiltinSubject::Parallel.explorer(&scenario);
    let mut traced = None;
    explorer.explore_fewest(&config(), 0, |interleaved| {
        traced = Some(interleaved.schedule);
        ControlFlow::Break(())
    });
    let traced = explorer.with_steps(&traced.expect("one execution"));
    let names = task_names(&scenario, &traced.steps);
    let begun: Vec<String> = names.in_order().iter().map(ToString::to_string).collect();
    assert_eq!(begun, ["block 0 tx 0: transfer", "block 0 tx 1: transfer", "block 0 tx 2: burn", "block 1 tx 0: burn"]);
}
