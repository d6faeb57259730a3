//! What the command line takes.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use seriatim_campaign::{Budget, Waivers, WaiversError};
use seriatim_lab::BuiltinSubject;
use seriatim_subject::Process;
use seriatim_subject::process::{ConfigError, ProcessConfig};

use super::review::waivers_of;

/// The form for scripts.
#[derive(Debug, Args)]
pub(super) struct JsonArgs {
    /// Write what was found as JSON, too; `-`: to standard output, in place of the text
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub json: Option<PathBuf>,
}

/// The form for CI systems.
#[derive(Debug, Args)]
pub(super) struct JunitArgs {
    /// Write what was found as JUnit XML, too; `-`: to standard output, in place of the text
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub junit: Option<PathBuf>,
}

/// An executor in another process, instead of those that are built in.
#[derive(Debug, Args)]
pub(super) struct ProcessArgs {
    /// Judge the executor that this command starts: it speaks the protocol of docs/book/reference/subject-protocol.md. No shell is run
    #[arg(long, value_name = "COMMAND", help_heading = "An executor in another process")]
    pub subject_cmd: Option<String>,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// What the process is held to.
#[derive(Debug, Args)]
pub(super) struct LimitArgs {
    /// Most time for one answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=3_600_000), help_heading = "An executor in another process")]
    pub subject_limit: u64,
    /// Most memory, in MiB (address space of each process)
    #[arg(long, value_name = "MIB", default_value_t = 2_048, value_parser = clap::value_parser!(u64).range(16..=1_048_576), help_heading = "An executor in another process")]
    pub subject_memory: u64,
}

impl ProcessArgs {
    /// The source of processes, if a command was given.
    pub(super) fn source(&self) -> Result<Option<Process>, ConfigError> {
        self.subject_cmd.as_deref().map(|command| Ok(Process(self.limits.config(command)?))).transpose()
    }
}

impl LimitArgs {
    pub(super) fn config(&self, command: &str) -> Result<ProcessConfig, ConfigError> {
        let request_limit = Duration::from_millis(self.subject_limit);
        let memory_bytes = Some(self.subject_memory << 20);
        Ok(ProcessConfig { request_limit, memory_bytes, ..ProcessConfig::parse(command)? })
    }
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The command that starts the adapter. No shell is run
    #[arg(long, value_name = "COMMAND")]
    pub subject_cmd: String,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub json: JsonArgs,
}

/// What every campaign takes.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    /// Stop after so many seconds [default: 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000), help_heading = "How much")]
    pub seconds: Option<u64>,
    /// Stop after so many executions instead
    #[arg(long, value_name = "N", conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..), help_heading = "How much")]
    pub executions: Option<u64>,
    /// Where all choices come from; the same seed gives the same scenarios
    #[arg(long, value_name = "S", default_value_t = 0, help_heading = "How much")]
    pub seed: u64,
    /// Keep violations as they are met
    #[arg(long, help_heading = "Violations")]
    pub no_minimise: bool,
    /// Go on after a violation, and count those of each kind
    #[arg(long, help_heading = "Violations")]
    pub keep_going: bool,
    /// Threads [default: one a core]
    #[arg(long, value_name = "J", help_heading = "How much")]
    pub jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub json: JsonArgs,
    #[command(flatten)]
    pub junit: JunitArgs,
    /// Where the artifact of a violation is written
    #[arg(long, value_name = "DIR", default_value = "artifacts", help_heading = "Violations")]
    pub artifacts: PathBuf,
    /// Violations that are known: they are counted, and the verdict does not depend on them [default: waived.json among the
    /// artifacts]
    #[arg(long, value_name = "FILE", help_heading = "Violations")]
    pub waived: Option<PathBuf>,
    /// Take options from this profile of seriatim.toml; what is typed wins
    #[arg(long, value_name = "NAME", help_heading = "Profiles")]
    pub profile: Option<String>,
    /// The file of profiles [default: seriatim.toml, if it is here]
    #[arg(long, value_name = "FILE", help_heading = "Profiles")]
    pub config: Option<PathBuf>,
}

impl CommonArgs {
    /// When to stop.
    pub(super) fn budget(&self) -> Budget {
        match (self.executions, self.seconds) {
            (Some(executions), _) => Budget::Executions(executions),
            (None, seconds) => Budget::Time(Duration::from_secs(seconds.unwrap_or(DEFAULT_SECONDS))),
        }
    }

    /// What does not count.
    pub(super) fn waivers(&self) -> Result<Waivers, WaiversError> {
        let file = self.waived.clone().unwrap_or_else(|| waivers_of(&self.artifacts));
        Waivers::read(&file)
    }

    /// How many threads.
    pub(super) fn jobs(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.map_or_else(available, usize::from)
    }
}

/// The budget where neither `--seconds` nor `--executions` is given.
const DEFAULT_SECONDS: u64 = 30;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one a lane, as they are typed")]
pub(super) struct CampaignArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// Real block shapes only
    #[arg(long, help_heading = "What runs")]
    pub shapes: bool,
    /// Generated plans on tokio only
    #[arg(long, conflicts_with = "shapes", help_heading = "What runs")]
    pub plans: bool,
    /// Generated plans under shuttle only
    #[arg(long, conflicts_with_all = ["shapes", "plans"], help_heading = "What runs")]
    pub interleavings: bool,
    /// Generated plans only, with an error, a delay, a panic or a cancellation at the awaits of their blocks
    #[arg(long, conflicts_with_all = ["shapes", "plans", "interleavings"], help_heading = "What runs")]
    pub faults: bool,
    /// What is run and interleaved: `parallel`, `block-stm`, or one that is wrong on purpose, such as
    /// `canary:CountsByLoadAndStore`, which is interleaved only, or `canary:HalfCommitted`, which shows under faults only
    #[arg(long, value_name = "NAME", default_value_t = BuiltinSubject::Parallel, help_heading = "What runs")]
    pub subject: BuiltinSubject,
    /// Read block shapes from this file instead of the built-in ones
    #[arg(long, value_name = "FILE", help_heading = "What runs")]
    pub shapes_file: Option<PathBuf>,
    /// Show also how outcomes, conflict classes and faults are distributed
    #[arg(long, help_heading = "Output")]
    pub verbose: bool,
    #[command(flatten)]
    pub process: ProcessArgs,
}

impl CampaignArgs {
    /// An option that was given and means the built-in executors.
    pub(super) fn builtin_option(&self) -> Option<&'static str> {
        let given = [
            (self.shapes, "--shapes"),
            (self.plans, "--plans"),
            (self.interleavings, "--interleavings"),
            (self.faults, "--faults"),
            (self.subject != BuiltinSubject::Parallel, "--subject"),
            (self.shapes_file.is_some(), "--shapes-file"),
            (self.verbose, "--verbose"),
        ];
        given.into_iter().find_map(|(is, option)| is.then_some(option))
    }
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A scenario or an artifact as JSON, or a plan as bytes (a fuzzer's input or a seed of the corpus)
    pub file: PathBuf,
    #[command(flatten)]
    pub json: JsonArgs,
    #[command(flatten)]
    pub junit: JunitArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExploreArgs {
    /// A scenario or an artifact as JSON, or a plan as bytes
    pub scenario: PathBuf,
    /// What runs the tasks
    #[arg(long, value_enum, default_value_t = EngineChoice::Shuttle)]
    pub engine: EngineChoice,
    /// Who chooses the next task, under shuttle [default: portfolio]
    #[arg(long, value_enum)]
    pub scheduler: Option<SchedulerChoice>,
    /// Bound on preemptions, under loom: all executions with fewer, some with as many [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub preemptions: Option<u8>,
    /// Executions at most [default: 1000; under loom 1000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub executions: Option<u32>,
    /// Where all choices come from
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Most tasks at a time, under shuttle and loom [default: 4]
    #[arg(long, value_name = "P")]
    pub parallelism: Option<NonZeroUsize>,
    /// Workers of the model [default: as many as tasks]
    #[arg(long, value_name = "W")]
    pub workers: Option<NonZeroUsize>,
    /// Shards of each map of the model [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub shards: Option<u64>,
    /// This subject: `parallel`, `block-stm`, or, under shuttle, one that is wrong on purpose, such as `canary:OppositeLocks`
    #[arg(long, value_name = "NAME", default_value_t = BuiltinSubject::Parallel)]
    pub subject: BuiltinSubject,
    /// Write the artifact of a violation to this file, under shuttle
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    #[command(flatten)]
    pub json: JsonArgs,
    #[command(flatten)]
    pub junit: JunitArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum EngineChoice {
    /// tokio, on one thread and on two
    Native,
    /// Controlled interleavings
    Shuttle,
    /// Every interleaving that --preemptions leaves, memory orderings included; for at most three transactions
    Loom,
}

/// The bound on preemptions under loom, unless told.
pub(super) const PREEMPTIONS: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SchedulerChoice {
    /// The uniform walk, then random, then PCT
    Portfolio,
    /// Chance in proportion to the steps that tasks have left
    Urw,
    /// Any task, with equal chance
    Random,
    /// Priorities, with three points of change
    Pct,
    /// Schedules with the fewest switches first
    Fewest,
    /// Every interleaving that can matter, up to --executions; for at most 126 transactions
    Dpor,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// An artifact, as a campaign writes it
    pub artifact: PathBuf,
    /// How many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub times: u32,
    /// Show what the tasks did, operation by operation, with the line of the source that called it
    #[arg(long, conflicts_with = "subject_cmd")]
    pub steps: bool,
    #[command(flatten)]
    pub process: ProcessArgs,
    #[command(flatten)]
    pub json: JsonArgs,
    #[command(flatten)]
    pub junit: JunitArgs,
}

/// Executions of a minimisation, unless told: it mostly ends by itself after a tenth of them.
pub(super) const TRIES: u64 = 200_000;

#[derive(Debug, Args)]
pub(super) struct MinimiseArgs {
    /// A violation's file, as a campaign writes it
    pub artifact: PathBuf,
    /// Where the smaller one is written [default: beside it, as NAME.min.json]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Executions after which the search ends with what it has
    #[arg(long, value_name = "N", default_value_t = TRIES, value_parser = clap::value_parser!(u64).range(1..))]
    pub tries: u64,
    #[command(flatten)]
    pub process: ProcessArgs,
    #[command(flatten)]
    pub json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct PromoteArgs {
    /// An artifact, as a campaign writes it
    pub artifact: PathBuf,
    /// Name of the case [default: made of what was wrong]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What was wrong, in words [default: where it was found]
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Where cases are kept
    #[arg(long, value_name = "DIR", default_value = "corpus/regressions")]
    pub corpus: PathBuf,
    #[command(flatten)]
    pub json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct ProveArgs {
    /// Transactions of each set; at most 3 under loom
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub transactions: u8,
    /// What searches the interleavings of a set
    #[arg(long, value_enum, default_value_t = SearchChoice::Dpor)]
    pub engine: SearchChoice,
    /// Bound on preemptions, under loom: all executions with fewer, some with as many [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub preemptions: Option<u8>,
    /// This subject: `parallel` or `block-stm`
    #[arg(long, value_name = "NAME", default_value_t = BuiltinSubject::Parallel)]
    pub subject: BuiltinSubject,
    /// Only this part of the sets, as part/parts, counted from 1
    #[arg(long, value_name = "K/N", default_value = "1/1", value_parser = part)]
    pub shard: (usize, usize),
    /// Executions after which a set is cut, and reported as cut
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub bound: u32,
    #[command(flatten)]
    pub json: JsonArgs,
    #[command(flatten)]
    pub junit: JunitArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SearchChoice {
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
pub(super) struct ReportArgs {
    /// A counterexample, as campaigns write them
    pub artifact: PathBuf,
    /// Write a page for a browser, too: one file that needs no network
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Open the page in a browser; without --html it is written to the system's folder for temporary files
    #[arg(long)]
    pub open: bool,
    #[command(flatten)]
    pub json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct SeedsArgs {
    /// Folder for the plans; created if it is missing
    pub folder: PathBuf,
    /// How many plans
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub count: u64,
    /// Transactions of each plan
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub transactions: u16,
    /// The first plan's seed
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// So many bytes of schedule after each plan: inputs of the fuzz target `interleave`
    #[arg(long, value_name = "N")]
    pub schedule: Option<u16>,
    #[command(flatten)]
    pub json: JsonArgs,
}
