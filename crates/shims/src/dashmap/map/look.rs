//! What changes nothing.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

use super::super::iter::{Iter, OwningIter};
use super::super::mapref::multiple::RefMulti;
use super::super::mapref::one::Ref;
use super::super::shard::{self, Table, find, hash_of, looked_for};
use super::super::try_result::TryResult;
use super::DashMap;
use crate::parking_lot::RwLockReadGuard;
use crate::steps::Place;

impl<K: Eq + Hash + Debug, V, S: BuildHasher + Clone> DashMap<K, V, S> {
    #[track_caller]
    pub fn get<Q: Hash + Eq + Debug + ?Sized>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        K: Borrow<Q>,
    {
        let (place, hash) = (Place::here(), hash_of(key));
        self.found(self.read_shard(self.shard_of(hash), place), hash, key, place)
    }

    #[track_caller]
    pub fn try_get<Q: Hash + Eq + Debug + ?Sized>(&self, key: &Q) -> TryResult<Ref<'_, K, V>>
    where
        K: Borrow<Q>,
    {
        let (place, hash) = (Place::here(), hash_of(key));
        let Some(shard) = self.try_read_shard(self.shard_of(hash), place) else { return TryResult::Locked };
        self.found(shard, hash, key, place).map_or(TryResult::Absent, TryResult::Present)
    }

    fn found<'a, Q: Eq + Debug + ?Sized>(
        &self,
        shard: RwLockReadGuard<'a, Table<K, V>>,
        hash: u64,
        key: &Q,
        place: Place,
    ) -> Option<Ref<'a, K, V>>
    where
        K: Borrow<Q>,
    {
        let bucket = find(&shard, hash, key);
        shard::read(&self.shared, place, key, bucket.is_some());
        Some(Ref::new(shard, bucket?))
    }

    #[track_caller]
    pub fn view<Q: Hash + Eq + Debug + ?Sized, R>(&self, key: &Q, look: impl FnOnce(&K, &V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
    {
        let found = self.get(key)?;
        Some(look(found.key(), found.value()))
    }

    #[track_caller]
    pub fn contains_key<Q: Hash + Eq + Debug + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        let (place, hash) = (Place::here(), hash_of(key));
        let shard = self.read_shard(self.shard_of(hash), place);
        let is_there = find(&shard, hash, key).is_some();
        looked_for(&self.shared, place, key, is_there);
        is_there
    }

    /// One shard after the other: it is no snapshot.
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, K, V, S> {
        Iter::new(self, Place::here())
    }
}

impl<K: Eq + Hash, V, S: BuildHasher + Clone> DashMap<K, V, S> {
    /// One shard after the other: others may change it meanwhile.
    #[track_caller]
    pub fn len(&self) -> usize {
        let place = Place::here();
        (0..self.shard_count()).map(|number| self.read_shard(number, place).len()).sum()
    }

    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[track_caller]
    pub fn capacity(&self) -> usize {
        let place = Place::here();
        (0..self.shard_count()).map(|number| self.read_shard(number, place).capacity()).sum()
    }
}

impl<K: Eq + Hash, V, S: BuildHasher + Clone> IntoIterator for DashMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = OwningIter<K, V, S>;

    fn into_iter(self) -> Self::IntoIter {
        OwningIter::new(self)
    }
}

impl<'a, K: Eq + Hash + Debug, V, S: BuildHasher + Clone> IntoIterator for &'a DashMap<K, V, S> {
    type Item = RefMulti<'a, K, V>;
    type IntoIter = Iter<'a, K, V, S>;

    #[track_caller]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
