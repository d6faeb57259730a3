//! `seriatim report ARTIFACT`: a counterexample for people, as text and as a page.

use std::io::IsTerminal;
use std::process::ExitCode;

use serde::Serialize;

use seriatim_explore::Schedule;
use seriatim_lab::LastObservation;
use seriatim_lab::drive::{Engine, FaultPoint};
use seriatim_lab::workload::Scenario;
use seriatim_lab::{ExploredSubject, fault_points};
use seriatim_subject::SubjectSource;
use seriatim_triage::explain::{Explanation, explain, explain_amount};
use seriatim_triage::report::{Artifact, FaultPoints, PROCESS, Report, Rerun, Style, write_whole};

use super::CliError;
use super::args::ReportArgs;
use super::output::{Findings, Output, Shown};
use super::run::read_artifact;

/// Of the JSON form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Shows<'a> {
    artifact: String,
    subject: &'a str,
    violation: Shown,
    transactions: usize,
    steps: usize,
    explanation: Option<&'a Explanation>,
    note: Option<&'a str>,
    html: Option<String>,
}

pub(super) fn run(args: &ReportArgs) -> Result<ExitCode, CliError> {
    run_on(args, None)
}

/// With the means to run a subject from outside.
pub(super) fn run_on(args: &ReportArgs, source: Option<&dyn SubjectSource>) -> Result<ExitCode, CliError> {
    let output = Output::new(
        "report",
        args.json.json.as_ref(),
        None,
        &[("ARTIFACT", Some(&args.artifact)), ("--html", args.html.as_ref())],
    )?;
    let artifact = read_artifact(&args.artifact)?;
    let rerun = rerun(&artifact, source);
    let report = Report::new(&artifact, args.artifact.display().to_string(), &rerun);
    if let Some(path) = &args.html {
        write_whole(path, &report.html()).map_err(|source| CliError::Write { path: path.clone(), source })?;
    }
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    output.print(report.text(if colour { Style::Colour } else { Style::Plain }));
    if let Some(path) = &args.html {
        output.print(format_args!("\nThe same as a page: {}\n", path.display()));
    }
    let shows = Shows {
        artifact: args.artifact.display().to_string(),
        subject: &artifact.subject,
        violation: Shown { violation: artifact.violation.clone(), signature: artifact.signature.clone() },
        transactions: artifact.scenario.tx_count(),
        steps: rerun.steps.len(),
        explanation: rerun.explanation.as_ref(),
        note: rerun.note.as_deref(),
        html: args.html.as_ref().map(|path| path.display().to_string()),
    };
    output.end(&Findings::made(VERSION, None, &shows))
}

/// Runs the named subject under the recorded schedule, or straight where there is none.
fn rerun(artifact: &Artifact, source: Option<&dyn SubjectSource>) -> Rerun {
    if let Some(point) = artifact.fault {
        return under_fault(artifact, point);
    }
    let recorded = artifact.schedule.as_ref().map(|schedule| schedule.steps.clone()).unwrap_or_default();
    let own = artifact.subject.parse::<ExploredSubject>().ok();
    let outside = source.filter(|source| own.is_none() && source.explorer(&artifact.scenario).is_some());
    if own.is_none() && outside.is_none() {
        if artifact.subject.starts_with(PROCESS) {
            let note = "The subject is a process of its own: what it did inside is not known.".to_owned();
            let explanation = Some(explain_amount(&artifact.scenario, &artifact.violation));
            return Rerun { note: Some(note), explanation, ..Rerun::default() };
        }
        let note = if ExploredSubject::named_on_tokio(&artifact.subject).is_some() {
            "It was seen on tokio, where nobody follows tasks; a replay runs it there again."
        } else if recorded.is_empty() {
            "This build does not know the subject by its name, so it was not run again."
        } else {
            "This build does not know the subject by its name; the operations are those that were recorded."
        };
        return Rerun { steps: recorded, note: Some(note.to_owned()), ..Rerun::default() };
    }
    let last = LastObservation::default();
    let subject = |scenario: &Scenario| match (own, outside) {
        (Some(own), _) => own.explorer_keeping(scenario, &last),
        (None, Some(outside)) => outside.explorer(scenario).expect("a source has explorers or has none"),
        (None, None) => unreachable!("one of them was asked for"),
    };
    let explorer = subject(&artifact.scenario);
    let Some(schedule) = &artifact.schedule else {
        let straight = explorer.straight(&Schedule::straight());
        let observation = last.take();
        let note = "No schedule is needed; these are the operations of a straight run, each task as far as it gets.";
        let steps = explorer.with_steps(&straight.schedule).steps;
        let explanation = explain(&artifact.scenario, None, &artifact.violation, &subject);
        return Rerun {
            steps,
            ending: Some(straight.ending),
            observation,
            explanation: Some(explanation),
            note: Some(note.to_owned()),
            ..Rerun::default()
        };
    };
    let (interleaved, diverged) = explorer.replay(schedule);
    let observation = last.take();
    if let Some(step) = diverged {
        let note = format!(
            "This build's subject does not follow the schedule beyond step {step}; the operations are those that were \
             recorded."
        );
        return Rerun { steps: recorded, note: Some(note), ..Rerun::default() };
    }
    let steps = explorer.with_steps(schedule).steps;
    let explanation = explain(&artifact.scenario, Some(schedule), &artifact.violation, &subject);
    Rerun { steps, ending: Some(interleaved.ending), observation, explanation: Some(explanation), ..Rerun::default() }
}

/// A fault's run is not followed task by task; the points that it passes are known.
fn under_fault(artifact: &Artifact, point: FaultPoint) -> Rerun {
    let subject = artifact.subject.parse::<ExploredSubject>().ok();
    let engine = Engine::new().ok();
    let sites = engine
        .zip(subject)
        .and_then(|(engine, subject)| fault_points(&engine, &artifact.scenario, &subject.under_faults(), point));
    let Some(sites) = sites else {
        let note = format!("It shows under a fault, which this build cannot inject: {}.", artifact.violation.subject);
        return Rerun { note: Some(note), ..Rerun::default() };
    };
    Rerun { points: Some(FaultPoints { point, sites }), ..Rerun::default() }
}
