//! tokio's join set: tasks end in the order the engine chooses, a panic is a join error, dropping the set cancels.

use std::any::Any;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::action::{Action, TaskEnd};
use super::engine::{Announcement, Engine, Section};
use super::semaphore::Acquire;
use super::steps::{self, Place};
use super::waiting::Awaited;
use super::{ModelSemaphore, meetings, waiting};
use crate::announce::{Access, ObjectId};
use seriatim_runtime::{JoinSet, TaskError, TaskIndex, panic_message};

/// What the set and its tasks share.
struct State<T> {
    ended: VecDeque<Ended<T>>,
    running: usize,
    joiner: Option<Waker>,
    cancelled: bool,
    /// Wakers of tasks that wait, to be told of the cancellation.
    sleeping: Vec<Option<Waker>>,
}

/// A task that ended.
struct Ended<T> {
    index: TaskIndex,
    thread: u64,
    result: Result<T, TaskError>,
}

/// Tasks of one execution, each a thread of the engine.
pub struct ModelJoinSet<T: Send + 'static> {
    label: &'static str,
    state: Arc<Section<State<T>>>,
    workers: Option<Arc<ModelSemaphore>>,
    spawned: usize,
    object: ObjectId,
}

impl<T: Send + 'static> ModelJoinSet<T> {
    pub(super) fn new(engine: Engine, label: &'static str, workers: Option<Arc<ModelSemaphore>>) -> Self {
        let state = State { ended: VecDeque::new(), running: 0, joiner: None, cancelled: false, sleeping: Vec::new() };
        Self { label, state: Arc::new(Section::new(engine, state)), workers, spawned: 0, object: engine.new_object() }
    }
}

impl<T: Send + 'static> JoinSet<T> for ModelJoinSet<T> {
    #[track_caller]
    fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, task: F) -> TaskIndex {
        let (engine, place) = (self.state.engine(), Place::here());
        let index = TaskIndex(self.spawned);
        self.spawned += 1;
        self.state.give_back(|state| {
            state.running += 1;
            state.sleeping.push(None);
        });
        let state = Arc::clone(&self.state);
        let workers = self.workers.clone();
        let (object, label) = (self.object, self.label);
        let thread = engine.spawn(move || {
            let result = engine.block_on(run(task, &state, index, workers));
            let thread = engine.task();
            // The result goes to the joiner before the end is recorded.
            let end = steps::are_recorded().then(|| TaskEnd::of(&result));
            // The order in which tasks end is something that a caller can see.
            engine.announce(Announcement::Next(Access::Write(object)));
            state.step(|state| {
                state.ended.push_back(Ended { index, thread, result });
                state.running -= 1;
                if let Some(joiner) = state.joiner.take() {
                    joiner.wake();
                }
            });
            if let Some(end) = end {
                steps::trace(|| thread, || Action::End { set: label.into(), index: index.0, end });
            }
        });
        let spawned = || Action::Spawn { set: label.into(), index: index.0, task: thread };
        steps::trace_at(place, || engine.task(), spawned);
        engine.announce(Announcement::Spawned(thread));
        index
    }

    #[track_caller]
    fn here<F: Future<Output = T> + Send + 'static>(
        &mut self,
        task: F,
    ) -> (TaskIndex, impl Future<Output = Result<T, TaskError>> + Send + 'static) {
        // A thread of the engine like the others, and one that the caller's thread waits for: what can interleave with what
        // is the same, and each task has a thread of its own.
        let mut alone = Self::new(self.state.engine(), self.label, self.workers.clone());
        alone.spawned = self.spawned;
        alone.state.give_back(|state| state.sleeping.resize_with(self.spawned, || None));
        self.spawned += 1;
        // No other task of this set sleeps in its place.
        self.state.give_back(|state| state.sleeping.push(None));
        let index = alone.spawn(task);
        (index, async move { alone.join_next().await.expect("one task was spawned").1 })
    }

    #[track_caller]
    fn join_next(&mut self) -> impl Future<Output = Option<(TaskIndex, Result<T, TaskError>)>> + Send {
        let (engine, place) = (self.state.engine(), Place::here());
        poll_fn(move |context| {
            let next = self.state.step(|state| {
                if let Some(ended) = state.ended.pop_front() {
                    return Poll::Ready(Some(ended));
                }
                if state.running == 0 {
                    return Poll::Ready(None);
                }
                state.joiner = Some(context.waker().clone());
                Poll::Pending
            });
            match &next {
                Poll::Pending => {
                    waiting::begin(engine.task(), Awaited::Task { set: self.label.into() }, place);
                }
                Poll::Ready(_) => waiting::end(engine.task()),
            }
            next.map(|ended| {
                let Some(Ended { index, thread, result }) = ended else {
                    meetings::all_joined();
                    return None;
                };
                engine.announce(Announcement::Joined(thread));
                steps::trace_at(place, || engine.task(), || Action::Join { set: self.label.into(), index: index.0 });
                Some((index, result))
            })
        })
    }
}

impl<T: Send + 'static> Drop for ModelJoinSet<T> {
    fn drop(&mut self) {
        self.state.give_back(|state| {
            state.cancelled = true;
            for waker in state.sleeping.iter_mut().filter_map(Option::take) {
                waker.wake();
            }
        });
    }
}

/// A task's life: for each poll it takes a worker, and gives it back when it suspends.
async fn run<T: Send + 'static, F: Future<Output = T>>(
    task: F,
    state: &Section<State<T>>,
    index: TaskIndex,
    workers: Option<Arc<ModelSemaphore>>,
) -> Result<T, TaskError> {
    let engine = state.engine();
    let mut task = Some(Box::pin(task));
    let mut acquiring: Option<Pin<Box<Acquire>>> = None;
    poll_fn(|context| {
        // Between two polls of a task tokio looks whether it was cancelled. Reading the flag takes no step of its own: it
        // only ever turns true, and a task that misses it runs on as one that was cancelled a moment later.
        let cancelled = state.give_back(|state| {
            state.sleeping[index.0] = Some(context.waker().clone());
            state.cancelled
        });
        if cancelled {
            acquiring = None;
            return Poll::Ready(drop_task(engine, &mut task));
        }
        let worker = match &workers {
            None => None,
            Some(workers) => {
                let acquire = acquiring.get_or_insert_with(|| Box::pin(workers.acquire_owned()));
                match acquire.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(worker) => Some(worker),
                }
            }
        };
        acquiring = None;
        let polled = poll_task(engine, &mut task, context);
        drop(worker);
        polled
    })
    .await
}

fn poll_task<T, F: Future<Output = T>>(
    engine: Engine,
    task: &mut Option<Pin<Box<F>>>,
    context: &mut Context<'_>,
) -> Poll<Result<T, TaskError>> {
    let running = task.as_mut().expect("a task is polled until it has ended");
    match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => {
            // Before anybody learns that it ended, as in tokio: what the task owned is then released.
            *task = None;
            Poll::Ready(Ok(value))
        }
        Err(payload) => {
            let error = panicked(engine, payload);
            let _: Result<T, TaskError> = drop_task(engine, task);
            Poll::Ready(Err(error))
        }
    }
}

/// Drops what is left of a task; a panic of its destructors is its end, too.
fn drop_task<T, F>(engine: Engine, task: &mut Option<Pin<Box<F>>>) -> Result<T, TaskError> {
    let rest = task.take();
    match catch_unwind(AssertUnwindSafe(|| drop(rest))) {
        Ok(()) => Err(TaskError::Cancelled),
        Err(payload) => Err(panicked(engine, payload)),
    }
}

/// The error of a task that panicked; what ends the execution goes on to whoever runs it.
fn panicked(engine: Engine, payload: Box<dyn Any + Send>) -> TaskError {
    if engine.is_fatal(&*payload) {
        resume_unwind(payload);
    }
    TaskError::Panicked(panic_message(&*payload))
}
