//! `seriatim corpus minimise DIR`: of a fuzzer's inputs those that show something no smaller one shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use seriatim_campaign::Conclusion;
use seriatim_campaign::corpus::{
    CorpusError, Destination, Input, LeftAlone, Minimised, default_target, minimise, plans, read, removed_folder,
    schedules,
};
use seriatim_lab::{BuiltinSubject, Examiner};

use super::CliError;
use super::args::JsonArgs;
use super::output::{Findings, Output, judge, say};
use super::progress::Progress;

/// The version of the JSON form.
const VERSION: u32 = 1;

#[derive(Debug, Subcommand)]
pub(super) enum CorpusCommand {
    /// Keep the smallest inputs that show what all of them show, and every one that shows a violation
    Minimise(MinimiseArgs),
}

#[derive(Debug, Args)]
pub(super) struct MinimiseArgs {
    /// Folder with plans as bytes: a fuzzer's corpus or seeds
    folder: PathBuf,
    /// The inputs are plans with schedules, those of the fuzz target `interleave`
    #[arg(long)]
    schedules: bool,
    /// New folder for those that are kept [default: DIR.min]
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    out: Option<PathBuf>,
    /// Move the others to DIR.removed instead
    #[arg(long)]
    in_place: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// The result.
#[derive(Debug, Serialize)]
struct Summary {
    folder: String,
    schedules: bool,
    before: Figures,
    after: Figures,
    /// The same before and after.
    features: BTreeMap<&'static str, usize>,
    /// Names of the inputs that show a violation, all of them kept.
    violations: Vec<String>,
    left_alone: Vec<Other>,
    /// Where those that are kept were written.
    kept_in: String,
    /// Where the others were moved to, if they were.
    removed_to: Option<String>,
}

#[derive(Debug, Serialize)]
struct Figures {
    inputs: usize,
    bytes: usize,
    features: usize,
}

#[derive(Debug, Serialize)]
struct Other {
    name: String,
    reason: String,
}

pub(super) fn run(command: &CorpusCommand) -> Result<ExitCode, CliError> {
    let CorpusCommand::Minimise(args) = command;
    let output = Output::new("corpus minimise", args.json.json.as_ref(), None, &[])?;
    let destination = match &args.out {
        _ if args.in_place => Destination::InPlace,
        Some(out) => Destination::Folder(out.clone()),
        None => Destination::Folder(default_target(&args.folder)),
    };
    let (inputs, unread) = read(&args.folder)?;
    destination.check()?;
    let count = inputs.len();
    let Some(mut minimised) = with_bar(inputs, args.schedules)? else {
        let reason = format!("stopped before all of {count} inputs were judged; nothing was written");
        judge!(output, Inconclusive, "{reason}");
        let nothing = BTreeMap::from([("folder", shown(&args.folder))]);
        return output.end(&Findings::judged(VERSION, Conclusion::Inconclusive, &nothing).because(Some(reason)));
    };
    minimised.left_alone.extend(unread);
    minimised.left_alone.sort_by(|first, second| first.name.cmp(&second.name));
    if minimised.kept.is_empty() {
        let left_alone = std::mem::take(&mut minimised.left_alone);
        return Err(CorpusError::NoInput { path: args.folder.clone(), left_alone }.into());
    }
    destination.write(&args.folder, &minimised)?;
    let summary = Summary::new(args, &destination, &minimised);
    summary.print(&output);
    let verdict = if summary.violations.is_empty() { Conclusion::Agree } else { Conclusion::Violation };
    output.end(&Findings::judged(VERSION, verdict, &summary))
}

/// Judges while a bar is drawn; without a terminal nothing is. None: stopped by Ctrl-C.
fn with_bar(inputs: Vec<Input>, with_schedules: bool) -> Result<Option<Minimised>, CliError> {
    let count = inputs.len() as u64;
    let progress = Progress::of(count, "inputs");
    let mut watch = |position, input: &Input| {
        // The one that is under way: on tokio one that hangs shows in no other way.
        progress.say(input.name.display().to_string());
        progress.at(position as u64)
    };
    let minimised = if with_schedules {
        minimise(inputs, &mut schedules(BuiltinSubject::Parallel), &mut watch)
    } else {
        let examiner = Examiner::new().map_err(CliError::Start)?;
        minimise(inputs, &mut plans(&examiner), &mut watch)
    };
    // Also when it came during the last input.
    Ok(minimised.filter(|_| progress.at(count).is_continue()))
}

impl Summary {
    fn new(args: &MinimiseArgs, destination: &Destination, minimised: &Minimised) -> Self {
        let Minimised { kept, removed, left_alone, features, kept_features, violations } = minimised;
        let bytes = |inputs: &[Input]| inputs.iter().map(|input| input.bytes.len()).sum::<usize>();
        let (kept_in, removed_to) = match destination {
            Destination::Folder(path) => (path.as_path(), None),
            Destination::InPlace => {
                (args.folder.as_path(), (!removed.is_empty()).then(|| shown(&removed_folder(&args.folder))))
            }
        };
        Self {
            folder: shown(&args.folder),
            schedules: args.schedules,
            before: Figures {
                inputs: kept.len() + removed.len(),
                bytes: bytes(kept) + bytes(removed),
                features: features.len(),
            },
            after: Figures { inputs: kept.len(), bytes: bytes(kept), features: kept_features.len() },
            features: minimised.features_by_kind(),
            violations: violations.iter().map(|&position| kept[position].name.display().to_string()).collect(),
            left_alone: left_alone
                .iter()
                .map(|LeftAlone { name, reason }| Other { name: name.display().to_string(), reason: reason.clone() })
                .collect(),
            kept_in: shown(kept_in),
            removed_to,
        }
    }

    fn print(&self, output: &Output) {
        let Self { before, after, features, violations, left_alone, kept_in, removed_to, .. } = self;
        say!(output, "KEPT {} of {} inputs, {} of {} bytes", after.inputs, before.inputs, after.bytes, before.bytes);
        let kinds: Vec<_> = features.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        say!(output, "  features   {} before, {} after: {}", before.features, after.features, kinds.join(", "));
        match violations.first() {
            None => say!(output, "  violations 0"),
            Some(first) => say!(output, "  violations {}, all kept, the first in {first}", violations.len()),
        }
        if let Some(Other { name, reason }) = left_alone.first() {
            say!(output, "  left alone {}, the first is {name}: {reason}", left_alone.len());
        }
        say!(output, "  kept in    {kept_in}");
        if let Some(removed_to) = removed_to {
            say!(output, "  moved to   {removed_to}");
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
