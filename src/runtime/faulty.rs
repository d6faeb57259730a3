//! A decorator in which something goes wrong once: at a chosen point a task is delayed, panics or is cancelled, or a call fails.
//!
//! A point is a place where a task awaits something that this runtime or a storage around it gives: just before it, and just
//! after it has it. Beside those, each poll of a task is one, before the task goes on: there a task is cancelled that waits for
//! whatever it may be. Points are numbered in the order in which they are reached, so on a deterministic engine a number means
//! the same place each time.

use std::future::{Future, pending, poll_fn};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use serde::{Deserialize, Serialize};

use super::{JoinSet, MapKey, MapValue, Runtime, RwLock, Semaphore, TaskError, TaskIndex};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The call fails.
    Error,
    /// The task goes on only after it was polled [`DELAY`] times more.
    Delay,
    Panic,
    /// The task is dropped where it stands.
    Cancel,
}

/// Where a task stands at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Site {
    /// Before its first poll.
    Start,
    /// Before any other poll.
    Resume,
    /// Before a read of the storage.
    Read,
    /// Before a commit or a rewind, and after it.
    Write,
    Written,
    /// Before a permit is asked for, and with it.
    Acquire,
    Acquired,
    /// Before the next task is joined, and with its result.
    Join,
    Joined,
    /// Before a lock is asked for, and with its guard.
    Lock,
    Locked,
    /// Before the task lets others run, and after it.
    Yield,
    Yielded,
}

/// How often a delayed task lets others run.
pub const DELAY: usize = 5;

/// The message of every panic and error that is made here.
pub const INJECTED: &str = "a fault injected on purpose";

/// A call that was made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{INJECTED}")]
pub struct Injected;

impl Fault {
    pub const ALL: [Self; 4] = [Self::Error, Self::Delay, Self::Panic, Self::Cancel];

    /// Its name in reports and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Delay => "delay",
            Self::Panic => "panic",
            Self::Cancel => "cancel",
        }
    }

    /// Whether it can strike there: only what is still to be done by the storage can fail.
    pub fn fits(self, site: Site) -> bool {
        self != Self::Error || matches!(site, Site::Read | Site::Write)
    }
}

impl Site {
    pub const ALL: [Self; 13] = [
        Self::Start,
        Self::Resume,
        Self::Read,
        Self::Write,
        Self::Written,
        Self::Acquire,
        Self::Acquired,
        Self::Join,
        Self::Joined,
        Self::Lock,
        Self::Locked,
        Self::Yield,
        Self::Yielded,
    ];

    /// Its name in reports and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Resume => "resume",
            Self::Read => "read",
            Self::Write => "write",
            Self::Written => "written",
            Self::Acquire => "acquire",
            Self::Acquired => "acquired",
            Self::Join => "join",
            Self::Joined => "joined",
            Self::Lock => "lock",
            Self::Locked => "locked",
            Self::Yield => "yield",
            Self::Yielded => "yielded",
        }
    }
}

/// Which point is struck, by what. Clones are handles on the same one.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

/// Held for moments in which nobody suspends or panics.
#[derive(Debug, Default)]
struct Plan {
    is_armed: bool,
    strike: Option<(usize, Fault)>,
    passed: Passed,
    /// Who is to be dropped at the end of its poll, by [`Runtime::task`].
    cancelled: Option<u64>,
}

/// The points that were reached while faults were armed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// By number.
    pub sites: Vec<Site>,
    /// The point that was struck, and that the fault did strike.
    pub struck: Option<(usize, Fault)>,
}

impl Faults {
    /// Counts points from 0 from now on, and lets the fault strike the one of that number, if it fits there.
    pub fn arm(&self, strike: Option<(usize, Fault)>) {
        *self.plan() = Plan { is_armed: true, strike, ..Plan::default() };
    }

    /// Nothing is counted and nothing struck any more. Returns what was passed since [`Self::arm`].
    pub fn disarm(&self) -> Passed {
        std::mem::take(&mut *self.plan()).passed
    }

    /// Whether the fault has struck since [`Self::arm`].
    pub fn have_struck(&self) -> bool {
        self.plan().passed.struck.is_some()
    }

    fn reach(&self, site: Site) -> Option<Fault> {
        let mut plan = self.plan();
        if !plan.is_armed {
            return None;
        }
        let at = plan.passed.sites.len();
        plan.passed.sites.push(site);
        let struck = plan.strike.filter(|(struck, fault)| *struck == at && fault.fits(site));
        plan.passed.struck = plan.passed.struck.or(struck);
        struck.map(|(_, fault)| fault)
    }

    fn cancel(&self, task: u64) {
        self.plan().cancelled = Some(task);
    }

    fn takes_back(&self, task: u64) -> bool {
        self.plan().cancelled.take_if(|cancelled| *cancelled == task).is_some()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `inner`, with faults.
#[derive(Clone, Debug)]
pub struct Faulty<R> {
    inner: R,
    faults: Faults,
}

impl<R: Runtime> Faulty<R> {
    /// Puts `faults` around every await of `inner`.
    pub fn new(inner: R, faults: Faults) -> Self {
        Self { inner, faults }
    }

    /// What strikes here.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Reaches a point. For storages; the runtime's own objects do it by themselves.
    ///
    /// # Errors
    /// The fault is an error, and fits the site.
    ///
    /// # Panics
    /// The fault is a panic. The process's panic hook is not called.
    pub async fn pass(&self, site: Site) -> Result<(), Injected> {
        match self.faults.reach(site) {
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
                self.faults.cancel(self.inner.task());
                // The wrapper of the task drops it here.
                pending().await
            }
        }
    }

    /// Runs a task, each poll of which is a point. Tasks of a join set run so by themselves; whoever runs a future beside them
    /// calls this for it. None: it was cancelled, and is dropped.
    pub async fn task<F: Future>(&self, task: F) -> Option<F::Output> {
        let mut task = Some(Box::pin(task));
        let mut site = Site::Start;
        let mut delay = 0;
        poll_fn(move |context: &mut Context<'_>| {
            if delay == 0 {
                match self.faults.reach(site) {
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
            match body.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if self.faults.takes_back(self.inner.task()) => {
                    task = None;
                    Poll::Ready(None)
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// A point at which nothing can fail, so that there is no error.
    async fn reaches(&self, site: Site) {
        let _ = self.pass(site).await;
    }
}

impl<R: Runtime> Runtime for Faulty<R> {
    type Map<K: MapKey, V: MapValue> = R::Map<K, V>;
    type AtomicU64 = R::AtomicU64;
    type Semaphore = FaultySemaphore<R>;
    type RwLock<T: MapValue> = FaultyLock<R, T>;
    type JoinSet<T: Send + 'static> = FaultyJoinSet<R, T>;

    fn map<K: MapKey, V: MapValue>(&self, label: &'static str) -> Self::Map<K, V> {
        self.inner.map(label)
    }

    fn atomic_u64(&self, label: &'static str, value: u64) -> Self::AtomicU64 {
        self.inner.atomic_u64(label, value)
    }

    fn semaphore(&self, label: &'static str, permits: usize) -> Self::Semaphore {
        FaultySemaphore { runtime: self.clone(), inner: self.inner.semaphore(label, permits) }
    }

    fn rw_lock<T: MapValue>(&self, label: &'static str, value: T) -> Self::RwLock<T> {
        FaultyLock { runtime: self.clone(), inner: self.inner.rw_lock(label, value) }
    }

    fn join_set<T: Send + 'static>(&self, label: &'static str) -> Self::JoinSet<T> {
        FaultyJoinSet { runtime: self.clone(), inner: self.inner.join_set(label) }
    }

    async fn yield_now(&self) {
        self.reaches(Site::Yield).await;
        self.inner.yield_now().await;
        self.reaches(Site::Yielded).await;
    }

    fn task(&self) -> u64 {
        self.inner.task()
    }
}

/// A semaphore of a [`Faulty`] runtime.
pub struct FaultySemaphore<R: Runtime> {
    runtime: Faulty<R>,
    inner: R::Semaphore,
}

impl<R: Runtime> Semaphore for FaultySemaphore<R> {
    type Permit = <R::Semaphore as Semaphore>::Permit;

    async fn acquire(&self) -> Self::Permit {
        self.runtime.reaches(Site::Acquire).await;
        let permit = self.inner.acquire().await;
        self.runtime.reaches(Site::Acquired).await;
        permit
    }
}

/// A lock of a [`Faulty`] runtime.
pub struct FaultyLock<R: Runtime, T: MapValue> {
    runtime: Faulty<R>,
    inner: R::RwLock<T>,
}

impl<R: Runtime, T: MapValue> RwLock<T> for FaultyLock<R, T> {
    type Read<'a> = <R::RwLock<T> as RwLock<T>>::Read<'a>;
    type Write<'a> = <R::RwLock<T> as RwLock<T>>::Write<'a>;

    async fn read(&self) -> Self::Read<'_> {
        self.runtime.reaches(Site::Lock).await;
        let guard = self.inner.read().await;
        self.runtime.reaches(Site::Locked).await;
        guard
    }

    async fn write(&self) -> Self::Write<'_> {
        self.runtime.reaches(Site::Lock).await;
        let guard = self.inner.write().await;
        self.runtime.reaches(Site::Locked).await;
        guard
    }
}

/// A join set of a [`Faulty`] runtime.
pub struct FaultyJoinSet<R: Runtime, T: Send + 'static> {
    runtime: Faulty<R>,
    /// None: cancelled.
    inner: R::JoinSet<Option<T>>,
}

impl<R: Runtime, T: Send + 'static> JoinSet<T> for FaultyJoinSet<R, T> {
    fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, task: F) -> TaskIndex {
        let runtime = self.runtime.clone();
        self.inner.spawn(async move { runtime.task(task).await })
    }

    async fn join_next(&mut self) -> Option<(TaskIndex, Result<T, TaskError>)> {
        self.runtime.reaches(Site::Join).await;
        let joined = self.inner.join_next().await;
        self.runtime.reaches(Site::Joined).await;
        let (index, result) = joined?;
        Some((index, result.and_then(|ended| ended.ok_or(TaskError::Cancelled))))
    }
}
