//! The real thing: tokio's tasks and semaphores, dashmap's map.

#[expect(clippy::disallowed_types, reason = "tokio's task ids are only hashable; the map is never iterated")]
use std::collections::HashMap;
use std::future::Future;
use std::hash::BuildHasher;
use std::sync::{Arc, atomic};

use dashmap::DashMap;
use dashmap::mapref::one::{Ref, RefMut};

use super::{
    ConcurrentMap, JoinSet, MapKey, MapValue, Ordering, Runtime, SeededHasher, Semaphore, TaskError, TaskIndex,
};

/// Runs on the tokio runtime that is current where tasks are spawned.
#[derive(Clone, Copy, Debug)]
pub struct Native {
    hash_seed: u64,
}

impl Native {
    /// `hash_seed` decides in which shard a key lies and in which order a map iterates. No result may depend on it,
    /// which is why a search varies it; a node draws it at random.
    pub fn with_hash_seed(hash_seed: u64) -> Self {
        Self { hash_seed }
    }
}

impl Runtime for Native {
    type Map<K: MapKey, V: MapValue> = NativeMap<K, V>;
    type AtomicU64 = atomic::AtomicU64;
    type Semaphore = NativeSemaphore;
    type RwLock<T: MapValue> = tokio::sync::RwLock<T>;
    type JoinSet<T: Send + 'static> = NativeJoinSet<T>;

    fn map<K: MapKey, V: MapValue>(&self, _label: &'static str) -> Self::Map<K, V> {
        NativeMap(DashMap::with_hasher(SeededHasher(self.hash_seed)))
    }

    fn atomic_u64(&self, _label: &'static str, value: u64) -> Self::AtomicU64 {
        atomic::AtomicU64::new(value)
    }

    fn semaphore(&self, _label: &'static str, permits: usize) -> Self::Semaphore {
        NativeSemaphore(Arc::new(tokio::sync::Semaphore::new(permits)))
    }

    fn rw_lock<T: MapValue>(&self, _label: &'static str, value: T) -> Self::RwLock<T> {
        tokio::sync::RwLock::new(value)
    }

    fn join_set<T: Send + 'static>(&self, _label: &'static str) -> Self::JoinSet<T> {
        NativeJoinSet { tasks: tokio::task::JoinSet::new(), indices: TaskIndices::new(), spawned: 0 }
    }

    async fn yield_now(&self) {
        tokio::task::yield_now().await;
    }

    fn task(&self) -> u64 {
        // tokio keeps the number to itself; equal tasks give equal hashes.
        tokio::task::try_id().map_or(0, |id| SeededHasher(0).hash_one(id))
    }
}

/// dashmap with a seeded hasher.
pub struct NativeMap<K, V>(DashMap<K, V, SeededHasher>);

impl<K: MapKey, V: MapValue> ConcurrentMap<K, V> for NativeMap<K, V> {
    type Ref<'a> = Ref<'a, K, V>;
    type RefMut<'a> = RefMut<'a, K, V>;

    fn get(&self, key: &K) -> Option<Self::Ref<'_>> {
        self.0.get(key)
    }

    fn get_mut(&self, key: &K) -> Option<Self::RefMut<'_>> {
        self.0.get_mut(key)
    }

    fn contains_key(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    fn insert(&self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    fn entry_or_insert(&self, key: K, value: V) -> Self::RefMut<'_> {
        self.0.entry(key).or_insert(value)
    }

    fn into_entries(self) -> Vec<(K, V)> {
        self.0.into_iter().collect()
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
}

impl<T: MapValue> super::RwLock<T> for tokio::sync::RwLock<T> {
    type Read<'a> = tokio::sync::RwLockReadGuard<'a, T>;
    type Write<'a> = tokio::sync::RwLockWriteGuard<'a, T>;

    async fn read(&self) -> Self::Read<'_> {
        self.read().await
    }

    async fn write(&self) -> Self::Write<'_> {
        self.write().await
    }
}

/// tokio's fair semaphore.
pub struct NativeSemaphore(Arc<tokio::sync::Semaphore>);

impl Semaphore for NativeSemaphore {
    type Permit = tokio::sync::OwnedSemaphorePermit;

    async fn acquire(&self) -> Self::Permit {
        Arc::clone(&self.0).acquire_owned().await.expect("nobody closes this semaphore")
    }
}

/// Only ever looked up, so its order shows nowhere.
#[expect(clippy::disallowed_types, reason = "tokio's task ids are only hashable")]
type TaskIndices = HashMap<tokio::task::Id, TaskIndex>;

/// tokio's join set, with our own numbering of tasks.
pub struct NativeJoinSet<T> {
    tasks: tokio::task::JoinSet<T>,
    indices: TaskIndices,
    spawned: usize,
}

impl<T: Send + 'static> JoinSet<T> for NativeJoinSet<T> {
    fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, task: F) -> TaskIndex {
        let index = TaskIndex(self.spawned);
        self.spawned += 1;
        self.indices.insert(self.tasks.spawn(task).id(), index);
        index
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
        Ok(payload) => TaskError::Panicked(super::panic_message(&*payload)),
        Err(_) => TaskError::Cancelled,
    }
}
