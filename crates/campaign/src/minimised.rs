//! An artifact with a smaller case: on the subject that it names, or, where tokio found it, on the same path under
//! shuttle if the violation shows there, so that it can be replayed step by step.

use std::ops::ControlFlow;

use seriatim_explore::{InterleavingEvidence, Schedule};
use seriatim_lab::compare::{Oracle, Signature};
use seriatim_lab::drive::{FaultPoint, TokioRuntimes};
use seriatim_lab::workload::Scenario;
use seriatim_lab::{BuiltinSubject, Examiner, FaultSubject, search_fault};
use seriatim_triage::minimise::{ByVerdict, Case, Effort, Minimised, NotShown, Probe, Probed, UnderShuttle, minimise};
use seriatim_triage::report::{Artifact, Smaller};

/// Why an artifact was not made smaller.
#[derive(Debug, thiserror::Error)]
pub enum MinimiseError {
    #[error(transparent)]
    NotShown(#[from] NotShown),
    #[error(transparent)]
    Subject(#[from] seriatim_lab::UnknownSubject),
    #[error("cannot start: {0}")]
    Start(std::io::Error),
    #[error("stopped")]
    Stopped,
}

/// Told after each attempt: executions so far, and transactions of the smallest case. Breaking off ends the search.
pub type Watch<'a> = dyn FnMut(u64, usize) -> ControlFlow<()> + 'a;

/// The artifact of the smallest case that was found in about so many executions.
///
/// # Errors
/// `NotShown` if the violation does not show any more; `Subject` for a name that is none; `Stopped` if `watch` broke off.
pub fn minimise_artifact(artifact: &Artifact, tries: u64, watch: &mut Watch<'_>) -> Result<Artifact, MinimiseError> {
    let case = Case { scenario: artifact.scenario.clone(), schedule: artifact.schedule.clone() };
    let on_tokio = BuiltinSubject::named_on_tokio(&artifact.subject);
    let subject = on_tokio.map_or_else(|| artifact.subject.parse(), Ok)?;
    let mut run = |probe: &mut dyn Probe| watched(&case, artifact, probe, tries, watch);
    if let Some(like) = artifact.fault {
        let examiner = Examiner::new().map_err(MinimiseError::Start)?;
        let (engine, subject) = (examiner.runtimes(), subject.under_faults());
        let minimised = run(&mut UnderFaults { engine, subject: subject.clone(), like })?;
        // Points have other numbers now: the one that shows it is looked for once more.
        let (found, _) = search_fault(engine, &minimised.scenario, &subject, like, &minimised.signature);
        let fault: Option<FaultPoint> = found.map(|found| found.point);
        return Ok(with(artifact, artifact.subject.clone(), minimised).under(fault));
    }
    let explorer = |scenario: &Scenario| subject.explorer(scenario);
    let under_shuttle = run(&mut UnderShuttle::new(&explorer));
    let (subject, minimised) = match under_shuttle {
        Ok(minimised) => (subject.to_string(), minimised),
        // What hangs tokio would hang it again.
        Err(MinimiseError::NotShown(_)) if on_tokio.is_some() && artifact.signature.oracle != Oracle::Livelock => {
            let examiner = Examiner::new().map_err(MinimiseError::Start)?;
            let judged =
                |scenario: &_, expectation: &_| examiner.examine_on(subject.paths(), scenario, expectation, 0, false);
            (subject.on_tokio().to_owned(), run(&mut ByVerdict(judged))?)
        }
        Err(error) => return Err(error),
    };
    Ok(with(artifact, subject, minimised))
}

/// The artifact of the smallest case that one probe finds.
///
/// # Errors
/// `NotShown`, or `Stopped` if `watch` broke off.
pub fn minimise_by(
    artifact: &Artifact,
    probe: &mut dyn Probe,
    tries: u64,
    watch: &mut Watch<'_>,
) -> Result<Artifact, MinimiseError> {
    let case = Case { scenario: artifact.scenario.clone(), schedule: artifact.schedule.clone() };
    let minimised = watched(&case, artifact, probe, tries, watch)?;
    Ok(with(artifact, artifact.subject.clone(), minimised))
}

fn watched(
    case: &Case,
    artifact: &Artifact,
    probe: &mut dyn Probe,
    tries: u64,
    watch: &mut Watch<'_>,
) -> Result<Minimised, MinimiseError> {
    let mut watched = Watched { probe, watch, executions: 0, transactions: case.scenario.tx_count(), stopped: false };
    let minimised = minimise(case, &artifact.signature, &mut watched, tries);
    if watched.stopped { Err(MinimiseError::Stopped) } else { Ok(minimised?) }
}

/// The smaller case in the place of the artifact's own.
fn with(artifact: &Artifact, subject: String, minimised: Minimised) -> Artifact {
    let Minimised {
        scenario,
        schedule,
        violation,
        signature,
        tries,
        transactions,
        accounts,
        preemptions,
        context_switches,
        is_one_minimal,
    } = minimised;
    let smaller = Some(Smaller { transactions, accounts, tries, is_one_minimal, preemptions, context_switches });
    Artifact { subject, signature, violation, smaller, schedule, scenario, ..artifact.clone() }.sealed()
}

/// Another probe, watched.
struct Watched<'a, 'b> {
    probe: &'a mut dyn Probe,
    watch: &'a mut Watch<'b>,
    executions: u64,
    transactions: usize,
    stopped: bool,
}

impl Probe for Watched<'_, '_> {
    fn probe(&mut self, case: &Case, wanted: &Signature, effort: Effort) -> Probed {
        if self.stopped {
            return Probed::default();
        }
        let probed = self.probe.probe(case, wanted, effort);
        self.executions += probed.executions;
        if probed.shown.is_some() {
            self.transactions = self.transactions.min(case.scenario.tx_count());
        }
        self.stopped = (self.watch)(self.executions, self.transactions).is_break();
        probed
    }

    fn with_steps(&mut self, scenario: &Scenario, schedule: &Schedule) -> Schedule {
        self.probe.with_steps(scenario, schedule)
    }
}

/// Probes cases by [`search_fault`].
struct UnderFaults<'a> {
    engine: &'a TokioRuntimes,
    subject: FaultSubject,
    like: FaultPoint,
}

impl Probe for UnderFaults<'_> {
    fn probe(&mut self, case: &Case, wanted: &Signature, _effort: Effort) -> Probed {
        let (found, executions) = search_fault(self.engine, &case.scenario, &self.subject, self.like, wanted);
        let shown = found.map(|found| (found.violation, None));
        Probed { shown, executions, figures: InterleavingEvidence::default() }
    }

    fn with_steps(&mut self, _scenario: &Scenario, schedule: &Schedule) -> Schedule {
        schedule.clone()
    }
}
