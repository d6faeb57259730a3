//! Reads that suspend, and how many of them did so at one moment: what shows that transactions are under way together,
//! whatever an executor's tasks are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use seriatim_runtime::Runtime;
use seriatim_tos::storage::{Layer, Pause, Read};

/// Every read yields to the runtime first, as [`seriatim_tos::storage::Suspend`] does.
#[derive(Clone, Debug)]
pub(super) struct Suspending<R> {
    runtime: R,
    reads: Arc<Reads>,
}

/// Counted by tasks of any thread, and read when none runs.
#[derive(Debug, Default)]
pub(super) struct Reads {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Reads {
    /// Most reads that were suspended at one moment since the last call.
    pub(super) fn take_most(&self) -> usize {
        self.most.swap(0, Relaxed)
    }
}

/// One suspended read, for as long as it lives: a task may be dropped where it waits.
struct Suspended<'a>(&'a Reads);

impl Drop for Suspended<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Relaxed);
    }
}

impl<R> Suspending<R> {
    pub(super) fn new(runtime: R, reads: Arc<Reads>) -> Self {
        Self { runtime, reads }
    }
}

impl<R: Runtime> Layer for Suspending<R> {
    fn suspend_read(&self, _read: Read) -> Option<Pause<'_>> {
        Some(Box::pin(async {
            let now = self.reads.now.fetch_add(1, Relaxed) + 1;
            let _suspended = Suspended(&self.reads);
            self.reads.most.fetch_max(now, Relaxed);
            self.runtime.yield_now().await;
            Ok(())
        }))
    }
}
