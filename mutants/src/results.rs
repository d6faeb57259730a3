//! Outcomes as files, so that a run that was broken off goes on where it stopped. They belong to one state of the sources,
//! one patch and one budget; of any other nothing is taken over.

use std::path::{Path, PathBuf};

use crate::{Lane, Mutant, Outcome};

/// A folder of outcomes.
#[derive(Debug)]
pub struct Results {
    folder: PathBuf,
}

impl Results {
    /// Results of the sources with this digest, each search with this budget.
    pub fn new(folder: &Path, sources: &str, executions: u64, seconds: u64) -> Self {
        Self { folder: folder.join(format!("{sources}-{executions}-{seconds}")) }
    }

    fn path(&self, mutant: &Mutant, lane: Lane, seed: u64) -> PathBuf {
        let patch = blake3::hash(mutant.change()).to_hex();
        self.folder.join(format!("{}-{}-{lane}-{seed}.json", mutant.id, &patch[..8]))
    }

    /// What came of a search, if it was run. A damaged file counts as none.
    pub fn get(&self, mutant: &Mutant, lane: Lane, seed: u64) -> Option<Outcome> {
        serde_json::from_str(&std::fs::read_to_string(self.path(mutant, lane, seed)).ok()?).ok()
    }

    /// Keeps what came of a search.
    ///
    /// # Errors
    /// The file system's; no half-written file is left under the name.
    pub fn put(&self, mutant: &Mutant, lane: Lane, seed: u64, outcome: &Outcome) -> std::io::Result<()> {
        let path = self.path(mutant, lane, seed);
        std::fs::create_dir_all(&self.folder)?;
        let text = serde_json::to_string(outcome)?;
        seriatim::report::write_whole(&path, &text)
    }
}
