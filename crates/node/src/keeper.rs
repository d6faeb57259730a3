//! Mismatches as files that show them again. They are taken up between two blocks, where the ledger still has all that the
//! ordering run began with.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::{ArtifactsError, KeptWhere, MismatchArtifacts};
use seriatim_lab::capture;
use seriatim_tos::chain::{Mismatch, RecentMismatches};
use seriatim_tos::ledger::{Parameters, SealedBlock, Topoheight};
use seriatim_tos::storage::Storage;

/// Most mismatches of one run of the node that are reported one by one.
const SHOWN: usize = 16;
/// What the folder may hold.
const MOST_FILES: usize = 64;
const MOST_BYTES: u64 = 256 << 20;

/// A mismatch, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MismatchSeen {
    #[serde(flatten)]
    pub mismatch: Mismatch,
    /// Where it is kept. None: nowhere, for the reason that is in the line.
    pub artifact: Option<PathBuf>,
    /// A line for people.
    pub line: String,
}

/// Takes what the chain's sink was given and keeps it in a folder.
#[derive(Debug)]
pub struct Keeper {
    recent: RecentMismatches,
    subject: &'static str,
    folder: PathBuf,
    artifacts: Option<MismatchArtifacts>,
    seen: Vec<MismatchSeen>,
}

impl Keeper {
    /// `recent` is the chain's sink, `subject` what is tested, by its name in `seriatim replay`. A folder that is not there is made
    /// for the first mismatch.
    ///
    /// # Errors
    /// A folder that cannot be read or has files that are no artifacts.
    pub fn new(
        recent: RecentMismatches,
        subject: &'static str,
        folder: impl Into<PathBuf>,
    ) -> Result<Self, ArtifactsError> {
        let folder = folder.into();
        let artifacts =
            if folder.exists() { Some(MismatchArtifacts::open(&folder, MOST_FILES, MOST_BYTES)?) } else { None };
        Ok(Self { recent, subject, folder, artifacts, seen: Vec::new() })
    }

    /// The first of the mismatches, in order.
    pub fn seen(&self) -> &[MismatchSeen] {
        &self.seen
    }

    /// Keeps what the newest block of `run` showed; the run began on `below`. What cannot be kept is reported all the same: the
    /// chain goes on in each case.
    pub(super) async fn keep<S: Storage>(
        &mut self,
        storage: &S,
        parameters: &Parameters,
        below: Topoheight,
        run: &[Arc<SealedBlock>],
    ) {
        for mismatch in self.recent.take() {
            let kept = match capture(storage, parameters, below, run).await {
                Err(error) => Err(error.to_string()),
                Ok(scenario) => self.artifacts().map_err(|error| error.to_string()).and_then(|(artifacts, subject)| {
                    artifacts.keep(subject, scenario, &mismatch).map_err(|error| error.to_string())
                }),
            };
            let (artifact, line) = match kept {
                Err(error) => (None, format!("{mismatch}; not kept: {error}")),
                Ok(kept) => match kept.at {
                    KeptWhere::New { path, .. } | KeptWhere::Known { path } => (Some(path), kept.line),
                    KeptWhere::TooMany | KeptWhere::TooLarge { .. } => (None, kept.line),
                },
            };
            if self.seen.len() < SHOWN {
                self.seen.push(MismatchSeen { mismatch, artifact, line });
            }
        }
    }

    fn artifacts(&mut self) -> Result<(&mut MismatchArtifacts, &'static str), ArtifactsError> {
        let artifacts = match self.artifacts.take() {
            Some(artifacts) => artifacts,
            None => MismatchArtifacts::open(&self.folder, MOST_FILES, MOST_BYTES)?,
        };
        Ok((self.artifacts.insert(artifacts), self.subject))
    }
}
