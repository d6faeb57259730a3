//! What a search asks for, and one execution as it hands it over.

use seriatim_verdict::Verdict;

use crate::model::ModelSettings;
use crate::{Ending, Schedule, Strategy};

/// Steps after which an execution counts as one that never ends: far more than any block of a plan takes.
pub const STEP_BOUND: usize = 200_000;

/// One execution with its schedule.
#[derive(Debug)]
pub struct Interleaved {
    pub schedule: Schedule,
    pub ending: Ending,
    pub verdict: Verdict,
}

/// One exploration's inputs beside the scenario.
#[derive(Clone, Debug)]
pub struct InterleaveConfig {
    pub strategy: Strategy,
    pub seed: u64,
    /// Executions at most.
    pub executions: usize,
    pub max_parallelism: usize,
    pub settings: ModelSettings,
}

impl InterleaveConfig {
    /// The inputs of the model that a schedule was recorded under, for other executions.
    pub fn like(schedule: &Schedule, strategy: Strategy, executions: usize) -> Self {
        let (max_parallelism, settings) = (schedule.max_parallelism as usize, schedule.settings());
        Self { strategy, seed: schedule.seed, executions, max_parallelism, settings }
    }
}
