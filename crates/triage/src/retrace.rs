//! What a report shows beside its artifact: the operations of the execution, how it ended, and why it is wrong. All of it comes
//! from running the case once more.

use seriatim_explore::model::{Place, Step};
use seriatim_explore::{Interleaver, Schedule};
use seriatim_lab::compare::{Difference, Verdict};
use seriatim_lab::drive::{FaultPoint, TokioRuntimes};
use seriatim_lab::workload::Scenario;
use seriatim_lab::{BuiltinSubject, LastObservation, fault_points};
use seriatim_runtime::Passed;

use crate::explain::{explain, explain_amount};
use crate::report::{Artifact, FaultPoints, PROCESS, Retraced};

/// Runs the artifact's subject under the recorded schedule, or straight where there is none. A subject that is not built in comes
/// from `external`, for every scenario or for none.
pub fn retrace(artifact: &Artifact, external: &dyn Fn(&Scenario) -> Option<Interleaver>) -> Retraced {
    if let Some(point) = artifact.fault {
        return under_fault(artifact, point);
    }
    let last = LastObservation::default();
    let builtin = artifact.subject.parse::<BuiltinSubject>().ok();
    let subject = |scenario: &Scenario| match builtin {
        Some(builtin) => Some(builtin.explorer_keeping(scenario, &last)),
        None => external(scenario),
    };
    let Some(explorer) = subject(&artifact.scenario) else { return not_followed(artifact) };
    let subject = |scenario: &Scenario| subject(scenario).expect("a source has explorers or has none");
    match &artifact.schedule {
        None => straight(artifact, &explorer, &last, &subject),
        Some(schedule) => along(artifact, schedule, &explorer, &last, &subject),
    }
}

fn straight(
    artifact: &Artifact,
    explorer: &Interleaver,
    last: &LastObservation,
    subject: &dyn Fn(&Scenario) -> Interleaver,
) -> Retraced {
    let straight = explorer.straight(&Schedule::straight());
    let observation = last.take();
    let note =
        "No schedule is needed; these are the operations of a run in which each task goes on for as long as it can.";
    Retraced {
        steps: explorer.with_steps(&straight.schedule).steps,
        ending: Some(straight.ending),
        observation,
        state: state_of(straight.verdict),
        explanation: Some(explain(&artifact.scenario, None, &artifact.violation, subject)),
        note: Some(note.to_owned()),
        points: None,
    }
}

fn along(
    artifact: &Artifact,
    schedule: &Schedule,
    explorer: &Interleaver,
    last: &LastObservation,
    subject: &dyn Fn(&Scenario) -> Interleaver,
) -> Retraced {
    let (interleaved, diverged) = explorer.replay(schedule);
    let observation = last.take();
    if let Some(step) = diverged {
        let note = format!(
            "This build's subject does not follow the schedule beyond step {step}; the operations are those that were \
             recorded."
        );
        return Retraced { steps: recorded(artifact), note: Some(note), ..Retraced::default() };
    }
    Retraced {
        steps: explorer.with_steps(schedule).steps,
        ending: Some(interleaved.ending),
        observation,
        state: state_of(interleaved.verdict),
        explanation: Some(explain(&artifact.scenario, Some(schedule), &artifact.violation, subject)),
        ..Retraced::default()
    }
}

/// Every key of the state that the run got wrong.
fn state_of(verdict: Verdict) -> Vec<Difference> {
    verdict.into_violation().map(|violation| violation.state).unwrap_or_default()
}

/// The subject cannot be run where its tasks are followed.
fn not_followed(artifact: &Artifact) -> Retraced {
    if artifact.subject.starts_with(PROCESS) {
        let note = "The subject is a process of its own: what it did inside is not known.".to_owned();
        let explanation = Some(explain_amount(&artifact.scenario, &artifact.violation));
        return Retraced { note: Some(note), explanation, ..Retraced::default() };
    }
    let steps = recorded(artifact);
    let note = if BuiltinSubject::named_on_tokio(&artifact.subject).is_some() {
        "It was seen on tokio, where nobody follows tasks; a replay runs it there again."
    } else if steps.is_empty() {
        "This build does not know the subject by its name, so it was not run again."
    } else {
        "This build does not know the subject by its name; the operations are those that were recorded."
    };
    Retraced { steps, note: Some(note.to_owned()), ..Retraced::default() }
}

/// A fault's run is not followed task by task; the points that it passes are known.
fn under_fault(artifact: &Artifact, point: FaultPoint) -> Retraced {
    let subject = artifact.subject.parse::<BuiltinSubject>().ok();
    let passed = TokioRuntimes::new()
        .ok()
        .zip(subject)
        .and_then(|(engine, subject)| fault_points(&engine, &artifact.scenario, &subject.under_faults(), point));
    let Some(Passed { sites, callers, .. }) = passed else {
        let note = format!("It shows under a fault, which this build cannot inject: {}.", artifact.violation.subject);
        return Retraced { note: Some(note), ..Retraced::default() };
    };
    let places = callers.into_iter().map(Place::of).collect();
    Retraced { points: Some(FaultPoints { point, sites, places }), ..Retraced::default() }
}

fn recorded(artifact: &Artifact) -> Vec<Step> {
    artifact.schedule.as_ref().map(|schedule| schedule.steps.clone()).unwrap_or_default()
}
