//! A campaign is a function of its seed, whatever the number of jobs.

use std::sync::atomic::Ordering::Relaxed;

use seriatim::campaign::{Budget, CampaignConfig, CampaignReport, Conclusion, Control, Lanes, run};
use seriatim::workload::real_shapes;

fn campaign(seed: u64, executions: u64, lanes: Lanes, jobs: usize) -> CampaignReport {
    let config = CampaignConfig { seed, budget: Budget::Executions(executions), lanes, jobs };
    run(&config, real_shapes(), &Control::default()).unwrap()
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
fn too_small_a_campaign_is_inconclusive_and_says_why() {
    let report = campaign(0, 1, Lanes::Plans, 1);
    assert_eq!(report.conclusion, Conclusion::Inconclusive);
    assert!(report.missed_floors.iter().any(|floor| floor.contains("no transaction fails with")), "{report}");
}

#[test]
fn a_stopped_campaign_still_reports() {
    let control = Control::default();
    control.stop.store(true, Relaxed);
    let config = CampaignConfig { seed: 0, budget: Budget::Executions(1_000), lanes: Lanes::Plans, jobs: 2 };
    let report = run(&config, real_shapes(), &control).unwrap();
    assert_eq!((report.conclusion, report.statistics.executions), (Conclusion::Inconclusive, 0));
}
