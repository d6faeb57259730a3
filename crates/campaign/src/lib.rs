//! Many scenarios in a row: every one on the reference and on all paths, compared, counted, and stopped at the first
//! violation. Which scenario comes at which index depends on the seed alone; clock and job count decide only how many
//! there are.
//!
//! Stable, as far as version 0.x allows: [`CampaignConfig`], [`Budget`], [`Lanes`], [`Control`], [`run()`],
//! [`CampaignReport`] with [`Conclusion`], [`check_regression`] and [`prove::prove`]. What scripts read of them is the
//! JSON of the commands, which has versions of its own (`docs/book/reference/machine.md`). Internal, and free to change
//! at any release: [`Jobs`] and [`Job`], [`Rerun`] and what belongs to it, [`minimise_by`], and the features of
//! [`corpus`].
//!
//! ```
//! use seriatim_campaign::{Budget, CampaignConfig, Conclusion, Control, Lanes, run};
//!
//! let config = CampaignConfig { seed: 1, ..CampaignConfig::of(Lanes::Plans, Budget::Executions(4)) };
//! let report = run(&config, &[], &Control::default())?;
//! assert!(report.counterexamples.is_empty());
//! assert_eq!(report.statistics.agreements, 4);
//! // Four scenarios do not show every error and every class of conflicts, so their agreement means little.
//! assert_eq!(report.conclusion, Conclusion::Inconclusive);
//! assert!(report.missed_floors.iter().any(|floor| floor.starts_with("no transaction fails with")));
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod corpus;
mod counterexample;
mod jobs;
mod lanes;
mod minimised;
pub mod prove;
mod regression;
mod report;
mod rerun;
mod search;
mod statistics;
mod summary;
mod waivers;
mod watchdog;

use std::ops::ControlFlow;

use seriatim_lab::compare::{Verdict, Violation};
use seriatim_lab::workload::{Built, Shape, mix};
use seriatim_lab::{BuiltinSubject, Examiner, FaultBudget, inject, interleave};

use counterexample::Found;

pub use counterexample::{Counterexample, interleave_canary_plans};
pub use jobs::{Budget, Control, Done, Execution, First, Job, Jobs, Sums};
pub use lanes::{Lanes, Recipe};
pub use minimised::{MinimiseError, Watch, minimise_artifact, minimise_by};
pub use regression::{RegressionEvidence, check_regression};
pub use report::{CampaignReport, Conclusion, Waived};
pub use rerun::{FaultSearch, Means, Rerun, RerunError, replay_artifact, under_shuttle};
pub use search::{Repeated, Schedules, Search, repeat, search};
pub use statistics::{Floor, Statistics};
pub use waivers::{Waiver, Waivers, WaiversError};
pub use watchdog::{Hang, Watchdog};

/// Told after each execution how many there were. Breaking off ends the search with what it has.
pub type Told<'a> = dyn FnMut(u64) -> ControlFlow<()> + 'a;

/// What to run.
#[derive(Clone, Debug)]
pub struct CampaignConfig {
    pub seed: u64,
    pub budget: Budget,
    pub lanes: Lanes,
    /// What is interleaved, and runs beside the sequential path on tokio.
    pub subject: BuiltinSubject,
    /// Whether to go on after a violation, counting those of the same signature.
    pub keep_going: bool,
    /// What does not end the campaign and does not count.
    pub waivers: Waivers,
    /// Threads, each with its own tokio runtimes; at least 1.
    pub jobs: usize,
}

impl CampaignConfig {
    /// V3 in these lanes, seed 0, one thread, up to the first violation.
    pub fn of(lanes: Lanes, budget: Budget) -> Self {
        let (subject, waivers) = (BuiltinSubject::Parallel, Waivers::default());
        Self { seed: 0, budget, lanes, subject, keep_going: false, waivers, jobs: 1 }
    }
}

/// Every so many executions also run on two real threads.
const SOAK_INTERVAL: u64 = 8;

/// Runs a campaign. It looks at `control.stop` between executions.
///
/// # Errors
/// The operating system refuses a thread.
pub fn run(config: &CampaignConfig, shapes: &[Shape], control: &Control) -> std::io::Result<CampaignReport> {
    let CampaignConfig { budget, jobs, keep_going, waivers, .. } = config;
    let lane = |examiner| Lane { config, shapes, examiner, statistics: Statistics::default() };
    let start = || Examiner::new().map(lane);
    let jobs = Jobs { budget: *budget, jobs: *jobs, keep_going: *keep_going, waivers };
    let Done { sums, found, waived, time } = jobs.run(control, start)?;
    let found = found.into_iter().map(|first| Counterexample::new(config, first)).collect();
    let waived = Waived::of(&waived, |found| found.violation.signature(), waivers);
    Ok(CampaignReport::new(config, sums, found, waived, time))
}

/// One job: an examiner with tokio runtimes of its own.
struct Lane<'a> {
    config: &'a CampaignConfig,
    shapes: &'a [Shape],
    examiner: Examiner,
    statistics: Statistics,
}

impl Job for Lane<'_> {
    type Found = Found;
    type Sums = Statistics;

    fn execute(&mut self, index: u64) -> Execution<Found> {
        let recipe = self.config.recipe(index, self.shapes.len());
        let built = recipe.build(self.shapes);
        self.statistics.count(recipe.lane(), &built);
        let transactions = built.scenario.tx_count() as u64;
        let found = self.examine(index, recipe, built);
        Execution { transactions, found: found.map(|found| (found.violation.signature(), found)) }
    }

    fn end(self) -> Statistics {
        self.statistics
    }
}

impl Lane<'_> {
    /// Runs the scenario as its lane says. The violation, if there is one.
    fn examine(&mut self, index: u64, recipe: Recipe, built: Built) -> Option<Found> {
        let subject = self.config.subject;
        let seed = mix(self.config.seed, !index);
        let (mut schedule, mut fault) = (None, None);
        let verdict = match recipe {
            Recipe::Interleaving { .. } => {
                let interleavings = interleave(&built, subject, seed);
                self.statistics.interleaved(&interleavings.evidence);
                schedule = interleavings.schedule;
                interleavings.verdict
            }
            Recipe::Faults { .. } => {
                let (engine, budget) = (self.examiner.runtimes(), FaultBudget::bounded(seed));
                let struck = inject(engine, &built.scenario, &subject.under_faults(), budget);
                fault = struck.as_ref().err().map(|found| found.0.point);
                self.statistics.struck(struck)
            }
            Recipe::Plan { .. } | Recipe::Shape { .. } => {
                let soak = index.is_multiple_of(SOAK_INTERVAL);
                self.examiner.examine_on(subject.paths(), &built.scenario, &built.expectation, seed, soak)
            }
        };
        let violation: Violation = match verdict {
            Verdict::Violation(violation) => *violation,
            Verdict::Agree(evidence) => {
                self.statistics.agree(&evidence);
                return None;
            }
        };
        Some(Found { recipe, violation, scenario: built.scenario, schedule, fault })
    }
}
