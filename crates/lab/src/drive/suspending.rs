//! Reads that suspend, and how many of them did so at one moment: what shows that transactions are under way together,
//! whatever an executor's tasks are.

use std::sync::Arc;

use seriatim_runtime::{Level, Runtime};
use seriatim_tos::storage::{Layer, Pause, Read};

/// Every read yields to the runtime first, as [`seriatim_tos::storage::Suspend`] does, and is counted while it is suspended.
#[derive(Clone, Debug)]
pub(super) struct Suspending<R> {
    runtime: R,
    reads: Arc<Level>,
}

impl<R> Suspending<R> {
    pub(super) fn new(runtime: R, reads: Arc<Level>) -> Self {
        Self { runtime, reads }
    }
}

impl<R: Runtime> Layer for Suspending<R> {
    fn suspend_read(&self, _read: Read) -> Option<Pause<'_>> {
        Some(Box::pin(async {
            let _suspended = Level::enter(&*self.reads);
            self.runtime.yield_now().await;
            Ok(())
        }))
    }
}
