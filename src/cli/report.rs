//! `seriatim report ARTIFACT`: a counterexample for people, as text and as a page.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use seriatim_subject::SubjectSource;
use seriatim_triage::explain::Explanation;
use seriatim_triage::report::{Report, Style, write_whole};
use seriatim_triage::retrace::retrace;

use super::CliError;
use super::args::ReportArgs;
use super::input::read_artifact;
use super::output::{Findings, Output, Shown, open, say};

/// The version of the JSON form.
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

/// Runs the subject that `source` brings, where the artifact's is not built in.
pub(super) fn run_on(args: &ReportArgs, source: Option<&dyn SubjectSource>) -> Result<ExitCode, CliError> {
    let output = Output::new(
        "report",
        args.json.json.as_ref(),
        None,
        &[("ARTIFACT", Some(&args.artifact)), ("--html", args.html.as_ref())],
    )?;
    let artifact = read_artifact(&args.artifact)?;
    let retraced = retrace(&artifact, &|scenario| source?.explorer(scenario));
    let report = Report::new(&artifact, args.artifact.display().to_string(), &retraced);
    let html = args.html.clone().or_else(|| args.open.then(|| page_of(&args.artifact)));
    if let Some(path) = &html {
        write_whole(path, &report.html()).map_err(|source| CliError::Write { path: path.clone(), source })?;
    }
    output.print(report.text(Style::Colour));
    if let Some(path) = &html {
        say!(output, "\nThe same as a page: {}", path.display());
        if args.open {
            open(path);
        }
    }
    let shows = Shows {
        artifact: args.artifact.display().to_string(),
        subject: &artifact.subject,
        violation: Shown { violation: artifact.violation.clone(), signature: artifact.signature.clone() },
        transactions: artifact.scenario.tx_count(),
        steps: retraced.steps.len(),
        explanation: retraced.explanation.as_ref(),
        note: retraced.note.as_deref(),
        html: html.as_ref().map(|path| path.display().to_string()),
    };
    output.end(&Findings::made(VERSION, None, &shows))
}

/// Where a page goes that is only to be looked at.
fn page_of(artifact: &Path) -> PathBuf {
    let name = Path::new(artifact.file_name().unwrap_or_default()).with_extension("html");
    std::env::temp_dir().join(name)
}
