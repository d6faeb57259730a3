//! What goes wrong once, and where: at a chosen point a task is delayed, panics or is cancelled, or a call fails. The points
//! are those of a [`super::Probed`] runtime.

use std::cell::Cell;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Site {
    /// The task stands before its first poll.
    Start,
    /// The task stands before any other poll.
    Resume,
    /// The task stands before a read of the storage.
    Read,
    /// The task stands before a commit or a rewind.
    Write,
    /// The commit or rewind is done.
    Written,
    /// The task stands before it asks for a permit.
    Acquire,
    /// The task has the permit.
    Acquired,
    /// The task stands before it joins the next one.
    Join,
    /// The task has the result of the one that it joined.
    Joined,
    /// The task stands before it asks for a lock.
    Lock,
    /// The task has the lock's guard.
    Locked,
    /// The task stands before it lets others run.
    Yield,
    /// The task has let others run.
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
    /// Each kind, in the order in which a fuzzer's bytes number them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name in reports and files.
    pub fn name(self) -> &'static str {
        self.into_str()
    }

    /// Whether it can be injected there: only what is still to be done by the storage can fail.
    pub fn fits(self, site: Site) -> bool {
        self != Self::Error || matches!(site, Site::Read | Site::Write)
    }
}

impl Site {
    /// Its name in reports and files.
    pub fn name(self) -> &'static str {
        self.into_str()
    }
}

/// Which fault is injected, and at which point. Clones are handles on the same one.
///
/// # Examples
/// ```
/// use seriatim_runtime::{Fault, Faults, INJECTED, JoinSet, Native, Probed, Runtime, TaskError};
///
/// let faults = Faults::default();
/// let runtime = Probed::new(Native::with_hash_seed(7)).with_faults(faults.clone());
/// let tokio = tokio::runtime::Builder::new_current_thread().build()?;
/// let run = || tokio.block_on(async {
///     let mut tasks = runtime.join_set("task");
///     tasks.spawn(async { "done" });
///     tasks.join_next().await.map(|(_, result)| result)
/// });
///
/// faults.arm(None); // A calm run shows how many points there are, and where.
/// assert_eq!(run(), Some(Ok("done")));
/// let sites = faults.disarm().sites;
/// let start = sites.iter().position(|site| site.name() == "start").unwrap();
///
/// faults.arm(Some((start, Fault::Panic))); // The same run, and the task panics before its first poll.
/// assert_eq!(run(), Some(Err(TaskError::Panicked(INJECTED.to_owned()))));
/// assert_eq!(faults.disarm().injected, Some((start, Fault::Panic)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

/// Held for moments in which nobody suspends or panics.
#[derive(Debug, Default)]
struct Plan {
    is_armed: bool,
    injected: Option<(usize, Fault)>,
    passed: Passed,
    /// Who is to be dropped at the end of its poll, by [`Runtime::task`].
    cancelled: Option<u64>,
}

/// Who called the operation at a point. None: nobody knows, as of calls of the storage.
pub type Caller = Option<&'static Location<'static>>;

thread_local! {
    static BEHALF: Cell<Caller> = const { Cell::new(None) };
}

/// Runs what somebody else calls for `caller`: a layer around a storage, for whoever asks the storage.
pub fn on_behalf<R>(caller: &'static Location<'static>, call: impl FnOnce() -> R) -> R {
    let before = BEHALF.replace(Some(caller));
    let result = call();
    BEHALF.set(before);
    result
}

/// Tells for whom the code that runs now was called, if [`on_behalf`] said so.
pub fn behalf() -> Caller {
    BEHALF.get()
}

/// The points that were reached while faults were armed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// The site of each point, in order of number.
    pub sites: Vec<Site>,
    /// The line of each. A task that goes on stands where it slept.
    pub callers: Vec<Caller>,
    /// The point at which the fault was injected, and the fault; it did happen.
    pub injected: Option<(usize, Fault)>,
}

impl Faults {
    /// Counts points from 0 from now on, and injects the fault at the one of that number, if it fits there.
    pub fn arm(&self, injected: Option<(usize, Fault)>) {
        *self.plan() = Plan { is_armed: true, injected, ..Plan::default() };
    }

    /// Nothing is counted and nothing injected any more. Returns what was passed since [`Self::arm`].
    pub fn disarm(&self) -> Passed {
        std::mem::take(&mut *self.plan()).passed
    }

    /// Whether the fault was injected since [`Self::arm`].
    pub fn have_injected(&self) -> bool {
        self.plan().passed.injected.is_some()
    }

    pub(super) fn reach(&self, site: Site, caller: Caller) -> Option<Fault> {
        let mut plan = self.plan();
        if !plan.is_armed {
            return None;
        }
        let at = plan.passed.sites.len();
        plan.passed.sites.push(site);
        plan.passed.callers.push(caller);
        let injected = plan.injected.filter(|(point, fault)| *point == at && fault.fits(site));
        plan.passed.injected = plan.passed.injected.or(injected);
        injected.map(|(_, fault)| fault)
    }

    pub(super) fn cancel(&self, task: u64) {
        self.plan().cancelled = Some(task);
    }

    pub(super) fn takes_back(&self, task: u64) -> bool {
        self.plan().cancelled.take_if(|cancelled| *cancelled == task).is_some()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
