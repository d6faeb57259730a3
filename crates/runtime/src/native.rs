//! The real thing: tokio's tasks and semaphores, dashmap's map.

#[expect(clippy::disallowed_types, reason = "tokio's task ids are only hashable; the map is never iterated")]
use std::collections::HashMap;
use std::future::Future;
use std::hash::BuildHasher;
use std::sync::{Arc, atomic};

use dashmap::mapref::one::{Ref, RefMut};
use dashmap::try_result::TryResult;
use dashmap::{DashMap, Entry};

use super::recorder::Recording;
use super::{
    ConcurrentMap, JoinSet, MapKey, MapValue, Ordering, Recorder, Runtime, SeededHasher, Semaphore, TaskError,
    TaskIndex, caught, panic_message,
};

/// Runs on the tokio runtime that is current where tasks are spawned.
#[derive(Clone, Debug)]
pub struct Native {
    hash_seed: u64,
    recording: Recording,
}

impl Native {
    /// `hash_seed` decides in which shard a key lies and in which order a map iterates. No result may depend on it,
    /// which is why a search varies it; a node draws it at random.
    ///
    /// # Examples
    /// ```
    /// use seriatim_runtime::{ConcurrentMap, Native, Runtime};
    ///
    /// let order = |seed| {
    ///     let map = Native::with_hash_seed(seed).map("accounts");
    ///     for account in 0..64_u32 {
    ///         map.insert(account, ());
    ///     }
    ///     map.into_entries().into_iter().map(|(account, ())| account).collect::<Vec<_>>()
    /// };
    /// assert_ne!(order(1), order(2), "a result that depends on this order is a defect, and another seed shows it");
    /// ```
    pub fn with_hash_seed(hash_seed: u64) -> Self {
        Self { hash_seed, recording: Recording::default() }
    }

    /// Tells `recorder` of tasks and of waiting. Without one no clock is read and nothing is counted.
    pub fn with_recorder(self, recorder: Arc<dyn Recorder>) -> Self {
        Self { recording: Recording(Some(recorder)), ..self }
    }
}

impl Runtime for Native {
    type Map<K: MapKey, V: MapValue> = NativeMap<K, V>;
    type AtomicU64 = atomic::AtomicU64;
    type Semaphore = NativeSemaphore;
    type RwLock<T: MapValue> = NativeRwLock<T>;
    type JoinSet<T: Send + 'static> = NativeJoinSet<T>;

    fn map<K: MapKey, V: MapValue>(&self, _label: &'static str) -> Self::Map<K, V> {
        let map = DashMap::with_hasher(SeededHasher(self.hash_seed));
        NativeMap { map, recording: self.recording.clone() }
    }

    fn atomic_u64(&self, _label: &'static str, value: u64) -> Self::AtomicU64 {
        atomic::AtomicU64::new(value)
    }

    fn semaphore(&self, _label: &'static str, permits: usize) -> Self::Semaphore {
        NativeSemaphore { semaphore: Arc::new(tokio::sync::Semaphore::new(permits)) }
    }

    fn rw_lock<T: MapValue>(&self, _label: &'static str, value: T) -> Self::RwLock<T> {
        NativeRwLock { lock: tokio::sync::RwLock::new(value), recording: self.recording.clone() }
    }

    fn join_set<T: Send + 'static>(&self, label: &'static str) -> Self::JoinSet<T> {
        let (tasks, indices) = (tokio::task::JoinSet::new(), TaskIndices::new());
        NativeJoinSet { tasks, indices, spawned: 0, label, recording: self.recording.clone() }
    }

    async fn yield_now(&self) {
        tokio::task::yield_now().await;
    }

    fn hand_over(&self) {
        // tokio keeps a task that was spawned or woken last where only this thread looks for it, until the next one comes.
        // Outside a task of tokio there is no such place.
        if tokio::task::try_id().is_some() {
            drop(tokio::spawn(async {}));
        }
    }

    fn task(&self) -> u64 {
        // tokio keeps the number to itself; equal tasks give equal hashes.
        tokio::task::try_id().map_or(0, |id| SeededHasher(0).hash_one(id))
    }
}

/// A dashmap with a seeded hasher.
pub struct NativeMap<K, V> {
    map: DashMap<K, V, SeededHasher>,
    recording: Recording,
}

impl<K: MapKey, V: MapValue> ConcurrentMap<K, V> for NativeMap<K, V> {
    type Ref<'a> = Ref<'a, K, V>;
    type RefMut<'a> = RefMut<'a, K, V>;

    fn get(&self, key: &K) -> Option<Self::Ref<'_>> {
        self.recording.lock(|| looked(self.map.try_get(key)), || self.map.get(key))
    }

    fn get_mut(&self, key: &K) -> Option<Self::RefMut<'_>> {
        self.recording.lock(|| looked(self.map.try_get_mut(key)), || self.map.get_mut(key))
    }

    fn contains_key(&self, key: &K) -> bool {
        let attempt = || Some(looked(self.map.try_get(key))?.is_some());
        self.recording.lock(attempt, || self.map.contains_key(key))
    }

    fn insert(&self, key: K, value: V) -> Option<V> {
        match self.entry(key) {
            Entry::Occupied(mut entry) => Some(entry.insert(value)),
            Entry::Vacant(entry) => {
                entry.insert(value);
                None
            }
        }
    }

    fn entry_or_insert(&self, key: K, value: V) -> Self::RefMut<'_> {
        self.entry(key).or_insert(value)
    }

    fn into_entries(self) -> Vec<(K, V)> {
        self.map.into_iter().collect()
    }
}

impl<K: MapKey, V: MapValue> NativeMap<K, V> {
    fn entry(&self, key: K) -> Entry<'_, K, V> {
        // The key's copy is for a look at the lock, which nobody takes unless it is recorded.
        if !self.recording.is_on() {
            return self.map.entry(key);
        }
        let again = key.clone();
        self.recording.lock(|| self.map.try_entry(again), || self.map.entry(key))
    }
}

/// None: the shard is held by another.
#[expect(clippy::option_option, reason = "what an attempt at a lock gives, of a map that gives an option")]
fn looked<T>(result: TryResult<T>) -> Option<Option<T>> {
    match result {
        TryResult::Present(guard) => Some(Some(guard)),
        TryResult::Absent => Some(None),
        TryResult::Locked => None,
    }
}

impl super::AtomicU64 for atomic::AtomicU64 {
    fn load(&self, ordering: Ordering) -> u64 {
        self.load(ordering)
    }

    fn store(&self, value: u64, ordering: Ordering) {
        self.store(value, ordering);
    }

    fn compare_exchange(&self, current: u64, new: u64, success: Ordering, failure: Ordering) -> Result<u64, u64> {
        self.compare_exchange(current, new, success, failure)
    }

    fn fetch_add(&self, amount: u64, ordering: Ordering) -> u64 {
        self.fetch_add(amount, ordering)
    }
}

/// The fair lock of tokio.
pub struct NativeRwLock<T> {
    lock: tokio::sync::RwLock<T>,
    recording: Recording,
}

impl<T: MapValue> super::RwLock<T> for NativeRwLock<T> {
    type Read<'a> = tokio::sync::RwLockReadGuard<'a, T>;
    type Write<'a> = tokio::sync::RwLockWriteGuard<'a, T>;

    async fn read(&self) -> Self::Read<'_> {
        self.recording.lock_async(|| self.lock.try_read().ok(), self.lock.read()).await
    }

    async fn write(&self) -> Self::Write<'_> {
        self.recording.lock_async(|| self.lock.try_write().ok(), self.lock.write()).await
    }
}

/// The fair semaphore of tokio.
pub struct NativeSemaphore {
    semaphore: Arc<tokio::sync::Semaphore>,
}

impl Semaphore for NativeSemaphore {
    type Permit = tokio::sync::OwnedSemaphorePermit;

    async fn acquire(&self) -> Self::Permit {
        Arc::clone(&self.semaphore).acquire_owned().await.expect("nobody closes this semaphore")
    }
}

/// Only ever looked up, so its order shows nowhere.
#[expect(clippy::disallowed_types, reason = "tokio's task ids are only hashable")]
type TaskIndices = HashMap<tokio::task::Id, TaskIndex>;

/// The join set of tokio, with our own numbering of tasks.
pub struct NativeJoinSet<T> {
    tasks: tokio::task::JoinSet<T>,
    indices: TaskIndices,
    spawned: usize,
    label: &'static str,
    recording: Recording,
}

impl<T> Drop for NativeJoinSet<T> {
    fn drop(&mut self) {
        self.recording.joined(self.label, self.spawned);
    }
}

impl<T: Send + 'static> JoinSet<T> for NativeJoinSet<T> {
    fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, task: F) -> TaskIndex {
        let index = TaskIndex(self.spawned);
        self.spawned += 1;
        self.indices.insert(self.tasks.spawn(task).id(), index);
        index
    }

    fn here<F: Future<Output = T> + Send + 'static>(
        &mut self,
        task: F,
    ) -> (TaskIndex, impl Future<Output = Result<T, TaskError>> + Send + 'static) {
        let index = TaskIndex(self.spawned);
        self.spawned += 1;
        let caught = caught(task);
        (index, async move { caught.await.map_err(|payload| TaskError::Panicked(panic_message(&*payload))) })
    }

    async fn join_next(&mut self) -> Option<(TaskIndex, Result<T, TaskError>)> {
        let (id, result) = match self.tasks.join_next_with_id().await? {
            Ok((id, value)) => (id, Ok(value)),
            Err(error) => (error.id(), Err(task_error(error))),
        };
        let index = self.indices.remove(&id).expect("every task of the set was spawned by it");
        Some((index, result))
    }
}

fn task_error(error: tokio::task::JoinError) -> TaskError {
    match error.try_into_panic() {
        Ok(payload) => TaskError::Panicked(panic_message(&*payload)),
        Err(_) => TaskError::Cancelled,
    }
}
