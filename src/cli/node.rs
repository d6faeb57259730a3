//! `seriatim node`: a small chain, on disk or in memory, in any mode.

mod args;
mod modes;
mod rollout;
mod watch;

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use indicatif::ProgressBar;
use serde::Serialize;

use seriatim_lab::BuiltinSubject;
use seriatim_lab::workload::{Devnet, DevnetContent};
use seriatim_node::lines::{Head, LinesError, Reader, write_line};
use seriatim_node::{
    Blocks, Keeper, MetricsServer, Node, NodeControl, NodeError, NodeReport, NodeState, NodeStorage, Origin, StateError,
};
use seriatim_runtime::Native;
use seriatim_tos::chain::{ChainMetrics, ConfigError, RecentMismatches, ShadowError, Stage};
use seriatim_tos::execution::{MIN_SHARED, ParallelExecutor};
use seriatim_tos::ledger::{Genesis, Parameters, SignatureScheme, Topoheight};
use seriatim_tos::storage::{CreateError, LedgerState, MemoryStorage, OpenError, RedbStorage};
use seriatim_triage::report::beside;

use super::CliError;
use super::output::{Findings, Named, Output, check_writable};
use args::{ContentChoice, MadeArgs, ModeChoice, NodeArgs, NodeCommand, SignatureChoice};
use modes::Decided;
use watch::{log, stop_on_interrupt, watched};

pub(super) use args::NodeCli;

/// The version of the JSON form.
const VERSION: u32 = 1;
/// Blocks where neither `--blocks` nor `--until` is given.
const DEFAULT_BLOCKS: u64 = 1_000;
/// Stands for no file.
const MEMORY: &str = ":memory:";

/// Why a node does not run, or ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum NodeCliError {
    #[error(transparent)]
    Open(OpenError),
    #[error(transparent)]
    Create(CreateError),
    #[error("{path}: {source}", path = .path.display())]
    State { path: PathBuf, source: StateError },
    #[error("{path} was made with {option} {kept}, not {given}", path = .path.display())]
    OtherOption { path: PathBuf, option: &'static str, kept: String, given: String },
    #[error("{path} was made from an input: give the same one again, by --input", path = .path.display())]
    NeedsInput { path: PathBuf },
    #[error("{path} was not made from {input}", path = .path.display(), input = .input.display())]
    OtherInput { path: PathBuf, input: PathBuf },
    #[error("--export makes a file, and {path} is none", path = .path.display())]
    ExportIntoStream { path: PathBuf },
    #[error("{option} does not fit --input")]
    NotWithInput { option: &'static str },
    #[error("{variable} is {value:?}, which contradicts the options")]
    Contradiction { variable: &'static str, value: String },
    #[error(transparent)]
    Environment(ConfigError),
    #[error("--stage-blocks does not fit a mode other than rollout")]
    NoRollout,
    #[error("--stage-blocks {given}: the rollout under way has {kept}")]
    StageBlocks { given: NonZeroU64, kept: NonZeroU64 },
    #[error("--executor {given}: the rollout under way is that of {kept}, whose evidence says nothing of another")]
    RolloutExecutor { given: &'static str, kept: &'static str },
    #[error("{path} has no rollout: a node that runs with --mode rollout begins one", path = .path.display())]
    NoRolloutYet { path: PathBuf },
    #[error("{path}: there is no stage {end} {stage:?}", path = .path.display())]
    NoStage { path: PathBuf, end: &'static str, stage: Stage },
    #[error("--export begins with genesis, and {path} is at {top} already", path = .path.display())]
    ExportLater { path: PathBuf, top: Topoheight },
    #[error("no figures at {address}: {source}")]
    Metrics { address: SocketAddr, source: std::io::Error },
    #[error("--artifacts: {0}")]
    Artifacts(seriatim_node::ArtifactsError),
    #[error(transparent)]
    ShadowExecutor(#[from] ShadowError),
    #[error("{path}: {source}", path = .path.display())]
    Lines { path: PathBuf, source: LinesError },
    #[error("{path}: {source}", path = .path.display())]
    Node { path: PathBuf, source: NodeError },
}

#[derive(Serialize)]
struct Found<'a> {
    db: String,
    origin: &'a Origin,
    mode: String,
    executor: &'static str,
    workers: usize,
    #[serde(flatten)]
    report: NodeReport,
}

pub(super) fn run(command: &NodeCli) -> Result<ExitCode, CliError> {
    if let Some(NodeCommand::Rollout(args)) = &command.command {
        return rollout::run(args);
    }
    let args = &command.node;
    let output = Output::new("node", args.json.json.as_ref(), None, &files(args))?;
    let vars = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let decided = Decided::new(&args.modes, vars)?;
    if let (Some(_), Some(option)) = (&args.lines.input, args.made.given()) {
        return Err(NodeCliError::NotWithInput { option }.into());
    }
    if let Some(export) = &args.lines.export {
        // What is there and is no file would be replaced.
        if export.as_os_str() == "-" || export.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            return Err(NodeCliError::ExportIntoStream { path: export.clone() }.into());
        }
        check_writable(export)?;
    }
    let metrics = args.metrics.map(|_| ChainMetrics::new());
    let server = args.metrics.zip(metrics.clone()).map(|(address, metrics)| serve(address, metrics)).transpose()?;
    let told = RecentMismatches::new(NonZeroUsize::MIN.saturating_add(16));
    // What only some schedules show is met again on tokio, with other seeds and threads each time, or not at all.
    let subject = BuiltinSubject::on(decided.path).on_tokio();
    let keeper = Keeper::new(told.clone(), subject, &args.artifacts).map_err(NodeCliError::Artifacts)?;
    let setting = Setting { args, output, decided, metrics, told, keeper };
    let code = setting.run();
    drop(server);
    code
}

/// What the run reads and writes, but for standard streams.
fn files(args: &NodeArgs) -> [Named<'_>; 5] {
    let NodeArgs { db, lines, artifacts, .. } = args;
    let file = |path: &&PathBuf| path.as_os_str() != "-" && path.as_os_str() != MEMORY;
    [
        ("--db", Some(db).filter(file)),
        ("--input", lines.input.as_ref().filter(file)),
        ("--genesis", lines.genesis.as_ref().filter(file)),
        ("--export", lines.export.as_ref()),
        ("--artifacts", Some(artifacts)),
    ]
}

/// What holds for the whole run. Whatever may be refused without looking at the ledger was looked at: none is made then.
struct Setting<'a> {
    args: &'a NodeArgs,
    output: Output,
    decided: Decided,
    metrics: Option<ChainMetrics>,
    told: RecentMismatches,
    keeper: Keeper,
}

impl Setting<'_> {
    fn run(self) -> Result<ExitCode, CliError> {
        let args = self.args;
        let path = &args.db;
        if path.as_os_str() == MEMORY {
            let begun = begin(args, None)?;
            let storage = MemoryStorage::new(&begun.genesis).expect("it was validated when it was read");
            let state = NodeState::new(begun.origin.clone(), &LedgerState::from_genesis(&begun.genesis));
            return self.go_on(Arc::new(storage), state, begun);
        }
        // A link that leads nowhere is something, and refused when it is opened.
        let (storage, kept, begun) = if path.symlink_metadata().is_err() {
            let begun = begin(args, None)?;
            (RedbStorage::create(path, &begun.genesis).map_err(NodeCliError::Create)?, None, begun)
        } else {
            let storage = RedbStorage::open(path).map_err(NodeCliError::Open)?;
            let kept = block_on(NodeState::read(&storage))?.map_err(|source| self.state_error(source))?;
            let begun = begin(args, kept.as_ref())?;
            (storage, kept, begun)
        };
        let state = if let Some(state) = kept {
            state
        } else {
            let genesis = LedgerState::from_genesis(&begun.genesis);
            let state = block_on(NodeState::begin(&storage, begun.origin.clone(), &genesis))?;
            state.map_err(|source| self.state_error(source))?
        };
        self.go_on(Arc::new(storage), state, begun)
    }

    fn state_error(&self, source: StateError) -> NodeCliError {
        NodeCliError::State { path: self.args.db.clone(), source }
    }

    fn go_on<S: NodeStorage>(self, storage: Arc<S>, state: NodeState, begun: Begun) -> Result<ExitCode, CliError> {
        let Self { args, output, decided, metrics, told, keeper } = self;
        let path = args.lines.input.clone().unwrap_or_else(|| args.db.clone());
        let failed = |source| NodeCliError::Node { path: path.clone(), source };
        let from = state.position.top;
        let until = match (args.until, args.blocks, &args.lines.input) {
            (Some(until), _, _) => until,
            (None, None, Some(_)) => Topoheight::MAX,
            (None, blocks, _) => from.saturating_add(blocks.unwrap_or(DEFAULT_BLOCKS)),
        };
        if let Some(rollout) = state.rollout.as_ref().filter(|_| decided.mode != ModeChoice::Rollout) {
            eprintln!("note: the ledger's rollout, in stage {:?}, counts in --mode rollout only", rollout.stage());
        }
        let modes = decided.modes(&args.modes, &state, metrics.as_ref())?.with_sink(told);
        let runtime = metrics.as_ref().map_or_else(|| Native::with_hash_seed(0), |metrics| metrics.native(0));
        let executor =
            ParallelExecutor::new(runtime, decided.workers).expect("at least one worker").with_min_shared(MIN_SHARED);
        let export = args.lines.export.as_deref().map(|path| Export::new(path, args, &state, &begun)).transpose()?;
        let origin = begun.origin;

        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(decided.workers).build();
        let tokio = tokio.map_err(CliError::Start)?;
        let mut node = tokio.block_on(Node::open(storage, state, begun.blocks, executor, modes)).map_err(failed)?;
        node = node.with_keeper(keeper);
        if let Some(export) = &export {
            node = node.with_export(export.writer()?);
        }
        let control = Arc::new(NodeControl::default());
        stop_on_interrupt(&control);
        let bar = match until {
            Topoheight::MAX => ProgressBar::new_spinner(),
            until => ProgressBar::new(until.saturating_sub(from)),
        };
        if let Some(level) = args.log {
            log(level, &bar);
        }
        let run = {
            let control = Arc::clone(&control);
            async move { node.run(until, &control).await }
        };
        // On a worker: the thread that waits outside of them would hand over every transaction and be woken by its end.
        let report = watched(&bar, &control, from, || tokio.block_on(tokio.spawn(run)));
        bar.finish_and_clear();
        let report = report.unwrap_or_else(|error| resume_unwind(error.into_panic())).map_err(failed)?;
        if let Some(export) = export {
            export.end()?;
        }
        end(args, &output, &decided, &origin, report)
    }
}

/// How a chain begins, and where its blocks come from.
struct Begun {
    origin: Origin,
    parameters: Parameters,
    genesis: Genesis,
    blocks: Blocks,
}

fn begin(args: &NodeArgs, kept: Option<&NodeState>) -> Result<Begun, CliError> {
    let path = || args.db.clone();
    match (&args.lines.input, kept.map(|state| &state.origin)) {
        (None, Some(Origin::Lines(_))) => Err(NodeCliError::NeedsInput { path: path() }.into()),
        (None, kept) => {
            let kept = match kept {
                Some(Origin::Devnet(devnet)) => Some(devnet),
                _ => None,
            };
            let devnet = devnet(&args.made, kept, &args.db)?;
            let (parameters, genesis) = (devnet.parameters(), devnet.genesis());
            let blocks = Blocks::Devnet(devnet);
            Ok(Begun { origin: Origin::Devnet(devnet), parameters, genesis, blocks })
        }
        (Some(input), kept) => {
            let (reader, head) = read_lines(input, args.lines.genesis.as_deref())?;
            let Head { version: _, parameters, genesis } = head;
            let origin = Origin::of_lines(&parameters, &genesis);
            if kept.is_some_and(|kept| *kept != origin) {
                return Err(NodeCliError::OtherInput { path: path(), input: input.clone() }.into());
            }
            let blocks = Blocks::Lines { reader, parameters: parameters.clone() };
            Ok(Begun { origin, parameters, genesis, blocks })
        }
    }
}

/// The devnet of a ledger that exists, whatever of it was said again; else the one that was asked for.
fn devnet(args: &MadeArgs, kept: Option<&Devnet>, path: &Path) -> Result<Devnet, NodeCliError> {
    let content = args.content.map(|content| match content {
        ContentChoice::Plans => DevnetContent::Plans,
        ContentChoice::Shapes => DevnetContent::Shapes,
        ContentChoice::Both => DevnetContent::Both,
    });
    let signature_scheme = args.signatures.map(|scheme| match scheme {
        SignatureChoice::Ed25519 => SignatureScheme::Ed25519,
        SignatureChoice::Tagged => SignatureScheme::Tagged,
    });
    let default =
        Devnet { seed: 0, signature_scheme: SignatureScheme::Ed25519, content: DevnetContent::Both, reorg_every: 50 };
    let base = kept.unwrap_or(&default);
    let asked = Devnet {
        seed: args.seed.unwrap_or(base.seed),
        signature_scheme: signature_scheme.unwrap_or(base.signature_scheme),
        content: content.unwrap_or(base.content),
        reorg_every: args.reorg_every.unwrap_or(base.reorg_every),
    };
    let Some(kept) = kept else { return Ok(asked) };
    let options = [
        ("--seed", kept.seed.to_string(), asked.seed.to_string()),
        ("--signatures", format!("{:?}", kept.signature_scheme), format!("{:?}", asked.signature_scheme)),
        ("--content", format!("{:?}", kept.content), format!("{:?}", asked.content)),
        ("--reorg-every", kept.reorg_every.to_string(), asked.reorg_every.to_string()),
    ];
    match options.into_iter().find(|(_, kept, given)| kept != given) {
        None => Ok(asked),
        Some((option, kept, given)) => {
            let (kept, given) = (kept.to_lowercase(), given.to_lowercase());
            Err(NodeCliError::OtherOption { path: path.to_owned(), option, kept, given })
        }
    }
}

fn read_lines(input: &Path, genesis: Option<&Path>) -> Result<(Reader<Box<dyn BufRead + Send>>, Head), CliError> {
    let read = |path: &Path| {
        let source = |source| CliError::Read { path: path.to_owned(), source };
        File::open(path).map_err(source)
    };
    let text: Box<dyn BufRead + Send> = if input.as_os_str() == "-" {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(read(input)?))
    };
    if let Some(path) = genesis {
        let text_of_head = std::fs::read(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
        let head = Head::from_json(&text_of_head, 1);
        let head = head.map_err(|source| NodeCliError::Lines { path: path.to_owned(), source })?;
        Ok((Reader::without_head(text), head))
    } else {
        let lines = Reader::with_head(text);
        Ok(lines.map_err(|source| NodeCliError::Lines { path: input.to_owned(), source })?)
    }
}

fn serve(address: SocketAddr, metrics: ChainMetrics) -> Result<MetricsServer, NodeCliError> {
    let server = MetricsServer::start(address, metrics).map_err(|source| NodeCliError::Metrics { address, source })?;
    eprintln!("seriatim: figures at http://{}/metrics", server.local_addr());
    Ok(server)
}

fn end(
    args: &NodeArgs,
    output: &Output,
    decided: &Decided,
    origin: &Origin,
    report: NodeReport,
) -> Result<ExitCode, CliError> {
    let found = Found {
        db: args.db.display().to_string(),
        origin,
        mode: format!("{:?}", decided.mode).to_lowercase(),
        executor: decided.path.name(),
        workers: decided.workers,
        report,
    };
    output.print(&found.report);
    let (conclusion, reason) = found.report.conclusion();
    match conclusion {
        Some(conclusion) => output.end(&Findings::judged(VERSION, conclusion, &found).because(reason)),
        None => output.end(&Findings::made(VERSION, None, &found)),
    }
}

/// The chain as lines, in a file that appears when it is whole.
struct Export {
    path: PathBuf,
    file: tempfile::NamedTempFile,
}

impl Export {
    fn new(path: &Path, args: &NodeArgs, state: &NodeState, begun: &Begun) -> Result<Self, CliError> {
        if state.position.top != 0 || state.position.events != 0 {
            return Err(NodeCliError::ExportLater { path: args.db.clone(), top: state.position.top }.into());
        }
        let failed = |source| CliError::Write { path: path.to_owned(), source };
        let mut file = beside(path).map_err(failed)?;
        let head = Head::new(begun.parameters.clone(), begun.genesis.clone());
        write_line(&mut file, &head).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn writer(&self) -> Result<Box<dyn Write + Send>, CliError> {
        let file = self.file.as_file().try_clone();
        let file = file.map_err(|source| CliError::Write { path: self.path.clone(), source })?;
        Ok(Box::new(BufWriter::new(file)))
    }

    fn end(self) -> Result<(), CliError> {
        let Self { path, file } = self;
        file.persist(&path).map_err(|error| CliError::Write { path, source: error.error })?;
        Ok(())
    }
}

/// A runtime for the few calls before there is a runtime with workers.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, CliError> {
    let tokio = tokio::runtime::Builder::new_current_thread().build().map_err(CliError::Start)?;
    Ok(tokio.block_on(future))
}
