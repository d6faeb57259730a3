//! The command line: parse, call one library function, print, map the verdict to an exit code.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | all executors agreed |
//! | 1 | a violation |
//! | 2 | usage, input or harness error; nothing was written |
//! | 3 | inconclusive: no violation, but a floor was missed |

mod args;
mod campaign;
mod corpus;
mod demo;
mod explore;
mod external;
mod input;
mod interrupt;
mod junit;
mod list;
mod minimise;
mod node;
mod output;
mod profile;
mod progress;
mod promote;
mod prove;
mod replay;
mod report;
mod review;
mod run;
mod seeds;
mod shell;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use seriatim_subject::SubjectSource;

use args::{
    CampaignArgs, ExploreArgs, MinimiseArgs, PromoteArgs, ProveArgs, ReplayArgs, ReportArgs, RunArgs, SeedsArgs,
};
use profile::ProfileError;

/// What people run most.
const EXAMPLES: &str = "\
Examples:
  seriatim demo                                       a race found and explained
  seriatim                                            30 s of everything
  seriatim --executions 100000 --seed 7               the same scenarios everywhere
  seriatim --interleavings --subject block-stm        one lane, another executor
  seriatim --subject-cmd 'python3 my_adapter.py'      your executor, in any language
  seriatim report artifacts/FILE.json --open          a violation as a page
  seriatim replay artifacts/FILE.json --times 100     the same schedule again
  seriatim prove --transactions 2                     every interleaving of every pair

Exit codes: 0 agreement, 1 a violation, 2 bad usage or input, 3 inconclusive.";

/// Does a parallel executor give, on every block, the answer it would have given seriatim?
#[derive(Debug, Parser)]
#[command(name = "seriatim", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    campaign: CampaignArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// See a race found, made smaller and explained, in a few seconds
    Demo(demo::DemoArgs),
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
    /// Show a folder of artifacts on one page: what is open, waived, promoted
    Review(review::ReviewArgs),
    /// Keep an artifact's case: cargo test runs it from then on
    Promote(PromoteArgs),
    /// Put up with a violation for now: campaigns count it and go on
    Waive(review::WaiveArgs),
    /// Throw an artifact away, with its page
    Drop(review::DropArgs),
    /// Prove all sets of a few transactions under all interleavings
    Prove(ProveArgs),
    /// Show a counterexample: as text, and as a page
    Report(ReportArgs),
    /// List the names of subjects, canaries, oracles, conflict classes and lanes
    List(list::ListArgs),
    /// Look, as the author of an adapter, at what an executor in another process says
    #[command(subcommand)]
    Subject(external::SubjectCommand),
    /// Run a small chain in any mode, on disk or in memory
    ///
    /// Ended at any moment, it goes on where it was.
    Node(node::NodeCli),
    /// Write generated plans as files, for a fuzzer to start from
    Seeds(SeedsArgs),
    /// Make a fuzzer's corpus smaller
    #[command(subcommand)]
    Corpus(corpus::CorpusCommand),
    /// Write completions for a shell
    Completions(shell::CompletionsArgs),
    /// Write manual pages
    Man(shell::ManArgs),
}

/// A command that could not do its work.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("cannot read {path}: {source}", path = .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {path}: {source}", path = .path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("cannot remove {path}: {source}", path = .path.display())]
    Remove { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Waivers(seriatim_campaign::WaiversError),
    #[error("{path}: {source}", path = .path.display())]
    Shapes { path: PathBuf, source: seriatim_lab::workload::ShapeError },
    #[error("{path}: {source}", path = .path.display())]
    Scenario { path: PathBuf, source: seriatim_lab::workload::ScenarioError },
    #[error("{path}: {source}", path = .path.display())]
    Plan { path: PathBuf, source: seriatim_lab::workload::PlanError },
    #[error("{path}: {source}", path = .path.display())]
    Artifact { path: PathBuf, source: seriatim_triage::report::ArtifactError },
    #[error("{path}: {source}", path = .path.display())]
    Subject { path: PathBuf, source: seriatim_lab::UnknownSubject },
    #[error("{one} and {other} are both {path}", path = .path.display())]
    SamePlace { one: &'static str, other: &'static str, path: PathBuf },
    #[error("--subject {0} shows under shuttle only: it fits neither --shapes nor --plans nor --faults nor prove")]
    OnlyInterleaved(seriatim_lab::BuiltinSubject),
    #[error("--subject {0} does not fit prove, whose sets are single blocks")]
    NotProved(seriatim_lab::BuiltinSubject),
    #[error("--subject {0} shows under faults only: it fits --faults and nothing else")]
    OnlyUnderFaults(seriatim_lab::BuiltinSubject),
    #[error("{option} does not fit --engine {engine}")]
    Unfit { option: &'static str, engine: String },
    #[error("{path}: {source}", path = .path.display())]
    TooManyTasks { path: PathBuf, source: seriatim_explore::TooManyTasks },
    #[error("--subject-cmd: {0}")]
    Command(#[from] seriatim_subject::process::ConfigError),
    #[error("{0} does not fit --subject-cmd")]
    NotExternal(&'static str),
    #[error("{path}: the subject {subject:?} is not built in: {how}", path = .path.display())]
    NotBuiltIn { path: PathBuf, subject: String, how: &'static str },
    #[error(transparent)]
    External(#[from] seriatim_subject::SubjectCampaignError),
    #[error("{path}: {source}", path = .path.display())]
    ExternalSubject { path: PathBuf, source: seriatim_subject::SubjectError },
    #[error(transparent)]
    Promote(#[from] seriatim_triage::report::PromoteError),
    #[error(transparent)]
    Corpus(#[from] seriatim_campaign::corpus::CorpusError),
    #[error(transparent)]
    Canary(#[from] seriatim_lab::CanaryMissed),
    #[error(transparent)]
    FaultCanary(#[from] seriatim_lab::FaultCanaryMissed),
    #[error(
        "the canaries' plans did not end in {0:?}: an executor or a subject hangs, `seriatim explore` under shuttle tells where"
    )]
    CanariesHang(std::time::Duration),
    #[error("cannot start: {0}")]
    Start(std::io::Error),
    #[error(transparent)]
    Node(#[from] node::NodeCliError),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let command = grouped(Cli::command());
    let words = match with_profile(&command) {
        Ok(words) => words,
        Err(error) => {
            eprintln!("seriatim: {error}");
            return ExitCode::from(2);
        }
    };
    let parsed = command.clone().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => guarded(|| dispatch(&cli, command)),
        Err(error) => usage(&error, command),
    }
}

/// Runs the command line of a process that brings a subject of its own: campaign, replay, minimise and report.
pub fn subject_main(source: &dyn SubjectSource) -> ExitCode {
    match external::ExternalCli::try_parse() {
        Ok(cli) => guarded(|| external::dispatch(&cli, source)),
        Err(error) => usage(&error, external::ExternalCli::command()),
    }
}

/// The words of this process, and behind `campaign`, or where it is meant without being named, those of its profile.
fn with_profile(command: &clap::Command) -> Result<Vec<OsString>, ProfileError> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let campaign = command.find_subcommand("campaign").expect("it is one of the commands");
    match words.get(1).and_then(|word| word.to_str()) {
        Some("campaign") => profile::expanded(words, campaign, 2),
        Some(word) if !word.starts_with('-') => Ok(words),
        _ => profile::expanded(words, campaign, 1),
    }
}

/// The commands by what they are for, as `--help` shows them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Look for violations", &["campaign", "run", "explore", "prove"]),
    ("Look at one", &["replay", "report", "minimise"]),
    ("Decide about it", &["review", "promote", "waive", "drop"]),
    ("Begin", &["demo", "list", "subject"]),
    ("Feed a fuzzer", &["seeds", "corpus"]),
    ("The rest", &["node", "completions", "man", "help"]),
];

/// The command with its subcommands in groups.
fn grouped(mut command: clap::Command) -> clap::Command {
    use std::fmt::Write as _;

    command.build();
    let mut text = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "{title}:");
        for subcommand in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {:<12} {about}", subcommand.get_name());
        }
        text.push('\n');
    }
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{text}Options:\n{{options}}{{after-help}}"
    ))
}

fn dispatch(cli: &Cli, command: clap::Command) -> Result<ExitCode, CliError> {
    match &cli.command {
        None => campaign::run(&cli.campaign),
        Some(Command::Demo(args)) => demo::run(args),
        Some(Command::List(args)) => list::run(args),
        Some(Command::Campaign(args)) => campaign::run(args),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Explore(args)) => explore::run(args),
        Some(Command::Replay(args)) => replay::run(args),
        Some(Command::Minimise(args)) => minimise::run(args),
        Some(Command::Promote(args)) => promote::run(args),
        Some(Command::Prove(args)) => prove::run(args),
        Some(Command::Report(args)) => report::run(args),
        Some(Command::Review(args)) => review::review(args),
        Some(Command::Waive(args)) => review::waive(args),
        Some(Command::Drop(args)) => review::drop_one(args),
        Some(Command::Completions(args)) => Ok(shell::completions(args, command)),
        Some(Command::Man(args)) => shell::man(args, command),
        Some(Command::Node(command)) => node::run(command),
        Some(Command::Seeds(args)) => seeds::run(args),
        Some(Command::Subject(command)) => external::subject(command),
        Some(Command::Corpus(command)) => corpus::run(command),
    }
}

/// Exit code 2 for errors and for panics of the harness.
fn guarded(command: impl FnOnce() -> Result<ExitCode, CliError>) -> ExitCode {
    // A panic inside a subject is caught and becomes part of the verdict; it must not scribble over the progress bar.
    static LAST_PANIC: Mutex<String> = Mutex::new(String::new());
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string().replace('\n', " ");
    }));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(command));
    match outcome {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            eprintln!("seriatim: {error}");
            ExitCode::from(2)
        }
        Err(_) => {
            // Not held while it is told: with standard error closed, too, telling it would panic, and the hook wait for ever.
            let panic = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let line = if panic.contains("failed printing to stdout") {
                "seriatim: standard output was closed".to_owned()
            } else {
                format!("seriatim: a defect of the harness itself: {panic}")
            };
            let _ = writeln!(std::io::stderr(), "{line}");
            ExitCode::from(2)
        }
    }
}

/// Help and version as clap prints them; an error as one line.
fn usage(error: &clap::Error, command: clap::Command) -> ExitCode {
    if !error.use_stderr() {
        // Whoever reads it may have seen enough.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    // Up to the usage: some errors name what is missing, and what is similar, in lines of their own.
    let is_told = |line: &&str| !line.starts_with("Usage") && !line.starts_with("For more information");
    let lines = text.lines().take_while(is_told).map(str::trim);
    let line = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ").replace("tip: ", "- ");
    eprintln!("seriatim: {} (see {} --help)", line.trim_start_matches("error: "), asked(command));
    ExitCode::from(2)
}

/// The words of the subcommand that this process was asked for.
fn asked(mut command: clap::Command) -> String {
    let mut words = command.get_name().to_owned();
    for word in std::env::args_os().skip(1) {
        let Some(subcommand) = command.find_subcommand(&word).cloned() else { break };
        words = format!("{words} {}", subcommand.get_name());
        command = subcommand;
    }
    words
}
