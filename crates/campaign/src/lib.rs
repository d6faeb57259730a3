//! Many scenarios in a row: every one on the reference and on all paths, compared, counted, and stopped at the first
//! violation. Which scenario comes at which index depends on the seed alone; clock and job count decide only how many
//! there are.

pub mod corpus;
mod counterexample;
pub mod prove;
mod regression;
mod report;
mod smaller;
mod statistics;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use seriatim_lab::compare::{Signature, Verdict};
use seriatim_lab::workload::{Built, Expectation, Plan, Shape, build, mix};
use seriatim_lab::{Examiner, ExploredSubject, FaultBudget, inject, interleave};
use seriatim_tos::ledger::SignatureScheme;

use counterexample::Found;

pub use counterexample::{Counterexample, interleave_canary_plans};
pub use regression::{RegressionEvidence, check_regression};
pub use report::{CampaignReport, Conclusion};
pub use smaller::{SmallerError, Watch, minimise_artifact, smaller};
pub use statistics::{Floor, Statistics};

/// What to run.
#[derive(Clone, Debug)]
pub struct CampaignConfig {
    pub seed: u64,
    pub budget: Budget,
    pub lanes: Lanes,
    /// What is interleaved, and runs beside the sequential path on tokio.
    pub subject: ExploredSubject,
    /// Whether to go on after a violation, counting those of the same signature.
    pub keep_going: bool,
    /// Threads, each with its own tokio runtimes; at least 1.
    pub jobs: usize,
}

/// When to stop, if no violation comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// One execution is one scenario on all executors.
    Executions(u64),
    Time(Duration),
}

/// Where scenarios come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// The real shapes once, then generated plans, with a real shape now and then, and every other plan interleaved by
    /// shuttle instead of tokio.
    All,
    /// Real shapes only, each pass with other balances.
    Shapes,
    /// Generated plans only, on tokio.
    Plans,
    /// Generated plans only, interleaved by shuttle.
    Interleavings,
    /// Generated plans only, with faults struck into their blocks.
    Faults,
}

/// Shared with whoever watches or stops a campaign.
#[derive(Debug, Default)]
pub struct Control {
    /// Set it to end the campaign early; it still reports.
    pub stop: AtomicBool,
    /// Executions done so far.
    pub executions: AtomicU64,
    /// Transactions in them.
    pub transactions: AtomicU64,
    /// Per job, the execution under way and when it began.
    under_way: Mutex<BTreeMap<usize, (Instant, u64)>>,
}

impl Control {
    #[expect(clippy::disallowed_methods, reason = "only whoever watches for executions that hang looks at it")]
    pub fn begin(&self, job: usize, index: u64) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(job, (Instant::now(), index));
    }

    pub fn end(&self, job: usize) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
    }

    /// The index of an execution that has been under way for longer than `limit`: on tokio, where nothing watches over
    /// tasks, an executor that hangs shows in no other way.
    pub fn overdue(&self, limit: Duration) -> Option<u64> {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.values().find(|(begun, _)| begun.elapsed() > limit).map(|(_, index)| *index)
    }
}

/// Where one scenario comes from; enough to make it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Plan { seed: u64 },
    Shape { index: usize, seed: u64 },
    Interleaving { seed: u64 },
    Faults { seed: u64 },
}

/// After the first pass over the shapes, every so many executions bring one more.
const SHAPE_INTERVAL: u64 = 256;
/// Every so many executions also run on two real threads.
const SOAK_INTERVAL: u64 = 8;

impl CampaignConfig {
    /// What comes at an index.
    pub fn case(&self, index: u64, shape_count: usize) -> Case {
        let seed = mix(self.seed, index);
        let shape_count = shape_count as u64;
        let shape = |number: u64| Case::Shape { index: (number % shape_count) as usize, seed: number / shape_count };
        match self.lanes {
            Lanes::Shapes => shape(index),
            Lanes::Interleavings => Case::Interleaving { seed },
            Lanes::Faults => Case::Faults { seed },
            Lanes::All if index < shape_count => shape(index),
            Lanes::All if index.is_multiple_of(SHAPE_INTERVAL) => shape(shape_count + index / SHAPE_INTERVAL),
            Lanes::All if index.is_multiple_of(2) => Case::Interleaving { seed },
            Lanes::All | Lanes::Plans => Case::Plan { seed },
        }
    }
}

impl Case {
    /// The scenario, what the reference says of it, and the classes of its transactions.
    pub fn build(self, shapes: &[Shape]) -> Built {
        match self {
            Self::Plan { seed } | Self::Interleaving { seed } | Self::Faults { seed } => {
                build(&Plan::from_seed(seed), SignatureScheme::Tagged)
            }
            Self::Shape { index, seed } => {
                let scenario = shapes[index].scenario(SignatureScheme::Tagged, seed);
                let expectation = Expectation::of(&scenario);
                Built { scenario, expectation, classes: Vec::new() }
            }
        }
    }

    fn lane(self) -> &'static str {
        match self {
            Self::Plan { .. } => "plans",
            Self::Shape { .. } => "shapes",
            Self::Interleaving { .. } => "interleavings",
            Self::Faults { .. } => "faults",
        }
    }
}

/// Runs a campaign. It looks at `control.stop` between executions.
///
/// # Errors
/// The operating system refuses a thread.
pub fn run(config: &CampaignConfig, shapes: &[Shape], control: &Control) -> std::io::Result<CampaignReport> {
    #[expect(clippy::disallowed_methods, reason = "the budget may be a time")]
    let begun = Instant::now();
    let next = AtomicU64::new(0);
    // No execution beyond the first violation counts, so which one is reported does not depend on the jobs' pace.
    let limit = AtomicU64::new(match config.budget {
        Budget::Executions(executions) => executions,
        Budget::Time(_) => u64::MAX,
    });
    let found: FirstOfEach<Found> = Mutex::default();
    let job = |number: usize| -> std::io::Result<Statistics> {
        let examiner = Examiner::new()?;
        let mut statistics = Statistics::default();
        loop {
            let out_of_time = matches!(config.budget, Budget::Time(time) if begun.elapsed() >= time);
            if out_of_time || control.stop.load(Relaxed) {
                return Ok(statistics);
            }
            let index = next.fetch_add(1, Relaxed);
            if index >= limit.load(Relaxed) {
                return Ok(statistics);
            }
            control.begin(number, index);
            let case = config.case(index, shapes.len());
            let built = case.build(shapes);
            statistics.count(case.lane(), &built);
            let tx_count = built.scenario.tx_count() as u64;
            let soak = index.is_multiple_of(SOAK_INTERVAL);
            let seed = mix(config.seed, !index);
            let (mut schedule, mut fault) = (None, None);
            let verdict = match case {
                Case::Interleaving { .. } => {
                    let interleavings = interleave(&built, config.subject, seed);
                    statistics.interleaved(&interleavings.evidence);
                    schedule = interleavings.schedule;
                    interleavings.verdict
                }
                Case::Faults { .. } => {
                    let subject = config.subject.under_faults();
                    let found = inject(examiner.engine(), &built.scenario, &subject, FaultBudget::bounded(seed));
                    fault = found.as_ref().err().map(|found| found.0.point);
                    statistics.struck(found)
                }
                Case::Plan { .. } | Case::Shape { .. } => {
                    let paths = config.subject.paths();
                    examiner.examine_on(paths, &built.scenario, &built.expectation, seed, soak)
                }
            };
            match verdict {
                Verdict::Agree(evidence) => statistics.agree(&evidence),
                Verdict::Violation(violation) => {
                    if !config.keep_going {
                        limit.fetch_min(index, Relaxed);
                    }
                    let (violation, scenario) = (*violation, built.scenario);
                    let found_here = Found { index, case, violation, scenario, schedule, fault };
                    let signature = found_here.violation.signature();
                    keep_first(&found, signature, found_here, |found| found.index);
                }
            }
            control.end(number);
            control.executions.fetch_add(1, Relaxed);
            control.transactions.fetch_add(tx_count, Relaxed);
        }
    };
    let results: Vec<std::io::Result<Statistics>> = std::thread::scope(|scope| {
        let job = &job;
        let jobs: Vec<_> = (0..config.jobs.max(1)).map(|number| scope.spawn(move || job(number))).collect();
        jobs.into_iter().map(|job| job.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))).collect()
    });
    let mut statistics = Statistics::default();
    for result in results {
        statistics.merge(result?);
    }
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut found: Vec<(Found, u64)> = found.into_values().collect();
    found.sort_by_key(|(found, _)| found.index);
    if !config.keep_going {
        // Jobs that were ahead may have met others; which ones is chance.
        found.truncate(1);
        if let Some((_, times)) = found.first_mut() {
            *times = 1;
        }
    }
    let found = found.into_iter().map(|(found, times)| Counterexample::new(config, found, times)).collect();
    Ok(CampaignReport::new(config, statistics, found, begun.elapsed()))
}

/// Of each signature the violation that comes first, and how many there were.
pub type FirstOfEach<T> = Mutex<BTreeMap<Signature, (T, u64)>>;

/// Keeps `new`, or counts it, if one that came before it is there.
pub fn keep_first<T>(found: &FirstOfEach<T>, signature: Signature, new: T, index: impl Fn(&T) -> u64) {
    match found.lock().unwrap_or_else(PoisonError::into_inner).entry(signature) {
        Entry::Vacant(vacant) => {
            vacant.insert((new, 1));
        }
        Entry::Occupied(mut occupied) => {
            let (first, times) = occupied.get_mut();
            *times += 1;
            if index(&new) < index(first) {
                *first = new;
            }
        }
    }
}
