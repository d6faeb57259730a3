//! `seriatim run FILE`: one scenario or plan on all executors.

use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::campaign::Examiner;
use crate::compare::Verdict;
use crate::ledger::SignatureScheme;
use crate::report::Artifact;
use crate::workload::{Expectation, Plan, Scenario, build};

use super::CliError;
use super::args::RunArgs;

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

/// An artifact, whole.
pub(super) fn read_artifact(path: &Path) -> Result<Artifact, CliError> {
    let text = std::fs::read(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    let artifact = Artifact::from_json(&String::from_utf8_lossy(&text));
    artifact.map_err(|source| CliError::Artifact { path: path.to_owned(), source })
}

/// A scenario is JSON and begins with a brace, and so does an artifact, which holds one; a plan begins with its version
/// byte, which is none.
pub(super) fn read(path: &Path) -> Result<(Scenario, Expectation), CliError> {
    let at = || path.to_owned();
    let bytes = std::fs::read(path).map_err(|source| CliError::Read { path: at(), source })?;
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        let text = String::from_utf8_lossy(&bytes);
        let scenario = if is_artifact(&text) {
            read_artifact(path)?.scenario
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

fn is_artifact(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Probe {
        scenario: Option<IgnoredAny>,
    }
    serde_json::from_str::<Probe>(text).is_ok_and(|probe| probe.scenario.is_some())
}
