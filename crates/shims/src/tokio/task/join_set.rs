//! `tokio::task::JoinSet`.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex as Real, MutexGuard, PoisonError};
use std::task::{Context as PollContext, Poll, Waker};

use ::tokio::task as real;

use super::{AbortHandle, JoinError, Life, life};
use crate::steps::{Effect, Place, Shared, call, control, is_controlled};
use crate::tokio::runtime::{Context, Handle, current};

/// `tokio::task::JoinSet`.
pub struct JoinSet<T>(Of<T>);

enum Of<T> {
    Real(real::JoinSet<T>),
    Tasks(Tasks<T>),
}

/// The tasks of an execution's set.
struct Tasks<T> {
    place: Place,
    shared: Arc<Shared>,
    ended: Arc<Ended<T>>,
    spawned: usize,
    /// Those that were not joined yet.
    alive: BTreeMap<usize, Arc<Life>>,
}

/// What tasks came to, in the order in which they ended, and who waits for it.
type Left<T> = (VecDeque<(usize, Result<T, JoinError>)>, Option<Waker>);

struct Ended<T>(Real<Left<T>>);

impl<T> Ended<T> {
    fn lock(&self) -> MutexGuard<'_, Left<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> JoinSet<T> {
    #[track_caller]
    pub fn new() -> Self {
        if !is_controlled() {
            return Self(Of::Real(real::JoinSet::new()));
        }
        let (place, shared) = (Place::here(), Arc::new(Shared::new("JoinSet")));
        let ended = Arc::new(Ended(Real::new((VecDeque::new(), None))));
        Self(Of::Tasks(Tasks { place, shared, ended, spawned: 0, alive: BTreeMap::new() }))
    }

    pub fn len(&self) -> usize {
        match &self.0 {
            Of::Real(set) => set.len(),
            Of::Tasks(set) => set.alive.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: 'static> JoinSet<T> {
    #[track_caller]
    pub fn abort_all(&mut self) {
        match &mut self.0 {
            Of::Real(set) => set.abort_all(),
            Of::Tasks(set) => set.abort_all(Place::here()),
        }
    }

    pub fn detach_all(&mut self) {
        match &mut self.0 {
            Of::Real(set) => set.detach_all(),
            Of::Tasks(set) => set.alive.clear(),
        }
    }
}

impl<T: Send + 'static> JoinSet<T> {
    /// # Panics
    /// If the caller is outside of every runtime.
    #[track_caller]
    pub fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, future: F) -> AbortHandle {
        match &mut self.0 {
            Of::Real(set) => AbortHandle::of_real(set.spawn(future)),
            Of::Tasks(set) => set.spawn_in(&current(), Place::here(), future),
        }
    }

    #[track_caller]
    pub fn spawn_on<F: Future<Output = T> + Send + 'static>(&mut self, future: F, handle: &Handle) -> AbortHandle {
        let _entered = handle.enter();
        self.spawn(future)
    }

    /// # Panics
    /// If the caller is outside of every runtime.
    #[track_caller]
    pub fn spawn_blocking<F: FnOnce() -> T + Send + 'static>(&mut self, work: F) -> AbortHandle {
        match &mut self.0 {
            Of::Real(set) => AbortHandle::of_real(set.spawn_blocking(work)),
            Of::Tasks(set) => {
                let (life, leave) = (set.life(), set.leave());
                set.add(life::spawn_blocking(&current(), Place::here(), life, work, leave))
            }
        }
    }

    /// None: all tasks were joined.
    #[track_caller]
    pub fn join_next(&mut self) -> impl Future<Output = Option<Result<T, JoinError>>> {
        let place = Place::here();
        poll_fn(move |context| self.poll_at(context, place))
    }

    #[track_caller]
    pub fn poll_join_next(&mut self, context: &mut PollContext<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_at(context, Place::here())
    }

    fn poll_at(&mut self, context: &mut PollContext<'_>, place: Place) -> Poll<Option<Result<T, JoinError>>> {
        match &mut self.0 {
            Of::Real(set) => {
                set.poll_join_next(context).map(|next| next.map(|result| result.map_err(JoinError::of_real)))
            }
            Of::Tasks(set) => set.poll(context, place),
        }
    }

    /// None: no task has ended that was not joined.
    #[track_caller]
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        match &mut self.0 {
            Of::Real(set) => set.try_join_next().map(|result| result.map_err(JoinError::of_real)),
            Of::Tasks(set) => set.try_join(Place::here()),
        }
    }

    /// Aborts all tasks, and waits until they have ended.
    #[track_caller]
    pub fn shutdown(&mut self) -> impl Future<Output = ()> {
        self.shutdown_at(Place::here())
    }

    async fn shutdown_at(&mut self, place: Place) {
        match &mut self.0 {
            Of::Real(set) => set.shutdown().await,
            Of::Tasks(set) => {
                set.abort_all(place);
                while poll_fn(|context| set.poll(context, place)).await.is_some() {}
            }
        }
    }

    /// # Panics
    /// If a task did, or was cancelled.
    #[track_caller]
    pub fn join_all(self) -> impl Future<Output = Vec<T>> {
        self.join_all_at(Place::here())
    }

    async fn join_all_at(mut self, place: Place) -> Vec<T> {
        let mut results = Vec::with_capacity(self.len());
        while let Some(result) = poll_fn(|context| self.poll_at(context, place)).await {
            match result {
                Ok(result) => results.push(result),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(error) => panic!("{error}"),
            }
        }
        results
    }
}

impl<T> Tasks<T> {
    fn abort_all(&self, place: Place) {
        for task in self.alive.values() {
            task.abort(place);
        }
    }

    fn life(&self) -> Life {
        Life::among(Arc::clone(&self.shared))
    }

    fn add(&mut self, life: Arc<Life>) -> AbortHandle {
        self.alive.insert(self.spawned, Arc::clone(&life));
        self.spawned += 1;
        AbortHandle::of_task(life)
    }

    fn joined(&mut self, ended: (usize, Result<T, JoinError>)) -> Option<Result<T, JoinError>> {
        let (index, result) = ended;
        // One that was let go is nobody's any more.
        self.alive.remove(&index).map(|_| result)
    }
}

impl<T: Send + 'static> Tasks<T> {
    /// What takes the result of the next task.
    fn leave(&self) -> impl FnOnce(Result<T, JoinError>) + Send + 'static {
        let (ended, index) = (Arc::clone(&self.ended), self.spawned);
        move |result| {
            let waker = {
                let (ended, waker) = &mut *ended.lock();
                ended.push_back((index, result));
                waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    fn spawn_in<F>(&mut self, context: &Arc<Context>, place: Place, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (life, leave) = (self.life(), self.leave());
        self.add(life::spawn(context, place, life, future, leave))
    }

    fn poll(&mut self, context: &mut PollContext<'_>, place: Place) -> Poll<Option<Result<T, JoinError>>> {
        while !self.alive.is_empty() {
            let take = || {
                let (ended, waker) = &mut *self.ended.lock();
                let Some(ended) = ended.pop_front() else {
                    *waker = Some(context.waker().clone());
                    return Poll::Pending;
                };
                Poll::Ready(ended)
            };
            match self.shared.poll("join next", place, take, call("join next", Effect::Write)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(ended) => {
                    if let Some(result) = self.joined(ended) {
                        return Poll::Ready(Some(result));
                    }
                }
            }
        }
        Poll::Ready(None)
    }

    fn try_join(&mut self, place: Place) -> Option<Result<T, JoinError>> {
        loop {
            let take = || self.ended.lock().0.pop_front();
            let ended = self.shared.operate(Effect::Write, place, take, call("try to join", Effect::Write))?;
            if let Some(result) = self.joined(ended) {
                return Some(result);
            }
        }
    }
}

impl<T> Drop for Tasks<T> {
    fn drop(&mut self) {
        control::give_up();
        self.abort_all(self.place);
    }
}

impl<T> Default for JoinSet<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}
