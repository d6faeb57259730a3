//! The real executor under shuttle: every interleaving agrees, schedules replay, runs are repeatable.

use std::ops::ControlFlow;

use seriatim_explore::model::{Action, ModelSettings};
use seriatim_explore::{Ending, InterleaveConfig, Interleaved, Schedule, Strategy};
use seriatim_lab::ChainExperiment;
use seriatim_lab::compare::Verdict;

use crate::fixtures::built;

const STRATEGIES: [Strategy; 4] =
    [Strategy::UniformWalk, Strategy::Random, Strategy::Pct { depth: 3 }, Strategy::Bytes(Vec::new())];

fn config(strategy: Strategy, seed: u64, executions: usize) -> InterleaveConfig {
    let settings = ModelSettings { workers: Some(1 + seed as usize % 3), shards: 1 + seed % 5, placement_seed: seed };
    InterleaveConfig { strategy, seed, executions, max_parallelism: 2 + seed as usize % 3, settings }
}

fn assert_agrees(interleaved: &Interleaved) {
    let Interleaved { schedule, ending, verdict } = interleaved;
    assert!(matches!((ending, verdict), (Ending::Complete, Verdict::Agree(_))), "{ending:?} {verdict:?}\n{schedule:?}");
}

#[test]
fn every_interleaving_of_generated_scenarios_agrees() {
    for seed in 0..30 {
        let built = built(seed);
        let interleaver = ChainExperiment::v3(&built.scenario).ready();
        for strategy in STRATEGIES {
            let evidence = interleaver.explore(&config(strategy, seed, 4), |interleaved| {
                assert_agrees(&interleaved);
                ControlFlow::Continue(())
            });
            assert_eq!(evidence.interleavings, 4);
        }
    }
}

#[test]
fn a_schedule_replays_step_by_step() {
    for seed in 0..20 {
        let built = built(seed);
        let interleaver = ChainExperiment::v3(&built.scenario).ready();
        let mut schedules: Vec<Schedule> = Vec::new();
        interleaver.explore(&config(Strategy::Random, seed, 3), |interleaved| {
            schedules.push(interleaved.schedule);
            ControlFlow::Continue(())
        });
        for schedule in schedules {
            let (replayed, diverged_at) = interleaver.replay(&schedule);
            assert_eq!(diverged_at, None);
            assert_eq!(replayed.schedule, schedule);
            assert_agrees(&replayed);
        }
    }
}

#[test]
fn a_replay_names_the_first_step_at_which_it_diverges() {
    let built = built(3);
    let interleaver = ChainExperiment::v3(&built.scenario).ready();
    let mut recorded = None;
    interleaver.explore(&config(Strategy::Random, 3, 1), |interleaved| {
        recorded = Some(interleaved.schedule);
        ControlFlow::Break(())
    });
    let mut schedule = recorded.unwrap();
    let step = schedule.choices.0.len() / 2;
    schedule.choices.0[step] = 4_000;
    assert_eq!(interleaver.replay(&schedule).1, Some(step));
}

#[test]
fn the_same_seed_gives_the_same_schedules() {
    let built = built(4);
    let interleaver = ChainExperiment::v3(&built.scenario).ready();
    for strategy in STRATEGIES {
        let run = || {
            let mut schedules = Vec::new();
            interleaver.explore(&config(strategy.clone(), 4, 5), |interleaved| {
                schedules.push(interleaved.schedule.choices);
                ControlFlow::Continue(())
            });
            schedules
        };
        assert_eq!(run(), run(), "{strategy:?}");
    }
}

#[test]
fn two_runs_of_a_schedule_do_the_same_operations() {
    for seed in 0..10 {
        let built = built(seed);
        let interleaver = ChainExperiment::v3(&built.scenario).ready();
        let mut schedules = Vec::new();
        interleaver.explore(&config(Strategy::Random, seed, 2), |interleaved| {
            schedules.push(interleaved.schedule);
            ControlFlow::Continue(())
        });
        for schedule in schedules {
            let mut traced = interleaver.with_steps(&schedule);
            assert!(traced.steps.len() > built.scenario.tx_count(), "{} steps", traced.steps.len());
            assert_eq!(interleaver.first_other_step(&traced), None);
            // A recording of another executor is told apart at its first other operation.
            let position = traced.steps.len() / 3;
            traced.steps[position].action = Action::Commit { writes: usize::MAX };
            assert_eq!(interleaver.first_other_step(&traced).unwrap().position, position);
        }
    }
}
