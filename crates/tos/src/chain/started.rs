//! A block that the shadow works on, as the chain sees it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::storage::ReadOnly;

use super::difference::PathOutcome;
use super::shadow_threads::ReadLimits;

/// What a shadow says of a block. `Err`: the text of its panic.
pub(super) struct Answer {
    pub(super) result: Result<PathOutcome, String>,
    pub(super) took: Duration,
}

/// A block that a shadow works on. Dropping it stops the shadow as far as it can be stopped: its reads fail, and it is
/// cancelled where it suspends.
pub(super) struct Started {
    /// What the shadow does with the storage.
    pub(super) read_only: Arc<ReadOnly>,
    pub(super) limits: ReadLimits,
    pub(super) answer: Receiver<Answer>,
    pub(super) task: AbortHandle,
}

impl Started {
    /// Allows what a shadow may read beside a sequential path that read so often.
    pub(super) fn limit_to(&self, sequential_reads: u64) {
        self.read_only.limit_to(self.limits.of(sequential_reads));
    }

    /// Waits for the answer, at most `budget`, on this thread. `None`: there is none yet.
    pub(super) fn wait(&self, budget: Duration) -> Option<Answer> {
        match self.answer.recv_timeout(budget) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                Some(Answer { result: Err("ended without an answer".to_owned()), took: Duration::ZERO })
            }
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.read_only.close();
        self.task.abort();
    }
}
