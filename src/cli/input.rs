//! What commands read: artifacts and kept cases, scenarios, plans.

use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use seriatim_lab::workload::{Expectation, Plan, Scenario, build};
use seriatim_tos::ledger::SignatureScheme;
use seriatim_triage::report::{Artifact, PROCESS, PROGRAM, Regression};

use super::CliError;

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
