//! `seriatim minimise ARTIFACT`: the same violation in a smaller case, as another artifact.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use seriatim_campaign::{Conclusion, Control, SmallerError, Watch, minimise_artifact};
use seriatim_triage::report::{Artifact, Rate, Smaller, write_whole};

use super::CliError;
use super::args::MinimiseArgs;
use super::campaign::stop_on_interrupt;
use super::output::{Findings, Output, Shown, check_writable, say};
use super::outside::{self, built_in};
use super::run::read_artifact;

/// Of the JSON form.
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
    if let Some(process) = args.process.source()? {
        return outside::minimise(args, &process);
    }
    let artifact = read_artifact(&args.artifact)?;
    built_in(&args.artifact, &artifact)?;
    run_by(args, &artifact, |control| with_bar(&artifact, args.tries, control))
}

/// With another way of making an artifact smaller.
pub(super) fn run_by(
    args: &MinimiseArgs,
    artifact: &Artifact,
    minimise: impl FnOnce(&Control) -> Result<Artifact, SmallerError>,
) -> Result<ExitCode, CliError> {
    let path = &args.artifact;
    let out = args.out.clone().unwrap_or_else(|| path.with_extension("min.json"));
    let output =
        Output::new("minimise", args.json.json.as_ref(), None, &[("ARTIFACT", Some(path)), ("--out", Some(&out))])?;
    check_writable(&out)?;
    let control = Arc::new(Control::default());
    stop_on_interrupt(&control);
    let mut made = Made {
        artifact: path.display().to_string(),
        subject: &artifact.subject,
        tries: args.tries,
        smaller: None,
        rate: None,
        violation: None,
        out: None,
    };
    let smaller = match minimise(&control) {
        Ok(smaller) => smaller,
        Err(SmallerError::Subject(source)) => return Err(CliError::Subject { path: path.clone(), source }),
        Err(SmallerError::Start(source)) => return Err(CliError::Start(source)),
        Err(error @ (SmallerError::NotShown(_) | SmallerError::Stopped)) => {
            say!(output, "INCONCLUSIVE: {error}");
            let findings = Findings::judged(VERSION, Conclusion::Inconclusive, &made);
            return output.end(&findings.because(Some(error.to_string())));
        }
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
pub(super) fn with_bar(artifact: &Artifact, tries: u64, control: &Control) -> Result<Artifact, SmallerError> {
    drawn(tries, control, |watch| minimise_artifact(artifact, tries, watch))
}

/// Draws the bar of a search that tells how far it is.
pub(super) fn drawn<T>(tries: u64, control: &Control, search: impl FnOnce(&mut Watch<'_>) -> T) -> T {
    let bar = ProgressBar::new(tries);
    let style = ProgressStyle::with_template("making the case smaller: {pos} executions, {msg}");
    bar.set_style(style.expect("the template is constant and right"));
    let smaller = search(&mut |executions, transactions| {
        bar.set_position(executions);
        bar.set_message(format!("{transactions} transactions"));
        if control.stop.load(Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    smaller
}

fn print_result(output: &Output, artifact: &Artifact, out: &Path) {
    let is_smaller = artifact.smaller.as_ref().is_some_and(|smaller| {
        smaller.transactions.1 < smaller.transactions.0 || smaller.accounts.1 < smaller.accounts.0
    });
    say!(output, "{} {}", if is_smaller { "SMALLER" } else { "AS SMALL AS BEFORE" }, artifact.violation);
    if let Some(smaller) = &artifact.smaller {
        print_smaller(output, smaller, artifact.schedule.is_some());
    }
    if let Some(Rate { shown, times, repeats }) = artifact.rate {
        say!(
            output,
            "  shows in {shown} of {times} repetitions; each attempt was repeated up to {repeats} times: 99 % sure"
        );
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
