//! `std::thread`: the threads of an execution are its tasks.

mod local;
mod park;
mod scoped;

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex as Real, PoisonError};
use std::thread as real;
use std::time::Duration;

pub use std::thread::{Result, panicking};

pub use crate::thread_local;
pub use local::{AccessError, LocalKey};
pub use park::{park, park_timeout};
pub use scoped::{Scope, ScopedJoinHandle, scope};

use crate::steps::{Effect, Place, Shared, TaskEnd, call, control, is_controlled, number, yield_now as let_others_run};

/// Threads that an execution is told of where it asks how many there could be.
const PARALLELISM: NonZeroUsize = NonZeroUsize::new(4).expect("4 is not 0");

/// The name of threads in records.
const THREADS: &str = "threads";

#[track_caller]
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    Builder::new().spawn(body).expect("failed to spawn thread")
}

#[track_caller]
pub fn yield_now() {
    if is_controlled() { let_others_run(Place::here()) } else { real::yield_now() }
}

/// Time stands still under control: it lets others run.
#[track_caller]
pub fn sleep(time: Duration) {
    if is_controlled() { let_others_run(Place::here()) } else { real::sleep(time) }
}

/// `std::thread::available_parallelism`; 4 in an execution, so that it is the same on every machine.
///
/// # Errors
/// See `std::thread::available_parallelism`.
pub fn available_parallelism() -> io::Result<NonZeroUsize> {
    if is_controlled() { Ok(PARALLELISM) } else { real::available_parallelism() }
}

#[must_use]
pub fn current() -> Thread {
    if is_controlled() { Thread(Who::Task { task: number(), name: None }) } else { Thread(Who::Real(real::current())) }
}

/// `std::thread::Builder`.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
    stack_bytes: Option<usize>,
}

impl Builder {
    pub const fn new() -> Self {
        Self { name: None, stack_bytes: None }
    }

    #[must_use]
    pub fn name(self, name: String) -> Self {
        Self { name: Some(name), ..self }
    }

    /// Every thread has the same stack under control.
    #[must_use]
    pub fn stack_size(self, stack_bytes: usize) -> Self {
        Self { stack_bytes: Some(stack_bytes), ..self }
    }

    fn real(&self) -> real::Builder {
        let builder = self.name.iter().fold(real::Builder::new(), |builder, name| builder.name(name.clone()));
        self.stack_bytes.into_iter().fold(builder, real::Builder::stack_size)
    }

    /// # Errors
    /// There is no thread to be had.
    #[track_caller]
    pub fn spawn<T: Send + 'static>(self, body: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
        if !is_controlled() {
            return Ok(JoinHandle(Handle::Real(self.real().spawn(body)?)));
        }
        let place = Place::here();
        let outcome = Arc::new(Outcome::new());
        let left = Arc::clone(&outcome);
        let index = park::next_index();
        let task = crate::steps::spawn(THREADS, index, place, move || left.fill(place, body));
        let thread = Thread(Who::Task { task, name: self.name });
        Ok(JoinHandle(Handle::Task { outcome, thread }))
    }
}

/// What a thread leaves for whoever joins it.
pub(crate) struct Outcome<T> {
    shared: Shared,
    result: Real<Option<Result<T>>>,
}

impl<T> Outcome<T> {
    #[track_caller]
    pub fn new() -> Self {
        Self { shared: Shared::new("thread"), result: Real::new(None) }
    }

    /// Runs a thread's body, and says how it ended.
    pub fn fill(&self, place: Place, body: impl FnOnce() -> T) -> TaskEnd {
        let result = control::catch(body);
        let end = match &result {
            Ok(_) => TaskEnd::Ok,
            Err(panic) => TaskEnd::Panicked(control::panic_text(&**panic)),
        };
        let leave = || *self.lock() = Some(result);
        self.shared.operate(Effect::Write, place, leave, call("end", Effect::Write));
        self.shared.wake();
        end
    }

    /// Waits for the thread.
    pub fn join(&self, place: Place) -> Result<T> {
        self.shared.wait_for("join", place, || self.lock().take(), call("join", Effect::Read))
    }

    pub fn is_there(&self, place: Place) -> bool {
        self.shared.operate(Effect::Read, place, || self.lock().is_some(), call("is finished", Effect::Read))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Result<T>>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `std::thread::JoinHandle`.
pub struct JoinHandle<T>(Handle<T>);

enum Handle<T> {
    Real(real::JoinHandle<T>),
    Task { outcome: Arc<Outcome<T>>, thread: Thread },
}

impl<T> JoinHandle<T> {
    /// # Errors
    /// The thread's panic.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        match self.0 {
            Handle::Real(handle) => handle.join(),
            Handle::Task { outcome, .. } => outcome.join(Place::here()),
        }
    }

    #[must_use]
    pub fn thread(&self) -> Thread {
        match &self.0 {
            Handle::Real(handle) => Thread(Who::Real(handle.thread().clone())),
            Handle::Task { thread, .. } => thread.clone(),
        }
    }

    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Handle::Real(handle) => handle.is_finished(),
            Handle::Task { outcome, .. } => outcome.is_there(Place::here()),
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// `std::thread::Thread`.
#[derive(Clone, Debug)]
pub struct Thread(Who);

#[derive(Clone, Debug)]
enum Who {
    Real(real::Thread),
    Task { task: u64, name: Option<String> },
}

/// `std::thread::ThreadId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(Id);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Id {
    Real(real::ThreadId),
    Task(u64),
}

impl Thread {
    pub fn id(&self) -> ThreadId {
        ThreadId(match &self.0 {
            Who::Real(thread) => Id::Real(thread.id()),
            Who::Task { task, .. } => Id::Task(*task),
        })
    }

    /// Only a thread's handle knows its name under control.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Who::Real(thread) => thread.name(),
            Who::Task { name, .. } => name.as_deref(),
        }
    }

    #[track_caller]
    pub fn unpark(&self) {
        match &self.0 {
            Who::Real(thread) => thread.unpark(),
            Who::Task { task, .. } => park::unpark(*task, Place::here()),
        }
    }
}
