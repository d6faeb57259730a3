//! A counterexample as one JSON file that says everything: what was run, how, and what came of it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::version_1;
use seriatim_explore::{Schedule, ScheduleError};
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::drive::FaultPoint;
use seriatim_lab::workload::{Scenario, ScenarioError};

/// The version of the file format that this build writes. It reads version 1, too.
pub const ARTIFACT_VERSION: u32 = 2;

/// Begins the name of a subject that is a process.
pub const PROCESS: &str = "process: ";
/// Begins the name of a subject that is part of another program.
pub const PROGRAM: &str = "program: ";

/// A scenario, a schedule if one is needed, and the violation that they show.
///
/// # Examples
/// ```
/// use seriatim_lab::compare::{Difference, Oracle, Violation};
/// use seriatim_lab::workload::{Plan, build};
/// use seriatim_tos::ledger::SignatureScheme;
/// use seriatim_triage::report::{Artifact, ArtifactError, Origin, Stored};
///
/// let scenario = build(&Plan::sized(7, 2), SignatureScheme::Tagged).scenario;
/// let violation = Violation::new(Oracle::Figures, "mine", Difference::new("fees", 750, 700));
/// let origin = Origin { found_by: "by hand".to_owned(), seed: 7, index: 0, plan: None };
/// let artifact = Artifact::new("program: mine", origin, violation, scenario, None);
///
/// let text = artifact.to_json();
/// assert_eq!(Artifact::from_json(&text)?, artifact);
/// let altered = Artifact::from_json(&text.replacen("by hand", "by chance", 1));
/// assert!(matches!(altered, Err(ArtifactError::Altered { .. })));
///
/// let folder = tempfile::tempdir()?;
/// assert!(matches!(artifact.store(folder.path())?, Stored::New(_)));
/// assert!(matches!(artifact.store(folder.path())?, Stored::Known(_)), "one file for each signature");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    pub version: u32,
    /// Who wrote it.
    pub build: String,
    /// BLAKE3 of everything else, in hexadecimal.
    pub digest: String,
    /// The executor: by a name that `seriatim replay` knows, or, after [`PROCESS`] or [`PROGRAM`], by what a subject from
    /// outside calls itself.
    pub subject: String,
    pub origin: Origin,
    pub signature: Signature,
    pub violation: Violation,
    pub smaller: Option<Smaller>,
    /// How often the case of an external subject shows the violation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// The request with which an external subject showed the violation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<AskedWith>,
    /// None: every schedule shows the violation, or it was seen on tokio, where schedules are chance.
    pub schedule: Option<Schedule>,
    /// What was injected, and where, if the violation needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultPoint>,
    pub scenario: Scenario,
}

/// Where a counterexample was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The command or lane, in words.
    pub found_by: String,
    /// The seed of the whole campaign, and the position in it.
    pub seed: u64,
    pub index: u64,
    /// The plan's bytes in hexadecimal, if the scenario was built from one.
    pub plan: Option<String>,
}

/// How often a case shows its violation, asked again and again with other numbers of workers and seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub shown: u32,
    pub times: u32,
    /// How often each attempt at a smaller case was asked, so that what shows as often as the whole case is overlooked
    /// in at most one attempt of a hundred; 0: nothing was made smaller.
    pub repeats: u32,
}

/// Standard deviations of the interval: one that is exact for 99 of 100 measurements of many repetitions, so that it holds
/// for 95 of 100 where a measurement ends early because the violation was seen often enough.
const DEVIATIONS: f64 = 2.576;

impl Rate {
    /// The least and the most that the true rate is, with a confidence of 95 in 100 (Wilson's score interval).
    pub fn interval(&self) -> (f64, f64) {
        if self.times == 0 {
            return (0.0, 1.0);
        }
        let (times, seen) = (f64::from(self.times), f64::from(self.shown) / f64::from(self.times));
        let square = DEVIATIONS * DEVIATIONS;
        let middle = (seen + square / (2.0 * times)) / (1.0 + square / times);
        let spread = (seen * (1.0 - seen) / times + square / (4.0 * times * times)).sqrt();
        let half = DEVIATIONS * spread / (1.0 + square / times);
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

/// `20 of 4000 (0.2 % to 1.1 %)`: the interval has the true rate with a confidence of 95 in 100.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = self.interval();
        write!(f, "{} of {} ({:.1} % to {:.1} %)", self.shown, self.times, 100.0 * least, 100.0 * most)
    }
}

/// What a request adds to its block: an external subject that draws its schedule from the seed shows the same again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedWith {
    pub workers: u32,
    pub seed: u64,
}

/// What minimising did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smaller {
    /// Transactions before and after.
    pub transactions: (usize, usize),
    /// Accounts that genesis, blocks and transactions name, before and after.
    pub accounts: (usize, usize),
    /// Executions that it took.
    pub tries: u64,
    /// No single removal keeps the violation: tried, each of them.
    pub is_one_minimal: bool,
    /// Figures of the schedule, if one is needed.
    pub preemptions: u64,
    pub context_switches: u64,
}

/// Why a file is no artifact, or none that this build can use.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    #[error("not an artifact: {0}")]
    Json(#[from] serde_json::Error),
    #[error("artifact version {found}, this build reads versions 1 to {ARTIFACT_VERSION}")]
    Version { found: u64 },
    #[error("the file was altered: its content has digest {found}, it says {stated}")]
    Altered { found: String, stated: String },
    #[error("scenario: {0}")]
    Scenario(#[from] ScenarioError),
    #[error("schedule: {0}")]
    Schedule(#[from] ScheduleError),
}

/// What became of an artifact that was to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    New(PathBuf),
    /// The same violation is there already, in this file; it was left alone.
    Known(PathBuf),
}

impl Stored {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::New(path) | Self::Known(path) => path,
        }
    }
}

impl Artifact {
    /// What `scenario` shows on the subject of that name, under `schedule` if one is needed.
    pub fn new(
        subject: impl Into<String>,
        origin: Origin,
        violation: Violation,
        scenario: Scenario,
        schedule: Option<Schedule>,
    ) -> Self {
        let artifact = Self {
            version: ARTIFACT_VERSION,
            build: concat!("seriatim ", env!("CARGO_PKG_VERSION")).to_owned(),
            digest: String::new(),
            subject: subject.into(),
            origin,
            signature: violation.signature(),
            violation,
            smaller: None,
            rate: None,
            asked: None,
            schedule,
            fault: None,
            scenario,
        };
        artifact.sealed()
    }

    /// The same, under a fault.
    pub fn under(self, fault: Option<FaultPoint>) -> Self {
        Self { fault, ..self }.sealed()
    }

    /// The artifact with the digest of what it holds: to be called after each change.
    pub fn sealed(self) -> Self {
        Self { digest: self.content_digest(), ..self }
    }

    fn content_digest(&self) -> String {
        let content = Self { digest: String::new(), ..self.clone() };
        let json = serde_json::to_string(&content).expect("plain data with text keys");
        blake3::hash(json.as_bytes()).to_hex().to_string()
    }

    /// Kind and signature: counterexamples of one defect share it, mostly.
    pub fn file_name(&self) -> String {
        let signature = serde_json::to_string(&(&self.subject, &self.signature)).expect("plain data with text keys");
        let digest = blake3::hash(signature.as_bytes()).to_hex();
        format!("{}-{}.json", self.signature.oracle.name(), &digest[..12])
    }

    /// What is typed to see the violation again. Who replays an external subject must bring it: a file never says what
    /// is to be run.
    pub fn replay_command(&self, file: &str) -> String {
        let external = if self.subject.starts_with(PROGRAM) { "PROGRAM" } else { "ADAPTER" };
        self.replay_command_with(file, external)
    }

    /// Whether the subject is a process.
    pub fn is_process(&self) -> bool {
        self.subject.starts_with(PROCESS)
    }

    /// Whether the subject is not one of this build's own.
    pub fn is_external(&self) -> bool {
        self.subject.starts_with(PROCESS) || self.subject.starts_with(PROGRAM)
    }

    /// The same where it is known how a process is started, or what the program is called: one word of a shell.
    pub fn replay_command_with(&self, file: &str, external: &str) -> String {
        if self.subject.starts_with(PROCESS) {
            format!("seriatim replay {file} --times 200 --subject-cmd {external}")
        } else if self.subject.starts_with(PROGRAM) {
            format!("{external} replay {file}")
        } else {
            format!("seriatim replay {file}")
        }
    }

    /// The artifact as text.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data with text keys")
    }

    /// Reads an artifact back.
    ///
    /// # Errors
    /// Text that is none (with line and column), another version, altered content, a scenario that no chain can start
    /// from, a schedule of another engine.
    pub fn from_json(text: &str) -> Result<Self, ArtifactError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        let artifact = match version {
            1 => version_1::artifact(text)?,
            _ if version == u64::from(ARTIFACT_VERSION) => Self::present(text)?,
            _ => return Err(ArtifactError::Version { found: version }),
        };
        artifact.scenario.check()?;
        if let Some(schedule) = &artifact.schedule {
            schedule.check()?;
        }
        Ok(artifact)
    }

    /// Reads the version that this build writes.
    fn present(text: &str) -> Result<Self, ArtifactError> {
        let artifact: Self = serde_json::from_str(text)?;
        let found = artifact.content_digest();
        if found == artifact.digest {
            Ok(artifact)
        } else {
            Err(ArtifactError::Altered { found, stated: artifact.digest })
        }
    }

    /// Writes it into `folder`, which is made if it is missing, whole or not at all. A violation of the same signature that
    /// is there already stays as it is.
    ///
    /// # Errors
    /// The file system's, with nothing left behind.
    pub fn store(&self, folder: &Path) -> std::io::Result<Stored> {
        let path = folder.join(self.file_name());
        let known = std::fs::read_to_string(&path).ok().and_then(|text| Self::from_json(&text).ok());
        if known.is_some_and(|known| known.signature == self.signature && known.subject == self.subject) {
            return Ok(Stored::Known(path));
        }
        std::fs::create_dir_all(folder)?;
        write_whole(&path, &self.to_json())?;
        Ok(Stored::New(path))
    }
}

/// Writes a file whole or not at all. What is there and is no file (a device, a pipe) is written to and not replaced.
///
/// # Errors
/// The file system's, with nothing left behind.
///
/// # Examples
/// ```
/// use seriatim_triage::report::write_whole;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("report.html");
/// write_whole(&path, "<p>first</p>")?;
/// write_whole(&path, "<p>second</p>")?; // A reader sees the first one or the second one, and no part of either.
/// assert_eq!(std::fs::read_to_string(&path)?, "<p>second</p>");
/// assert_eq!(folder.path().read_dir()?.count(), 1, "no unfinished file is left");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return std::fs::write(path, text);
    }
    let mut file = beside(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// An unfinished file in the folder of `path`, to be renamed to it; dropped, it is gone.
///
/// # Errors
/// The file system's.
pub fn beside(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // A temporary file is for its owner alone, what it becomes for whoever the system lets read files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder_of(path))
}

/// The folder that a path's file lies in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
