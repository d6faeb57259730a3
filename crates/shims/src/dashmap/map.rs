//! `dashmap::DashMap`.

mod change;
mod look;

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use super::shard::{Shard, Table, find, hash_of, pair_mut, put};
use crate::parking_lot::{RwLockReadGuard, RwLockWriteGuard};
use crate::steps::{Place, Shared, named};

/// Shards of a map that is not told how many: the same on every machine.
const SHARDS: usize = 4;

/// `dashmap::DashMap`.
pub struct DashMap<K, V, S = RandomState> {
    pub(super) shared: Shared,
    shards: Box<[Shard<K, V>]>,
    hasher: S,
}

named!(DashMap<K, V, S>);

impl<K: Eq + Hash, V> DashMap<K, V> {
    #[track_caller]
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }

    #[track_caller]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }

    #[track_caller]
    pub fn with_shard_amount(shards: usize) -> Self {
        Self::with_hasher_and_shard_amount(RandomState::new(), shards)
    }

    #[track_caller]
    pub fn with_capacity_and_shard_amount(capacity: usize, shards: usize) -> Self {
        Self::with_capacity_and_hasher_and_shard_amount(capacity, RandomState::new(), shards)
    }
}

impl<K: Eq + Hash, V, S: BuildHasher + Clone> DashMap<K, V, S> {
    #[track_caller]
    pub fn with_hasher(hasher: S) -> Self {
        Self::with_capacity_and_hasher(0, hasher)
    }

    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self::with_capacity_and_hasher_and_shard_amount(capacity, hasher, SHARDS)
    }

    #[track_caller]
    pub fn with_hasher_and_shard_amount(hasher: S, shards: usize) -> Self {
        Self::with_capacity_and_hasher_and_shard_amount(0, hasher, shards)
    }

    /// # Panics
    /// If the number of shards is 1 or no power of two.
    #[track_caller]
    pub fn with_capacity_and_hasher_and_shard_amount(capacity: usize, hasher: S, shards: usize) -> Self {
        assert!(shards > 1 && shards.is_power_of_two(), "the number of shards is a power of two, and not 1");
        let shard = |_| Shard::new(Table::with_capacity(capacity.div_ceil(shards)));
        Self { shared: Shared::new("DashMap"), shards: (0..shards).map(shard).collect(), hasher }
    }

    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    /// The hash by the map's own hasher, which places no key here.
    pub fn hash_usize<T: Hash>(&self, item: &T) -> usize {
        self.hasher.hash_one(item) as usize
    }
}

impl<K, V, S> DashMap<K, V, S> {
    /// Bits that the table of a shard uses neither for the bucket nor as the bucket's tag, unless it is huge.
    fn shard_of(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.shards.len() - 1)
    }

    pub(super) fn shard_count(&self) -> usize {
        self.shards.len()
    }

    pub(super) fn into_tables(self) -> impl Iterator<Item = Table<K, V>> {
        self.shards.into_iter().map(Shard::into_table)
    }

    pub(super) fn read_shard(&self, number: usize, place: Place) -> RwLockReadGuard<'_, Table<K, V>> {
        self.shards[number].read(&self.shared, number, place)
    }

    pub(super) fn write_shard(&self, number: usize, place: Place) -> RwLockWriteGuard<'_, Table<K, V>> {
        self.shards[number].write(&self.shared, number, place)
    }

    fn try_read_shard(&self, number: usize, place: Place) -> Option<RwLockReadGuard<'_, Table<K, V>>> {
        self.shards[number].try_read(&self.shared, number, place)
    }

    fn try_write_shard(&self, number: usize, place: Place) -> Option<RwLockWriteGuard<'_, Table<K, V>>> {
        self.shards[number].try_write(&self.shared, number, place)
    }
}

/// Takes the locks of the shards one after the other, as the real one does.
impl<K: Clone, V: Clone, S: Clone> Clone for DashMap<K, V, S> {
    #[track_caller]
    fn clone(&self) -> Self {
        let place = Place::here();
        let shards = (0..self.shards.len()).map(|number| Shard::new((*self.read_shard(number, place)).clone()));
        Self { shared: Shared::new("DashMap"), shards: shards.collect(), hasher: self.hasher.clone() }
    }
}

impl<K: Eq + Hash, V, S: Default + BuildHasher + Clone> Default for DashMap<K, V, S> {
    #[track_caller]
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

/// Takes the locks of the shards one after the other, as the real one does.
impl<K: Eq + Hash + fmt::Debug, V: fmt::Debug, S: BuildHasher + Clone> fmt::Debug for DashMap<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for number in 0..self.shards.len() {
            let shard = self.read_shard(number, Place::default());
            map.entries(shard.iter().map(|(key, value)| (key, value)));
        }
        map.finish()
    }
}

/// No step, since nobody else can reach the map.
impl<K: Eq + Hash, V, S: BuildHasher + Clone> Extend<(K, V)> for DashMap<K, V, S> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            let hash = hash_of(&key);
            let number = self.shard_of(hash);
            let table = self.shards[number].table_mut();
            match find(table, hash, &key) {
                Some(bucket) => *pair_mut(table, bucket).1 = value,
                None => drop(put(table, hash, (key, value))),
            }
        }
    }
}

impl<K: Eq + Hash, V, S: BuildHasher + Clone + Default> FromIterator<(K, V)> for DashMap<K, V, S> {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut map = Self::default();
        map.extend(pairs);
        map
    }
}
