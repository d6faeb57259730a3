//! `std::thread::scope`.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex as Real, PoisonError};
use std::thread as real;

use super::{Builder, Outcome, Result, Thread, Who};
use crate::steps::{Place, TaskEnd, control, is_controlled, number};

/// The name of scoped threads in records.
const SCOPE: &str = "scope";

/// `std::thread::Scope`.
pub struct Scope<'scope, 'env: 'scope>(Inner<'scope, 'env>);

enum Inner<'scope, 'env: 'scope> {
    Real(&'scope real::Scope<'scope, 'env>),
    Tasks { scope: control::Scope<'scope, 'env>, threads: Arc<Threads> },
}

/// The threads of a scope.
#[derive(Debug, Default)]
struct Threads {
    spawned: Real<Vec<u64>>,
    /// Those that panicked, with what they said, but for those whose panic somebody has taken by joining them.
    panicked: Real<BTreeMap<u64, String>>,
}

impl Threads {
    fn spawned(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        self.spawned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn panicked(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, String>> {
        self.panicked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `std::thread::scope`.
///
/// # Panics
/// If a thread panicked that nobody joined.
#[track_caller]
pub fn scope<'env, R>(body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R) -> R {
    if !is_controlled() {
        return real::scope(|scope| body(live_long(Inner::Real(scope))));
    }
    let (place, threads) = (Place::here(), Arc::<Threads>::default());
    let of_scope = Arc::clone(&threads);
    let result = control::scope(
        SCOPE,
        place,
        |scope| body(live_long(Inner::Tasks { scope, threads: of_scope })),
        || threads.spawned().clone(),
    );
    if let Some(message) = threads.panicked().values().next() {
        panic!("a scoped thread panicked: {message}");
    }
    result
}

/// A scope is seen for as long as its threads live, which is longer than the call that makes it, so it is never freed. It is
/// a few words.
fn live_long<'scope, 'env>(inner: Inner<'scope, 'env>) -> &'scope Scope<'scope, 'env> {
    Box::leak(Box::new(Scope(inner)))
}

impl<'scope> Scope<'scope, '_> {
    #[track_caller]
    pub fn spawn<T: Send + 'scope>(
        &'scope self,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> ScopedJoinHandle<'scope, T> {
        Builder::new().spawn_scoped(self, body).expect("failed to spawn thread")
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

impl Builder {
    /// # Errors
    /// There is no thread to be had.
    #[track_caller]
    pub fn spawn_scoped<'scope, T: Send + 'scope>(
        self,
        scope: &'scope Scope<'scope, '_>,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> io::Result<ScopedJoinHandle<'scope, T>> {
        let (scope, threads) = match &scope.0 {
            Inner::Real(scope) => {
                return Ok(ScopedJoinHandle(Handle::Real(self.real().spawn_scoped(scope, body)?)));
            }
            Inner::Tasks { scope, threads } => (scope, threads),
        };
        let place = Place::here();
        let outcome = Arc::new(Outcome::new());
        let (left, of_scope) = (Arc::clone(&outcome), Arc::clone(threads));
        let index = threads.spawned().len();
        let task = scope.spawn(SCOPE, index, place, move || {
            let end = left.fill(place, body);
            if let TaskEnd::Panicked(message) = &end {
                of_scope.panicked().insert(number(), message.clone());
            }
            end
        });
        threads.spawned().push(task);
        let thread = Thread(Who::Task { task, name: self.name });
        Ok(ScopedJoinHandle(Handle::Task { outcome, threads: Arc::clone(threads), thread }))
    }
}

/// `std::thread::ScopedJoinHandle`.
pub struct ScopedJoinHandle<'scope, T>(Handle<'scope, T>);

enum Handle<'scope, T> {
    Real(real::ScopedJoinHandle<'scope, T>),
    Task { outcome: Arc<Outcome<T>>, threads: Arc<Threads>, thread: Thread },
}

impl<T> ScopedJoinHandle<'_, T> {
    /// # Errors
    /// The thread's panic.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        match self.0 {
            Handle::Real(handle) => handle.join(),
            Handle::Task { outcome, threads, thread } => {
                let result = outcome.join(Place::here());
                if let Who::Task { task, .. } = &thread.0 {
                    threads.panicked().remove(task);
                }
                result
            }
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

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
