//! Storage calls in the record of an execution, beside the operations of the modelled runtime.

use crate::runtime::Runtime;
use crate::runtime::model::tell;
use crate::storage::{Layer, Read, StorageError, WriteBatch};

/// Tells each call to whoever records steps.
#[derive(Clone, Debug)]
pub(super) struct Told<R> {
    runtime: R,
}

impl<R> Told<R> {
    pub(super) fn new(runtime: R) -> Self {
        Self { runtime }
    }
}

impl<R: Runtime> Layer for Told<R> {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        tell(|| self.runtime.task(), "load", || format!("{read:?}"));
        Ok(())
    }

    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        tell(|| self.runtime.task(), "commit", || format!("{} writes", batch.ops.len()));
        Ok(())
    }
}
