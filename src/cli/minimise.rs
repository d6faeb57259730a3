//! `seriatim minimise ARTIFACT`: the same violation in a smaller case, as another artifact.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;

use seriatim_campaign::{Conclusion, Control, Counterexample, MinimiseError, minimise_artifact};
use seriatim_lab::compare::Oracle;
use seriatim_subject::{MinimiseExternalError, SubjectSource, minimise_external};
use seriatim_triage::report::{Artifact, Rate, Smaller, write_whole};

use super::CliError;
use super::args::{MinimiseArgs, TRIES};
use super::input::{built_in, read_artifact};
use super::interrupt::stopped_by_interrupt;
use super::output::{Findings, Output, Shown, check_writable, judge, say};
use super::progress::Progress;

/// The version of the JSON form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Made<'a> {
    artifact: String,
    subject: &'a str,
    tries: u64,
    smaller: Option<&'a Smaller>,
    rate: Option<Rate>,
    violation: Option<Shown>,
    out: Option<String>,
}

pub(super) fn run(args: &MinimiseArgs) -> Result<ExitCode, CliError> {
    let process = args.process.source()?;
    run_on(args, process.as_ref().map(|process| process as &dyn SubjectSource))
}

/// Runs the subject that `source` brings; without one, that of the artifact.
pub(super) fn run_on(args: &MinimiseArgs, source: Option<&dyn SubjectSource>) -> Result<ExitCode, CliError> {
    let artifact = read_artifact(&args.artifact)?;
    if source.is_none() {
        built_in(&args.artifact, &artifact)?;
    }
    let path = &args.artifact;
    let out = args.out.clone().unwrap_or_else(|| path.with_extension("min.json"));
    let output =
        Output::new("minimise", args.json.json.as_ref(), None, &[("ARTIFACT", Some(path)), ("--out", Some(&out))])?;
    check_writable(&out)?;
    let mut made = Made {
        artifact: path.display().to_string(),
        subject: &artifact.subject,
        tries: args.tries,
        smaller: None,
        rate: None,
        violation: None,
        out: None,
    };
    let path = || path.clone();
    let smaller = match minimised(&artifact, source, args.tries, &stopped_by_interrupt()) {
        Ok(smaller) => smaller,
        Err(MinimiseExternalError::Subject(source)) => return Err(CliError::ExternalSubject { path: path(), source }),
        Err(MinimiseExternalError::Minimise(error)) => match error {
            MinimiseError::Subject(source) => return Err(CliError::Subject { path: path(), source }),
            MinimiseError::Start(source) => return Err(CliError::Start(source)),
            MinimiseError::NotShown(_) | MinimiseError::Stopped => {
                judge!(output, Inconclusive, "{error}");
                let findings = Findings::judged(VERSION, Conclusion::Inconclusive, &made);
                return output.end(&findings.because(Some(error.to_string())));
            }
        },
    };
    write_whole(&out, &smaller.to_json()).map_err(|source| CliError::Write { path: out.clone(), source })?;
    print_result(&output, &smaller, &out);
    made.subject = &smaller.subject;
    made.smaller = smaller.smaller.as_ref();
    made.rate = smaller.rate;
    made.violation = Some(Shown { violation: smaller.violation.clone(), signature: smaller.signature.clone() });
    made.out = Some(out.display().to_string());
    output.end(&Findings::made(VERSION, Some(Conclusion::Violation), &made))
}

/// Minimises while a bar is drawn; without a terminal nothing is.
fn minimised(
    artifact: &Artifact,
    source: Option<&dyn SubjectSource>,
    tries: u64,
    control: &Arc<Control>,
) -> Result<Artifact, MinimiseExternalError> {
    let progress = Progress::with(Arc::clone(control), tries, "executions");
    let mut watch = |executions, transactions| {
        progress.say(format!("{transactions} transactions"));
        progress.at(executions)
    };
    match source {
        Some(source) => minimise_external(artifact, source, tries, &mut watch),
        None => minimise_artifact(artifact, tries, &mut watch).map_err(MinimiseExternalError::from),
    }
}

/// Makes a campaign's counterexample smaller. What cannot be made smaller is kept as it is; Ctrl-C ends the attempt, too.
pub(super) fn shrink(counterexample: &mut Counterexample, source: Option<&dyn SubjectSource>, control: &Arc<Control>) {
    if counterexample.signature.oracle == Oracle::Hang {
        eprintln!("seriatim: kept as it was met: each attempt at a smaller case would take the time limit");
        return;
    }
    match minimised(&counterexample.artifact, source, TRIES, control) {
        Ok(smaller) => counterexample.shrink(smaller),
        Err(error) => eprintln!("seriatim: not made smaller: {error}"),
    }
}

fn print_result(output: &Output, artifact: &Artifact, out: &Path) {
    let is_smaller = artifact.smaller.as_ref().is_some_and(|smaller| {
        smaller.transactions.1 < smaller.transactions.0 || smaller.accounts.1 < smaller.accounts.0
    });
    say!(output, "{} {}", if is_smaller { "SMALLER" } else { "AS SMALL AS BEFORE" }, artifact.violation);
    if let Some(smaller) = &artifact.smaller {
        print_smaller(output, smaller, artifact.schedule.is_some());
    }
    if let Some(rate) = artifact.rate {
        say!(output, "  shows in {rate}; each attempt was repeated up to {} times: 99 % sure", rate.repeats);
    }
    say!(output, "  written  {}", out.display());
}

fn print_smaller(output: &Output, smaller: &Smaller, has_schedule: bool) {
    let Smaller { transactions, accounts, tries, is_one_minimal, preemptions, context_switches } = smaller;
    say!(output, "  transactions {} of {}, accounts {} of {}", transactions.1, transactions.0, accounts.1, accounts.0);
    if has_schedule {
        say!(output, "  schedule with {preemptions} preemptions and {context_switches} context switches");
    } else {
        say!(output, "  no schedule needed");
    }
    let minimal = if *is_one_minimal { "no single removal keeps the violation" } else { "cut: raise --tries for less" };
    say!(output, "  {tries} executions; {minimal}");
}
