//! No executor panics, neither in a task nor around them, whatever the input.

use super::Difference;
use crate::drive::{BlockFailure, Observation};
use seriatim_runtime::TaskError;
use seriatim_tos::execution::{BlockError, TaskFailureCause};

pub(super) fn check(observation: &Observation) -> Option<Difference> {
    let mut blocks = observation.blocks().enumerate();
    blocks.find_map(|(index, block)| Some(of_block(block.outcome.as_ref().err()?)?.in_block(index)))
}

fn of_block(failure: &BlockFailure) -> Option<Difference> {
    match failure {
        BlockFailure::Panicked(message) => Some(Difference::new("executor", "no panic", message)),
        BlockFailure::Refused(BlockError::Tasks(results)) => {
            results.iter().enumerate().find_map(|(tx_index, result)| match &result.as_ref().err()?.cause {
                TaskFailureCause::Task(TaskError::Panicked(message)) => {
                    Some(Difference::new("task", "no panic", message).at_transaction(tx_index))
                }
                TaskFailureCause::Task(TaskError::Cancelled)
                | TaskFailureCause::Storage(_)
                | TaskFailureCause::NotRun => None,
            })
        }
        BlockFailure::Refused(BlockError::Aborted(_) | BlockError::Storage(_)) | BlockFailure::Mismatched(_) => None,
    }
}
