//! Runs a subject on a scenario and writes down what it did. Nothing is judged here.

mod anatomy;
mod chain_subject;
pub mod dpor;
mod drive;
mod executions;
mod faults;
mod fewest;
mod interleave;
mod interleave_loom;
mod layer_source;
mod outside;
mod paths;
mod recorder;
mod schedule;
mod schedule_v2;
mod schedulers;
mod traced;
mod under_loom;
mod under_shuttle;

use serde::Serialize;

use crate::execution::BlockError;
use crate::ledger::Receipt;
use crate::runtime::TaskFigures;
use crate::storage::{LedgerState, WriteBatch};
use crate::subject::Answers;
use crate::workload::Scenario;

pub use chain_subject::{ChainSubject, Engine, Threads};

/// Transactions of a scenario whose every interleaving can be searched: beside their tasks there are the execution's own thread
/// and the sentinel.
pub const DPOR_TRANSACTIONS: usize = dpor::MOST_TASKS - 2;

pub use faults::{
    Applied, Doing, Ended, ExpectedBlock, ExpectedRun, FaultPoint, FaultScene, FaultTrial, Place, under_fault,
    under_fault_interleaved,
};
pub use interleave::{
    Ending, Exhaustion, InterleaveConfig, Interleaved, Interleaver, InterleavingEvidence, OtherStep, Program,
    STEP_BOUND,
};
pub use interleave_loom::{LoomConfig, LoomSearch, TooManyTasks};
pub use layer_source::LayerSource;
pub use paths::Paths;
pub use schedule::{Choices, SCHEDULE_VERSION, SHUTTLE_VERSION, Schedule, ScheduleError};
pub(crate) use schedule_v2::ScheduleV2;
pub use schedulers::{Chooser, Strategy};
pub use under_loom::{LoomBounds, LoomRun, under_loom};
pub use under_shuttle::{ShuttleRun, under_shuttle};

/// An executor under test.
pub trait Subject {
    /// What it is called in reports, with all that distinguishes its runs: path, workers, seeds.
    fn name(&self) -> String;

    /// Runs a scenario from genesis to end. A subject that panics is caught, and the observation says so.
    fn run(&self, scenario: &Scenario) -> Observation;
}

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
    /// The ledger after each step.
    pub ledgers: Vec<LedgerState>,
    /// The ledger after everything was undone, back to genesis.
    pub undone: Option<LedgerState>,
    /// Why the subject broke off outside any block.
    pub broken: Option<String>,
    /// What a subject from outside answered; it has neither steps nor ledgers.
    pub answers: Option<Answers>,
}

/// What the tasks of a path are. How many of them there must be follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tasks {
    /// Each transaction is one, as on V3.
    Transactions,
    /// As many as may be in flight, each of which works on transactions until the block is done, as with Block-STM.
    Workers,
}

impl Observation {
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
