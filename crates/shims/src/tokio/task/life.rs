//! Tasks as threads of an execution.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex as Real, MutexGuard, PoisonError};
use std::task::{Context as PollContext, Poll, Waker};

use super::JoinError;
use crate::steps::{Effect, Place, Shared, TaskEnd, call, control};
use crate::tokio::runtime::{Context, enter};

/// The name of tasks in records.
const TASKS: &str = "tokio";

type Outcome<T> = Result<T, JoinError>;

/// What others can ask of a task, and do to it.
pub(in crate::tokio) struct Life {
    shared: Shared,
    /// What its end is a step on.
    end: Arc<Shared>,
    state: Real<State>,
}

#[derive(Default)]
struct State {
    is_cancelled: bool,
    is_over: bool,
    /// Wakes the task.
    waker: Option<Waker>,
}

impl Life {
    /// The life of a task that has a handle of its own.
    #[track_caller]
    pub fn alone() -> Self {
        Self::among(Arc::new(Shared::new("task")))
    }

    /// The life of a task whose end is one of several that somebody waits for.
    #[track_caller]
    pub fn among(end: Arc<Shared>) -> Self {
        Self { shared: Shared::new("task"), end, state: Real::default() }
    }

    pub fn end(&self) -> &Shared {
        &self.end
    }

    pub fn abort(&self, place: Place) {
        let cancel = || {
            let mut state = self.state();
            state.is_cancelled = true;
            state.waker.take()
        };
        let waker = self.shared.operate(Effect::Write, place, cancel, call("abort", Effect::Write));
        // Part of the same step, outside of the lock.
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub fn is_finished(&self, place: Place) -> bool {
        self.end.operate(Effect::Read, place, || self.is_over(), call("is finished", Effect::Read))
    }

    /// Waits until the task has ended.
    pub fn wait(&self, place: Place) {
        let is_over = || self.is_over().then_some(());
        self.end.wait_for("shut down", place, is_over, call("shut down", Effect::Read));
    }

    pub fn is_over(&self) -> bool {
        self.state().is_over
    }

    /// Looks whether the task was cancelled, and what wakes it if it is.
    fn is_cancelled(&self, waker: &Waker) -> bool {
        self.shared.touch(Effect::Read, || {
            let mut state = self.state();
            state.waker = Some(waker.clone());
            state.is_cancelled
        })
    }

    fn leave<T>(&self, place: Place, outcome: Outcome<T>, leave: impl FnOnce(Outcome<T>)) -> TaskEnd {
        let end = match &outcome {
            Ok(_) => TaskEnd::Ok,
            Err(error) => error.message().map_or(TaskEnd::Cancelled, |message| TaskEnd::Panicked(message.to_owned())),
        };
        let end_now = || {
            *self.state() = State { is_over: true, ..State::default() };
            leave(outcome);
        };
        self.end.operate(Effect::Write, place, end_now, call("end", Effect::Write));
        self.end.wake();
        end
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a task. What it comes to goes to `leave`, in one step.
pub(super) fn spawn<F>(
    context: &Arc<Context>,
    place: Place,
    life: Life,
    future: F,
    leave: impl FnOnce(Outcome<F::Output>) + Send + 'static,
) -> Arc<Life>
where
    F: Future<Output: Send> + Send + 'static,
{
    start(context, place, life, leave, move |context, life| {
        let mut task = Some(Box::pin(future));
        let polls = poll_fn(|polled| {
            // Between two polls, tokio looks whether a task was cancelled.
            if life.is_cancelled(polled.waker()) { Poll::Ready(cancel(&mut task)) } else { poll(&mut task, polled) }
        });
        control::block_on(context.on_worker(place, polls))
    })
}

/// Starts work that is no future. It cannot be cancelled.
pub(super) fn spawn_blocking<R: Send + 'static>(
    context: &Arc<Context>,
    place: Place,
    life: Life,
    work: impl FnOnce() -> R + Send + 'static,
    leave: impl FnOnce(Outcome<R>) + Send + 'static,
) -> Arc<Life> {
    start(context, place, life, leave, move |_, _| catch_unwind(AssertUnwindSafe(work)).map_err(JoinError::panicked))
}

fn start<T: Send + 'static>(
    context: &Arc<Context>,
    place: Place,
    life: Life,
    leave: impl FnOnce(Outcome<T>) + Send + 'static,
    body: impl FnOnce(&Context, &Life) -> Outcome<T> + Send + 'static,
) -> Arc<Life> {
    let life = Arc::new(life);
    let index = context.add(&life);
    let (of_task, context) = (Arc::clone(&life), Arc::clone(context));
    control::spawn(TASKS, index, place, move || {
        let entered = enter(&context);
        let outcome = if context.is_shut_down() { Err(JoinError::cancelled()) } else { body(&context, &of_task) };
        let end = of_task.leave(place, outcome, leave);
        drop(entered);
        end
    });
    life
}

fn poll<F: Future>(task: &mut Option<Pin<Box<F>>>, context: &mut PollContext<'_>) -> Poll<Outcome<F::Output>> {
    let running = task.as_mut().expect("a task is polled until it has ended");
    match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => {
            // What the task owned is released before anybody learns that it has ended.
            *task = None;
            Poll::Ready(Ok(value))
        }
        Err(panic) => {
            let _: Outcome<()> = cancel(task);
            Poll::Ready(Err(JoinError::panicked(panic)))
        }
    }
}

/// Drops what is left of a task; a panic of its destructors is its end, too.
fn cancel<F, T>(task: &mut Option<Pin<Box<F>>>) -> Outcome<T> {
    let rest = task.take();
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(rest)));
    Err(dropped.map_or_else(JoinError::panicked, |()| JoinError::cancelled()))
}
