//! The command line: parse, call one library function, print, map the verdict to an exit code.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | all executors agreed |
//! | 1 | a violation |
//! | 2 | usage, input or harness error; nothing was written |
//! | 3 | inconclusive: no violation, but a floor was missed |

mod campaign;
mod run;
mod seeds;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

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
    /// Write generated plans as files, for a fuzzer to start from
    Seeds(SeedsArgs),
}

#[derive(Debug, Args)]
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
    /// Generated plans only
    #[arg(long, conflicts_with = "shapes")]
    plans: bool,
    /// Read block shapes from this file instead of the built-in ones
    #[arg(long, value_name = "FILE")]
    shapes_file: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "J")]
    jobs: Option<NonZeroUsize>,
    /// Write the report as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the scenario of a violation is written
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    artifacts: PathBuf,
}

#[derive(Debug, Args)]
struct RunArgs {
    /// A scenario as JSON, or a plan as bytes (a fuzzer's input or a seed of the corpus)
    file: PathBuf,
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
    #[error(transparent)]
    Canary(#[from] crate::campaign::CanaryMissed),
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
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = match cli.command {
        None => campaign::run(&cli.campaign),
        Some(Command::Campaign(args)) => campaign::run(&args),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Seeds(args)) => seeds::run(&args),
    };
    std::panic::set_hook(default_hook);
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("seriatim: {error}");
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
    let first = text.lines().next().unwrap_or_default();
    eprintln!("seriatim: {} (see seriatim --help)", first.trim_start_matches("error: "));
    ExitCode::from(2)
}
