//! shuttle as an engine: it chooses the next thread at every step, and all atomics are sequentially consistent.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use shuttle::sync::atomic as model;

use super::engine::Announcement;
use super::meetings::LastAccess;
use super::{Engine, Section, steps};
use crate::runtime::announce::{self, Access, ObjectId};
use crate::runtime::{AtomicU64, Ordering};

/// Works only inside a shuttle execution.
#[derive(Clone, Copy, Debug)]
pub struct ShuttleEngine;

impl Engine for ShuttleEngine {
    type AtomicU64 = ShuttleAtomic;
    type Section<T: Send + 'static> = ShuttleSection<T>;

    fn atomic_u64(label: &'static str, value: u64) -> ShuttleAtomic {
        let last_access = LastAccess::default();
        ShuttleAtomic { label, value: model::AtomicU64::new(value), object: Self::new_object(), last_access }
    }

    fn new_object() -> ObjectId {
        // Room below each for the parts of the object: the shards of a map.
        OBJECTS.with(|objects| ObjectId(objects.replace(objects.get() + 1) << 32))
    }

    fn begin() {
        OBJECTS.set(0);
    }

    fn announce(announcement: Announcement) {
        match announcement {
            Announcement::Next(access) => announce::announce(access),
            Announcement::Acquired => announce::acquired(),
            Announcement::Released(object) => announce::released(object),
            Announcement::Spawned(child) => announce::spawned(child as usize),
            Announcement::Joined(child) => announce::joined(child as usize),
        }
    }

    fn spawn(body: impl FnOnce() + Send + 'static) -> u64 {
        // Only for its number: whoever waits for the thread waits for what it leaves in a join set.
        let thread = shuttle::thread::spawn(body);
        usize::from(thread.thread().id()) as u64
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        shuttle::future::block_on(future)
    }

    fn task() -> u64 {
        shuttle::current::try_get_current_task().map_or(0, |task| usize::from(task) as u64)
    }

    /// shuttle reports a deadlock outside all threads.
    fn is_fatal(_panic: &(dyn Any + Send)) -> bool {
        false
    }
}

thread_local! {
    static OBJECTS: Cell<u64> = const { Cell::new(0) };
}

/// Every operation is one step. Orderings are ignored: shuttle has only the strongest.
pub struct ShuttleAtomic {
    label: &'static str,
    value: model::AtomicU64,
    object: ObjectId,
    last_access: LastAccess,
}

impl ShuttleAtomic {
    fn accessed(&self, writes: bool) {
        self.last_access.next(ShuttleEngine::task(), writes);
    }

    fn log(&self, operation: &str, result: impl FnOnce() -> String) {
        steps::log(ShuttleEngine::task(), operation, || self.label.to_owned(), result);
    }
}

impl AtomicU64 for ShuttleAtomic {
    fn load(&self, _ordering: Ordering) -> u64 {
        announce::announce(Access::Read(self.object));
        let value = self.value.load(Ordering::SeqCst);
        self.accessed(false);
        self.log("load", || value.to_string());
        value
    }

    fn store(&self, value: u64, _ordering: Ordering) {
        announce::announce(Access::Write(self.object));
        self.value.store(value, Ordering::SeqCst);
        self.accessed(true);
        self.log("store", || value.to_string());
    }

    fn compare_exchange(&self, current: u64, new: u64, _success: Ordering, _failure: Ordering) -> Result<u64, u64> {
        announce::announce(Access::Write(self.object));
        let exchanged = self.value.compare_exchange(current, new, Ordering::SeqCst, Ordering::SeqCst);
        self.accessed(exchanged.is_ok());
        self.log("exchange", || match exchanged {
            Ok(before) => format!("{before} by {new}"),
            Err(found) => format!("{found}, not {current}"),
        });
        exchanged
    }
}

/// The mutex is only for Rust's sake: no thread is switched out while it is held, so it is never contended.
pub struct ShuttleSection<T> {
    value: Mutex<T>,
    point: model::AtomicBool,
}

impl<T: Send + 'static> Section<T> for ShuttleSection<T> {
    fn new(value: T) -> Self {
        Self { value: Mutex::new(value), point: model::AtomicBool::new(false) }
    }

    fn step<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        // A load is shuttle's cheapest scheduling point. A thread that unwinds must not be switched out: to the others it
        // would look as if they were unwinding.
        if !std::thread::panicking() {
            self.point.load(Ordering::SeqCst);
        }
        self.give_back(access)
    }

    fn give_back<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        access(&mut self.value.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn into_inner(self) -> T {
        self.value.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
