//! A campaign is a function of its seed, whatever the number of jobs.

use std::sync::atomic::Ordering::Relaxed;

use seriatim_campaign::{Budget, CampaignConfig, CampaignReport, Conclusion, Control, Lanes, run};
use seriatim_lab::workload::real_shapes;
use seriatim_lab::{BuiltinSubject, Canary};

fn config(seed: u64, executions: u64, lanes: Lanes, jobs: usize) -> CampaignConfig {
    let (budget, subject) = (Budget::Executions(executions), BuiltinSubject::Parallel);
    CampaignConfig { seed, subject, jobs, ..CampaignConfig::of(lanes, budget) }
}

fn campaign(seed: u64, executions: u64, lanes: Lanes, jobs: usize) -> CampaignReport {
    run(&config(seed, executions, lanes, jobs), real_shapes(), &Control::default()).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_figures_with_any_number_of_jobs() {
    let one = campaign(7, 400, Lanes::Plans, 1);
    let two = campaign(7, 400, Lanes::Plans, 2);
    assert_eq!(one.statistics, two.statistics);
    assert_ne!(one.statistics, campaign(8, 400, Lanes::Plans, 2).statistics);
}

#[test]
fn two_thousand_executions_agree_and_reach_every_floor() {
    let report = campaign(0, 2_000, Lanes::All, 2);
    assert_eq!(report.conclusion, Conclusion::Agree, "{report}");
    assert!(report.missed_floors.is_empty());
    assert_eq!(report.statistics.executions, 2_000);
}

#[test]
fn the_optimistic_executor_agrees_on_plans_and_under_shuttle() {
    // Every real shape is run by `tests/lab/oracles/`.
    for (lanes, executions) in [(Lanes::Plans, 150), (Lanes::Interleavings, 40)] {
        let config = CampaignConfig { subject: BuiltinSubject::BlockStm, ..config(0, executions, lanes, 2) };
        let report = run(&config, real_shapes(), &Control::default()).unwrap();
        assert!(report.counterexamples.is_empty(), "{report}");
        assert_eq!(report.statistics.executions, executions);
    }
}

#[test]
fn too_small_a_campaign_is_inconclusive_and_says_why() {
    let report = campaign(0, 1, Lanes::Plans, 1);
    assert_eq!(report.conclusion, Conclusion::Inconclusive);
    assert!(report.missed_floors.iter().any(|floor| floor.contains("no transaction fails with")), "{report}");
}

#[test]
fn a_stopped_campaign_still_reports() {
    let control = Control::default();
    control.stop.store(true, Relaxed);
    let report = run(&config(0, 1_000, Lanes::Plans, 2), real_shapes(), &control).unwrap();
    assert_eq!((report.conclusion, report.statistics.executions), (Conclusion::Inconclusive, 0));
}

#[test]
fn a_campaign_that_goes_on_counts_violations_by_signature() {
    let subject = BuiltinSubject::Canary(Canary::CountsByLoadAndStore);
    let going_on = CampaignConfig { subject, keep_going: true, ..config(0, 60, Lanes::Interleavings, 2) };
    let report = run(&going_on, real_shapes(), &Control::default()).unwrap();
    assert_eq!((report.conclusion, report.statistics.executions), (Conclusion::Violation, 60));
    let times: u64 = report.counterexamples.iter().map(|counterexample| counterexample.times).sum();
    assert!(times > report.counterexamples.len() as u64, "some signature was met again: {report}");
    assert_eq!(times + report.statistics.agreements, 60);

    let stopping = CampaignConfig { keep_going: false, ..going_on };
    let first = run(&stopping, real_shapes(), &Control::default()).unwrap();
    assert_eq!(first.counterexamples.len(), 1);
    assert_eq!(first.counterexamples[0].artifact, report.counterexamples[0].artifact);
}
