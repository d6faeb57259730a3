//! The command line: parse, call one library function, print, map the verdict to an exit code.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | all executors agreed |
//! | 1 | a violation |
//! | 2 | usage, input or harness error; nothing was written |
//! | 3 | inconclusive: no violation, but a floor was missed |

mod campaign;
mod corpus;
mod explore;
mod minimise;
mod prove;
mod replay;
mod report;
mod run;
mod seeds;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::{Args, Parser, Subcommand};

use crate::campaign::ExploredSubject;

/// Does a parallel executor give, on every block, the answer it would have given seriatim?
#[derive(Debug, Parser)]
#[command(name = "seriatim", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    campaign: CampaignArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run many scenarios on all executors and compare (the default)
    Campaign(CampaignArgs),
    /// Run one scenario (JSON) or plan (bytes) on all executors and compare
    Run(RunArgs),
    /// Run one scenario under many schedules
    Explore(ExploreArgs),
    /// Run an artifact's case again: does the violation still show?
    Replay(ReplayArgs),
    /// Make a violation's case smaller: fewer transactions, accounts and switches
    Minimise(MinimiseArgs),
    /// Prove all sets of a few transactions under all interleavings
    Prove(ProveArgs),
    /// Show a counterexample: as text, and as a page
    Report(ReportArgs),
    /// Write generated plans as files, for a fuzzer to start from
    Seeds(SeedsArgs),
    /// Make a fuzzer's corpus smaller
    #[command(subcommand)]
    Corpus(corpus::CorpusCommand),
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct CampaignArgs {
    /// Stop after so many seconds [default: 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    seconds: Option<u64>,
    /// Stop after so many executions instead
    #[arg(long, value_name = "N", conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..))]
    executions: Option<u64>,
    /// Where all choices come from; the same seed gives the same scenarios
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Real block shapes only
    #[arg(long)]
    shapes: bool,
    /// Generated plans on tokio only
    #[arg(long, conflicts_with = "shapes")]
    plans: bool,
    /// Generated plans under shuttle only
    #[arg(long, conflicts_with_all = ["shapes", "plans"])]
    interleavings: bool,
    /// Interleave this subject only: `parallel`, or one that is wrong on purpose, such as `canary:CountsByLoadAndStore`
    #[arg(long, value_name = "NAME", default_value_t = ExploredSubject::Parallel, conflicts_with_all = ["shapes", "plans"])]
    subject: ExploredSubject,
    /// Keep violations as they are met
    #[arg(long)]
    no_minimise: bool,
    /// Go on after a violation, and count those of each kind
    #[arg(long)]
    keep_going: bool,
    /// Read block shapes from this file instead of the built-in ones
    #[arg(long, value_name = "FILE")]
    shapes_file: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "J")]
    jobs: Option<NonZeroUsize>,
    /// Write the report as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the artifact of a violation is written
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    artifacts: PathBuf,
}

#[derive(Debug, Args)]
struct RunArgs {
    /// A scenario or an artifact as JSON, or a plan as bytes (a fuzzer's input or a seed of the corpus)
    file: PathBuf,
}

#[derive(Debug, Args)]
struct ExploreArgs {
    /// A scenario or an artifact as JSON, or a plan as bytes
    scenario: PathBuf,
    /// What runs the tasks
    #[arg(long, value_enum, default_value_t = EngineChoice::Shuttle)]
    engine: EngineChoice,
    /// Who chooses the next task, under shuttle [default: portfolio]
    #[arg(long, value_enum)]
    scheduler: Option<SchedulerChoice>,
    /// Bound on preemptions, under loom: all executions with fewer, some with as many [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    preemptions: Option<u8>,
    /// Executions at most [default: 1000; under loom 1000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    executions: Option<u32>,
    /// Where all choices come from
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Most tasks at a time, under shuttle and loom [default: 4]
    #[arg(long, value_name = "P")]
    parallelism: Option<NonZeroUsize>,
    /// Workers of the model [default: as many as tasks]
    #[arg(long, value_name = "W")]
    workers: Option<NonZeroUsize>,
    /// Shards of each map of the model [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    shards: Option<u64>,
    /// Under shuttle, this subject: `parallel`, or one that is wrong on purpose, such as `canary:OppositeLocks`
    #[arg(long, value_name = "NAME", default_value_t = ExploredSubject::Parallel)]
    subject: ExploredSubject,
    /// Write the artifact of a violation to this file, under shuttle
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum EngineChoice {
    /// tokio, on one thread and on two
    Native,
    /// Controlled interleavings
    Shuttle,
    /// Every interleaving that --preemptions leaves, memory orderings included; for at most three transactions
    Loom,
}

/// The bound on preemptions under loom, unless told.
const PREEMPTIONS: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SchedulerChoice {
    /// The uniform walk, then random, then PCT
    Portfolio,
    /// In proportion to the steps that tasks have left
    Urw,
    /// Any task, with equal chance
    Random,
    /// Priorities, with three points of change
    Pct,
    /// In order of their switches, fewest first
    Fewest,
    /// Every interleaving that can matter, up to --executions
    Dpor,
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// An artifact, as a campaign writes it
    artifact: PathBuf,
    /// How many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
}

/// Executions of a minimisation, unless told: it mostly ends by itself after a tenth of them.
const TRIES: u64 = 200_000;

#[derive(Debug, Args)]
struct MinimiseArgs {
    /// A violation's file, as a campaign writes it
    artifact: PathBuf,
    /// Where the smaller one is written [default: beside it, as NAME.min.json]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Executions after which the search ends with what it has
    #[arg(long, value_name = "N", default_value_t = TRIES, value_parser = clap::value_parser!(u64).range(1..))]
    tries: u64,
}

#[derive(Debug, Args)]
struct ProveArgs {
    /// Transactions of each set
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3))]
    transactions: u8,
    /// What searches the interleavings of a set
    #[arg(long, value_enum, default_value_t = SearchChoice::Dpor)]
    engine: SearchChoice,
    /// Bound on preemptions, under loom: all executions with fewer, some with as many [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    preemptions: Option<u8>,
    /// Only this part of the sets, as part/parts, counted from 1
    #[arg(long, value_name = "K/N", default_value = "1/1", value_parser = part)]
    shard: (usize, usize),
    /// Executions after which a set is cut, and reported as cut
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    bound: u32,
    /// Write the certificate as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SearchChoice {
    /// Every interleaving, under sequential consistency
    Dpor,
    /// Memory orderings too, for what --preemptions leaves
    Loom,
}

/// `2/5` as the second of five parts, counted from 0.
fn part(text: &str) -> Result<(usize, usize), String> {
    let parsed = text.split_once('/').and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)));
    match parsed {
        Some((part, parts)) if (1..=parts).contains(&part) => Ok((part - 1, parts)),
        _ => Err("not K/N with K in 1..=N".to_owned()),
    }
}

#[derive(Debug, Args)]
struct ReportArgs {
    /// A counterexample, as campaigns write them
    artifact: PathBuf,
    /// Write a page for a browser, too: one file that needs no network
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct SeedsArgs {
    /// Folder for the plans; created if it is missing
    folder: PathBuf,
    /// How many plans
    #[arg(long, value_name = "N", default_value_t = 200)]
    count: u64,
    /// Transactions of each plan
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    transactions: u16,
    /// The first plan's seed
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// So many bytes of schedule after each plan: inputs of the fuzz target `interleave`
    #[arg(long, value_name = "N")]
    schedule: Option<u16>,
}

/// A command that could not do its work.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("cannot read {path}: {source}", path = .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {path}: {source}", path = .path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}", path = .path.display())]
    Shapes { path: PathBuf, source: crate::workload::ShapeError },
    #[error("{path}: {source}", path = .path.display())]
    Scenario { path: PathBuf, source: crate::workload::ScenarioError },
    #[error("{path}: {source}", path = .path.display())]
    Plan { path: PathBuf, source: crate::workload::PlanError },
    #[error("{path}: {source}", path = .path.display())]
    Artifact { path: PathBuf, source: crate::report::ArtifactError },
    #[error("{path}: {source}", path = .path.display())]
    Subject { path: PathBuf, source: crate::campaign::UnknownSubject },
    #[error("{option} does not fit --engine {engine}")]
    Unfit { option: &'static str, engine: &'static str },
    #[error("{path}: {source}", path = .path.display())]
    TooManyTasks { path: PathBuf, source: crate::explore::TooManyTasks },
    #[error(transparent)]
    Corpus(#[from] crate::corpus::CorpusError),
    #[error(transparent)]
    Canary(#[from] crate::campaign::CanaryMissed),
    #[error(
        "the canaries' plans did not end in {0:?}: an executor or a subject hangs, `seriatim explore` under shuttle tells where"
    )]
    CanariesHang(std::time::Duration),
    #[error("cannot start: {0}")]
    Start(std::io::Error),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // A panic inside a subject is caught and becomes part of the verdict; it must not scribble over the progress bar.
    static LAST_PANIC: Mutex<String> = Mutex::new(String::new());
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string().replace('\n', " ");
    }));
    let outcome = std::panic::catch_unwind(|| match cli.command {
        None => campaign::run(&cli.campaign),
        Some(Command::Campaign(args)) => campaign::run(&args),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Explore(args)) => explore::run(&args),
        Some(Command::Replay(args)) => replay::run(&args),
        Some(Command::Minimise(args)) => minimise::run(&args),
        Some(Command::Prove(args)) => prove::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Seeds(args)) => seeds::run(&args),
        Some(Command::Corpus(command)) => corpus::run(&command),
    });
    match outcome {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            eprintln!("seriatim: {error}");
            ExitCode::from(2)
        }
        Err(_) => {
            let panic = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("seriatim: a defect of the harness itself: {panic}");
            ExitCode::from(2)
        }
    }
}

/// Help and version as clap prints them; an error as one line.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    // Up to the usage: some errors name what is missing in lines of their own.
    let lines = text.lines().take_while(|line| !line.starts_with("Usage") && !line.contains("tip:"));
    let line = lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    eprintln!("seriatim: {} (see seriatim --help)", line.trim_start_matches("error: "));
    ExitCode::from(2)
}
