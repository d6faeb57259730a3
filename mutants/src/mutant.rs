//! A patch with its head: what is known of the defect, and what to expect of a harness.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use seriatim::campaign::BuiltinSubject;
use seriatim::compare::Oracle;

use crate::Lane;

/// One defect. The texts are the head's.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// `P05`: the catalogue's number where it has one; `M` for its suggestions, `F` for other executors.
    pub id: String,
    pub name: String,
    /// Commits, or the report of the project where it lived.
    pub lived: String,
    pub source: String,
    pub class: Class,
    pub depth: Depth,
    /// The smallest block that shows it.
    pub block: String,
    /// What the reader of a report should see.
    pub sees: String,
    /// Kinds of violation that are this defect.
    pub oracles: BTreeSet<Oracle>,
    /// Where it should be found.
    pub lanes: BTreeSet<Lane>,
    pub path: PathBuf,
    /// The whole file; `git apply` skips the head.
    pub patch: String,
}

/// Where the head ends.
const CHANGE: &str = "\ndiff --git ";

/// What it takes to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    AnySchedule,
    Interleaving,
    Crash,
    Boundary,
    Liveness,
}

/// How many facts have to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    Shallow,
    TwoFacts,
    Deep,
}

impl Class {
    const ALL: [Self; 5] = [Self::AnySchedule, Self::Interleaving, Self::Crash, Self::Boundary, Self::Liveness];

    /// The name in heads.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnySchedule => "any schedule",
            Self::Interleaving => "interleaving",
            Self::Crash => "crash",
            Self::Boundary => "boundary",
            Self::Liveness => "liveness",
        }
    }
}

impl Depth {
    const ALL: [Self; 3] = [Self::Shallow, Self::TwoFacts, Self::Deep];

    /// The name in heads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shallow => "shallow",
            Self::TwoFacts => "two facts",
            Self::Deep => "deep",
        }
    }
}

/// A file that is no patch with a whole head.
#[derive(Debug, thiserror::Error)]
pub enum MutantError {
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: line {line} is no `Key: value` of a head: {text:?}", path.display())]
    Line { path: PathBuf, line: usize, text: String },
    #[error("{}: the head has no {key}", path.display())]
    Missing { path: PathBuf, key: &'static str },
    #[error("{}: {key} is {value:?}, known are {known}", path.display())]
    Unknown { path: PathBuf, key: &'static str, value: String, known: String },
    #[error("{}: the head's id is {id}, which the file's name does not begin with", path.display())]
    Name { path: PathBuf, id: String },
    #[error("{}: no change after the head", path.display())]
    NoChange { path: PathBuf },
    #[error("{id} is the id of two patches")]
    Twice { id: String },
}

impl Mutant {
    /// Reads a patch.
    ///
    /// # Errors
    /// A file that cannot be read or whose head is not whole, with the offending line or value.
    pub fn read(path: &Path) -> Result<Self, MutantError> {
        let patch =
            std::fs::read_to_string(path).map_err(|source| MutantError::Read { path: path.to_owned(), source })?;
        Self::parse(path, patch)
    }

    /// Every `*.patch` of a folder, by id.
    ///
    /// # Errors
    /// The first that is wrong, or an id that two share.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>, MutantError> {
        let unreadable = |source| MutantError::Read { path: folder.to_owned(), source };
        let mut mutants = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "patch") {
                let mutant = Self::read(&path)?;
                if let Some(other) = mutants.insert(mutant.id.clone(), mutant) {
                    return Err(MutantError::Twice { id: other.id });
                }
            }
        }
        Ok(mutants.into_values().collect())
    }

    pub(crate) fn parse(path: &Path, patch: String) -> Result<Self, MutantError> {
        let head = Head::parse(path, &patch)?;
        let id = head.text("Id")?;
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if !file.starts_with(&format!("{id}-")) {
            return Err(MutantError::Name { path: path.to_owned(), id });
        }
        if !patch.contains(CHANGE) {
            return Err(MutantError::NoChange { path: path.to_owned() });
        }
        Ok(Self {
            id,
            name: head.text("Name")?,
            lived: head.text("Lived")?,
            source: head.text("Source")?,
            class: head.one_of("Class", Class::ALL, Class::name)?,
            depth: head.one_of("Depth", Depth::ALL, Depth::name)?,
            block: head.text("Block")?,
            sees: head.text("Sees")?,
            oracles: head.some_of("Oracles", Oracle::ALL, Oracle::name)?,
            lanes: head.some_of("Lanes", Lane::OWN, Lane::name)?,
            path: path.to_owned(),
            patch,
        })
    }

    /// The patch without its head.
    pub fn change(&self) -> &[u8] {
        let head = self.patch.find(CHANGE).unwrap_or(0);
        &self.patch.as_bytes()[head..]
    }

    /// Whether it is from the executor's own history, not from another project's.
    pub fn is_historical(&self) -> bool {
        !self.source.starts_with("other executor") && self.subject() == BuiltinSubject::Parallel
    }

    /// Which executor it is a defect of, and so what the lanes search.
    pub fn subject(&self) -> BuiltinSubject {
        if self.source.starts_with("block-stm") { BuiltinSubject::BlockStm } else { BuiltinSubject::Parallel }
    }
}

/// `Key: value` lines up to the first empty one; a line that begins with blanks goes on with the one before.
struct Head<'a> {
    path: &'a Path,
    values: BTreeMap<&'a str, String>,
}

impl<'a> Head<'a> {
    fn parse(path: &'a Path, patch: &'a str) -> Result<Self, MutantError> {
        let mut values: BTreeMap<&str, String> = BTreeMap::new();
        let mut last = None;
        for (number, text) in patch.lines().enumerate().take_while(|(_, text)| !text.is_empty()) {
            let wrong = || MutantError::Line { path: path.to_owned(), line: number + 1, text: text.to_owned() };
            if text.starts_with(' ') {
                let value = last.and_then(|key| values.get_mut(key)).ok_or_else(wrong)?;
                value.push(' ');
                value.push_str(text.trim());
            } else {
                let (key, value) = text.split_once(':').ok_or_else(wrong)?;
                values.insert(key, value.trim().to_owned());
                last = Some(key);
            }
        }
        Ok(Self { path, values })
    }

    fn text(&self, key: &'static str) -> Result<String, MutantError> {
        let value = self.values.get(key).filter(|value| !value.is_empty());
        value.cloned().ok_or_else(|| MutantError::Missing { path: self.path.to_owned(), key })
    }

    fn one_of<T: Copy, const N: usize>(
        &self,
        key: &'static str,
        all: [T; N],
        name: fn(T) -> &'static str,
    ) -> Result<T, MutantError> {
        self.known(key, &self.text(key)?, all, name)
    }

    fn some_of<T: Copy + Ord, const N: usize>(
        &self,
        key: &'static str,
        all: [T; N],
        name: fn(T) -> &'static str,
    ) -> Result<BTreeSet<T>, MutantError> {
        self.text(key)?.split(',').map(|value| self.known(key, value.trim(), all, name)).collect()
    }

    fn known<T: Copy, const N: usize>(
        &self,
        key: &'static str,
        value: &str,
        all: [T; N],
        name: fn(T) -> &'static str,
    ) -> Result<T, MutantError> {
        all.into_iter().find(|&known| name(known) == value).ok_or_else(|| MutantError::Unknown {
            path: self.path.to_owned(),
            key,
            value: value.to_owned(),
            known: all.map(name).join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Id: P00\nName: a name\nLived: a..b\nSource: catalogue, documented\nClass: any schedule\n\
                        Depth: two facts\nBlock: A=1\n  and more\nSees: B+1\nOracles: receipts, state\nLanes: shuttle\n";
    fn parse(text: &str) -> Result<Mutant, MutantError> {
        Mutant::parse(Path::new("P00-a-name.patch"), text.to_owned())
    }

    #[test]
    fn a_whole_head_is_read() {
        let mutant = parse(&format!("{HEAD}\ndiff --git a/x b/x\n")).expect("whole");
        assert_eq!((mutant.id.as_str(), mutant.block.as_str()), ("P00", "A=1 and more"));
        assert_eq!((mutant.class, mutant.depth), (Class::AnySchedule, Depth::TwoFacts));
        assert_eq!(mutant.oracles, BTreeSet::from([Oracle::Receipts, Oracle::State]));
        assert!(mutant.is_historical());
    }

    #[test]
    fn the_source_names_the_executor_that_lanes_search() {
        let of = |text: &str| parse(&format!("{text}\ndiff --git a/x b/x\n")).expect("whole");
        assert_eq!(of(HEAD).subject(), BuiltinSubject::Parallel);
        let optimistic = of(&HEAD.replace("Source: catalogue, documented", "Source: block-stm"));
        assert_eq!(optimistic.subject(), BuiltinSubject::BlockStm);
        assert!(!optimistic.is_historical());
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let of = |text: &str| parse(&format!("{text}\ndiff --git a/x b/x\n")).expect_err("wrong").to_string();
        assert!(of(&HEAD.replace("Sees: B+1\n", "")).contains("no Sees"));
        assert!(
            of(&HEAD.replace("Lanes: shuttle", "Lanes: shuttles")).contains("\"shuttles\", known are differential")
        );
        assert!(of(&HEAD.replace("Id: P00", "Id: P01")).contains("id is P01"));
        assert!(of(&HEAD.replace("Name: a name", "Name")).contains("line 2"));
        assert!(parse(HEAD).expect_err("no change").to_string().contains("no change"));
    }
}
