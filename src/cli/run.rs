//! `seriatim run FILE`: one scenario or plan on all executors.

use std::path::Path;
use std::process::ExitCode;

use crate::campaign::Examiner;
use crate::compare::Verdict;
use crate::ledger::SignatureScheme;
use crate::workload::{Expectation, Plan, Scenario, build};

use super::{CliError, RunArgs};

pub(super) fn run(args: &RunArgs) -> Result<ExitCode, CliError> {
    let (scenario, expectation) = read(&args.file)?;
    let examiner = Examiner::new().map_err(CliError::Start)?;
    let verdict = examiner.examine(&scenario, &expectation, 0, true);
    println!("{}: {} blocks, {} transactions", args.file.display(), scenario.blocks().count(), scenario.tx_count());
    Ok(match verdict {
        Verdict::Agree(evidence) if evidence.transactions == 0 => {
            println!("INCONCLUSIVE: no transaction to compare");
            ExitCode::from(3)
        }
        Verdict::Agree(evidence) => {
            println!(
                "AGREE: {} runs, {} of {} transactions executed",
                evidence.observations, evidence.executed, evidence.transactions
            );
            ExitCode::SUCCESS
        }
        Verdict::Violation(violation) => {
            println!("VIOLATION {violation}");
            ExitCode::from(1)
        }
    })
}

/// A scenario is JSON and begins with a brace; a plan begins with its version byte, which is none.
pub(super) fn read(path: &Path) -> Result<(Scenario, Expectation), CliError> {
    let at = || path.to_owned();
    let bytes = std::fs::read(path).map_err(|source| CliError::Read { path: at(), source })?;
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        let text = String::from_utf8_lossy(&bytes);
        let scenario = Scenario::from_json(&text).map_err(|source| CliError::Scenario { path: at(), source })?;
        let expectation = Expectation::of(&scenario);
        Ok((scenario, expectation))
    } else {
        let plan = Plan::from_bytes(&bytes).map_err(|source| CliError::Plan { path: at(), source })?;
        let built = build(&plan, SignatureScheme::Tagged);
        Ok((built.scenario, built.expectation))
    }
}
