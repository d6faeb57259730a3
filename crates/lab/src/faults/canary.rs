//! Chains that are wrong on purpose, and only under a fault. A campaign over faults that does not catch every one of them
//! does not start.

use std::sync::{Arc, Mutex, PoisonError};

use strum::{EnumMessage, VariantArray};

use super::{FaultBudget, FaultSubject, inject};
use crate::drive::{Ended, FaultTrial, TokioRuntimes};
use crate::workload::{Plan, build};
use seriatim_runtime::Native;
use seriatim_tos::execution::BlockError;
use seriatim_tos::ledger::{BlockAbort, SignatureScheme};
use seriatim_tos::storage::{Failing, Layer, MemoryStorage, Pause, Read, Storage, StorageError, WriteBatch};

/// One way of being wrong under a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumMessage, VariantArray)]
pub enum FaultCanary {
    /// A commit that fails has done half of its writes.
    HalfCommitted,
    /// A block that was struck, and came to its end all the same, is reported done and not written.
    BlockLost,
    /// The run keeps the nonces of an aborted block.
    NonceKept,
    /// A task goes on when its block is over.
    TaskLeft,
    /// A panic in a task is reported as an abort by the contract's rules.
    WrongReason,
}

/// A canary was not caught.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("canary {canary:?} was not caught in {PLANS} plans: a campaign over faults would prove nothing")]
pub struct FaultCanaryMissed {
    pub canary: FaultCanary,
}

/// Plans on which a canary may show.
const PLANS: u64 = 8;

/// Checks that every canary is caught.
///
/// # Errors
/// The first that is not.
pub fn check_fault_canaries(engine: &TokioRuntimes) -> Result<(), FaultCanaryMissed> {
    let plans: Vec<_> = (0..PLANS).map(|seed| build(&Plan::sized(seed, 3), SignatureScheme::Tagged)).collect();
    let missed = FaultCanary::ALL.iter().copied().find(|&canary| {
        let caught = |scenario| inject(engine, scenario, &FaultSubject::canary(canary), FaultBudget::EVERY).is_err();
        !plans.iter().any(|built| caught(&built.scenario))
    });
    missed.map_or(Ok(()), |canary| Err(FaultCanaryMissed { canary }))
}

impl FaultCanary {
    /// Each of them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// How it is wrong, in a sentence.
    pub fn about(self) -> &'static str {
        self.get_documentation().expect("every variant has a doc comment")
    }

    /// What a wrong chain would have done and a layer around its storage cannot.
    pub(super) fn tamper(self, calm: &FaultTrial, trial: &mut FaultTrial) {
        let is_over = trial.after == trial.before && calm.after != calm.before;
        match self {
            Self::NonceKept if is_over => trial.nonces_after = calm.nonces_after.clone(),
            Self::TaskLeft if is_over => trial.handles_left += 1,
            Self::WrongReason if is_over => {
                if let Ended::Done(Err(error @ BlockError::Tasks(_))) = &mut trial.ended {
                    *error = BlockAbort::FeesOverflow.into();
                }
            }
            Self::NonceKept | Self::TaskLeft | Self::WrongReason | Self::HalfCommitted | Self::BlockLost => {}
        }
    }
}

/// The points' own layer, with a canary's fault if there is one.
pub(super) struct Around {
    pub failing: Failing<Native>,
    pub memory: Arc<MemoryStorage>,
    pub canary: Option<FaultCanary>,
    pub batch: Mutex<Option<WriteBatch>>,
}

impl Layer for Around {
    fn suspend_read(&self, read: Read) -> Option<Pause<'_>> {
        self.failing.suspend_read(read)
    }

    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        if self.canary == Some(FaultCanary::BlockLost) && self.failing.0.has_injected() {
            batch.ops.clear();
        }
        *self.batch.lock().unwrap_or_else(PoisonError::into_inner) = Some(batch.clone());
        Ok(())
    }

    fn suspend_write(&self) -> Option<Pause<'_>> {
        Some(Box::pin(async {
            let passed = match self.failing.suspend_write() {
                Some(pause) => pause.await,
                None => Ok(()),
            };
            let batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let (Some(FaultCanary::HalfCommitted), Err(_), Some(mut batch)) = (self.canary, &passed, batch) {
                batch.ops.truncate(batch.ops.len() / 2);
                self.memory.commit(batch).await?;
            }
            passed
        }))
    }

    fn suspend_written(&self) -> Option<Pause<'_>> {
        self.failing.suspend_written()
    }
}
