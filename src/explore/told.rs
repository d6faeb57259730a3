//! Storage calls in the record of an execution, beside the operations of the modelled runtime.

use crate::runtime::Runtime;
use crate::runtime::model::tell;
use crate::storage::{Layer, Read, StorageError, WriteBatch};

/// `layer`, with each of its calls told to whoever records steps.
#[derive(Clone, Debug)]
pub(super) struct Told<L, R> {
    layer: L,
    runtime: R,
}

impl<L, R> Told<L, R> {
    pub(super) fn new(layer: L, runtime: R) -> Self {
        Self { layer, runtime }
    }
}

impl<L: Layer, R: Runtime> Layer for Told<L, R> {
    async fn before_read(&self, read: Read) -> Result<(), StorageError> {
        tell(|| self.runtime.task(), "load", || format!("{read:?}"));
        self.layer.before_read(read).await
    }

    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        tell(|| self.runtime.task(), "commit", || format!("{} writes", batch.ops.len()));
        self.layer.before_commit(batch)
    }

    fn after_commit(&self, batch: &WriteBatch) {
        self.layer.after_commit(batch);
    }
}
