//! Takes a chain through a scenario, on tokio or on a model, and writes down what it does. Nothing is judged here.

mod chain_subject;
mod faults;
mod layer_source;
mod paths;
mod runner;
mod suspending;
mod traced;

use std::sync::Arc;

use serde::Serialize;

use crate::workload::{Scenario, Step};
use seriatim_runtime::TaskFigures;
use seriatim_tos::execution::BlockError;
use seriatim_tos::ledger::{Block, Receipt};
use seriatim_tos::storage::{LedgerState, WriteBatch};

pub use chain_subject::{ChainSubject, Threads, TokioRuntimes};
pub use faults::{
    Applied, BlockPlace, Doing, Ended, ExpectedBlock, ExpectedRun, FaultPoint, FaultScenario, FaultTrial, under_fault,
    under_fault_interleaved,
};
pub use layer_source::LayerSource;
pub use paths::Paths;
pub use runner::{Runner, Start, caught};

/// What a subject did, step by step.
#[derive(Clone, Debug)]
pub struct Observation {
    pub subject: String,
    /// Most tasks that may be in flight; None for a path without tasks.
    pub max_parallelism: Option<usize>,
    /// Whether every storage read suspends.
    pub suspends: bool,
    /// Operating system threads that tasks run on.
    pub worker_threads: usize,
    /// One a step of the scenario; fewer if the subject broke off.
    pub steps: Vec<ObservedStep>,
    /// The ledger after each step: the expected one itself, if it equals that.
    pub ledgers: Vec<Arc<LedgerState>>,
    /// The ledger after everything was undone, back to genesis.
    pub undone: Option<Arc<LedgerState>>,
    /// Why the subject broke off outside any block.
    pub broken: Option<String>,
}

/// What the tasks of a path are. How many of them there must be follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tasks {
    /// There are as many as may be in flight, and each works on transactions until the block is done.
    Workers,
    /// They verify signatures for the task that executes, which is none of them.
    Helpers,
}

impl Observation {
    /// The blocks that were run, in order, each with its number in the scenario and what came of it.
    pub fn walk<'a>(&'a self, scenario: &'a Scenario) -> impl Iterator<Item = (usize, &'a Block, &'a ObservedBlock)> {
        scenario.numbered_steps().zip(&self.steps).flat_map(|((first, step), observed)| {
            let (blocks, observed) = match (step, observed) {
                (Step::Run(blocks), ObservedStep::Run(observed)) => (&blocks[..], &observed[..]),
                (Step::Run(_) | Step::Rewind(_), _) => (&[][..], &[][..]),
            };
            (first..).zip(blocks).zip(observed).map(|((number, block), observed)| (number, block, observed))
        })
    }

    /// What came of every block, in the order in which they were applied.
    pub fn blocks(&self) -> impl Iterator<Item = &ObservedBlock> {
        self.steps.iter().flat_map(|step| match step {
            ObservedStep::Run(blocks) => blocks.as_slice(),
            ObservedStep::Rewind => &[],
        })
    }
}

/// What came of one step.
#[derive(Clone, Debug)]
pub enum ObservedStep {
    /// The blocks up to the first that failed, that one included.
    Run(Vec<ObservedBlock>),
    Rewind,
}

/// What came of one block.
#[derive(Clone, Debug)]
pub struct ObservedBlock {
    pub outcome: Result<Vec<Receipt>, BlockFailure>,
    /// What was committed while it was applied.
    pub batches: Vec<WriteBatch>,
    /// What its tasks were; None on the sequential path.
    pub made_of: Option<Tasks>,
    pub tasks: TaskFigures,
    /// Most storage reads that were suspended at one moment; 0 if they do not suspend.
    pub reads_at_once: usize,
}

/// Why a block has no receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum BlockFailure {
    #[error(transparent)]
    Refused(#[from] BlockError),
    /// The executor itself panicked, outside its tasks.
    #[error("panicked: {0}")]
    Panicked(String),
    /// Test mode says that the parallel executor is wrong. The block is in the ledger, as the sequential path has it.
    #[error("test mode: {0}")]
    Mismatched(String),
}
