//! What the tasks of a runtime know of it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex as Real, MutexGuard, PoisonError};

use ::tokio::runtime::RuntimeFlavor;

use super::worker::{Held, Worker};
use crate::steps::Place;
use crate::tokio::task::Life;

crate::thread_local! {
    static CURRENT: RefCell<Option<Arc<Context>>> = const { RefCell::new(None) };
}

/// A runtime of an execution.
pub(in crate::tokio) struct Context {
    /// Whether the thread that waits in it is its worker.
    is_of_caller: bool,
    /// What every poll needs in a runtime of one thread.
    worker: Option<Worker>,
    tasks: Real<Tasks>,
}

#[derive(Default)]
struct Tasks {
    spawned: usize,
    alive: Vec<Arc<Life>>,
    is_shut_down: bool,
}

impl Context {
    pub fn new(is_of_caller: bool, has_one_worker: bool) -> Arc<Self> {
        Arc::new(Self { is_of_caller, worker: has_one_worker.then(Worker::new), tasks: Real::default() })
    }

    pub fn flavor(&self) -> RuntimeFlavor {
        if self.is_of_caller { RuntimeFlavor::CurrentThread } else { RuntimeFlavor::MultiThread }
    }

    /// The worker, where the thread that waits for the runtime is its only worker.
    pub fn idle(&self, place: Place) -> Option<Held> {
        self.worker.as_ref().filter(|_| self.is_of_caller).map(|worker| worker.hold(place))
    }

    /// Takes a worker for each poll.
    pub async fn on_worker<F: Future>(&self, place: Place, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            let _worker = self.worker.as_ref().map(|worker| worker.hold(place));
            future.as_mut().poll(context)
        })
        .await
    }

    /// The index of a new task, which ends with the runtime.
    pub fn add(&self, life: &Arc<Life>) -> usize {
        let mut tasks = self.tasks();
        tasks.alive.retain(|life| !life.is_over());
        tasks.alive.push(Arc::clone(life));
        tasks.spawned += 1;
        tasks.spawned - 1
    }

    /// Whether new tasks are cancelled at once.
    pub fn is_shut_down(&self) -> bool {
        self.tasks().is_shut_down
    }

    /// Cancels all tasks, and waits until they have ended.
    pub fn shut_down(&self, place: Place) {
        let tasks = {
            let mut tasks = self.tasks();
            tasks.is_shut_down = true;
            std::mem::take(&mut tasks.alive)
        };
        for task in &tasks {
            task.abort(place);
        }
        if !std::thread::panicking() {
            for task in &tasks {
                task.wait(place);
            }
        }
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The runtime that the caller is in.
#[track_caller]
pub(in crate::tokio) fn current() -> Arc<Context> {
    let current = CURRENT.with_borrow(Clone::clone);
    current.expect("there is no reactor running, must be called from the context of a Tokio 1.x runtime")
}

/// The caller is in a runtime until it drops what it gets.
pub(in crate::tokio) fn enter(context: &Arc<Context>) -> Entered {
    let current = Some(Arc::clone(context));
    Entered { before: CURRENT.with_borrow_mut(|before| std::mem::replace(before, current)) }
}

pub(in crate::tokio) struct Entered {
    before: Option<Arc<Context>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        // What was current is dropped where nobody looks at it.
        drop(CURRENT.with_borrow_mut(|current| std::mem::replace(current, before)));
    }
}
