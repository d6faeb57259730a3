//! Schedules in order of their switches: each level after the one below, all different, to an end; and what that finds.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use seriatim_explore::model::ModelSettings;
use seriatim_explore::{Ending, InterleaveConfig, Interleaver, Strategy};
use seriatim_lab::ChainExperiment;
use seriatim_lab::workload::{Built, Plan, build};
use seriatim_lab::{BuiltinSubject, Canary};
use seriatim_tos::ledger::SignatureScheme;

fn config(strategy: Strategy, executions: usize) -> InterleaveConfig {
    let settings = ModelSettings { workers: None, shards: 64, placement_seed: 0 };
    InterleaveConfig { strategy, seed: 0, executions, max_parallelism: 2, settings }
}

/// A plan with two transactions that run side by side.
fn small() -> Built {
    let small = (0..1_000).map(|seed| build(&Plan::sized(seed, 2), SignatureScheme::Tagged)).find(|built| {
        let blocks: Vec<_> = built.scenario.blocks().collect();
        let [block] = blocks[..] else { return false };
        let footprint = |index: usize| seriatim_tos::ledger::rules::footprint(&block.transactions[index].body).accounts;
        block.transactions.len() == 2
            && built.expectation.receipts().count() == 2
            && footprint(0).keys().all(|account| !footprint(1).contains_key(account))
    });
    small.expect("some plan is so")
}

/// Preemptions of one schedule.
fn preemptions(explorer: &Interleaver, choices: seriatim_explore::Choices) -> u64 {
    let config = config(Strategy::Replay(choices), 1);
    explorer.explore(&config, &mut |_| ControlFlow::Continue(())).preemptions
}

#[test]
fn the_first_schedule_preempts_nobody_and_the_search_ends_after_it_if_no_switch_is_allowed() {
    let built = small();
    let interleaver = ChainExperiment::v3(&built.scenario).ready();
    let evidence = interleaver.explore_fewest(&config(Strategy::Random, 100), 0, |_| ControlFlow::Continue(()));
    assert_eq!((evidence.interleavings, evidence.preemptions), (1, 0));
}

#[test]
fn levels_come_in_order_and_the_search_ends_by_itself() {
    let built = small();
    let interleaver = ChainExperiment::v3(&built.scenario).ready();
    let mut seen = Vec::new();
    let evidence = interleaver.explore_fewest(&config(Strategy::Random, 100_000), 1, |interleaved| {
        assert!(matches!(interleaved.ending, Ending::Complete));
        seen.push(interleaved.schedule.choices);
        ControlFlow::Continue(())
    });
    assert!((10..10_000).contains(&evidence.interleavings), "{evidence:?}");
    assert_eq!(evidence.interleavings, seen.len() as u64);
    let distinct: BTreeSet<String> = seen.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), seen.len(), "a schedule was run twice");
    // Within the level, those without a preemption come first; nobody is preempted twice.
    let preempted: Vec<u64> = seen.into_iter().map(|choices| preemptions(&interleaver, choices)).collect();
    assert_eq!(preempted[0], 0);
    assert!(preempted.is_sorted(), "{preempted:?}");
    assert_eq!(preempted.last(), Some(&1));
}

#[test]
fn two_switches_come_after_all_with_one() {
    let built = small();
    let interleaver = ChainExperiment::v3(&built.scenario).ready();
    let run = |most| {
        let mut seen = Vec::new();
        interleaver.explore_fewest(&config(Strategy::Random, 1_500), most, |interleaved| {
            seen.push(interleaved.schedule.choices.to_string());
            ControlFlow::Continue(())
        });
        seen
    };
    let (one, two) = (run(1), run(2));
    assert!(one.len() < 1_500 && two.len() > one.len(), "{} and {}", one.len(), two.len());
    assert_eq!(two[..one.len()], one);
}

#[test]
fn a_lost_count_is_found_with_one_preemption() {
    let built = small();
    let explorer = BuiltinSubject::Canary(Canary::CountsByLoadAndStore).explorer(&built.scenario);
    let mut found = None;
    explorer.explore_fewest(&config(Strategy::Random, 10_000), 3, |interleaved| {
        if interleaved.verdict.into_violation().is_some() {
            found = Some(interleaved.schedule.choices);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    assert_eq!(preemptions(&explorer, found.expect("one preemption is enough")), 1);
}
