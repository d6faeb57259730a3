//! A case that once showed a violation, kept as text so that it is run from then on. What `cargo test` replays lives in
//! `corpus/regressions`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Artifact, ArtifactError, Origin, version_1, write_whole};
use seriatim_explore::Schedule;
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::workload::Scenario;

/// The version of the file format that this build writes. It reads version 1, too.
pub const REGRESSION_VERSION: u32 = 2;

/// A scenario, the schedule that went with it if one was needed, and what they once showed.
///
/// # Examples
/// ```
/// # use seriatim_lab::compare::{Difference, Oracle, Violation};
/// # use seriatim_lab::workload::{Plan, build};
/// # use seriatim_tos::ledger::SignatureScheme;
/// # use seriatim_triage::report::{Artifact, Origin};
/// use seriatim_triage::report::Regression;
///
/// // `artifact` is a violation of the oracle for figures; see `Artifact` for how it is made.
/// # let scenario = build(&Plan::sized(7, 2), SignatureScheme::Tagged).scenario;
/// # let violation = Violation::new(Oracle::Figures, "mine", Difference::new("fees", 750, 700));
/// # let origin = Origin { found_by: "by hand".to_owned(), seed: 7, index: 0, plan: None };
/// # let artifact = Artifact::new("program: mine", origin, violation, scenario, None);
/// let regression = Regression::of(&artifact, "a fee was lost".to_owned());
/// let folder = tempfile::tempdir()?;
/// let path = regression.store(folder.path(), &regression.speaking_name())?;
/// assert_eq!(path.file_name().unwrap(), "figures-fees.json");
/// let read = Regression::from_json(&std::fs::read_to_string(path)?)?;
/// assert_eq!((read.once, read.scenario), (artifact.signature, artifact.scenario));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regression {
    pub version: u32,
    /// What was wrong, in words.
    pub note: String,
    pub once: Signature,
    pub violation: Violation,
    /// The schedule without its steps: a changed executor does others.
    pub schedule: Option<Schedule>,
    pub scenario: Scenario,
}

/// Why an artifact does not become a regression.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    #[error("{0:?} is no name: small letters, digits and hyphens, please")]
    Name(String),
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {path}: {source}", path = .path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl Regression {
    /// What is kept of an artifact.
    pub fn of(artifact: &Artifact, note: String) -> Self {
        let schedule = artifact.schedule.clone().map(|schedule| Schedule { steps: Vec::new(), ..schedule });
        Self {
            version: REGRESSION_VERSION,
            note,
            once: artifact.signature.clone(),
            violation: artifact.violation.clone(),
            schedule,
            scenario: artifact.scenario.clone(),
        }
    }

    /// What it was kept of, as far as it was kept, for whoever shows or runs artifacts.
    pub fn to_artifact(&self) -> Artifact {
        let origin = Origin { found_by: self.note.clone(), seed: 0, index: 0, plan: None };
        let (violation, scenario) = (self.violation.clone(), self.scenario.clone());
        Artifact::new("parallel", origin, violation, scenario, self.schedule.clone())
    }

    /// Reads one back.
    ///
    /// # Errors
    /// Text that is none (with line and column), another version, a scenario that no chain can start from, a schedule of
    /// another engine.
    pub fn from_json(text: &str) -> Result<Self, ArtifactError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        let regression = match version {
            1 => version_1::regression(text)?,
            _ if version == u64::from(REGRESSION_VERSION) => serde_json::from_str::<Self>(text)?,
            _ => return Err(ArtifactError::Version { found: version }),
        };
        regression.scenario.check()?;
        if let Some(schedule) = &regression.schedule {
            schedule.check()?;
        }
        Ok(regression)
    }

    /// Writes it into `folder`, which is made if it is missing, under a name that is not taken.
    ///
    /// # Errors
    /// A name that would be no plain file name, one that is taken, the file system's; nothing is left behind.
    pub fn store(&self, folder: &Path, name: &str) -> Result<PathBuf, PromoteError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.starts_with('-') || !name.chars().all(plain) {
            return Err(PromoteError::Name(name.to_owned()));
        }
        let path = folder.join(name).with_extension("json");
        if path.exists() {
            return Err(PromoteError::Exists(path));
        }
        let json = serde_json::to_string_pretty(self).expect("plain data with text keys");
        std::fs::create_dir_all(folder)
            .and_then(|()| write_whole(&path, &(json + "\n")))
            .map_err(|source| PromoteError::Write { path: path.clone(), source })?;
        Ok(path)
    }

    /// A name made of what was wrong.
    pub fn speaking_name(&self) -> String {
        let Signature { oracle, field, receipts, transactions } = &self.once;
        let mut words = vec![oracle.name().to_owned(), field.clone()];
        words.extend(receipts.iter().map(|(expected, actual)| format!("{actual} not {expected}")));
        words.extend(transactions.iter().cloned());
        let text = words.join(" ").to_lowercase();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("-")
    }
}
