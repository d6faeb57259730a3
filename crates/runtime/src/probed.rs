//! A decorator for any runtime: it counts tasks, because the parallelism oracle must not believe the executor's own word, and it
//! strikes faults, if there are any.
//!
//! A point is a place where a task awaits something that this runtime or a storage around it gives: just before it, and just
//! after it has it. Beside those, each poll of a task is one, before the task goes on: there a task is cancelled that waits for
//! whatever it may be. Points are numbered in the order in which they are reached, so on a deterministic engine a number means
//! the same place each time.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::panic::{Location, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use super::{
    Caller, DELAY, Fault, Faults, INJECTED, Injected, JoinSet, Level, MapKey, MapValue, Runtime, RwLock, Semaphore,
    Site, TaskError, TaskIndex, behalf,
};

thread_local! {
    /// The caller of the last operation in the poll under way: if the poll ends without a result, its task sleeps there.
    static ASLEEP: Cell<Caller> = const { Cell::new(None) };
}

/// `inner`, with figures about the tasks of all its join sets, and with faults around its awaits.
///
/// # Examples
/// An executor that says it is parallel, and is not:
///
/// ```
/// use seriatim_runtime::{JoinSet, Native, Probed, Runtime};
///
/// let runtime = Probed::new(Native::with_hash_seed(7));
/// tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
///     for _ in 0..3 {
///         let mut tasks = runtime.join_set("one by one");
///         tasks.spawn(async {});
///         tasks.join_next().await;
///     }
/// });
/// let figures = runtime.take_figures();
/// assert_eq!((figures.spawned, figures.peak_in_flight), (3, 1), "three tasks, and never two at once");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Probed<R> {
    inner: R,
    gauge: Arc<Gauge>,
    faults: Option<Faults>,
}

/// Tasks count from their first poll to their end, panics and cancellation included. The counters are independent of each
/// other and read when no task runs, so relaxed orderings do.
#[derive(Debug, Default)]
struct Gauge {
    spawned: AtomicUsize,
    in_flight: Arc<Level>,
}

/// What was counted since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskFigures {
    /// Tasks spawned.
    pub spawned: usize,
    /// Most tasks begun and not yet ended at one moment.
    pub peak_in_flight: usize,
}

impl<R: Runtime> Probed<R> {
    /// Counts the tasks of `inner` from now on. There are no faults.
    pub fn new(inner: R) -> Self {
        Self { inner, gauge: Arc::default(), faults: None }
    }

    /// Puts `faults` around every await of the runtime.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        Self { faults: Some(faults), ..self }
    }

    /// The figures since the last call. No task may be running.
    pub fn take_figures(&self) -> TaskFigures {
        TaskFigures { spawned: self.gauge.spawned.swap(0, Relaxed), peak_in_flight: self.gauge.in_flight.take_most() }
    }

    /// Whether the fault has struck since the faults were armed.
    pub fn has_injected(&self) -> bool {
        self.faults.as_ref().is_some_and(Faults::have_injected)
    }

    /// Reaches a point. For storages; the runtime's own objects do it by themselves.
    ///
    /// # Errors
    /// The fault is an error, and fits the site.
    ///
    /// # Panics
    /// The fault is a panic. The process's panic hook is not called.
    pub fn pass(&self, site: Site) -> impl Future<Output = Result<(), Injected>> {
        self.pass_at(site, behalf())
    }

    async fn pass_at(&self, site: Site, caller: Caller) -> Result<(), Injected> {
        let Some(faults) = &self.faults else { return Ok(()) };
        ASLEEP.set(caller.or(ASLEEP.get()));
        match faults.reach(site, caller) {
            None => Ok(()),
            Some(Fault::Error) => Err(Injected),
            Some(Fault::Delay) => {
                for _ in 0..DELAY {
                    self.inner.yield_now().await;
                }
                Ok(())
            }
            Some(Fault::Panic) => resume_unwind(Box::new(INJECTED)),
            Some(Fault::Cancel) => {
                faults.cancel(self.inner.task());
                // The wrapper of the task drops it here.
                pending().await
            }
        }
    }

    /// Runs a task, each poll of which is a point. Tasks of a join set run so by themselves; whoever runs a future beside them
    /// calls this for it. None: it was cancelled, and is dropped.
    pub async fn task<F: Future>(&self, task: F) -> Option<F::Output> {
        let Some(faults) = &self.faults else { return Some(task.await) };
        let mut task = Some(Box::pin(task));
        let mut site = Site::Start;
        let mut asleep: Caller = None;
        let mut delay = 0;
        poll_fn(move |context: &mut Context<'_>| {
            if delay == 0 {
                match faults.reach(site, asleep) {
                    Some(Fault::Panic) => resume_unwind(Box::new(INJECTED)),
                    Some(Fault::Cancel) => task = None,
                    Some(Fault::Delay) => delay = DELAY + 1,
                    Some(Fault::Error) | None => {}
                }
                site = Site::Resume;
            }
            if delay > 1 {
                delay -= 1;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            delay = 0;
            let Some(body) = &mut task else { return Poll::Ready(None) };
            ASLEEP.set(None);
            let polled = body.as_mut().poll(context);
            asleep = ASLEEP.take().or(asleep);
            match polled {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if faults.takes_back(self.inner.task()) => {
                    task = None;
                    Poll::Ready(None)
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// A point at which nothing can fail, so that there is no error.
    async fn reaches(&self, site: Site, caller: Caller) {
        if self.faults.is_some() {
            let _ = self.pass_at(site, caller).await;
        }
    }
}

impl<R: Runtime> Runtime for Probed<R> {
    type Map<K: MapKey, V: MapValue> = R::Map<K, V>;
    type AtomicU64 = R::AtomicU64;
    type Semaphore = ProbedSemaphore<R>;
    type RwLock<T: MapValue> = ProbedLock<R, T>;
    type JoinSet<T: Send + 'static> = ProbedJoinSet<R, T>;

    fn map<K: MapKey, V: MapValue>(&self, label: &'static str) -> Self::Map<K, V> {
        self.inner.map(label)
    }

    fn atomic_u64(&self, label: &'static str, value: u64) -> Self::AtomicU64 {
        self.inner.atomic_u64(label, value)
    }

    fn semaphore(&self, label: &'static str, permits: usize) -> Self::Semaphore {
        ProbedSemaphore { runtime: self.clone(), inner: self.inner.semaphore(label, permits) }
    }

    fn rw_lock<T: MapValue>(&self, label: &'static str, value: T) -> Self::RwLock<T> {
        ProbedLock { runtime: self.clone(), inner: self.inner.rw_lock(label, value) }
    }

    fn join_set<T: Send + 'static>(&self, label: &'static str) -> Self::JoinSet<T> {
        ProbedJoinSet { runtime: self.clone(), inner: self.inner.join_set(label) }
    }

    #[track_caller]
    fn yield_now(&self) -> impl Future<Output = ()> + Send {
        let (yielded, caller) = (self.inner.yield_now(), Some(Location::caller()));
        async move {
            self.reaches(Site::Yield, caller).await;
            yielded.await;
            self.reaches(Site::Yielded, caller).await;
        }
    }

    fn task(&self) -> u64 {
        self.inner.task()
    }

    fn hand_over(&self) {
        self.inner.hand_over();
    }

    fn works_on(&self, item: usize) {
        self.inner.works_on(item);
    }
}

/// A semaphore of a [`Probed`] runtime.
pub struct ProbedSemaphore<R: Runtime> {
    runtime: Probed<R>,
    inner: R::Semaphore,
}

impl<R: Runtime> Semaphore for ProbedSemaphore<R> {
    type Permit = <R::Semaphore as Semaphore>::Permit;

    #[track_caller]
    fn acquire(&self) -> impl Future<Output = Self::Permit> + Send {
        let (acquired, caller) = (self.inner.acquire(), Some(Location::caller()));
        async move {
            self.runtime.reaches(Site::Acquire, caller).await;
            let permit = acquired.await;
            self.runtime.reaches(Site::Acquired, caller).await;
            permit
        }
    }
}

/// A lock of a [`Probed`] runtime.
pub struct ProbedLock<R: Runtime, T: MapValue> {
    runtime: Probed<R>,
    inner: R::RwLock<T>,
}

impl<R: Runtime, T: MapValue> ProbedLock<R, T> {
    /// Takes the lock between two points.
    async fn locked<G>(&self, guard: impl Future<Output = G>, caller: Caller) -> G {
        self.runtime.reaches(Site::Lock, caller).await;
        let guard = guard.await;
        self.runtime.reaches(Site::Locked, caller).await;
        guard
    }
}

impl<R: Runtime, T: MapValue> RwLock<T> for ProbedLock<R, T> {
    type Read<'a> = <R::RwLock<T> as RwLock<T>>::Read<'a>;
    type Write<'a> = <R::RwLock<T> as RwLock<T>>::Write<'a>;

    #[track_caller]
    fn read(&self) -> impl Future<Output = Self::Read<'_>> + Send {
        self.locked(self.inner.read(), Some(Location::caller()))
    }

    #[track_caller]
    fn write(&self) -> impl Future<Output = Self::Write<'_>> + Send {
        self.locked(self.inner.write(), Some(Location::caller()))
    }
}

/// A join set of a [`Probed`] runtime.
pub struct ProbedJoinSet<R: Runtime, T: Send + 'static> {
    runtime: Probed<R>,
    /// None: cancelled by a fault.
    inner: R::JoinSet<Option<T>>,
}

impl<R: Runtime, T: Send + 'static> JoinSet<T> for ProbedJoinSet<R, T> {
    fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, task: F) -> TaskIndex {
        let runtime = self.runtime.clone();
        runtime.gauge.spawned.fetch_add(1, Relaxed);
        // It is large, and each layer around it would move it once more.
        let task = Box::pin(task);
        self.inner.spawn(async move {
            let _in_flight = Level::enter(Arc::clone(&runtime.gauge.in_flight));
            runtime.task(task).await
        })
    }

    fn here<F: Future<Output = T> + Send + 'static>(
        &mut self,
        task: F,
    ) -> (TaskIndex, impl Future<Output = Result<T, TaskError>> + Send + 'static) {
        let runtime = self.runtime.clone();
        runtime.gauge.spawned.fetch_add(1, Relaxed);
        let task = Box::pin(task);
        let (index, task) = self.inner.here(async move {
            let _in_flight = Level::enter(Arc::clone(&runtime.gauge.in_flight));
            runtime.task(task).await
        });
        (index, async move { task.await?.ok_or(TaskError::Cancelled) })
    }

    #[track_caller]
    fn join_next(&mut self) -> impl Future<Output = Option<(TaskIndex, Result<T, TaskError>)>> + Send {
        let Self { runtime, inner } = self;
        let (joined, caller) = (inner.join_next(), Some(Location::caller()));
        async move {
            runtime.reaches(Site::Join, caller).await;
            let joined = joined.await;
            runtime.reaches(Site::Joined, caller).await;
            let (index, result) = joined?;
            Some((index, result.and_then(|ended| ended.ok_or(TaskError::Cancelled))))
        }
    }
}
