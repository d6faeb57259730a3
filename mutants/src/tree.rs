//! A copy of the tree that a patch is applied to and built in.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Mutant;

/// A copy, with build output of its own. Only files that differ are written, so that cargo builds anew what depends on a
/// patch and nothing else.
#[derive(Debug)]
pub struct Tree {
    /// The tree that is copied.
    original: PathBuf,
    copy: PathBuf,
    build: PathBuf,
    profile: &'static str,
}

/// Why a mutant cannot be scored. None of these is a miss.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{program} cannot be run: {source}")]
    Start { program: &'static str, source: std::io::Error },
    #[error("git does not list the tree's files: {0}")]
    List(String),
    #[error("{id}: the patch does not apply: {output}")]
    DoesNotApply { id: String, output: String },
    #[error("{id}: the patched tree does not build: {output}")]
    DoesNotBuild { id: String, output: String },
}

/// What is built in a patched tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The binary that runs lanes.
    Lane,
    /// The tests that run the models.
    Models,
}

/// Quick to build again.
const PROFILE: &str = "mutant";
/// The tree as users have it, and quickest to search.
const RELEASE: &str = "release";
/// Lines of a compiler's or git's output that an error keeps.
const LINES_KEPT: usize = 12;

impl Tree {
    /// A copy of `original` under `folder`, made by [`Self::restore`].
    pub fn new(original: &Path, folder: &Path, number: usize) -> Self {
        Self {
            original: original.to_owned(),
            copy: folder.join(format!("tree-{number}")),
            build: folder.join(format!("build-{number}")),
            profile: PROFILE,
        }
    }

    /// The same, built as a release: for long searches of few trees.
    pub fn released(original: &Path, folder: &Path, number: usize) -> Self {
        Self {
            copy: folder.join(format!("tree-release-{number}")),
            build: folder.join(format!("build-release-{number}")),
            profile: RELEASE,
            ..Self::new(original, folder, number)
        }
    }

    /// Makes the copy equal to the original: every file that git knows or would add.
    ///
    /// # Errors
    /// git's or the file system's.
    pub fn restore(&self) -> Result<(), TreeError> {
        let files = files(&self.original)?;
        for file in &files {
            let (from, to) = (self.original.join(file), self.copy.join(file));
            let wanted = std::fs::read(&from).map_err(|source| TreeError::File { path: from, source })?;
            if std::fs::read(&to).is_ok_and(|found| found == wanted) {
                continue;
            }
            let write = || {
                std::fs::create_dir_all(to.parent().unwrap_or(&to))?;
                std::fs::write(&to, wanted)
            };
            write().map_err(|source| TreeError::File { path: to.clone(), source })?;
        }
        remove_others(&self.copy, Path::new(""), &files)
    }

    /// Applies a patch to the restored copy.
    ///
    /// # Errors
    /// `DoesNotApply`; the copy is then as before.
    pub fn apply(&self, mutant: &Mutant) -> Result<(), TreeError> {
        // Inside another repository, git would take the paths to be that one's.
        let ceiling = self.copy.parent().unwrap_or(&self.copy);
        let mut git = Command::new("git");
        git.args(["apply", "--whitespace=nowarn", "-"]).current_dir(&self.copy).env("GIT_CEILING_DIRECTORIES", ceiling);
        let output = run(&mut git, "git", Some(&mutant.patch))?;
        output.map(drop).map_err(|output| TreeError::DoesNotApply { id: mutant.id.clone(), output })
    }

    /// Builds in the copy. `id` is for the error.
    ///
    /// # Errors
    /// `DoesNotBuild`, with the end of what the compiler said.
    pub fn build(&self, target: Target, id: &str) -> Result<PathBuf, TreeError> {
        let (args, name): (&[&str], _) = match target {
            Target::Lane => (&["build", "--package", "mutants", "--bin", "lane"], "lane"),
            Target::Models => (&["test", "--package", "seriatim-lab", "--test", "models", "--no-run"], "models"),
        };
        let mut cargo = Command::new("cargo");
        cargo.args(args).args(["--locked", "--quiet", "--profile", self.profile, "--message-format", "json"]);
        // Warnings of a patch are nobody's business.
        cargo.env("CARGO_TARGET_DIR", &self.build).env("RUSTFLAGS", "--cap-lints=warn").current_dir(&self.copy);
        // One mutant after another is built in the same folder, so this pays whatever the surroundings say.
        cargo.env("CARGO_INCREMENTAL", "1");
        let failed = |output| TreeError::DoesNotBuild { id: id.to_owned(), output };
        let messages = run(&mut cargo, "cargo", None)?.map_err(failed)?;
        executable(&messages, name).ok_or_else(|| failed(format!("cargo tells of no executable {name}")))
    }
}

/// The path that cargo's messages name for a target.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let of_target = |message: &serde_json::Value| message["target"]["name"] == name;
    messages.filter(of_target).find_map(|message| Some(message["executable"].as_str()?.into()))
}

/// Files of the tree that holds `root`, relative to it.
fn files(root: &Path) -> Result<BTreeSet<PathBuf>, TreeError> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let output = git.output().map_err(|source| TreeError::Start { program: "git", source })?;
    if !output.status.success() {
        return Err(TreeError::List(last_lines(&output.stderr)));
    }
    let names = output.stdout.split(|&byte| byte == 0).filter(|name| !name.is_empty());
    let paths = names.map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned()));
    // A file that was deleted but not yet committed is still listed.
    Ok(paths.filter(|path| root.join(path).is_file()).collect())
}

/// A digest of every file that decides what a lane finds: production code, harness, dependencies and lanes.
///
/// # Errors
/// git's or the file system's.
pub fn digest(root: &Path) -> Result<String, TreeError> {
    let is_test = |path: &Path| path.components().any(|part| part.as_os_str() == "tests");
    let decides = |path: &&PathBuf| {
        let is_source = ["src", "crates", "models", "mutants/src/bin"].iter().any(|folder| path.starts_with(folder));
        is_source && !is_test(path)
            || path.file_name() == Some(OsStr::new("Cargo.toml"))
            || **path == Path::new("Cargo.lock")
    };
    let mut hasher = blake3::Hasher::new();
    for file in files(root)?.iter().filter(decides) {
        let path = root.join(file);
        let content = std::fs::read(&path).map_err(|source| TreeError::File { path, source })?;
        hasher.update(file.to_string_lossy().as_bytes()).update(&[0]);
        hasher.update(&(content.len() as u64).to_le_bytes()).update(&content);
    }
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}

/// Removes what is in the copy and not among `files`: what a patch added.
fn remove_others(copy: &Path, below: &Path, files: &BTreeSet<PathBuf>) -> Result<(), TreeError> {
    let folder = copy.join(below);
    let failed = |source| TreeError::File { path: folder.clone(), source };
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = below.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            remove_others(copy, &path, files)?;
        } else if !files.contains(&path) {
            std::fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Runs a program to its end. Inside, what it printed; `Err`: it failed, and said this.
fn run(command: &mut Command, program: &'static str, input: Option<&str>) -> Result<Result<String, String>, TreeError> {
    let failed = |source| TreeError::Start { program, source };
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        // A program that does not read to the end says why itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    // Told to print messages, cargo prints the compiler's complaints among them.
    let complaint = || if output.stderr.is_empty() { printed.as_bytes() } else { &output.stderr };
    Ok(if output.status.success() { Ok(printed) } else { Err(last_lines(complaint())) })
}

fn last_lines(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES_KEPT)..].join("\n    ")
}
