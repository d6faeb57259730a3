//! Violations that people know of and put up with for now: a campaign goes on past them, counts them, and its verdict does
//! not depend on them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use seriatim_lab::compare::Signature;
use seriatim_triage::report::write_whole;

/// The version of the file.
const VERSION: u32 = 1;

/// What is waived, as one file keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waivers {
    version: u32,
    waived: Vec<Waiver>,
}

/// One kind of violation with the reason why it is waived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    pub signature: Signature,
    pub because: String,
}

/// Why a file's waivers were not read or written.
#[derive(Debug, thiserror::Error)]
pub enum WaiversError {
    #[error("cannot read {path}: {source}", path = .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}: no waivers: {source}", path = .path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{path}: waivers of version {found}, this build reads version {VERSION}", path = .path.display())]
    Version { path: PathBuf, found: u32 },
    #[error("cannot write {path}: {source}", path = .path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl Waivers {
    /// The waivers of a file; none, if it is not there.
    ///
    /// # Errors
    /// A file that cannot be read, or that holds something else.
    pub fn read(path: &Path) -> Result<Self, WaiversError> {
        let path = || path.to_owned();
        let text = match std::fs::read_to_string(path()) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(WaiversError::Read { path: path(), source }),
        };
        let waivers: Self =
            serde_json::from_str(&text).map_err(|source| WaiversError::Json { path: path(), source })?;
        match waivers.version {
            VERSION => Ok(waivers),
            found => Err(WaiversError::Version { path: path(), found }),
        }
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// The file system's, with what was there before left as it was.
    pub fn write(&self, path: &Path) -> Result<(), WaiversError> {
        let waivers = Self { version: VERSION, ..self.clone() };
        let text = serde_json::to_string_pretty(&waivers).expect("plain data with text keys");
        write_whole(path, &(text + "\n")).map_err(|source| WaiversError::Write { path: path.to_owned(), source })
    }

    /// Waives a kind of violation; a reason that was given before is replaced.
    pub fn add(&mut self, signature: Signature, because: String) {
        self.waived.retain(|waiver| waiver.signature != signature);
        self.waived.push(Waiver { signature, because });
    }

    /// Why a violation is waived, if it is. A waived case is often a smaller one than that which is met, so a violation whose
    /// signature covers the waived one is waived, too.
    pub fn because(&self, met: &Signature) -> Option<&str> {
        self.waived.iter().find(|waiver| met.covers(&waiver.signature)).map(|waiver| &*waiver.because)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use seriatim_lab::compare::Oracle;

    use super::*;

    fn signature(field: &str, types: &[&str]) -> Signature {
        let transactions: BTreeSet<String> = types.iter().map(|name| (*name).to_owned()).collect();
        Signature { oracle: Oracle::State, field: field.to_owned(), receipts: None, transactions }
    }

    #[test]
    fn the_same_kind_in_a_larger_case_is_waived_and_another_kind_is_not() {
        let mut waivers = Waivers::default();
        waivers.add(signature("balance", &["transfer"]), "issue 7".to_owned());
        assert_eq!(waivers.because(&signature("balance", &["burn", "transfer"])), Some("issue 7"));
        assert_eq!(waivers.because(&signature("balance", &["burn"])), None);
        assert_eq!(waivers.because(&signature("nonce", &["transfer"])), None);
    }

    #[test]
    fn a_file_is_read_back_and_a_missing_one_waives_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("waived.json");
        assert_eq!(Waivers::read(&path).unwrap(), Waivers::default());
        let mut waivers = Waivers::default();
        waivers.add(signature("balance", &["transfer"]), "first".to_owned());
        waivers.add(signature("balance", &["transfer"]), "second".to_owned());
        waivers.write(&path).unwrap();
        let read = Waivers::read(&path).unwrap();
        assert_eq!(read.because(&signature("balance", &["transfer"])), Some("second"));
        assert_eq!(read.waived.len(), 1);
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("waived.json");
        for (text, refused) in [("[]", "no waivers"), (r#"{"version":9,"waived":[]}"#, "version 9")] {
            std::fs::write(&path, text).unwrap();
            assert!(Waivers::read(&path).unwrap_err().to_string().contains(refused));
        }
    }
}
