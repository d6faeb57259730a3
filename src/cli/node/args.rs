//! What `seriatim node` takes.

use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::args::JsonArgs;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct NodeCli {
    #[command(subcommand)]
    pub command: Option<NodeCommand>,
    #[command(flatten)]
    pub node: NodeArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum NodeCommand {
    /// Look at the rollout of a ledger that no node has open, or change it
    Rollout(RolloutArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RolloutArgs {
    /// What to do with it
    pub action: RolloutAction,
    /// The ledger's file
    #[arg(long, value_name = "FILE")]
    pub db: PathBuf,
    #[command(flatten)]
    pub json: JsonArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RolloutAction {
    /// Change nothing
    Show,
    /// No stage follows by itself any more
    Hold,
    /// Stages follow by themselves again
    Release,
    /// Go to the next stage, whatever was matched
    Advance,
    /// Go to the stage before
    Back,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct NodeArgs {
    /// The ledger's file, made if it is missing; `:memory:` keeps nothing
    #[arg(long, value_name = "FILE", default_value = ":memory:")]
    pub db: PathBuf,
    /// End when the chain is so many blocks longer than at the start [default: 1000; with --input to its end]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub blocks: Option<u64>,
    /// End when the chain has this topoheight, wherever it starts
    #[arg(long, value_name = "T", conflicts_with = "blocks")]
    pub until: Option<u64>,
    #[command(flatten)]
    pub made: MadeArgs,
    #[command(flatten)]
    pub lines: LineArgs,
    #[command(flatten)]
    pub modes: ModeArgs,
    /// Where mismatches are kept, each as an artifact to be replayed
    #[arg(long, value_name = "DIR", default_value = "artifacts")]
    pub artifacts: PathBuf,
    /// Serve the chain's figures for Prometheus [default address: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:9464", value_parser = address)]
    pub metrics: Option<SocketAddr>,
    /// Tell on standard error what the chain does
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<LogLevel>,
    #[command(flatten)]
    pub json: JsonArgs,
}

/// The chain that the node makes itself. A ledger that exists knows them.
#[derive(Debug, Args)]
pub(in crate::cli) struct MadeArgs {
    /// Where all choices come from [default: 0]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// What blocks are made of [default: both]
    #[arg(long, value_enum)]
    pub content: Option<ContentChoice>,
    /// How transactions are signed [default: ed25519]
    #[arg(long, value_enum)]
    pub signatures: Option<SignatureChoice>,
    /// Reorganise every so many topoheights; 0: never [default: 50]
    #[arg(long, value_name = "N")]
    pub reorg_every: Option<u64>,
}

/// A port alone would leave open who can reach it.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "an address and a port are wanted, such as 127.0.0.1:9464".to_owned())
}

impl MadeArgs {
    /// The first option that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let Self { seed, content, signatures, reorg_every } = self;
        let given = [
            (seed.is_some(), "--seed"),
            (content.is_some(), "--content"),
            (signatures.is_some(), "--signatures"),
            (reorg_every.is_some(), "--reorg-every"),
        ];
        given.into_iter().find_map(|(is, option)| is.then_some(option))
    }
}

/// The chain as lines.
#[derive(Debug, Args)]
pub(in crate::cli) struct LineArgs {
    /// Read the chain from this file, one block or rewind a line; `-`: from standard input
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Parameters and genesis are in this file, and not in the input's first line
    #[arg(long, value_name = "FILE", requires = "input")]
    pub genesis: Option<PathBuf>,
    /// Write the chain to this file, as --input reads it
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
}

/// How blocks run. The environment variables of a node count where none of these contradicts them.
#[derive(Debug, Args)]
pub(in crate::cli) struct ModeArgs {
    /// How blocks run [default: as the environment says, else test]
    #[arg(long, value_enum)]
    pub mode: Option<ModeChoice>,
    /// What is tested, or runs in parallel
    #[arg(long, value_enum, default_value_t = ExecutorChoice::Parallel)]
    pub executor: ExecutorChoice,
    /// Fewest transactions of a block that runs in parallel [default: 4]
    #[arg(long, value_name = "N")]
    pub min_txs: Option<NonZeroUsize>,
    /// Tasks at a time [default: one a core]
    #[arg(long, value_name = "W", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub workers: Option<u16>,
    /// How long a tested block waits for its side, in milliseconds [default: 5000]
    #[arg(long, value_name = "MS")]
    pub budget_ms: Option<u64>,
    /// Matched blocks that each stage of a rollout needs [default: 1000]
    #[arg(long, value_name = "N")]
    pub stage_blocks: Option<NonZeroU64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ModeChoice {
    /// One transaction after the other
    Sequential,
    /// Blocks of enough transactions in parallel
    Parallel,
    /// All blocks on both paths; the sequential result counts
    Test,
    /// Tested first, then in parallel by stages
    Rollout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExecutorChoice {
    /// V3
    Parallel,
    /// The optimistic one
    BlockStm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ContentChoice {
    /// Generated plans
    Plans,
    /// The shapes of real blocks
    Shapes,
    /// One after the other
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SignatureChoice {
    Ed25519,
    /// Cheap ones, for tests
    Tagged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}
