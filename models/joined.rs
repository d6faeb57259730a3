//! A decorator that writes down in which order a join set hands over its tasks, on any runtime.

use std::future::Future;
use std::sync::{Arc, Mutex};

use seriatim_runtime::{JoinSet, MapKey, MapValue, Runtime, TaskError, TaskIndex};

/// `inner`, and the order of completion.
#[derive(Clone)]
pub struct Joined<R> {
    inner: R,
    order: Arc<Mutex<Vec<TaskIndex>>>,
}

impl<R: Runtime> Joined<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, order: Arc::default() }
    }

    /// Tasks of all join sets so far.
    pub fn order(&self) -> Vec<TaskIndex> {
        self.order.lock().unwrap().clone()
    }
}

impl<R: Runtime> Runtime for Joined<R> {
    type Map<K: MapKey, V: MapValue> = R::Map<K, V>;
    type AtomicU64 = R::AtomicU64;
    type Semaphore = R::Semaphore;
    type RwLock<T: MapValue> = R::RwLock<T>;
    type JoinSet<T: Send + 'static> = JoinedSet<R::JoinSet<T>>;

    fn map<K: MapKey, V: MapValue>(&self, label: &'static str) -> Self::Map<K, V> {
        self.inner.map(label)
    }

    fn atomic_u64(&self, label: &'static str, value: u64) -> Self::AtomicU64 {
        self.inner.atomic_u64(label, value)
    }

    fn semaphore(&self, label: &'static str, permits: usize) -> Self::Semaphore {
        self.inner.semaphore(label, permits)
    }

    fn rw_lock<T: MapValue>(&self, label: &'static str, value: T) -> Self::RwLock<T> {
        self.inner.rw_lock(label, value)
    }

    fn join_set<T: Send + 'static>(&self, label: &'static str) -> Self::JoinSet<T> {
        JoinedSet { inner: self.inner.join_set(label), order: Arc::clone(&self.order) }
    }

    fn yield_now(&self) -> impl Future<Output = ()> + Send {
        self.inner.yield_now()
    }

    fn task(&self) -> u64 {
        self.inner.task()
    }

    fn hand_over(&self) {
        self.inner.hand_over();
    }

    fn works_on(&self, item: usize) {
        self.inner.works_on(item);
    }
}

pub struct JoinedSet<J> {
    inner: J,
    order: Arc<Mutex<Vec<TaskIndex>>>,
}

impl<T: Send + 'static, J: JoinSet<T>> JoinSet<T> for JoinedSet<J> {
    fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, task: F) -> TaskIndex {
        self.inner.spawn(task)
    }

    fn here<F: Future<Output = T> + Send + 'static>(
        &mut self,
        task: F,
    ) -> (TaskIndex, impl Future<Output = Result<T, TaskError>> + Send + 'static) {
        let (index, task) = self.inner.here(task);
        let order = Arc::clone(&self.order);
        let ended = async move {
            let result = task.await;
            order.lock().unwrap().push(index);
            result
        };
        (index, ended)
    }

    async fn join_next(&mut self) -> Option<(TaskIndex, Result<T, TaskError>)> {
        let next = self.inner.join_next().await;
        self.order.lock().unwrap().extend(next.as_ref().map(|(task, _)| *task));
        next
    }
}
