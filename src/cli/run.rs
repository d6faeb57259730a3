//! `seriatim run FILE`: one scenario or plan on all executors.

use std::process::ExitCode;

use serde::Serialize;

use seriatim_campaign::Conclusion;
use seriatim_lab::Examiner;
use seriatim_lab::compare::{Evidence, Verdict};

use super::CliError;
use super::args::RunArgs;
use super::input::read;
use super::output::{Findings, Output, Shown, judge, say};

/// The version of the JSON form.
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
                judge!(output, Inconclusive, "no transaction to compare");
                Conclusion::Inconclusive
            } else {
                let Evidence { observations, executed, transactions, .. } = evidence;
                judge!(output, Agree, "{observations} runs, {executed} of {transactions} transactions executed");
                Conclusion::Agree
            }
        }
        Verdict::Violation(violation) => {
            judge!(output, Violation, "{violation}");
            found.violation = Some(Shown::new(&violation));
            Conclusion::Violation
        }
    };
    let findings = Findings::judged(VERSION, conclusion, &found).because(reason);
    output.end(&findings.case(found.file.clone(), found.violation.as_ref()))
}
