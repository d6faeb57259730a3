//! What changes entries.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

use super::super::iter::IterMut;
use super::super::mapref::entry::{Entry, OccupiedEntry, VacantEntry};
use super::super::mapref::one::RefMut;
use super::super::shard::{self, Held, Table, find, hash_of, looked_for, pair_mut, put};
use super::super::try_result::TryResult;
use super::DashMap;
use crate::parking_lot::RwLockWriteGuard;
use crate::steps::Place;

impl<K: Eq + Hash + Debug, V, S: BuildHasher + Clone> DashMap<K, V, S> {
    #[track_caller]
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        let (place, hash) = (Place::here(), hash_of(&key));
        let mut shard = self.write_shard(self.shard_of(hash), place);
        let bucket = find(&shard, hash, &key);
        shard::inserted(&self.shared, place, &key, bucket.is_some());
        if let Some(bucket) = bucket {
            return Some(std::mem::replace(pair_mut(&mut shard, bucket).1, value));
        }
        put(&mut shard, hash, (key, value));
        None
    }

    #[track_caller]
    pub fn remove<Q: Hash + Eq + Debug + ?Sized>(&self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        self.remove_if(key, |_, _| true)
    }

    #[track_caller]
    pub fn remove_if<Q: Hash + Eq + Debug + ?Sized>(
        &self,
        key: &Q,
        condition: impl FnOnce(&K, &V) -> bool,
    ) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let found = self.get_mut_or_hold(key, Place::here())?;
        if condition(found.key(), found.value()) { Some(found.take()) } else { None }
    }

    #[track_caller]
    pub fn remove_if_mut<Q: Hash + Eq + Debug + ?Sized>(
        &self,
        key: &Q,
        condition: impl FnOnce(&K, &mut V) -> bool,
    ) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let mut found = self.get_mut_or_hold(key, Place::here())?;
        let (key, value) = found.pair_mut();
        if condition(key, value) { Some(found.take()) } else { None }
    }

    #[track_caller]
    pub fn get_mut<Q: Hash + Eq + Debug + ?Sized>(&self, key: &Q) -> Option<RefMut<'_, K, V>>
    where
        K: Borrow<Q>,
    {
        self.get_mut_or_hold(key, Place::here())
    }

    fn get_mut_or_hold<Q: Hash + Eq + Debug + ?Sized>(&self, key: &Q, place: Place) -> Option<RefMut<'_, K, V>>
    where
        K: Borrow<Q>,
    {
        let hash = hash_of(key);
        self.found_mut(self.write_shard(self.shard_of(hash), place), hash, key, place)
    }

    #[track_caller]
    pub fn try_get_mut<Q: Hash + Eq + Debug + ?Sized>(&self, key: &Q) -> TryResult<RefMut<'_, K, V>>
    where
        K: Borrow<Q>,
    {
        let (place, hash) = (Place::here(), hash_of(key));
        let Some(shard) = self.try_write_shard(self.shard_of(hash), place) else { return TryResult::Locked };
        self.found_mut(shard, hash, key, place).map_or(TryResult::Absent, TryResult::Present)
    }

    fn found_mut<'a, Q: Eq + Debug + ?Sized>(
        &self,
        shard: RwLockWriteGuard<'a, Table<K, V>>,
        hash: u64,
        key: &Q,
        place: Place,
    ) -> Option<RefMut<'a, K, V>>
    where
        K: Borrow<Q>,
    {
        let Some(bucket) = find(&shard, hash, key) else {
            Held::absent(&self.shared, place, key);
            return None;
        };
        Some(RefMut::new(Held::new(&self.shared, place, key), shard, bucket))
    }

    #[track_caller]
    pub fn entry(&self, key: K) -> Entry<'_, K, V> {
        let (place, hash) = (Place::here(), hash_of(&key));
        self.entry_in(self.write_shard(self.shard_of(hash), place), hash, key, place)
    }

    #[track_caller]
    pub fn try_entry(&self, key: K) -> Option<Entry<'_, K, V>> {
        let (place, hash) = (Place::here(), hash_of(&key));
        Some(self.entry_in(self.try_write_shard(self.shard_of(hash), place)?, hash, key, place))
    }

    fn entry_in<'a>(
        &self,
        shard: RwLockWriteGuard<'a, Table<K, V>>,
        hash: u64,
        key: K,
        place: Place,
    ) -> Entry<'a, K, V> {
        if let Some(bucket) = find(&shard, hash, &key) {
            let found = RefMut::new(Held::new(&self.shared, place, &key), shard, bucket);
            return Entry::Occupied(OccupiedEntry::new(found, key));
        }
        let noted = looked_for(&self.shared, place, &key, false);
        Entry::Vacant(VacantEntry::new(noted, shard, hash, key))
    }

    /// A change that panics takes the entry with it; the real map ends the process then.
    #[track_caller]
    pub fn alter<Q: Hash + Eq + Debug + ?Sized>(&self, key: &Q, change: impl FnOnce(&K, V) -> V)
    where
        K: Borrow<Q>,
    {
        let place = Place::here();
        if let Some(found) = self.get_mut_or_hold(key, place) {
            found.alter(place, change);
        }
    }

    /// A change that panics takes the rest of its shard with it; the real map ends the process then.
    #[track_caller]
    pub fn alter_all(&self, mut change: impl FnMut(&K, V) -> V) {
        let place = Place::here();
        for number in 0..self.shard_count() {
            let mut shard = self.write_shard(number, place);
            for (key, value) in shard.drain().collect::<Vec<_>>() {
                let mut held = Held::new(&self.shared, place, &key);
                let value = change(&key, value);
                held.changes(place);
                put(&mut shard, hash_of(&key), (key, value));
            }
        }
    }

    /// Records do not say whether a value that is kept was changed.
    #[track_caller]
    pub fn retain(&self, mut condition: impl FnMut(&K, &mut V) -> bool) {
        let place = Place::here();
        for number in 0..self.shard_count() {
            self.write_shard(number, place).retain(|(key, value)| {
                let mut held = Held::new(&self.shared, place, key);
                let is_kept = condition(key, value);
                if !is_kept {
                    held.removes();
                }
                is_kept
            });
        }
    }

    #[track_caller]
    pub fn clear(&self) {
        self.retain(|_, _| false);
    }

    /// One shard after the other; a shard is held until the last guard of its entries is dropped.
    #[track_caller]
    pub fn iter_mut(&self) -> IterMut<'_, K, V, S> {
        IterMut::new(self, Place::here())
    }
}

impl<K: Eq + Hash, V, S: BuildHasher + Clone> DashMap<K, V, S> {
    #[track_caller]
    pub fn shrink_to_fit(&self) {
        let place = Place::here();
        for number in 0..self.shard_count() {
            self.write_shard(number, place).shrink_to_fit(|(key, _)| hash_of(key));
        }
    }
}
