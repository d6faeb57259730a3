//! A kept case on the right executor, under every engine: it must agree now.

use std::ops::ControlFlow;

use serde::Serialize;

use seriatim_explore::{
    DPOR_TASKS, InterleaveConfig, Interleaver, LoomBounds, LoomConfig, Schedule, Strategy, until_violation,
};
use seriatim_lab::compare::{Verdict, Violation};
use seriatim_lab::workload::{Built, Expectation};
use seriatim_lab::{BuiltinSubject, Examiner, FaultBudget, FaultSubject, inject, interleave};
use seriatim_triage::report::Regression;

/// What a check rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RegressionEvidence {
    /// Executions under shuttle, the recorded schedule among them.
    pub interleavings: u64,
    /// Whether partial order reduction ran every interleaving that can matter.
    pub every_interleaving: bool,
    /// Executions under loom; none for cases of more than three transactions.
    pub loom_executions: usize,
    /// Faults that struck its blocks, on every path.
    pub faults: u64,
}

/// Most executions of the search for every interleaving, and under loom. Minimised cases need fewer.
const MOST_EXECUTIONS: usize = 2_000;
/// The preemption bound of loom. Two would take minutes for three transactions.
const PREEMPTIONS: usize = 1;

/// Runs the case on tokio, also under faults, under shuttle (its schedule, a portfolio, and every interleaving up to a bound) and
/// under loom.
///
/// # Errors
/// The first violation.
///
/// # Examples
/// ```
/// use seriatim_campaign::check_regression;
/// use seriatim_lab::compare::{Difference, Oracle, Violation};
/// use seriatim_lab::{Examiner, Genesis, Letter, scenario};
/// use seriatim_triage::report::{Artifact, Origin, Regression};
///
/// // Two payments to one account, of which an executor once lost one.
/// let pay = |from| Letter::Pay { from, to: 2, other_asset: false, all: false };
/// let scenario = scenario(Genesis::Plain, &[pay(0), pay(1)]);
/// let violation = Violation::new(Oracle::State, "parallel", Difference::new("balance", 2, 1));
/// let origin = Origin { found_by: "by hand".to_owned(), seed: 0, index: 0, plan: None };
/// let artifact = Artifact::new("parallel", origin, violation, scenario, None);
/// let regression = Regression::of(&artifact, "a payment was lost".to_owned());
///
/// let evidence = check_regression(&regression, &Examiner::new()?).map_err(|violation| violation.to_string())?;
/// assert!(evidence.every_interleaving && evidence.loom_executions > 0 && evidence.faults > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_regression(regression: &Regression, examiner: &Examiner) -> Result<RegressionEvidence, Box<Violation>> {
    let scenario = &regression.scenario;
    let expectation = Expectation::of(scenario);
    let mut evidence = RegressionEvidence::default();
    agree(examiner.examine(scenario, &expectation, 0, true))?;
    match inject(examiner.runtimes(), scenario, &FaultSubject::every_path(), FaultBudget::bounded(0)) {
        Ok(figures) => evidence.faults = figures.injected(),
        Err(found) => return Err(Box::new(found.0.violation)),
    }

    let explorer = BuiltinSubject::Parallel.explorer(scenario);
    let schedule = regression.schedule.clone().unwrap_or_else(Schedule::straight);
    let (replayed, _) = explorer.replay(&schedule);
    agree(replayed.verdict)?;
    let built = Built { scenario: scenario.clone(), expectation: expectation.clone(), classes: Vec::new() };
    let portfolio = interleave(&built, BuiltinSubject::Parallel, schedule.seed);
    agree(portfolio.verdict)?;
    let (complete, executions) = every_interleaving(&explorer, &schedule)?;
    evidence.interleavings = 1 + portfolio.evidence.interleavings + executions;
    evidence.every_interleaving = complete;
    evidence.loom_executions = under_loom(&explorer, &schedule)?;
    Ok(evidence)
}

fn agree(verdict: Verdict) -> Result<(), Box<Violation>> {
    verdict.into_violation().map_or(Ok(()), Err)
}

fn every_interleaving(explorer: &Interleaver, schedule: &Schedule) -> Result<(bool, u64), Box<Violation>> {
    if explorer.tasks() > DPOR_TASKS {
        return Ok((false, 0));
    }
    let mut violation = None;
    let config = InterleaveConfig::like(schedule, Strategy::Random, MOST_EXECUTIONS);
    let (evidence, exhaustion) = explorer.explore_all(&config, |interleaved| {
        violation = interleaved.verdict.into_violation();
        if violation.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    violation.map_or(Ok((exhaustion.complete, evidence.interleavings)), Err)
}

fn under_loom(explorer: &Interleaver, schedule: &Schedule) -> Result<usize, Box<Violation>> {
    let bounds = LoomBounds { executions: MOST_EXECUTIONS, ..LoomBounds::preemptions(PREEMPTIONS) };
    let config =
        LoomConfig { bounds, max_parallelism: schedule.max_parallelism as usize, settings: schedule.settings() };
    let search = explorer.explore_loom(&config, until_violation);
    match search {
        Ok(search) => search.found.map_or(Ok(search.executions), Err),
        // loom has too few threads for it.
        Err(_) => Ok(0),
    }
}
