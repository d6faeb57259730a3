//! Storage calls in the record of an execution, beside the operations of the modelled runtime.

use seriatim_explore::model::{Action, Key, Place, trace_at};
use seriatim_runtime::{Runtime, behalf};
use seriatim_tos::storage::{Layer, Read, StorageError, WriteBatch};

/// Puts each storage call into the record if somebody records steps.
#[derive(Clone, Debug)]
pub(super) struct Traced<R> {
    runtime: R,
}

impl<R> Traced<R> {
    pub(super) fn new(runtime: R) -> Self {
        Self { runtime }
    }
}

impl<R: Runtime> Layer for Traced<R> {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        trace_at(Place::of(behalf()), || self.runtime.task(), || Action::Ask { key: Key::of(&read) });
        Ok(())
    }

    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        trace_at(Place::of(behalf()), || self.runtime.task(), || Action::Commit { writes: batch.ops.len() });
        Ok(())
    }
}
