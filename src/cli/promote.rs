//! `seriatim promote ARTIFACT`: from now on `cargo test` runs its case.

use std::process::ExitCode;

use serde::Serialize;

use seriatim_campaign::{RegressionEvidence, check_regression};
use seriatim_lab::Examiner;
use seriatim_lab::compare::Signature;
use seriatim_triage::report::Regression;

use super::CliError;
use super::args::PromoteArgs;
use super::input::{built_in, read_artifact};
use super::output::{Findings, Output, Shown, say};

/// The version of the JSON form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Made<'a> {
    artifact: String,
    regression: String,
    note: &'a str,
    once: &'a Signature,
    /// None: it is still wrong.
    evidence: Option<RegressionEvidence>,
    violation: Option<Shown>,
}

pub(super) fn run(args: &PromoteArgs) -> Result<ExitCode, CliError> {
    let output = Output::new("promote", args.json.json.as_ref(), None, &[("ARTIFACT", Some(&args.artifact))])?;
    let artifact = read_artifact(&args.artifact)?;
    built_in(&args.artifact, &artifact)?;
    let note = args.note.clone().unwrap_or_else(|| format!("{}, {}", artifact.origin.found_by, artifact.subject));
    let regression = Regression::of(&artifact, note);
    let name = args.name.clone().unwrap_or_else(|| regression.speaking_name());
    let examiner = Examiner::new().map_err(CliError::Start)?;
    let path = regression.store(&args.corpus, &name)?;
    say!(output, "{}: once {}", path.display(), regression.once);
    let (evidence, violation) = match check_regression(&regression, &examiner) {
        Ok(evidence) => {
            say!(output, "the executor agrees on it now; from corpus/regressions, cargo test runs it");
            (Some(evidence), None)
        }
        Err(violation) => {
            say!(output, "the executor is still wrong on it: {violation}");
            (None, Some(Shown::new(&violation)))
        }
    };
    let made = Made {
        artifact: args.artifact.display().to_string(),
        regression: path.display().to_string(),
        note: &regression.note,
        once: &regression.once,
        evidence,
        violation,
    };
    output.end(&Findings::made(VERSION, None, &made))
}
