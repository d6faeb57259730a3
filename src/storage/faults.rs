//! A storage whose calls are points at which a fault can strike.

use super::{Layer, Read, StorageError};
use crate::runtime::{Faulty, Injected, Runtime, Site};

/// Each read, and each commit and rewind before and after it is done, is a point of the runtime's [`crate::runtime::Faults`].
/// An injected error is a [`StorageError::Failed`] that says so; nothing was read or written then.
#[derive(Clone, Debug)]
pub struct Failing<R>(pub Faulty<R>);

impl<R: Runtime> Layer for Failing<R> {
    async fn before_read(&self, _read: Read) -> Result<(), StorageError> {
        Ok(self.0.pass(Site::Read).await?)
    }

    async fn before_write(&self) -> Result<(), StorageError> {
        Ok(self.0.pass(Site::Write).await?)
    }

    async fn after_write(&self) {
        // What is written cannot fail any more: the site takes no errors.
        let _ = self.0.pass(Site::Written).await;
    }
}

impl From<Injected> for StorageError {
    fn from(injected: Injected) -> Self {
        Self::Failed(injected.to_string())
    }
}
