//! The harness's own lanes, as `seriatim campaign` runs them, one job each.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering::Relaxed;

use mutants::{Found, Outcome, Smallest};
use seriatim::campaign::{self, CampaignConfig, Control, Counterexample, Lanes, Waivers, minimise_artifact, portfolio};

use super::{Budget, WATCHDOG, end};

/// Executions after which making a case smaller ends with what it has.
const TRIES: u64 = 60_000;

pub(super) fn differential(seed: u64, budget: &Budget) -> std::io::Result<Outcome> {
    search(Lanes::Plans, seed, budget, 1)
}

pub(super) fn shuttle(seed: u64, budget: &Budget) -> std::io::Result<Outcome> {
    let of_a_scenario: usize = portfolio(0).map(|config| config.executions).sum();
    search(Lanes::Interleavings, seed, budget, of_a_scenario as u64)
}

/// `each`: executions of one scenario.
fn search(lanes: Lanes, seed: u64, budget: &Budget, each: u64) -> std::io::Result<Outcome> {
    let config = CampaignConfig {
        seed,
        budget: campaign::Budget::Executions(budget.executions.div_ceil(each)),
        lanes,
        subject: budget.subject,
        keep_going: false,
        waivers: Waivers::default(),
        jobs: 1,
    };
    let control = Control::default();
    let look = || {
        if budget.out_of_time() {
            control.stop.store(true, Relaxed);
        }
    };
    let report_hang = |index, hang| {
        let hang = Counterexample::hang(&config, &[], index, hang);
        let seconds = budget.begun.elapsed().as_secs_f64();
        end(&Outcome { executions: (index + 1) * each, seconds, found: Some(found(&hang, None)) });
    };
    let report = WATCHDOG.watch(&control, look, report_hang, || campaign::run(&config, &[], &control))?;
    let seconds = budget.begun.elapsed().as_secs_f64();
    let executions = match lanes {
        Lanes::Interleavings => report.statistics.interleavings.interleavings,
        _ => report.statistics.executions,
    };
    let found = report.counterexamples.first().map(|first| found(first, smallest(first, budget)));
    Ok(Outcome { executions, seconds, found })
}

fn found(counterexample: &Counterexample, smallest: Option<Smallest>) -> Found {
    let violation = &counterexample.violation;
    Found { oracle: violation.oracle.name().to_owned(), violation: violation.to_string(), smallest }
}

/// None where it was not asked for, or the violation does not come again.
fn smallest(counterexample: &Counterexample, budget: &Budget) -> Option<Smallest> {
    if !budget.minimise {
        return None;
    }
    let artifact = minimise_artifact(&counterexample.artifact, TRIES, &mut |_, _| ControlFlow::Continue(())).ok()?;
    let smaller = artifact.smaller?;
    let preemptions = artifact.schedule.is_some().then_some(smaller.preemptions);
    Some(Smallest { transactions: smaller.transactions.1, preemptions })
}
