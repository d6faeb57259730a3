//! Everything concurrent, behind one trait. The executor names no lock, atomic, map, task or channel of its own: it
//! takes them from a [`Runtime`], so one source runs under tokio and under any model of it. A runtime is a value,
//! because what chance decides elsewhere (hash seeds, placement of keys in shards) is an input here.
//!
//! Every constructor takes a label, so that a decorator can name the object in a trace, and every operation knows its
//! caller (`#[track_caller]`), so that the trace can name the line. A decorator makes the inner future before its own
//! `async` block: what is called inside one has that block for a caller.
//!
//! Stable, as far as version 0.x allows: [`Runtime`] and the traits of its objects, [`Native`], [`Recorder`], [`both`],
//! [`caught`], [`TaskIndex`] and [`TaskError`]. Internal, and free to change at any release: [`Probed`], [`Faults`],
//! [`Level`] and [`SeededHasher`], which the harness uses.
//!
//! ```
//! use seriatim_runtime::{AtomicU64, JoinSet, Native, Ordering, Runtime};
//! use std::sync::Arc;
//!
//! /// Adds up fees, one task each. It runs on tokio and on any model of it.
//! async fn fees<R: Runtime>(runtime: &R, given: Vec<u64>) -> u64 {
//!     let sum = Arc::new(runtime.atomic_u64("fees", 0));
//!     let mut tasks = runtime.join_set("transactions");
//!     for fee in given {
//!         let sum = Arc::clone(&sum);
//!         tasks.spawn(async move {
//!             sum.fetch_add(fee, Ordering::Relaxed);
//!         });
//!     }
//!     while tasks.join_next().await.is_some() {}
//!     sum.load(Ordering::Relaxed)
//! }
//!
//! let tokio = tokio::runtime::Builder::new_multi_thread().build()?;
//! let runtime = Native::with_hash_seed(7);
//! assert_eq!(tokio.block_on(async { fees(&runtime, vec![10, 20, 12]).await }), 42);
//! # Ok::<(), std::io::Error>(())
//! ```

mod faults;
mod level;
mod native;
mod probed;
mod recorder;
mod seeded_hasher;

use std::any::Any;
use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::hash::Hash;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use serde::Serialize;

pub use faults::{Caller, DELAY, Fault, Faults, INJECTED, Injected, Passed, Site, behalf, on_behalf};
pub use level::{Inside, Level};
pub use native::Native;
pub use probed::{Probed, TaskFigures};
pub use recorder::Recorder;
pub use seeded_hasher::SeededHasher;

/// A key of a concurrent map.
pub trait MapKey: Hash + Ord + Clone + Debug + Send + Sync + 'static {}
impl<T: Hash + Ord + Clone + Debug + Send + Sync + 'static> MapKey for T {}

/// A value of a concurrent map, or behind a lock. `Debug`, so that a recorded execution can tell what was read and written.
pub trait MapValue: Debug + Send + Sync + 'static {}
impl<T: Debug + Send + Sync + 'static> MapValue for T {}

/// The concurrency that executors are written against.
pub trait Runtime: Clone + Send + Sync + 'static {
    type Map<K: MapKey, V: MapValue>: ConcurrentMap<K, V>;
    type AtomicU64: AtomicU64;
    type Semaphore: Semaphore;
    type RwLock<T: MapValue>: RwLock<T>;
    type JoinSet<T: Send + 'static>: JoinSet<T>;

    /// An empty map.
    fn map<K: MapKey, V: MapValue>(&self, label: &'static str) -> Self::Map<K, V>;

    /// An atomic with a first value.
    fn atomic_u64(&self, label: &'static str, value: u64) -> Self::AtomicU64;

    /// A semaphore with so many permits.
    fn semaphore(&self, label: &'static str, permits: usize) -> Self::Semaphore;

    /// An async lock around a value.
    fn rw_lock<T: MapValue>(&self, label: &'static str, value: T) -> Self::RwLock<T>;

    /// A join set without tasks.
    fn join_set<T: Send + 'static>(&self, label: &'static str) -> Self::JoinSet<T>;

    /// Lets other tasks run.
    #[track_caller]
    fn yield_now(&self) -> impl Future<Output = ()> + Send;

    /// A number for the current task, for traces; the same task keeps it.
    fn task(&self) -> u64;

    /// Lets other threads take the task that the current one has spawned or woken last, for whoever will not suspend soon.
    fn hand_over(&self) {}

    /// Tells a trace that the current task works on this item of its block from here on.
    #[track_caller]
    fn works_on(&self, item: usize) {
        let _ = item;
    }
}

/// A map of shards, each behind its own reader-writer lock, with dashmap's behaviour: a guard blocks its whole
/// shard, and entering that shard for writing while holding one of its guards never returns.
///
/// # Examples
/// A guard blocks its shard, so it lives for one statement.
///
/// ```
/// use seriatim_runtime::{ConcurrentMap, Native, Runtime};
///
/// let balances = Native::with_hash_seed(7).map("balances");
/// assert_eq!(balances.insert("alice", 5_u64), None);
/// *balances.entry_or_insert("bob", 0) += 3;
/// *balances.entry_or_insert("bob", 100) += 1; // The value is there, so 100 is not used.
/// assert_eq!(balances.get(&"bob").map(|guard| *guard), Some(4)); // The guard is gone before the next line.
///
/// let mut entries = balances.into_entries();
/// entries.sort_unstable(); // The order of the entries means nothing.
/// assert_eq!(entries, [("alice", 5), ("bob", 4)]);
/// ```
pub trait ConcurrentMap<K: MapKey, V: MapValue>: Send + Sync + 'static {
    /// Shared access to one value; `Send`, so that a guard held across an await compiles and can be found.
    type Ref<'a>: Deref<Target = V> + Send
    where
        Self: 'a;
    /// Exclusive access to one value.
    type RefMut<'a>: DerefMut<Target = V> + Send
    where
        Self: 'a;

    /// Shared access, if the key is there.
    #[track_caller]
    fn get(&self, key: &K) -> Option<Self::Ref<'_>>;

    /// Exclusive access, if the key is there.
    #[track_caller]
    fn get_mut(&self, key: &K) -> Option<Self::RefMut<'_>>;

    /// Whether the key is there.
    #[track_caller]
    fn contains_key(&self, key: &K) -> bool;

    /// Sets the value, and returns the one before.
    #[track_caller]
    fn insert(&self, key: K, value: V) -> Option<V>;

    /// Exclusive access to the value; `value` is used only if there is none.
    #[track_caller]
    fn entry_or_insert(&self, key: K, value: V) -> Self::RefMut<'_>;

    /// Every entry, in an order that means nothing and changes from run to run. Takes the map apart: no task may still
    /// use it.
    fn into_entries(self) -> Vec<(K, V)>;
}

/// An atomic integer. The orderings are the standard library's.
pub trait AtomicU64: Send + Sync + 'static {
    #[track_caller]
    fn load(&self, ordering: Ordering) -> u64;

    #[track_caller]
    fn store(&self, value: u64, ordering: Ordering);

    /// Sets `new` if the value is `current`. Returns the value before; `Err` if it was another.
    ///
    /// # Errors
    /// The value found, if it was not `current`.
    #[track_caller]
    fn compare_exchange(&self, current: u64, new: u64, success: Ordering, failure: Ordering) -> Result<u64, u64>;

    /// Adds, and wraps as the standard library does. Returns the value before.
    #[track_caller]
    fn fetch_add(&self, amount: u64, ordering: Ordering) -> u64;
}

pub use std::sync::atomic::Ordering;

/// Counts permits. First come, first served.
pub trait Semaphore: Send + Sync + 'static {
    /// Gives its permit back when dropped, also by a panic or a cancelled task.
    type Permit: Send + 'static;

    /// Waits for a permit.
    #[track_caller]
    fn acquire(&self) -> impl Future<Output = Self::Permit> + Send;
}

/// A value behind an async reader-writer lock. First come, first served.
///
/// # Examples
/// ```
/// use seriatim_runtime::{Native, Runtime, RwLock};
///
/// let tokio = tokio::runtime::Builder::new_current_thread().build()?;
/// tokio.block_on(async {
///     let account = Native::with_hash_seed(7).rw_lock("account", 5_u64);
///     *account.write().await += 2; // Read and write are under one guard: no update is lost.
///     let (one, other) = (account.read().await, account.read().await); // Readers share it.
///     assert_eq!((*one, *other), (7, 7));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait RwLock<T>: Send + Sync + 'static {
    /// Shared access.
    type Read<'a>: Deref<Target = T> + Send
    where
        Self: 'a;
    /// Exclusive access.
    type Write<'a>: DerefMut<Target = T> + Send
    where
        Self: 'a;

    /// Waits until no writer is there or before it in the queue.
    #[track_caller]
    fn read(&self) -> impl Future<Output = Self::Read<'_>> + Send;

    /// Waits until nobody else is there or before it in the queue.
    #[track_caller]
    fn write(&self) -> impl Future<Output = Self::Write<'_>> + Send;
}

/// Position of a task in the order of spawning of its join set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskIndex(pub usize);

/// Why a task has no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum TaskError {
    /// Its code panicked, with this message.
    #[error("panicked: {0}")]
    Panicked(String),
    /// It was cancelled before it ended.
    #[error("cancelled")]
    Cancelled,
}

/// Tasks, joined in whatever order they end. Dropping the set cancels those that still run.
///
/// # Examples
/// The panic of a task is a result like others.
///
/// ```
/// use seriatim_runtime::{JoinSet, Native, Runtime, TaskError};
///
/// let tokio = tokio::runtime::Builder::new_current_thread().build()?;
/// tokio.block_on(async {
///     let mut tasks = Native::with_hash_seed(7).join_set("transactions");
///     for number in 0..3_u64 {
///         tasks.spawn(async move {
///             if number == 1 {
///                 std::panic::resume_unwind(Box::new("no funds"));
///             }
///             number
///         });
///     }
///     let mut results = vec![None; 3];
///     while let Some((index, result)) = tasks.join_next().await {
///         results[index.0] = Some(result); // Filed by task, not by the order in which tasks end.
///     }
///     let panicked = Err(TaskError::Panicked("no funds".to_owned()));
///     assert_eq!(results, [Some(Ok(0)), Some(panicked), Some(Ok(2))]);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait JoinSet<T: Send + 'static>: Send {
    /// Starts a task; the first one has index 0.
    #[track_caller]
    fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, task: F) -> TaskIndex;

    /// Numbers `task` as [`Self::spawn`] does, and hands it back for the caller to run: it is a task of the set in all but
    /// that no other thread takes it, so its start costs nothing. [`Self::join_next`] knows nothing of it.
    #[track_caller]
    fn here<F: Future<Output = T> + Send + 'static>(
        &mut self,
        task: F,
    ) -> (TaskIndex, impl Future<Output = Result<T, TaskError>> + Send + 'static);

    /// Waits for some task to end. None: no task is left.
    #[track_caller]
    fn join_next(&mut self) -> impl Future<Output = Option<(TaskIndex, Result<T, TaskError>)>> + Send;
}

/// Polls both futures on the current task until both have ended.
///
/// # Examples
/// ```
/// use seriatim_runtime::{Native, Runtime, Semaphore, both};
///
/// let tokio = tokio::runtime::Builder::new_current_thread().build()?;
/// let answers = tokio.block_on(async {
///     let permit = Native::with_hash_seed(7).semaphore("permit", 1);
///     let held = permit.acquire().await;
///     // The first waits for what the second gives, so one after the other they would never end.
///     both(async { permit.acquire().await; "had it" }, async move { drop(held); "gave it" }).await
/// });
/// assert_eq!(answers, ("had it", "gave it"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn both<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut of_first, mut of_second) = (None, None);
    poll_fn(|context| {
        poll_into(&mut of_first, first.as_mut(), context);
        poll_into(&mut of_second, second.as_mut(), context);
        if of_first.is_some() && of_second.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    (of_first.expect("it has ended"), of_second.expect("it has ended"))
}

/// Polls a future that has not ended yet, and keeps what it ends with.
fn poll_into<F: Future>(output: &mut Option<F::Output>, future: Pin<&mut F>, context: &mut Context<'_>) {
    if output.is_none()
        && let Poll::Ready(ended) = future.poll(context)
    {
        *output = Some(ended);
    }
}

/// Runs a future and catches its panic, in whichever poll it comes.
///
/// # Examples
/// ```
/// use seriatim_runtime::{caught, panic_message};
///
/// let tokio = tokio::runtime::Builder::new_current_thread().build()?;
/// tokio.block_on(async {
///     assert_eq!(caught(async { 7 }).await.ok(), Some(7));
///     let panic = caught(async { std::panic::resume_unwind(Box::new("balance below 0")) }).await;
///     let payload: Box<dyn std::any::Any + Send> = panic.map(|()| ()).unwrap_err();
///     assert_eq!(panic_message(&*payload), "balance below 0");
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = Box::pin(future);
    poll_fn(move |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await
}

/// The text of a panic, as far as it has one.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_owned()
    }
}
