//! A small node: blocks from a devnet of its own or from lines, in any mode, over a ledger on disk or in memory. It
//! reorganises, can be ended at any moment and goes on where it was. What an uninterrupted run comes to, an interrupted
//! one comes to: position and ledger change in one transaction, and what is made next is a function of both.
//!
//! Stable, as far as version 0.x allows: the lines of a chain ([`lines`], with [`lines::LINES_VERSION`]) and the note
//! beside a ledger ([`NodeState`], with [`STATE_VERSION`]); a build refuses a version that it does not know. The rest
//! is internal, and free to change at any release: the node is a program, and `seriatim node` is its face.
//!
//! ```
//! use std::sync::Arc;
//! use seriatim_lab::workload::{Devnet, DevnetContent};
//! use seriatim_node::{Blocks, Node, NodeControl, NodeState, Origin};
//! use seriatim_runtime::Native;
//! use seriatim_tos::chain::Modes;
//! use seriatim_tos::execution::ParallelExecutor;
//! use seriatim_tos::ledger::SignatureScheme;
//! use seriatim_tos::storage::{LedgerState, MemoryStorage};
//!
//! let devnet =
//!     Devnet { seed: 7, signature_scheme: SignatureScheme::Tagged, content: DevnetContent::Plans, reorg_every: 0 };
//! let genesis = LedgerState::from_genesis(&devnet.genesis());
//! let state = NodeState::new(Origin::Devnet(devnet), &genesis);
//! let storage = Arc::new(MemoryStorage::from_state(genesis));
//! let executor = ParallelExecutor::new(Native::with_hash_seed(7), 2)?;
//! let report = tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//!     let mut node = Node::open(storage, state, Blocks::Devnet(devnet), executor, Modes::off()).await?;
//!     node.run(5, &NodeControl::default()).await
//! })?;
//! assert_eq!((report.from, report.top, report.interrupted), (0, 5, false));
//! assert_eq!(report.divergence, None, "the chain is what the reference says");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod figures;
mod keeper;
pub mod lines;
mod metrics_server;
mod mismatch_artifacts;
mod mismatch_violation;
mod report;
mod source;
mod state;
mod storage;
mod view;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use seriatim_runtime::Native;
use seriatim_tos::chain::{Blockchain, Modes, Rollout};
use seriatim_tos::execution::{BlockError, NonceChecker, ParallelExecutor};
use seriatim_tos::ledger::{Block, Hash, Parameters, Receipt, SealedBlock, Topoheight};
use seriatim_tos::storage::StorageError;

use figures::{NodeFigures, Watch};
use lines::{Line, LinesError};
use source::{DevnetSource, Event, Given, LineSource, Source};
use view::nonces_of_run;

pub use figures::PathFigures;
pub use keeper::{Keeper, MismatchSeen};
pub use metrics_server::{DEFAULT_METRICS_ADDRESS, MetricsServer};
pub use mismatch_artifacts::{ArtifactsError, Kept, KeptWhere, MismatchArtifacts};
pub use report::{ChainOutcome, NodeReport, TestFigures, Times};
pub use source::Blocks;
pub use state::{NodeState, Origin, Position, RunPlace, STATE_VERSION, StateError};
pub use storage::NodeStorage;

/// Why a node cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Lines(#[from] LinesError),
    /// The input, or what this build makes of the seed, is not what the ledger was made from.
    #[error("the first {events} blocks and rewinds are not those that the ledger has")]
    OtherBlocks { events: u64 },
    #[error("ends after {found} of the {events} blocks and rewinds that the ledger has")]
    TooFewBlocks { events: u64, found: u64 },
    /// The blocks of the ordering run under way are not executed as they were.
    #[error("the ordering run under way cannot be taken up: {0}")]
    Run(BlockError),
    /// An executor is wrong, or the reference: the node ends there, and reports it.
    #[error("{0}")]
    Diverged(Box<Divergence>),
    #[error("the chain cannot be written down: {0}")]
    Export(std::io::Error),
}

/// The first point in which the chain is not what the reference says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("at {topoheight}, {what}: the reference has {expected}, the chain {found}")]
pub struct Divergence {
    pub topoheight: Topoheight,
    pub what: String,
    pub expected: String,
    pub found: String,
}

/// What a watcher reads of a running node, and the switch that ends it.
#[derive(Debug, Default)]
pub struct NodeControl {
    /// The node ends after the block under way.
    pub stop: AtomicBool,
    pub top: AtomicU64,
    pub blocks: AtomicU64,
    pub transactions: AtomicU64,
    pub reorganisations: AtomicU64,
    pub mismatches: AtomicU64,
}

/// A chain, where its blocks come from, and how far it is.
pub struct Node<S> {
    chain: Blockchain<S, Native>,
    source: Source,
    state: NodeState,
    /// The nonces of the ordering run under way.
    nonces: NonceChecker,
    /// Its blocks: a mismatch is kept with all of them.
    run_blocks: Vec<Arc<SealedBlock>>,
    parameters: Parameters,
    figures: NodeFigures,
    export: Option<Box<dyn Write + Send>>,
    keeper: Option<Keeper>,
}

impl<S: NodeStorage> Node<S> {
    /// Goes on with `storage`, which is at `state`. Reads what the segment or the ordering run under way needs, however long the
    /// chain is; lines are read again from the first.
    ///
    /// # Errors
    /// The blocks are not those that the ledger was made from, or the storage fails.
    pub async fn open(
        storage: Arc<S>,
        state: NodeState,
        blocks: Blocks,
        executor: ParallelExecutor<Native>,
        modes: Modes,
    ) -> Result<Self, NodeError> {
        let base = state.position.base;
        let (mut source, parameters) = match blocks {
            Blocks::Devnet(devnet) => {
                let source = DevnetSource::open(&*storage, devnet, base).await?;
                (Source::Devnet(Box::new(source)), devnet.parameters())
            }
            Blocks::Lines { reader, parameters } => (Source::Lines(LineSource::new(reader, base)), parameters),
        };
        let run_blocks = source.pass_to(&*storage, &state.position).await?;
        let nonces = match &state.position.run {
            None => NonceChecker::default(),
            Some(run) => nonces_of_run(&*storage, &parameters, run.base, &run_blocks).await.map_err(NodeError::Run)?,
        };
        let figures = NodeFigures::new(state.position.top);
        let chain = Blockchain::new(storage, parameters.clone(), executor).with_modes(modes);
        Ok(Self { chain, source, state, nonces, run_blocks, parameters, figures, export: None, keeper: None })
    }

    /// Writes down what happens from now on, as lines.
    pub fn with_export(mut self, out: Box<dyn Write + Send>) -> Self {
        self.export = Some(out);
        self
    }

    /// Keeps mismatches in files.
    pub fn with_keeper(self, keeper: Keeper) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// The chain, with its modes and its ledger.
    pub fn chain(&self) -> &Blockchain<S, Native> {
        &self.chain
    }

    /// How far it is.
    pub fn state(&self) -> &NodeState {
        &self.state
    }

    /// Adds blocks until the top is at `until` or higher, the blocks end or `control` says so. A divergence from the reference is
    /// reported and no error.
    ///
    /// # Errors
    /// The storage fails, a line is none, or the chain cannot be written down. The ledger is as the last whole block left it.
    pub async fn run(&mut self, until: Topoheight, control: &NodeControl) -> Result<NodeReport, NodeError> {
        let watch = Watch::start();
        let ended = self.advance(until, control).await;
        self.figures.time += watch.elapsed();
        match ended {
            Err(NodeError::Diverged(divergence)) => self.figures.divergence = Some(*divergence),
            other => other?,
        }
        // What the last block made of the rollout, and aborted blocks since then.
        self.chain.storage().set_note(&self.state.to_bytes())?;
        if let Some(out) = &mut self.export {
            out.flush().map_err(NodeError::Export)?;
        }
        self.report(control).await
    }

    async fn advance(&mut self, until: Topoheight, control: &NodeControl) -> Result<(), NodeError> {
        control.top.store(self.state.position.top, Relaxed);
        while self.state.position.top < until && !control.stop.load(Relaxed) && self.step().await? {
            self.figures.show(control, &self.state.position, self.chain.modes().figures());
        }
        Ok(())
    }

    /// Adds the next block, or undoes some. False: there is nothing more.
    ///
    /// # Errors
    /// As [`Self::run`]; a divergence from the reference, too.
    pub async fn step(&mut self) -> Result<bool, NodeError> {
        let watch = Watch::start();
        let storage = Arc::clone(self.chain.storage());
        let event = self.source.next(&*storage, &mut self.figures.made).await;
        self.figures.producing += watch.elapsed();
        let Some(event) = event? else { return Ok(false) };
        let watch = Watch::start();
        match event {
            Event::Rewind(to) => {
                self.rewind(to).await?;
                self.figures.applying += watch.elapsed();
                self.write(|| Line::Rewind(to))?;
            }
            Event::Block { block, begins_run, expected } => {
                let outcome = self.add(&block, begins_run).await;
                self.figures.applying += watch.elapsed();
                self.figures.block_ended(&block, &outcome);
                if let Err(BlockError::Storage(error)) = outcome {
                    return Err(error.into());
                }
                let line = if begins_run { Line::Block } else { Line::Further };
                self.write(|| line(Block::clone(&block)))?;
                if let Some(expected) = expected {
                    self.figures.compare(&block, self.state.position.top, &expected, &outcome)?;
                }
            }
        }
        Ok(true)
    }

    fn write(&mut self, line: impl FnOnce() -> Line) -> Result<(), NodeError> {
        let Some(out) = &mut self.export else { return Ok(()) };
        lines::write_line(out, &line()).map_err(NodeError::Export)
    }

    /// One block, in the mode that is its own. The position goes into the file with it.
    async fn add(&mut self, block: &Arc<SealedBlock>, begins_run: bool) -> Result<Vec<Receipt>, BlockError> {
        let top = self.state.position.top;
        // A run that ended with an aborted block is not gone on with.
        let run = self.state.position.run.take().filter(|_| !begins_run);
        if run.is_none() {
            self.nonces = NonceChecker::default();
            self.run_blocks.clear();
        }
        self.run_blocks.push(Arc::clone(block));
        let event = self.source.given().events - 1;
        let run = run.unwrap_or(RunPlace { event, base: top });
        let before = self.state.position.clone();
        let below = run.base;
        self.place(top + 1, block.hash(), Some(run));
        self.chain.storage().set_note_with_next_change(self.state.to_bytes());
        self.figures.path(self.chain.modes().mode_of(block.transactions.len()));
        let mut run = self.chain.resumed_run(std::mem::take(&mut self.nonces));
        let receipts = run.add_block(block).await;
        self.nonces = run.into_nonces();
        if receipts.is_err() {
            self.place(before.top, before.block, None);
        }
        self.keep_rollout()?;
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(&**self.chain.storage(), &self.parameters, below, &self.run_blocks).await;
        }
        receipts
    }

    async fn rewind(&mut self, to: Topoheight) -> Result<(), NodeError> {
        let top = self.state.position.top;
        if let (true, Source::Lines(lines)) = (to > top, &self.source) {
            return Err(lines.rewind_above_top(to, top).into());
        }
        let block = self.chain.storage().metadata(to).await?.block;
        self.place(to, block, None);
        self.nonces = NonceChecker::default();
        self.chain.storage().set_note_with_next_change(self.state.to_bytes());
        self.chain.rewind(to).await?;
        self.figures.rewound(top - to);
        Ok(())
    }

    fn place(&mut self, top: Topoheight, block: Hash, run: Option<RunPlace>) {
        let Given { base, events, digest } = self.source.given();
        self.state.position = Position { top, block, base, events, digest, run };
    }

    /// A rollout that went to another stage, or is held, is kept at once; a match that it counted goes with the next block.
    fn keep_rollout(&mut self) -> Result<(), StorageError> {
        // One that is not in use is kept as it is.
        let Some(now) = self.chain.modes().rollout() else { return Ok(()) };
        let stage = |rollout: &Rollout| (rollout.stage(), rollout.is_held());
        let is_news = self.state.rollout.as_ref().is_none_or(|before| stage(before) != stage(now));
        self.state.rollout = Some(now.clone());
        self.state.executor = Some(self.chain.modes().parallel_path());
        if is_news { self.chain.storage().set_note(&self.state.to_bytes()) } else { Ok(()) }
    }
}
