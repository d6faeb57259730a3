//! Commands over an external subject.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde::Serialize;

use seriatim_campaign::{Conclusion, Control, Watchdog};
use seriatim_lab::compare::Oracle;
use seriatim_subject::process::{Finding, check};
use seriatim_subject::{Capabilities, SubjectCampaign, SubjectReport, SubjectSource, run as run_campaign};

use super::args::{CheckArgs, CommonArgs, MinimiseArgs, ReplayArgs, ReportArgs};
use super::interrupt::stopped_by_interrupt;
use super::junit::oracle_cases;
use super::minimise::{self, shrink};
use super::output::{Findings, Output, say, store};
use super::progress::watched;
use super::{CliError, replay, report};

/// The version of the JSON form of its campaigns.
const VERSION: u32 = 1;

/// Judges the executor that this program brings.
#[derive(Debug, Parser)]
#[command(version)]
pub(super) struct ExternalCli {
    #[command(subcommand)]
    command: ExternalCommand,
}

#[derive(Debug, Subcommand)]
enum ExternalCommand {
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

pub(super) fn dispatch(cli: &ExternalCli, source: &dyn SubjectSource) -> Result<ExitCode, CliError> {
    match &cli.command {
        ExternalCommand::Campaign(args) => campaign(args, source),
        ExternalCommand::Replay(args) => replay::run_on(args, Some(source)),
        ExternalCommand::Minimise(args) => minimise::run_on(args, Some(source)),
        ExternalCommand::Report(args) => report::run_on(args, Some(source)),
    }
}

pub(super) fn campaign(args: &CommonArgs, source: &dyn SubjectSource) -> Result<ExitCode, CliError> {
    let output = Output::new("campaign --subject-cmd", args.json.json.as_ref(), args.junit.junit.as_ref(), &[])?;
    let config = SubjectCampaign {
        seed: args.seed,
        budget: args.budget(),
        jobs: args.jobs(),
        keep_going: args.keep_going,
        waivers: args.waivers()?,
    };
    let control = stopped_by_interrupt();
    let mut report = judge(&config, source, &control, args, &output)?;
    if !args.no_minimise {
        report.counterexamples.iter_mut().for_each(|found| shrink(found, Some(source), &control));
    }
    end(report, args, &output)
}

fn end(mut report: SubjectReport, args: &CommonArgs, output: &Output) -> Result<ExitCode, CliError> {
    for counterexample in &mut report.counterexamples {
        // A program that brings its subject is what the user has typed.
        counterexample.command = counterexample.command.take().or_else(|| std::env::args().next());
        store(counterexample, &args.artifacts);
    }
    output.print(&report);
    let reason = (report.conclusion == Conclusion::Inconclusive).then(|| report.missed_floors.join("; "));
    let findings = Findings::judged(VERSION, report.conclusion, &report).because(reason);
    let SubjectReport { conclusion, missed_floors, counterexamples, .. } = &report;
    let skipped = Some("the campaign met another violation");
    output.end(&findings.cases(oracle_cases(&Oracle::EXTERNAL, counterexamples, skipped, *conclusion, missed_floors)))
}

/// Runs the campaign, and tells of an execution that hangs. A process is held to a limit of its own.
fn judge(
    config: &SubjectCampaign,
    source: &dyn SubjectSource,
    control: &Control,
    args: &CommonArgs,
    output: &Output,
) -> Result<SubjectReport, CliError> {
    let watchdog = if source.is_process() { Watchdog { limit: Duration::MAX } } else { Watchdog::default() };
    let report_hang = |index, hang| {
        let executions = control.executions.load(Relaxed);
        let report = SubjectReport::of_hang(config, source, index, hang, executions, output.elapsed());
        // With a violation, nothing that fails here changes the exit code.
        let told =
            report.map_err(|error| CliError::External(error.into())).and_then(|report| end(report, args, output));
        if let Err(error) = told {
            eprintln!("seriatim: {error}");
        }
    };
    Ok(watched(watchdog, config.budget, control, report_hang, || run_campaign(config, source, control))?)
}
