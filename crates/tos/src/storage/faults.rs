//! A storage whose calls are points at which a fault can strike.

use super::{Layer, Pause, Read, StorageError};
use seriatim_runtime::{Injected, Probed, Runtime, Site};

/// Each read, and each commit and rewind before and after it is done, is a point of the runtime's [`seriatim_runtime::Faults`].
/// An injected error is a [`StorageError::Failed`] that says so; nothing was read or written then.
#[derive(Clone, Debug)]
pub struct Failing<R>(pub Probed<R>);

impl<R: Runtime> Failing<R> {
    fn pass(&self, site: Site) -> Pause<'_> {
        let passed = self.0.pass(site);
        Box::pin(async move { Ok(passed.await?) })
    }
}

impl<R: Runtime> Layer for Failing<R> {
    fn suspend_read(&self, _read: Read) -> Option<Pause<'_>> {
        Some(self.pass(Site::Read))
    }

    fn suspend_write(&self) -> Option<Pause<'_>> {
        Some(self.pass(Site::Write))
    }

    fn suspend_written(&self) -> Option<Pause<'_>> {
        Some(self.pass(Site::Written))
    }
}

impl From<Injected> for StorageError {
    fn from(injected: Injected) -> Self {
        Self::Failed(injected.to_string())
    }
}
