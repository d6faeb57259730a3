//! Faults that keep an execution from its end: only an engine that sees every task can tell.

use std::sync::OnceLock;

use super::Canary;
use crate::runtime::model::{ModelSettings, Shuttle};
use crate::runtime::{Runtime, RwLock};
use crate::storage::{Layer, Read, StorageError};

/// Two locks of one execution, made in it.
type Locks = OnceLock<[<Shuttle as Runtime>::RwLock<()>; 2]>;

/// A fault that keeps an execution from its end. A clone has locks of its own.
pub(super) struct Stalls {
    canary: Canary,
    runtime: Shuttle,
    locks: Locks,
}

impl Stalls {
    pub(super) fn new(canary: Canary) -> Self {
        let settings = ModelSettings { workers: None, shards: 1, placement_seed: 0 };
        Self { canary, runtime: Shuttle::new(settings), locks: OnceLock::new() }
    }
}

impl Clone for Stalls {
    fn clone(&self) -> Self {
        Self::new(self.canary)
    }
}

impl Layer for Stalls {
    async fn before_read(&self, read: Read) -> Result<(), StorageError> {
        let Read::Account(account) = read else { return Ok(()) };
        match self.canary {
            Canary::NeverWoken => std::future::pending::<()>().await,
            Canary::NeverEnding => loop {
                self.runtime.yield_now().await;
            },
            _ => {
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
