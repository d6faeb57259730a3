//! What becomes of the artifacts in a folder: `seriatim review` shows them on one page, `waive` puts up with one for now, and
//! `drop` throws one away. `promote`, which keeps one for good, has a file of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use seriatim_campaign::{Waivers, WaiversError};
use seriatim_lab::compare::Signature;
use seriatim_triage::report::{Artifact, Card, Index, Regression, Report, folder_of, write_whole};
use seriatim_triage::retrace::retrace;

use super::CliError;
use super::args::JsonArgs;
use super::input::read_artifact;
use super::output::{Findings, Output, Shown, open, say};
use super::progress::Progress;

/// The version of the JSON forms.
const VERSION: u32 = 1;
/// The file of waivers in a folder of artifacts.
const WAIVED: &str = "waived.json";
/// The page that shows a folder.
const PAGE: &str = "index.html";

#[derive(Debug, Args)]
pub(super) struct ReviewArgs {
    /// Folder with artifacts
    #[arg(value_name = "DIR", default_value = "artifacts")]
    folder: PathBuf,
    /// Where cases are kept
    #[arg(long, value_name = "DIR", default_value = "corpus/regressions")]
    corpus: PathBuf,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct WaiveArgs {
    /// An artifact, as a campaign writes it
    artifact: PathBuf,
    /// Why it may stay wrong for now: the number of an issue, say
    #[arg(long, value_name = "TEXT")]
    because: String,
    /// The file of waivers [default: waived.json beside the artifact]
    #[arg(long, value_name = "FILE")]
    waived: Option<PathBuf>,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct DropArgs {
    /// An artifact; its page and its smaller form go, too
    artifact: PathBuf,
    #[command(flatten)]
    json: JsonArgs,
}

/// What is to be done about an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Status {
    /// Nobody has decided yet.
    Open,
    Waived {
        because: String,
    },
    /// The case is kept in this file.
    Promoted {
        regression: String,
    },
}

#[derive(Serialize)]
struct Reviewed {
    folder: String,
    page: String,
    artifacts: Vec<Entry>,
    /// Files in the folder that are no artifacts, with the reason.
    left_alone: Vec<LeftAlone>,
}

#[derive(Serialize)]
struct Entry {
    artifact: String,
    page: String,
    violation: Shown,
    transactions: usize,
    status: Status,
}

/// An artifact with its file.
type Kept = (PathBuf, Artifact);

#[derive(Serialize)]
struct LeftAlone {
    file: String,
    reason: String,
}

#[derive(Serialize)]
struct Waived<'a> {
    artifact: String,
    signature: &'a Signature,
    because: &'a str,
    waivers: String,
}

#[derive(Serialize)]
struct Dropped {
    artifact: String,
    removed: Vec<String>,
}

/// The file of waivers that goes with a folder of artifacts.
pub(super) fn waivers_of(folder: &Path) -> PathBuf {
    folder.join(WAIVED)
}

pub(super) fn review(args: &ReviewArgs) -> Result<ExitCode, CliError> {
    let output = Output::new("review", args.json.json.as_ref(), None, &[])?;
    let waivers = Waivers::read(&waivers_of(&args.folder))?;
    let regressions = regressions(&args.corpus);
    let (artifacts, left_alone) = artifacts(&args.folder)?;
    let progress = Progress::of(artifacts.len() as u64, "pages");
    let mut reviewed = Reviewed {
        folder: shown(&args.folder),
        page: shown(&args.folder.join(PAGE)),
        artifacts: Vec::new(),
        left_alone,
    };
    let mut cards = Vec::new();
    for (path, artifact) in &artifacts {
        progress.say(shown(path));
        let (status, page) = (status(artifact, &waivers, &regressions), path.with_extension("html"));
        let retraced = retrace(artifact, &|_| None);
        let report = Report::new(artifact, shown(path), &retraced);
        write(&page, &report.html())?;
        cards.push(card(&report, path, &page, &status));
        reviewed.artifacts.push(Entry {
            artifact: shown(path),
            page: shown(&page),
            violation: Shown { violation: artifact.violation.clone(), signature: artifact.signature.clone() },
            transactions: artifact.scenario.tx_count(),
            status,
        });
        if progress.at(reviewed.artifacts.len() as u64).is_break() {
            break;
        }
    }
    drop(progress);
    let page = args.folder.join(PAGE);
    write(&page, &Index { folder: shown(&args.folder), cards }.html())?;
    print(&output, &reviewed, artifacts.len());
    if args.open {
        open(&page);
    }
    output.end(&Findings::made(VERSION, None, &reviewed))
}

pub(super) fn waive(args: &WaiveArgs) -> Result<ExitCode, CliError> {
    let output = Output::new("waive", args.json.json.as_ref(), None, &[("ARTIFACT", Some(&args.artifact))])?;
    let artifact = read_artifact(&args.artifact)?;
    let file = args.waived.clone().unwrap_or_else(|| waivers_of(folder_of(&args.artifact)));
    let mut waivers = Waivers::read(&file)?;
    waivers.add(artifact.signature.clone(), args.because.clone());
    waivers.write(&file)?;
    say!(output, "{}: waived, {}", artifact.signature, args.because);
    say!(output, "campaigns that read {} count it and go on", file.display());
    let waived = Waived {
        artifact: shown(&args.artifact),
        signature: &artifact.signature,
        because: &args.because,
        waivers: shown(&file),
    };
    output.end(&Findings::made(VERSION, None, &waived))
}

pub(super) fn drop_one(args: &DropArgs) -> Result<ExitCode, CliError> {
    let output = Output::new("drop", args.json.json.as_ref(), None, &[("ARTIFACT", Some(&args.artifact))])?;
    // Nothing that is no artifact is thrown away.
    read_artifact(&args.artifact)?;
    let path = &args.artifact;
    let beside = ["html", "min.json", "min.html"].map(|ending| path.with_extension(ending));
    let mut removed = Vec::new();
    for file in beside.iter().filter(|file| file.is_file()).chain([path]) {
        std::fs::remove_file(file).map_err(|source| CliError::Remove { path: file.clone(), source })?;
        say!(output, "removed {}", file.display());
        removed.push(shown(file));
    }
    output.end(&Findings::made(VERSION, None, &Dropped { artifact: shown(path), removed }))
}

fn print(output: &Output, reviewed: &Reviewed, all: usize) {
    for Entry { artifact, violation, transactions, status, .. } in &reviewed.artifacts {
        let status = match status {
            Status::Open => "open".to_owned(),
            Status::Waived { because } => format!("waived: {because}"),
            Status::Promoted { regression } => format!("kept as {regression}"),
        };
        say!(output, "{artifact}");
        say!(output, "  {}; {transactions} transactions; {status}", violation.signature);
    }
    for LeftAlone { file, reason } in &reviewed.left_alone {
        say!(output, "{file}: left alone: {reason}");
    }
    let open = reviewed.artifacts.iter().filter(|entry| entry.status == Status::Open).count();
    let done = reviewed.artifacts.len();
    if done < all {
        say!(output, "stopped after {done} of {all} artifacts");
    }
    say!(output, "{open} of {done} open; a page for each, and {} for all", reviewed.page);
}

fn card(report: &Report<'_>, path: &Path, page: &Path, status: &Status) -> Card {
    let file = shown(path);
    let quoted = shlex::try_quote(&file).map_or_else(|_| file.clone(), std::borrow::Cow::into_owned);
    let commands = match status {
        Status::Open => vec![
            format!("seriatim promote {quoted}"),
            format!("seriatim waive {quoted} --because 'issue ...'"),
            format!("seriatim drop {quoted}"),
        ],
        Status::Waived { .. } => vec![format!("seriatim promote {quoted}"), format!("seriatim drop {quoted}")],
        Status::Promoted { .. } => vec![format!("seriatim drop {quoted}")],
    };
    let (word, more) = match status {
        Status::Open => ("open", String::new()),
        Status::Waived { because } => ("waived", because.clone()),
        Status::Promoted { regression } => ("promoted", regression.clone()),
    };
    let page = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Card::new(report, page, word, more, commands)
}

fn status(artifact: &Artifact, waivers: &Waivers, regressions: &[(PathBuf, Regression)]) -> Status {
    let kept = regressions.iter().find(|(_, kept)| kept.scenario == artifact.scenario);
    match (kept, waivers.because(&artifact.signature)) {
        (Some((path, _)), _) => Status::Promoted { regression: shown(path) },
        (None, Some(because)) => Status::Waived { because: because.to_owned() },
        (None, None) => Status::Open,
    }
}

/// The artifacts of a folder, by name.
fn artifacts(folder: &Path) -> Result<(Vec<Kept>, Vec<LeftAlone>), CliError> {
    let (mut artifacts, mut left_alone) = (Vec::new(), Vec::new());
    for path in json_files(folder).map_err(|source| CliError::Read { path: folder.to_owned(), source })? {
        if path.file_name().is_some_and(|name| name == WAIVED) {
            continue;
        }
        match read_artifact(&path) {
            Ok(artifact) => artifacts.push((path, artifact)),
            Err(error) => left_alone.push(LeftAlone { file: shown(&path), reason: error.to_string() }),
        }
    }
    Ok((artifacts, left_alone))
}

/// The cases that are kept; a folder that is not there has none.
fn regressions(corpus: &Path) -> Vec<(PathBuf, Regression)> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).ok()?;
        Some((path, Regression::from_json(&text).ok()?))
    };
    json_files(corpus).unwrap_or_default().into_iter().filter_map(read).collect()
}

fn json_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    write_whole(path, text).map_err(|source| CliError::Write { path: path.to_owned(), source })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

impl From<WaiversError> for CliError {
    fn from(error: WaiversError) -> Self {
        Self::Waivers(error)
    }
}
