//! `dashmap::DashSet`.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use super::DashMap;
use super::iter_set::{Iter, OwningIter};
use super::setref::multiple::RefMulti;
use super::setref::one::Ref;
use crate::Named;

/// `dashmap::DashSet`: a map without values.
pub struct DashSet<K, S = RandomState> {
    map: DashMap<K, (), S>,
}

impl<K, S> Named for DashSet<K, S> {
    fn named(self, name: impl FnOnce() -> String) -> Self {
        Self { map: self.map.named(name) }
    }
}

impl<K: Eq + Hash> DashSet<K> {
    #[track_caller]
    pub fn new() -> Self {
        Self { map: DashMap::new() }
    }

    #[track_caller]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { map: DashMap::with_capacity(capacity) }
    }
}

impl<K: Eq + Hash, S: BuildHasher + Clone> DashSet<K, S> {
    #[track_caller]
    pub fn with_hasher(hasher: S) -> Self {
        Self { map: DashMap::with_hasher(hasher) }
    }

    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self { map: DashMap::with_capacity_and_hasher(capacity, hasher) }
    }

    pub fn hash_usize<T: Hash>(&self, item: &T) -> usize {
        self.map.hash_usize(item)
    }

    #[track_caller]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.map.capacity()
    }

    #[track_caller]
    pub fn shrink_to_fit(&self) {
        self.map.shrink_to_fit();
    }
}

impl<K: Eq + Hash + fmt::Debug, S: BuildHasher + Clone> DashSet<K, S> {
    /// Whether it was not there.
    #[track_caller]
    pub fn insert(&self, key: K) -> bool {
        self.map.insert(key, ()).is_none()
    }

    #[track_caller]
    pub fn remove<Q: Hash + Eq + fmt::Debug + ?Sized>(&self, key: &Q) -> Option<K>
    where
        K: Borrow<Q>,
    {
        Some(self.map.remove(key)?.0)
    }

    #[track_caller]
    pub fn remove_if<Q: Hash + Eq + fmt::Debug + ?Sized>(
        &self,
        key: &Q,
        condition: impl FnOnce(&K) -> bool,
    ) -> Option<K>
    where
        K: Borrow<Q>,
    {
        Some(self.map.remove_if(key, |key, ()| condition(key))?.0)
    }

    #[track_caller]
    pub fn get<Q: Hash + Eq + fmt::Debug + ?Sized>(&self, key: &Q) -> Option<Ref<'_, K>>
    where
        K: Borrow<Q>,
    {
        self.map.get(key).map(Ref::new)
    }

    #[track_caller]
    pub fn contains<Q: Hash + Eq + fmt::Debug + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.map.contains_key(key)
    }

    #[track_caller]
    pub fn retain(&self, mut condition: impl FnMut(&K) -> bool) {
        self.map.retain(|key, ()| condition(key));
    }

    #[track_caller]
    pub fn clear(&self) {
        self.map.clear();
    }

    /// One shard after the other: it is no snapshot.
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, K, S> {
        Iter::new(self.map.iter())
    }
}

impl<K: Clone, S: Clone> Clone for DashSet<K, S> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self { map: self.map.clone() }
    }
}

impl<K: Eq + Hash, S: Default + BuildHasher + Clone> Default for DashSet<K, S> {
    #[track_caller]
    fn default() -> Self {
        Self { map: DashMap::default() }
    }
}

impl<K: Eq + Hash + fmt::Debug, S: BuildHasher + Clone> fmt::Debug for DashSet<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.map.fmt(f)
    }
}

impl<K: Eq + Hash, S: BuildHasher + Clone> IntoIterator for DashSet<K, S> {
    type Item = K;
    type IntoIter = OwningIter<K, S>;

    fn into_iter(self) -> Self::IntoIter {
        OwningIter::new(self.map.into_iter())
    }
}

impl<'a, K: Eq + Hash + fmt::Debug, S: BuildHasher + Clone> IntoIterator for &'a DashSet<K, S> {
    type Item = RefMulti<'a, K>;
    type IntoIter = Iter<'a, K, S>;

    #[track_caller]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Eq + Hash, S: BuildHasher + Clone> Extend<K> for DashSet<K, S> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        self.map.extend(keys.into_iter().map(|key| (key, ())));
    }
}

impl<K: Eq + Hash, S: BuildHasher + Clone + Default> FromIterator<K> for DashSet<K, S> {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut set = Self::default();
        set.extend(keys);
        set
    }
}
