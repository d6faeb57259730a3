//! `seriatim run FILE`: one scenario or plan on all executors.

use std::path::Path;
use std::process::ExitCode;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use seriatim_campaign::Conclusion;
use seriatim_lab::Examiner;
use seriatim_lab::compare::{Evidence, Verdict};
use seriatim_lab::workload::{Expectation, Plan, Scenario, build};
use seriatim_tos::ledger::SignatureScheme;
use seriatim_triage::report::{Artifact, Regression};

use super::CliError;
use super::args::RunArgs;
use super::external::built_in;
use super::output::{Findings, Output, Shown, say};

/// Of the JSON form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Found {
    file: String,
    blocks: usize,
    transactions: usize,
    evidence: Option<Evidence>,
    violation: Option<Shown>,
}

pub(super) fn run(args: &RunArgs) -> Result<ExitCode, CliError> {
    let output = Output::new("run", args.json.json.as_ref(), args.junit.junit.as_ref(), &[("FILE", Some(&args.file))])?;
    let (scenario, expectation) = read(&args.file)?;
    let examiner = Examiner::new().map_err(CliError::Start)?;
    let verdict = examiner.examine(&scenario, &expectation, 0, true);
    let (blocks, transactions) = (scenario.blocks().count(), scenario.tx_count());
    let mut found =
        Found { file: args.file.display().to_string(), blocks, transactions, evidence: None, violation: None };
    say!(output, "{}: {blocks} blocks, {transactions} transactions", found.file);
    let mut reason = None;
    let conclusion = match verdict {
        Verdict::Agree(evidence) => {
            found.evidence = Some(evidence);
            if evidence.transactions == 0 {
                reason = Some("no transaction to compare".to_owned());
                say!(output, "INCONCLUSIVE: no transaction to compare");
                Conclusion::Inconclusive
            } else {
                let Evidence { observations, executed, transactions, .. } = evidence;
                say!(output, "AGREE: {observations} runs, {executed} of {transactions} transactions executed");
                Conclusion::Agree
            }
        }
        Verdict::Violation(violation) => {
            say!(output, "VIOLATION {violation}");
            found.violation = Some(Shown::new(&violation));
            Conclusion::Violation
        }
    };
    let findings = Findings::judged(VERSION, conclusion, &found).because(reason);
    output.end(&findings.case(found.file.clone(), found.violation.as_ref()))
}

/// An artifact, whole; a kept case counts as one.
pub(super) fn read_artifact(path: &Path) -> Result<Artifact, CliError> {
    let text = std::fs::read(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    let text = String::from_utf8_lossy(&text);
    parse_artifact(&text, Probe::of(&text).is_regression(), path)
}

fn parse_artifact(text: &str, is_regression: bool, path: &Path) -> Result<Artifact, CliError> {
    let artifact = if is_regression {
        Regression::from_json(text).map(|regression| regression.to_artifact())
    } else {
        Artifact::from_json(text)
    };
    artifact.map_err(|source| CliError::Artifact { path: path.to_owned(), source })
}

/// A scenario is JSON and begins with a brace, and so does an artifact, which holds one; a plan begins with its version
/// byte, which is none.
pub(super) fn read(path: &Path) -> Result<(Scenario, Expectation), CliError> {
    let at = || path.to_owned();
    let bytes = std::fs::read(path).map_err(|source| CliError::Read { path: at(), source })?;
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        let text = String::from_utf8_lossy(&bytes);
        let probe = Probe::of(&text);
        let scenario = if probe.holds_a_scenario() {
            let artifact = parse_artifact(&text, probe.is_regression(), path)?;
            if let Err(error) = built_in(path, &artifact) {
                eprintln!("seriatim: {error}; what runs here are the built-in executors");
            }
            artifact.scenario
        } else {
            Scenario::from_json(&text).map_err(|source| CliError::Scenario { path: at(), source })?
        };
        let expectation = Expectation::of(&scenario);
        Ok((scenario, expectation))
    } else {
        let plan = Plan::from_bytes(&bytes).map_err(|source| CliError::Plan { path: at(), source })?;
        let built = build(&plan, SignatureScheme::Tagged);
        Ok((built.scenario, built.expectation))
    }
}

/// The keys by which one kind of file is told from another; none where the text is no JSON.
#[derive(Default, Deserialize)]
struct Probe {
    scenario: Option<IgnoredAny>,
    note: Option<IgnoredAny>,
}

impl Probe {
    fn of(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    fn holds_a_scenario(&self) -> bool {
        self.scenario.is_some()
    }

    fn is_regression(&self) -> bool {
        self.note.is_some()
    }
}
