//! Storage calls in the record of an execution, beside the operations of the modelled runtime.

use crate::runtime::Runtime;
use crate::runtime::model::{Action, Key, trace};
use crate::storage::{Layer, Read, StorageError, WriteBatch};

/// `layer`, with each of its calls in the record if somebody records steps.
#[derive(Clone, Debug)]
pub(super) struct Traced<L, R> {
    layer: L,
    runtime: R,
}

impl<L, R> Traced<L, R> {
    pub(super) fn new(layer: L, runtime: R) -> Self {
        Self { layer, runtime }
    }
}

impl<L: Layer, R: Runtime> Layer for Traced<L, R> {
    async fn before_read(&self, read: Read) -> Result<(), StorageError> {
        trace(|| self.runtime.task(), || Action::Ask { key: Key::of(&read) });
        self.layer.before_read(read).await
    }

    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        trace(|| self.runtime.task(), || Action::Commit { writes: batch.ops.len() });
        self.layer.before_commit(batch)
    }

    fn after_commit(&self, batch: &WriteBatch) {
        self.layer.after_commit(batch);
    }
}
