//! shuttle as an engine: it chooses the next thread at every step, and all atomics are sequentially consistent. Everything
//! here works only inside a shuttle execution.

use std::cell::Cell;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use shuttle::sync::atomic as model;

use super::action::Action;
use super::engine::Announcement;
use super::meetings::LastAccess;
use super::shown::Label;
use super::steps::{self, Place};
use crate::announce::{self, Access, ObjectId};
use seriatim_runtime::Ordering;

thread_local! {
    static OBJECTS: Cell<u64> = const { Cell::new(0) };
    static EXECUTION: Cell<u64> = const { Cell::new(0) };
}

pub(super) fn begin() {
    /// Executions begun in this process. No schedule depends on it.
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    EXECUTION.set(BEGUN.fetch_add(1, Relaxed) + 1);
    OBJECTS.set(0);
}

/// The number of the execution that began last on this thread, from 1. Things that outlive an execution tell by it that
/// another one has begun.
pub fn execution() -> u64 {
    EXECUTION.get()
}

pub(super) fn new_object() -> ObjectId {
    // Room below each for the parts of the object: the shards of a map.
    OBJECTS.with(|objects| ObjectId(objects.replace(objects.get() + 1) << 32))
}

pub(super) fn announce(announcement: Announcement) {
    match announcement {
        Announcement::Next(access) => announce::announce(access),
        Announcement::Acquired => announce::acquired(),
        Announcement::Released(object) => announce::released(object),
        Announcement::Spawned(child) => announce::spawned(child as usize),
        Announcement::Joined(child) => announce::joined(child as usize),
    }
}

pub(super) fn spawn(body: impl FnOnce() + Send + 'static) -> u64 {
    // Only for its number: whoever waits for the thread waits for what it leaves in a join set.
    let thread = shuttle::thread::spawn(body);
    usize::from(thread.thread().id()) as u64
}

pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    shuttle::future::block_on(future)
}

pub(super) fn task() -> u64 {
    shuttle::current::try_get_current_task().map_or(0, |task| usize::from(task) as u64)
}

/// Every operation is one step. There are no orderings: shuttle has only the strongest.
pub struct ShuttleAtomic {
    label: &'static str,
    value: model::AtomicU64,
    object: ObjectId,
    last_access: LastAccess,
}

impl ShuttleAtomic {
    pub(super) fn new(label: &'static str, value: u64) -> Self {
        let last_access = LastAccess::default();
        Self { label, value: model::AtomicU64::new(value), object: new_object(), last_access }
    }

    #[track_caller]
    pub(super) fn load(&self) -> u64 {
        announce::announce(Access::Read(self.object));
        let value = self.value.load(Ordering::SeqCst);
        self.accessed(false);
        self.trace(|atomic| Action::Load { atomic, value });
        value
    }

    #[track_caller]
    pub(super) fn store(&self, value: u64) {
        announce::announce(Access::Write(self.object));
        self.value.store(value, Ordering::SeqCst);
        self.accessed(true);
        self.trace(|atomic| Action::Store { atomic, value });
    }

    #[track_caller]
    pub(super) fn compare_exchange(&self, current: u64, new: u64) -> Result<u64, u64> {
        announce::announce(Access::Write(self.object));
        let exchanged = self.value.compare_exchange(current, new, Ordering::SeqCst, Ordering::SeqCst);
        self.accessed(exchanged.is_ok());
        self.trace(|atomic| match exchanged {
            Ok(found) => Action::Exchange { atomic, found, new },
            Err(found) => Action::ExchangeFailed { atomic, found, expected: current },
        });
        exchanged
    }

    #[track_caller]
    pub(super) fn fetch_add(&self, amount: u64) -> u64 {
        announce::announce(Access::Write(self.object));
        let found = self.value.fetch_add(amount, Ordering::SeqCst);
        self.accessed(true);
        self.trace(|atomic| Action::Exchange { atomic, found, new: found.wrapping_add(amount) });
        found
    }

    fn accessed(&self, writes: bool) {
        self.last_access.next(task(), writes);
    }

    #[track_caller]
    fn trace(&self, action: impl FnOnce(Label) -> Action) {
        steps::trace_at(Place::here(), task, || action(self.label.into()));
    }
}

/// The mutex is only for Rust's sake: no thread is switched out while it is held, so it is never contended.
pub(super) struct ShuttleSection<T> {
    value: Mutex<T>,
    point: model::AtomicBool,
}

impl<T> ShuttleSection<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), point: model::AtomicBool::new(false) }
    }

    pub(super) fn step<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        // A load is shuttle's cheapest scheduling point. A thread that unwinds must not be switched out: to the others it
        // would look as if they were unwinding.
        if !std::thread::panicking() {
            self.point.load(Ordering::SeqCst);
        }
        self.give_back(access)
    }

    pub(super) fn give_back<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        access(&mut self.value.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
