//! What the native runtime can tell of its tasks and of their waiting. No result depends on it: a clock is read only where a
//! task is about to wait anyway, and only if somebody wants to know.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Takes what a runtime measures. It is called inside tasks, so it should take no time and hold nothing.
///
/// # Examples
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::Duration;
/// use seriatim_runtime::{JoinSet, Native, Recorder, Runtime};
///
/// #[derive(Debug, Default)]
/// struct Tasks(Mutex<Vec<(&'static str, usize)>>);
///
/// impl Recorder for Tasks {
///     fn lock_after(&self, _waited: Duration) {}
///
///     fn joined(&self, label: &'static str, tasks: usize) {
///         self.0.lock().unwrap().push((label, tasks));
///     }
/// }
///
/// let recorder = Arc::new(Tasks::default());
/// let runtime = Native::with_hash_seed(7).with_recorder(Arc::clone(&recorder) as Arc<dyn Recorder>);
/// tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
///     let mut tasks = runtime.join_set("verifiers");
///     tasks.spawn(async {});
///     tasks.spawn(async {});
/// });
/// assert_eq!(*recorder.0.lock().unwrap(), [("verifiers", 2)]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Recorder: Debug + Send + Sync + 'static {
    /// A lock, or a shard of a map, was held by another and had after so long. What was free is not reported.
    fn lock_after(&self, waited: Duration);

    /// A join set of that label ended, having spawned so many tasks.
    fn joined(&self, label: &'static str, tasks: usize);
}

/// A recorder, if there is one.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording(pub(super) Option<Arc<dyn Recorder>>);

impl Recording {
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Has a lock, by `attempt` if it is free, else by `wait`.
    pub(super) fn lock<T>(&self, attempt: impl FnOnce() -> Option<T>, wait: impl FnOnce() -> T) -> T {
        let Some(recorder) = &self.0 else { return wait() };
        attempt().unwrap_or_else(|| {
            let before = now();
            let had = wait();
            recorder.lock_after(before.elapsed());
            had
        })
    }

    /// The same as [`Self::lock`], where waiting suspends.
    pub(super) async fn lock_async<T>(&self, attempt: impl FnOnce() -> Option<T>, wait: impl Future<Output = T>) -> T {
        let Some(recorder) = &self.0 else { return wait.await };
        if let Some(had) = attempt() {
            return had;
        }
        let before = now();
        let had = wait.await;
        recorder.lock_after(before.elapsed());
        had
    }

    pub(super) fn joined(&self, label: &'static str, tasks: usize) {
        if let Some(recorder) = &self.0 {
            recorder.joined(label, tasks);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "waiting is measured for an operator; what tasks do never depends on it")]
fn now() -> Instant {
    Instant::now()
}
