//! The defects that only an engine which sees every task can show. Three of them keep an execution from ending; one needs an
//! interleaving.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64 as Plain;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use seriatim_explore::model::{Model, ModelSettings};
use seriatim_runtime::{AtomicU64, Runtime, RwLock};
use seriatim_tos::ledger::AccountKey;
use seriatim_tos::storage::{Layer, Pause, Read, StorageError, WriteBatch, WriteOp};

/// What is wrong between tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScheduleDefect {
    NeverWoken,
    NeverEnding,
    OppositeLocks,
    CountsByLoadAndStore,
}

/// A defect, with what it shares between the tasks of one execution. A clone shares nothing with the original.
pub(super) struct Scheduled {
    defect: ScheduleDefect,
    runtime: Model,
    /// Made when first used, in the execution.
    locks: OnceLock<[<Model as Runtime>::RwLock<()>; 2]>,
    /// Reads of accounts: counted by a load and a store, and as they should be.
    racing: OnceLock<<Model as Runtime>::AtomicU64>,
    exact: Plain,
}

impl Scheduled {
    pub(super) fn new(defect: ScheduleDefect) -> Self {
        let settings = ModelSettings { workers: None, shards: 1, placement_seed: 0 };
        let runtime = Model::shuttle(settings);
        Self { defect, runtime, locks: OnceLock::new(), racing: OnceLock::new(), exact: Plain::new(0) }
    }

    fn racing(&self) -> &<Model as Runtime>::AtomicU64 {
        self.racing.get_or_init(|| self.runtime.atomic_u64("reads counted", 0))
    }

    async fn read_account(&self, account: AccountKey) -> Result<(), StorageError> {
        match self.defect {
            ScheduleDefect::NeverWoken => std::future::pending::<()>().await,
            ScheduleDefect::NeverEnding => loop {
                self.runtime.yield_now().await;
            },
            ScheduleDefect::CountsByLoadAndStore => {
                self.exact.fetch_add(1, Relaxed);
                let counted = self.racing().load(Acquire);
                self.racing().store(counted + 1, Release);
            }
            ScheduleDefect::OppositeLocks => {
                let [left, right] =
                    self.locks.get_or_init(|| ["left", "right"].map(|label| self.runtime.rw_lock(label, ())));
                let (first, second) = if account.0[3] & 1 == 0 { (left, right) } else { (right, left) };
                let _first = first.write().await;
                self.runtime.yield_now().await;
                let _second = second.write().await;
            }
        }
        Ok(())
    }
}

impl Clone for Scheduled {
    fn clone(&self) -> Self {
        Self::new(self.defect)
    }
}

impl Layer for Scheduled {
    fn suspend_read(&self, read: Read) -> Option<Pause<'_>> {
        let Read::Account(account) = read else { return None };
        Some(Box::pin(self.read_account(account)))
    }

    /// What was lost in counting is charged once more.
    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        if self.defect == ScheduleDefect::CountsByLoadAndStore {
            let lost = self.exact.load(Relaxed) - self.racing().load(Acquire);
            for op in &mut batch.ops {
                if let WriteOp::Metadata { metadata, .. } = op {
                    metadata.fees = metadata.fees.wrapping_add(lost);
                }
            }
        }
        Ok(())
    }
}
