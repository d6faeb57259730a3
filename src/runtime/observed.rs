//! A decorator that counts tasks, on any runtime: the parallelism oracle must not believe the executor's own word.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{JoinSet, MapKey, MapValue, Runtime, TaskError, TaskIndex};

/// `inner`, with figures about the tasks of all its join sets.
#[derive(Clone, Debug)]
pub struct Observed<R> {
    inner: R,
    gauge: Arc<Gauge>,
}

/// Counted from the first poll of a task to its end, panics and cancellation included. Independent of each other and
/// read when no task runs, so relaxed orderings do.
#[derive(Debug, Default)]
struct Gauge {
    spawned: AtomicUsize,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

/// What was counted since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskFigures {
    /// Tasks spawned.
    pub spawned: usize,
    /// Most tasks begun and not yet ended at one moment.
    pub peak_in_flight: usize,
}

impl<R: Runtime> Observed<R> {
    /// Observes `inner` from now on.
    pub fn new(inner: R) -> Self {
        Self { inner, gauge: Arc::default() }
    }

    /// The figures since the last call. No task may be running.
    pub fn take_figures(&self) -> TaskFigures {
        TaskFigures { spawned: self.gauge.spawned.swap(0, Relaxed), peak_in_flight: self.gauge.peak.swap(0, Relaxed) }
    }
}

impl<R: Runtime> Runtime for Observed<R> {
    type Map<K: MapKey, V: MapValue> = R::Map<K, V>;
    type AtomicU64 = R::AtomicU64;
    type Semaphore = R::Semaphore;
    type RwLock<T: MapValue> = R::RwLock<T>;
    type JoinSet<T: Send + 'static> = ObservedJoinSet<R::JoinSet<T>>;

    fn map<K: MapKey, V: MapValue>(&self, label: &'static str) -> Self::Map<K, V> {
        self.inner.map(label)
    }

    fn atomic_u64(&self, label: &'static str, value: u64) -> Self::AtomicU64 {
        self.inner.atomic_u64(label, value)
    }

    fn semaphore(&self, label: &'static str, permits: usize) -> Self::Semaphore {
        self.inner.semaphore(label, permits)
    }

    fn rw_lock<T: MapValue>(&self, label: &'static str, value: T) -> Self::RwLock<T> {
        self.inner.rw_lock(label, value)
    }

    fn join_set<T: Send + 'static>(&self, label: &'static str) -> Self::JoinSet<T> {
        ObservedJoinSet { inner: self.inner.join_set(label), gauge: Arc::clone(&self.gauge) }
    }

    async fn yield_now(&self) {
        self.inner.yield_now().await;
    }

    fn task(&self) -> u64 {
        self.inner.task()
    }
}

/// A join set whose tasks are counted.
pub struct ObservedJoinSet<J> {
    inner: J,
    gauge: Arc<Gauge>,
}

impl<T: Send + 'static, J: JoinSet<T>> JoinSet<T> for ObservedJoinSet<J> {
    fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, task: F) -> TaskIndex {
        self.gauge.spawned.fetch_add(1, Relaxed);
        let gauge = Arc::clone(&self.gauge);
        self.inner.spawn(async move {
            let _in_flight = InFlight::enter(gauge);
            task.await
        })
    }

    async fn join_next(&mut self) -> Option<(TaskIndex, Result<T, TaskError>)> {
        self.inner.join_next().await
    }
}

/// One task in flight, for as long as it lives.
struct InFlight(Arc<Gauge>);

impl InFlight {
    fn enter(gauge: Arc<Gauge>) -> Self {
        let now = gauge.in_flight.fetch_add(1, Relaxed) + 1;
        gauge.peak.fetch_max(now, Relaxed);
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
