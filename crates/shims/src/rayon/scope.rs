//! Jobs that may borrow from their caller, since it waits for them.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex as Real, MutexGuard, PoisonError};
use std::thread as real;

use super::pool;
use crate::steps::{Place, TaskEnd, control, is_controlled};

/// The name of rayon's threads in records.
const JOBS: &str = "rayon";

type Panic = Box<dyn Any + Send>;
type Job<'scope, 'env> = Box<dyn FnOnce(&Scope<'scope, 'env>) + Send + 'scope>;

/// `rayon::Scope`, with the two lifetimes of `std::thread::Scope` for the one of rayon's.
pub struct Scope<'scope, 'env: 'scope> {
    threads: Threads<'scope, 'env>,
    ends: Arc<Ends>,
    /// Jobs of a pool of one thread, which has to do something else first.
    later: Arc<Real<Vec<Job<'scope, 'env>>>>,
}

#[derive(Clone, Copy)]
enum Threads<'scope, 'env: 'scope> {
    Real(&'scope real::Scope<'scope, 'env>),
    Tasks(control::Scope<'scope, 'env>),
}

/// What the threads of a scope come to.
#[derive(Default)]
struct Ends {
    begun: AtomicUsize,
    tasks: Real<BTreeMap<usize, u64>>,
    /// The first panic.
    panic: Real<Option<Panic>>,
}

impl Ends {
    fn run(&self, job: impl FnOnce()) -> TaskEnd {
        let Err(panic) = catch_unwind(AssertUnwindSafe(job)) else { return TaskEnd::Ok };
        let end = TaskEnd::Panicked(control::panic_message(&*panic));
        lock(&self.panic).get_or_insert(panic);
        end
    }
}

/// Such a lock is only for Rust's sake: nobody is switched out who has it.
pub(super) fn lock<T>(value: &Real<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `rayon::scope`. The body runs in the calling thread.
///
/// # Panics
/// If the body or a job did.
#[track_caller]
pub fn scope<'env, R: Send>(op: impl for<'scope> FnOnce(&Scope<'scope, 'env>) -> R + Send) -> R {
    scope_at(Place::here(), op)
}

/// `rayon::in_place_scope`.
///
/// # Panics
/// If the body or a job did.
#[track_caller]
pub fn in_place_scope<'env, R>(op: impl for<'scope> FnOnce(&Scope<'scope, 'env>) -> R) -> R {
    scope_at(Place::here(), op)
}

fn scope_at<'env, R>(place: Place, op: impl for<'scope> FnOnce(&Scope<'scope, 'env>) -> R) -> R {
    let ends = Arc::<Ends>::default();
    let of_scope = Arc::clone(&ends);
    let result = if is_controlled() {
        let tasks = || lock(&ends.tasks).values().copied().collect();
        control::scope(JOBS, place, |scope| body(Threads::Tasks(scope), of_scope, op), tasks)
    } else {
        real::scope(|scope| body(Threads::Real(scope), of_scope, op))
    };
    let panic = lock(&ends.panic).take();
    match (result, panic) {
        (Err(panic), _) | (Ok(_), Some(panic)) => resume_unwind(panic),
        (Ok(result), None) => result,
    }
}

fn body<'scope, 'env, R>(
    threads: Threads<'scope, 'env>,
    ends: Arc<Ends>,
    op: impl FnOnce(&Scope<'scope, 'env>) -> R,
) -> real::Result<R> {
    let scope = Scope { threads, ends, later: Arc::default() };
    // The jobs borrow from the caller, so it must not unwind before they have ended.
    let result = catch_unwind(AssertUnwindSafe(|| op(&scope)));
    loop {
        // A pool's thread does first what it was given last.
        let Some(job) = lock(&scope.later).pop() else { return result };
        scope.ends.run(|| job(&scope));
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    #[track_caller]
    pub fn spawn<BODY>(&self, body: BODY)
    where
        BODY: FnOnce(&Scope<'scope, 'env>) + Send + 'scope,
    {
        self.spawn_at(Place::here(), body);
    }

    fn spawn_at(&self, place: Place, body: impl FnOnce(&Scope<'scope, 'env>) + Send + 'scope) {
        if pool::current_num_threads() == 1 {
            return lock(&self.later).push(Box::new(body));
        }
        let scope = Scope { threads: self.threads, ends: Arc::clone(&self.ends), later: Arc::clone(&self.later) };
        let size = pool::size();
        let job = move || {
            let ends = Arc::clone(&scope.ends);
            ends.run(|| {
                let _working = pool::working(size);
                body(&scope);
            })
        };
        match self.threads {
            Threads::Real(threads) => drop(threads.spawn(job)),
            Threads::Tasks(threads) => {
                let index = self.ends.begun.fetch_add(1, Relaxed);
                let task = threads.spawn(JOBS, index, place, job);
                lock(&self.ends.tasks).insert(index, task);
            }
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// `rayon::join`: the second closure is a thread, and the first one runs in the caller.
///
/// # Panics
/// If one of them did.
#[track_caller]
pub fn join<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    let (place, second) = (Place::here(), Real::new(None));
    let of_second = &second;
    let first = scope_at(place, |scope| {
        scope.spawn_at(place, move |_| {
            let result = b();
            *lock(of_second) = Some(result);
        });
        a()
    });
    (first, left(second))
}

/// Does all the jobs at once, each in a thread of its own, and returns what they came to in their order.
pub(super) fn run<J: Send, R: Send>(place: Place, jobs: Vec<J>, work: impl Fn(J) -> R + Sync) -> Vec<R> {
    if jobs.len() <= 1 {
        return jobs.into_iter().map(work).collect();
    }
    let results: Vec<Real<Option<R>>> = jobs.iter().map(|_| Real::new(None)).collect();
    let work = &work;
    scope_at(place, |scope| {
        for (job, result) in jobs.into_iter().zip(&results) {
            scope.spawn_at(place, move |_| {
                let done = work(job);
                *lock(result) = Some(done);
            });
        }
    });
    results.into_iter().map(left).collect()
}

/// What a job left that has ended.
fn left<R>(result: Real<Option<R>>) -> R {
    result.into_inner().unwrap_or_else(PoisonError::into_inner).expect("a job that did not panic leaves its result")
}
