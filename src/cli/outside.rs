//! Commands over a subject from outside.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use clap::{Parser, Subcommand};
use indicatif::ProgressBar;
use serde::Serialize;

use seriatim_campaign::{Budget, Conclusion, Control, Counterexample, SmallerError};
use seriatim_lab::compare::Oracle;
use seriatim_subject::process::{Finding, check};
use seriatim_subject::{
    AgainError, Capabilities, SubjectCampaign, SubjectReport, SubjectSource, again, minimise_outside,
    run as run_campaign,
};
use seriatim_triage::report::{Artifact, PROCESS, PROGRAM};

use super::CliError;
use super::args::{CheckArgs, CommonArgs, MinimiseArgs, ReplayArgs, ReportArgs, TRIES};
use super::campaign::{HANG_LIMIT, bar_style, draw, oracle_cases, stop_on_interrupt, store};
use super::minimise::{drawn, run_by};
use super::output::{Findings, Output, Shown, say};
use super::run::read_artifact;
use super::{replay as own_replay, report};

/// Of the JSON form of its campaigns.
const VERSION: u32 = 1;

/// Judges the executor that this program brings.
#[derive(Debug, Parser)]
#[command(version)]
pub(super) struct OutsideCli {
    #[command(subcommand)]
    command: OutsideCommand,
}

#[derive(Debug, Subcommand)]
enum OutsideCommand {
    /// Ask it about many generated blocks and compare with the reference
    Campaign(CommonArgs),
    /// Run an artifact's case again: does the violation still show, and how often?
    Replay(ReplayArgs),
    /// Make a violation's case smaller
    Minimise(MinimiseArgs),
    /// Show a counterexample: as text, and as a page
    Report(ReportArgs),
}

#[derive(Debug, Subcommand)]
pub(super) enum SubjectCommand {
    /// Start an adapter, ask it a few requests, and say what is wrong with its lines
    Check(CheckArgs),
}

/// What a check found, as JSON.
#[derive(Serialize)]
struct Checked {
    subject: Option<Capabilities>,
    requests: usize,
    findings: Vec<CheckFinding>,
    unchecked: Vec<String>,
}

#[derive(Serialize)]
struct CheckFinding {
    line: usize,
    request: &'static str,
    text: String,
}

/// The form of an adapter's lines; whether its answers are right is for a campaign.
pub(super) fn subject(command: &SubjectCommand) -> Result<ExitCode, CliError> {
    let SubjectCommand::Check(args) = command;
    let output = Output::new("subject check", args.json.json.as_ref(), None, &[])?;
    let report = check(&args.limits.config(&args.subject_cmd)?);
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &report.findings {
        let times = told.entry(&finding.text).or_default();
        *times += 1;
        if *times == 1 {
            say!(output, "{finding}");
        }
    }
    for (text, times) in told.iter().filter(|(_, times)| **times > 1) {
        let start: String = text.chars().take(60).collect();
        say!(output, "and {} more lines with: {start} ...", times - 1);
    }
    let subject = report.hello.as_ref().map(|hello| hello.capabilities.clone());
    let requests = report.requests;
    match &subject {
        Some(subject) if report.is_clean() => {
            say!(output, "{}: {requests} requests answered in the right form", subject.name);
        }
        _ => say!(output, "{} wrong, after {requests} requests", report.findings.len()),
    }
    let unchecked = subject.as_ref().map_or_else(Vec::new, Capabilities::unchecked);
    for line in &unchecked {
        say!(output, "  a campaign will not check  {line}");
    }
    let conclusion = if report.is_clean() { Conclusion::Agree } else { Conclusion::Violation };
    let finding = |Finding { line, request, text }| CheckFinding { line, request, text };
    let findings = report.findings.into_iter().map(finding).collect();
    output.end(&Findings::judged(VERSION, conclusion, &Checked { subject, requests, findings, unchecked }))
}

/// Refuses an artifact whose subject somebody else must bring.
pub(super) fn built_in(path: &Path, artifact: &Artifact) -> Result<(), CliError> {
    let how = if artifact.subject.starts_with(PROCESS) {
        "it needs --subject-cmd"
    } else if artifact.subject.starts_with(PROGRAM) {
        "the program that brings it has a replay and a minimise of its own"
    } else {
        return Ok(());
    };
    Err(CliError::NotBuiltIn { path: path.to_owned(), subject: artifact.subject.clone(), how })
}

pub(super) fn dispatch(cli: &OutsideCli, source: &dyn SubjectSource) -> Result<ExitCode, CliError> {
    match &cli.command {
        OutsideCommand::Campaign(args) => campaign(args, source),
        OutsideCommand::Replay(args) => replay(args, source),
        OutsideCommand::Minimise(args) => minimise(args, source),
        OutsideCommand::Report(args) => report::run_on(args, Some(source)),
    }
}

pub(super) fn campaign(args: &CommonArgs, source: &dyn SubjectSource) -> Result<ExitCode, CliError> {
    let output = Output::new("campaign --subject-cmd", args.json.json.as_ref(), args.junit.junit.as_ref(), &[])?;
    let config =
        SubjectCampaign { seed: args.seed, budget: args.budget(), jobs: args.jobs(), keep_going: args.keep_going };
    let control = Arc::new(Control::default());
    stop_on_interrupt(&control);
    let mut report = watched(&config, source, &control)?;
    for counterexample in &mut report.counterexamples {
        if !args.no_minimise {
            shrink(counterexample, source, &control);
        }
        store(counterexample, &args.artifacts);
    }
    output.print(&report);
    let reason = (report.conclusion == Conclusion::Inconclusive).then(|| report.missed_floors.join("; "));
    let findings = Findings::judged(VERSION, report.conclusion, &report).because(reason);
    let SubjectReport { conclusion, missed_floors, counterexamples, .. } = &report;
    let skipped = Some("the campaign met another violation");
    output.end(&findings.cases(oracle_cases(&Oracle::OUTSIDE, counterexamples, skipped, *conclusion, missed_floors)))
}

/// Runs the campaign beside a thread that draws the bar.
fn watched(config: &SubjectCampaign, source: &dyn SubjectSource, control: &Control) -> Result<SubjectReport, CliError> {
    let bar = match config.budget {
        Budget::Executions(executions) => ProgressBar::new(executions),
        Budget::Time(time) => ProgressBar::new(time.as_secs()),
    };
    bar.set_style(bar_style());
    let done = AtomicBool::new(false);
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                draw(&bar, config.budget, control);
                if let Some(index) = control.overdue(HANG_LIMIT).filter(|_| !source.is_process()) {
                    bar.finish_and_clear();
                    // Its thread cannot be ended, so the process is.
                    eprintln!(
                        "VIOLATION hang: execution {} (seed {}) does not end in {HANG_LIMIT:?}",
                        index + 1,
                        config.seed
                    );
                    std::process::exit(1);
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let report = run_campaign(config, source, control);
        done.store(true, Relaxed);
        report
    });
    bar.finish_and_clear();
    Ok(report?)
}

/// What cannot be made smaller is kept as it is; Ctrl-C ends the attempt, too.
fn shrink(counterexample: &mut Counterexample, source: &dyn SubjectSource, control: &Control) {
    let artifact = counterexample.artifact.clone();
    if artifact.signature.oracle == Oracle::Hang {
        eprintln!("seriatim: kept as it was met: each attempt at a smaller case would take the time limit");
        return;
    }
    match drawn(TRIES, control, |watch| minimise_outside(&artifact, source, TRIES, watch)) {
        Ok(smaller) => counterexample.shrink(smaller),
        Err(error) => eprintln!("seriatim: not made smaller: {error}"),
    }
}

pub(super) fn minimise(args: &MinimiseArgs, source: &dyn SubjectSource) -> Result<ExitCode, CliError> {
    let mut failed = None;
    let artifact = read_artifact(&args.artifact)?;
    let made = run_by(args, &artifact, |control| {
        drawn(args.tries, control, |watch| minimise_outside(&artifact, source, args.tries, watch)).map_err(|error| {
            match error {
                AgainError::Smaller(error) => error,
                AgainError::Subject(error) => {
                    failed = Some(error);
                    SmallerError::Stopped
                }
            }
        })
    });
    match failed {
        Some(source) => Err(CliError::OutsideSubject { path: args.artifact.clone(), source }),
        None => made,
    }
}

/// Under shuttle, where there is a schedule to follow; else again and again, with a rate.
pub(super) fn replay(args: &ReplayArgs, source: &dyn SubjectSource) -> Result<ExitCode, CliError> {
    let (output, artifact) = own_replay::open(args)?;
    let mut replayed = own_replay::begin(args, &artifact, &output);
    let explorer = source.explorer(&artifact.scenario).filter(|_| artifact.schedule.is_some());
    let conclusion = if let Some(explorer) = explorer {
        own_replay::under_shuttle(&artifact, &explorer, &output, &mut replayed)
    } else {
        let subject = source.start();
        let mut subject = subject.map_err(|source| CliError::OutsideSubject { path: args.artifact.clone(), source })?;
        let judged = subject.capabilities().name;
        if !artifact.subject.ends_with(&format!(": {judged}")) {
            say!(output, "the artifact is of {:?}, what is asked now is {judged:?}", artifact.subject);
        }
        let control = Arc::new(Control::default());
        stop_on_interrupt(&control);
        let go_on = || if control.stop.load(Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let shown = again(&mut *subject, &artifact.scenario, &artifact.signature, args.times, &mut { go_on });
        replayed.times = shown.times.into();
        replayed.same = shown.same.into();
        replayed.other = shown.other.into();
        let violation = shown.violation.as_ref();
        replayed.violation = violation.map(Shown::new);
        if let Some(violation) = violation {
            say!(output, "VIOLATION {violation}");
        }
        let others = if shown.other > 0 { format!("; another violation in {}", shown.other) } else { String::new() };
        say!(output, "fails {} of {}{others}", shown.same, shown.times);
        for (workers, count) in shown.by_workers.iter().filter(|_| shown.same > 0) {
            say!(output, "  {count} times {workers} worker{} showed it first", if *workers == 1 { "" } else { "s" });
        }
        if violation.is_some() { Conclusion::Violation } else { Conclusion::Agree }
    };
    own_replay::end(conclusion, &replayed, &output)
}
