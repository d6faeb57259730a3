//! An artifact's case, run again: does the violation still show? A fault is struck where it was struck, a schedule is followed
//! step by step, and what tokio found is run there.

use std::collections::BTreeMap;
use std::sync::Arc;

use seriatim_explore::Interleaver;
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::drive::FaultPoint;
use seriatim_lab::workload::Expectation;
use seriatim_lab::{BuiltinSubject, Examiner, FaultFound, FaultReplay, UnknownSubject, replay_fault, search_fault};
use seriatim_triage::replay::{Divergence, Near};
use seriatim_triage::report::Artifact;

use super::{Conclusion, Hang, Told, Watchdog};

/// What running a case again showed.
#[derive(Clone, Debug)]
pub struct Rerun {
    pub times: u64,
    /// How many of them showed a violation of the artifact's signature, and how many another one.
    pub same: u64,
    pub other: u64,
    /// A violation that they showed.
    pub violation: Option<Violation>,
    pub means: Means,
}

/// How a case was run again, with what is said of that way alone.
#[derive(Clone, Debug)]
pub enum Means {
    /// The case ran under shuttle, step by step; if the schedule no longer fits, a search near it followed.
    Schedule { divergence: Option<Box<Divergence>>, near: Option<Box<Near>> },
    /// The fault struck at its point; if it showed nothing there, a search for the same kind of fault followed.
    Fault { is_reached: bool, point: Option<FaultPoint>, search: Option<FaultSearch> },
    /// The case ran on tokio, where nothing chooses interleavings, up to the first violation.
    Tokio { done: u64, hang: Option<Hang> },
    /// The subject was asked again and again. Violations of the artifact's signature are counted by the number of workers.
    /// `recorded`: how many of the reruns with the recorded request showed it, and how many there were.
    Questions { subject: String, by_workers: BTreeMap<u32, u32>, recorded: Option<(u32, u32)> },
}

/// A search for the same kind of fault at every point.
#[derive(Clone, Debug)]
pub struct FaultSearch {
    pub runs: u64,
    pub found: Option<Box<FaultFound>>,
}

/// Why a case was not run again.
#[derive(Debug, thiserror::Error)]
pub enum RerunError {
    #[error(transparent)]
    Subject(#[from] UnknownSubject),
    #[error("cannot start: {0}")]
    Start(#[from] std::io::Error),
}

impl Rerun {
    fn new(times: u64, means: Means) -> Self {
        Self { times, same: 0, other: 0, violation: None, means }
    }

    fn count(&mut self, violation: Violation, wanted: &Signature) {
        let same = violation.signature() == *wanted;
        self.same += u64::from(same);
        self.other += u64::from(!same);
        self.violation = Some(violation);
    }

    /// The violation that the case still shows: what a search found, else what its own reruns showed.
    pub fn shown(&self) -> Option<&Violation> {
        let searched = match &self.means {
            Means::Schedule { near, .. } => near.as_ref().and_then(|near| Some(&near.found.as_ref()?.1)),
            Means::Fault { search, .. } => search.as_ref().and_then(|search| Some(&search.found.as_ref()?.violation)),
            Means::Tokio { .. } | Means::Questions { .. } => None,
        };
        searched.or(self.violation.as_ref())
    }

    /// What it means. A schedule that no longer fits proves nothing.
    pub fn conclusion(&self) -> Conclusion {
        match &self.means {
            _ if self.shown().is_some() => Conclusion::Violation,
            Means::Schedule { divergence: Some(_), .. } => Conclusion::Inconclusive,
            Means::Schedule { .. } | Means::Fault { .. } | Means::Tokio { .. } | Means::Questions { .. } => {
                Conclusion::Agree
            }
        }
    }
}

/// Runs the case on the built-in subject that the artifact names, so many times or until `told` breaks off.
///
/// # Errors
/// `Subject` for a name that is none, `Start` if the operating system refuses a thread.
pub fn replay_artifact(
    artifact: &Artifact,
    times: u64,
    watchdog: Watchdog,
    told: &mut Told<'_>,
) -> Result<Rerun, RerunError> {
    if let Some(point) = artifact.fault {
        under_fault(artifact, artifact.subject.parse()?, point, times, told)
    } else if let Some(subject) = BuiltinSubject::named_on_tokio(&artifact.subject) {
        on_tokio(artifact, subject, times, watchdog, told)
    } else {
        let subject: BuiltinSubject = artifact.subject.parse()?;
        Ok(under_shuttle(artifact, &subject.explorer(&artifact.scenario), times, told))
    }
}

/// Follows the artifact's schedule, or runs straight where it has none. If the schedule no longer fits, and some rerun did not show
/// the violation, it is looked for near the schedule.
pub fn under_shuttle(artifact: &Artifact, explorer: &Interleaver, times: u64, told: &mut Told<'_>) -> Rerun {
    let replay = artifact.replay(explorer, times, told);
    let times = replay.times;
    let lost = replay.divergence.as_ref().filter(|_| replay.same < times);
    let near = lost.map(|divergence| Box::new(artifact.search_near(explorer, divergence)));
    let means = Means::Schedule { near, divergence: replay.divergence.map(Box::new) };
    Rerun { times, same: replay.same, other: replay.other, violation: replay.violation, means }
}

fn under_fault(
    artifact: &Artifact,
    subject: BuiltinSubject,
    point: FaultPoint,
    times: u64,
    told: &mut Told<'_>,
) -> Result<Rerun, RerunError> {
    let examiner = Examiner::new()?;
    let (engine, subject) = (examiner.runtimes(), subject.under_faults());
    let mut rerun = Rerun::new(times, Means::Fault { is_reached: true, point: None, search: None });
    let mut is_reached = true;
    for time in 0..times {
        match replay_fault(engine, &artifact.scenario, &subject, point) {
            FaultReplay::NotReached => is_reached = false,
            FaultReplay::Endured(_) => {}
            FaultReplay::Violation(violation) => rerun.count(*violation, &artifact.signature),
        }
        rerun.times = time + 1;
        if told(rerun.times).is_break() {
            break;
        }
    }
    rerun.means = if rerun.violation.is_some() {
        Means::Fault { is_reached, point: Some(point), search: None }
    } else {
        let (found, runs) = search_fault(engine, &artifact.scenario, &subject, point, &artifact.signature);
        let point = found.as_ref().map(|found| found.point);
        Means::Fault { is_reached, point, search: Some(FaultSearch { runs, found }) }
    };
    Ok(rerun)
}

fn on_tokio(
    artifact: &Artifact,
    subject: BuiltinSubject,
    times: u64,
    watchdog: Watchdog,
    told: &mut Told<'_>,
) -> Result<Rerun, RerunError> {
    let case = Arc::new((artifact.scenario.clone(), Expectation::of(&artifact.scenario)));
    let mut rerun = Rerun::new(times, Means::Tokio { done: times, hang: None });
    for time in 0..times {
        let (case, seed) = (Arc::clone(&case), artifact.origin.seed ^ time);
        let examined = watchdog.run(move || {
            let (scenario, expectation) = &*case;
            Examiner::new().map(|examiner| examiner.examine_on(subject.paths(), scenario, expectation, seed, true))
        });
        match examined {
            Err(hang) => {
                rerun.violation = Some(hang.violation("time of the replay"));
                rerun.means = Means::Tokio { done: time + 1, hang: Some(hang) };
            }
            Ok(verdict) => {
                let Some(violation) = verdict?.into_violation() else {
                    rerun.means = Means::Tokio { done: time + 1, hang: None };
                    if told(time + 1).is_break() {
                        break;
                    }
                    continue;
                };
                rerun.count(*violation, &artifact.signature);
                rerun.means = Means::Tokio { done: time + 1, hang: None };
            }
        }
        break;
    }
    Ok(rerun)
}
