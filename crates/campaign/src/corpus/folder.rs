//! A corpus as a folder of files. The result appears whole or not at all, and nothing is ever deleted or written over.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Minimised;
use seriatim_triage::report::folder_of;

/// One file of a corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    pub name: OsString,
    pub bytes: Vec<u8>,
}

/// Something in the folder that is no input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftAlone {
    pub name: OsString,
    pub reason: String,
}

/// Where the result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Those that are kept are copied to this folder; the corpus is not touched.
    Folder(PathBuf),
    /// Those that are removed are moved out of the corpus, to [`removed_folder`].
    InPlace,
}

/// Why a corpus was not made smaller. Then nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    #[error("cannot read {path}: {source}", path = .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("no input in {path}{first}", path = .path.display(), first = first(.left_alone))]
    NoInput { path: PathBuf, left_alone: Vec<LeftAlone> },
    #[error("{path} is not empty, and nothing is written over", path = .path.display())]
    NotEmpty { path: PathBuf },
    #[error("{path} is there already, and nothing is written over", path = .path.display())]
    Exists { path: PathBuf },
    #[error("cannot write {path}: {source}", path = .path.display())]
    Write { path: PathBuf, source: io::Error },
}

fn first(left_alone: &[LeftAlone]) -> String {
    let Some(LeftAlone { name, reason }) = left_alone.first() else { return String::new() };
    format!("; {} others, the first is {}: {reason}", left_alone.len(), name.display())
}

/// `seeds` to `seeds.min`: where a corpus that was made smaller is written, unless told.
pub fn default_target(corpus: &Path) -> PathBuf {
    beside(corpus, ".min")
}

/// `seeds` to `seeds.removed`: where inputs are moved to.
pub fn removed_folder(corpus: &Path) -> PathBuf {
    beside(corpus, ".removed")
}

fn beside(corpus: &Path, ending: &str) -> PathBuf {
    // `.` and `..` have no name of their own.
    let corpus = match corpus.file_name() {
        Some(_) => corpus.to_owned(),
        None => corpus.canonicalize().unwrap_or_else(|_| corpus.to_owned()),
    };
    let mut name = corpus.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    corpus.with_file_name(name)
}

/// Every file of a folder, in order of their names, and what could not be read. Folders inside are not looked into.
///
/// # Errors
/// `Read` if the folder itself cannot be read.
pub fn read(corpus: &Path) -> Result<(Vec<Input>, Vec<LeftAlone>), CorpusError> {
    let cannot_read = |source| CorpusError::Read { path: corpus.to_owned(), source };
    let (mut inputs, mut left_alone) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(corpus).map_err(cannot_read)? {
        let entry = entry.map_err(cannot_read)?;
        let (name, path) = (entry.file_name(), entry.path());
        // Of a pipe or a device, reading might never end.
        let read = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => fs::read(&path).map_err(|error| error.to_string()),
            Ok(_) => Err("not a file".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        match read {
            Ok(bytes) => inputs.push(Input { name, bytes }),
            Err(reason) => left_alone.push(LeftAlone { name, reason }),
        }
    }
    inputs.sort_by(|first, second| first.name.cmp(&second.name));
    left_alone.sort_by(|first, second| first.name.cmp(&second.name));
    Ok((inputs, left_alone))
}

impl Destination {
    /// Refuses what [`Self::write`] would refuse, as far as it can be known before.
    ///
    /// # Errors
    /// `NotEmpty` for a folder with something in it, `Write` for a place where no folder can be.
    pub fn check(&self) -> Result<(), CorpusError> {
        let Self::Folder(path) = self else { return Ok(()) };
        match fs::read_dir(path) {
            Ok(mut entries) => match entries.next() {
                None => Ok(()),
                Some(_) => Err(CorpusError::NotEmpty { path: path.clone() }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::read_dir(folder_of(path))
                .map(drop)
                .map_err(|source| CorpusError::Write { path: path.clone(), source }),
            Err(source) => Err(CorpusError::Write { path: path.clone(), source }),
        }
    }

    /// Writes the result; an input keeps its name.
    ///
    /// # Errors
    /// `NotEmpty` or `Exists` for what would be written over, `Write` for what the file system refuses. The corpus is then
    /// as it was.
    pub fn write(&self, corpus: &Path, minimised: &Minimised) -> Result<(), CorpusError> {
        match self {
            Self::Folder(path) => copy(&minimised.kept, path),
            Self::InPlace => move_out(&minimised.removed, corpus, &removed_folder(corpus)),
        }
    }
}

/// Writes into a folder beside the target, which then becomes the target: renaming onto a folder works only if it is empty.
fn copy(inputs: &[Input], target: &Path) -> Result<(), CorpusError> {
    let cannot_write = |path: &Path| {
        let path = path.to_owned();
        |source| CorpusError::Write { path, source }
    };
    let mut builder = tempfile::Builder::new();
    // A temporary folder is for its owner alone, a corpus for whoever the system lets read files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let unfinished = builder.tempdir_in(folder_of(target)).map_err(cannot_write(target))?;
    for input in inputs {
        let path = unfinished.path().join(&input.name);
        fs::write(&path, &input.bytes).map_err(cannot_write(&path))?;
    }
    fs::rename(unfinished.path(), target).map_err(|source| match source.kind() {
        io::ErrorKind::DirectoryNotEmpty => CorpusError::NotEmpty { path: target.to_owned() },
        _ => CorpusError::Write { path: target.to_owned(), source },
    })?;
    // It has gone, so nothing is left to clear away.
    drop(unfinished.keep());
    Ok(())
}

/// All of them or, as far as the file system lets it be undone, none.
fn move_out(inputs: &[Input], from: &Path, to: &Path) -> Result<(), CorpusError> {
    if inputs.is_empty() {
        return Ok(());
    }
    let cannot_write = |source| CorpusError::Write { path: to.to_owned(), source };
    let is_new = match fs::create_dir(to) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(source) => return Err(cannot_write(source)),
    };
    // Renaming would write over a file of an earlier pass.
    if let Some(path) = inputs.iter().map(|input| to.join(&input.name)).find(|path| path.symlink_metadata().is_ok()) {
        return Err(CorpusError::Exists { path });
    }
    for (position, input) in inputs.iter().enumerate() {
        if let Err(source) = fs::rename(from.join(&input.name), to.join(&input.name)) {
            for moved in &inputs[..position] {
                // What cannot go back stays where it is, whole.
                let _ = fs::rename(to.join(&moved.name), from.join(&moved.name));
            }
            if is_new {
                let _ = fs::remove_dir(to);
            }
            return Err(cannot_write(source));
        }
    }
    Ok(())
}
