//! A folder of mismatches that a node's test mode met, each as an artifact to be replayed: so many files and so many bytes at most,
//! one file a signature.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use seriatim_lab::workload::Scenario;
use seriatim_tos::chain::Mismatch;

use super::mismatch_violation::violation_of;
use seriatim_lab::cut;
use seriatim_triage::report::{Artifact, ArtifactError, Origin, write_whole};

/// The folder, open. What lies in it beside `*.json` is nobody's business.
#[derive(Debug)]
pub struct MismatchArtifacts {
    folder: PathBuf,
    most_files: usize,
    most_bytes: u64,
    /// Names and sizes of the files.
    files: BTreeMap<String, u64>,
    not_kept: u64,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactsError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// Something else, or an artifact that is not what was written.
    #[error("{}: {source}", path.display())]
    Damaged { path: PathBuf, source: ArtifactError },
}

/// What became of a mismatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub at: KeptWhere,
    /// A line for a log: what differs, where, and what is typed to see it again.
    pub line: String,
}

/// Where a mismatch is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptWhere {
    /// A new file has the whole run or its last blocks.
    New { path: PathBuf, blocks: usize, of: usize },
    /// Another of the same signature is in this file already.
    Known { path: PathBuf },
    /// Nowhere: there are as many files as there may be.
    TooMany,
    /// Nowhere: it has so many bytes, and no shorter case that is exact fits into what is left.
    TooLarge { bytes: u64 },
}

/// Most characters of each value in a line; the file has all that is known.
const MOST_SHOWN: usize = 160;

impl MismatchArtifacts {
    /// Opens a folder, which is made if it is missing. Artifacts that are there count.
    ///
    /// # Errors
    /// The folder cannot be made or read, or a `*.json` in it is no artifact.
    pub fn open(folder: impl Into<PathBuf>, most_files: usize, most_bytes: u64) -> Result<Self, ArtifactsError> {
        let folder = folder.into();
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| ArtifactsError::Io { path, source }
        };
        std::fs::create_dir_all(&folder).map_err(io(&folder))?;
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(&folder).map_err(io(&folder))? {
            let path = entry.map_err(io(&folder))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| is_artifact(name)) else {
                continue;
            };
            let text = std::fs::read_to_string(&path).map_err(io(&path))?;
            Artifact::from_json(&text).map_err(|source| ArtifactsError::Damaged { path: path.clone(), source })?;
            files.insert(name.to_owned(), text.len() as u64);
        }
        Ok(Self { folder, most_files, most_bytes, files, not_kept: 0 })
    }

    /// Mismatches that are in no file, since the folder was opened.
    pub fn not_kept(&self) -> u64 {
        self.not_kept
    }

    /// Files in the folder.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> u64 {
        self.files.values().sum()
    }

    /// Keeps a mismatch of the subject of that name, a path's or what `seriatim replay` knows besides. `scenario` is what
    /// [`seriatim_lab::capture`] made of the run up to the block of the mismatch. The file is there whole or not at all. A case too large
    /// for what is left is cut to its last blocks where these give the same.
    ///
    /// # Cost
    /// One sequential run of the scenario; a few more where it is too large.
    ///
    /// # Errors
    /// The file system's. The mismatch is then counted as not kept.
    pub fn keep(&mut self, subject: &str, scenario: Scenario, mismatch: &Mismatch) -> Result<Kept, ArtifactsError> {
        let at = self.put(subject, scenario, mismatch);
        if !matches!(at, Ok(KeptWhere::New { .. } | KeptWhere::Known { .. })) {
            self.not_kept += 1;
        }
        let at = at?;
        let line = format!("{}; {}", shown(mismatch), self.place_line(&at));
        Ok(Kept { at, line })
    }

    fn put(&mut self, subject: &str, scenario: Scenario, mismatch: &Mismatch) -> Result<KeptWhere, ArtifactsError> {
        let of = scenario.blocks().count();
        let mut artifact = artifact(subject, scenario, mismatch);
        let name = artifact.file_name();
        let path = self.folder.join(&name);
        if self.files.contains_key(&name) {
            return Ok(KeptWhere::Known { path });
        }
        if self.files.len() >= self.most_files {
            return Ok(KeptWhere::TooMany);
        }
        let room = self.most_bytes.saturating_sub(self.bytes());
        let mut text = artifact.to_json();
        let bytes = text.len() as u64;
        let mut blocks = of;
        while text.len() as u64 > room {
            blocks /= 2;
            if blocks == 0 {
                return Ok(KeptWhere::TooLarge { bytes });
            }
            if let Some(smaller) = cut(&artifact.scenario, blocks) {
                artifact = self::artifact(subject, smaller, mismatch);
                text = artifact.to_json();
            }
        }
        write_whole(&path, &text).map_err(|source| ArtifactsError::Io { path: path.clone(), source })?;
        self.files.insert(name, text.len() as u64);
        Ok(KeptWhere::New { path, blocks, of })
    }

    fn place_line(&self, at: &KeptWhere) -> String {
        let Self { most_files, most_bytes, .. } = self;
        match at {
            KeptWhere::New { path, blocks, of } if blocks == of => replay(path),
            KeptWhere::New { path, blocks, of } => {
                format!("{} (the last {blocks} of the run's {of} blocks)", replay(path))
            }
            KeptWhere::Known { path } => {
                format!("the like of it is kept already, maybe of another block: {}", replay(path))
            }
            KeptWhere::TooMany => format!("not kept: there are {most_files} files, as many as there may be"),
            KeptWhere::TooLarge { bytes } => {
                let left = most_bytes.saturating_sub(self.bytes());
                format!("not kept: {bytes} bytes, where {left} of {most_bytes} are left")
            }
        }
    }
}

fn artifact(subject: &str, scenario: Scenario, mismatch: &Mismatch) -> Artifact {
    let Mismatch { block, topoheight, .. } = mismatch;
    let found_by = format!("test mode of a node, block {block} at topoheight {topoheight}");
    let origin = Origin { found_by, seed: 0, index: *topoheight, plan: None };
    let violation = violation_of(mismatch, subject, &scenario);
    Artifact::new(subject, origin, violation, scenario, None)
}

fn is_artifact(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json")
}

/// The mismatch as one line, whatever is in its texts.
fn shown(mismatch: &Mismatch) -> String {
    let [sequential, parallel] = [&mismatch.sequential, &mismatch.parallel].map(|text| short(text));
    Mismatch { sequential, parallel, ..mismatch.clone() }.to_string()
}

fn short(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut shown: String = text.chars().take(MOST_SHOWN).map(plain).collect();
    if text.chars().nth(MOST_SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// The command as a shell takes it.
fn replay(path: &Path) -> String {
    let path = path.to_string_lossy();
    let quoted = shlex::try_quote(&path).unwrap_or_else(|_| path.as_ref().into());
    format!("seriatim replay {quoted}")
}
