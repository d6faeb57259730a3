//! An entry, whether or not it is there.

use std::hash::Hash;

use seriatim_explore::model::Entry as Noted;

use super::super::shard::{Held, Table, put};
use super::one::RefMut;
use crate::parking_lot::RwLockWriteGuard;
use crate::steps::Place;

/// `dashmap::Entry`.
pub enum Entry<'a, K, V> {
    Occupied(OccupiedEntry<'a, K, V>),
    Vacant(VacantEntry<'a, K, V>),
}

impl<'a, K: Eq + Hash, V> Entry<'a, K, V> {
    #[track_caller]
    pub fn and_modify(mut self, change: impl FnOnce(&mut V)) -> Self {
        if let Self::Occupied(entry) = &mut self {
            change(entry.get_mut());
        }
        self
    }

    pub fn key(&self) -> &K {
        match self {
            Self::Occupied(entry) => entry.key(),
            Self::Vacant(entry) => entry.key(),
        }
    }

    pub fn into_key(self) -> K {
        match self {
            Self::Occupied(entry) => entry.into_key(),
            Self::Vacant(entry) => entry.into_key(),
        }
    }

    #[track_caller]
    pub fn or_default(self) -> RefMut<'a, K, V>
    where
        V: Default,
    {
        self.or_insert_at(Place::here(), V::default)
    }

    #[track_caller]
    pub fn or_insert(self, value: V) -> RefMut<'a, K, V> {
        self.or_insert_at(Place::here(), || value)
    }

    #[track_caller]
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> RefMut<'a, K, V> {
        self.or_insert_at(Place::here(), value)
    }

    fn or_insert_at(self, place: Place, value: impl FnOnce() -> V) -> RefMut<'a, K, V> {
        match self {
            Self::Occupied(entry) => entry.into_ref(),
            Self::Vacant(entry) => entry.insert_at(place, value()),
        }
    }

    /// # Errors
    /// There is no entry, and no value for one.
    #[track_caller]
    pub fn or_try_insert_with<E>(self, value: impl FnOnce() -> Result<V, E>) -> Result<RefMut<'a, K, V>, E> {
        match self {
            Self::Occupied(entry) => Ok(entry.into_ref()),
            Self::Vacant(entry) => Ok(entry.insert(value()?)),
        }
    }

    #[track_caller]
    pub fn insert(self, value: V) -> RefMut<'a, K, V> {
        match self {
            Self::Occupied(mut entry) => {
                entry.insert(value);
                entry.into_ref()
            }
            Self::Vacant(entry) => entry.insert(value),
        }
    }

    #[track_caller]
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V>
    where
        K: Clone,
    {
        match self {
            Self::Occupied(mut entry) => {
                entry.insert(value);
                entry
            }
            Self::Vacant(entry) => entry.insert_entry(value),
        }
    }
}

/// `dashmap::VacantEntry`.
pub struct VacantEntry<'a, K, V> {
    noted: Option<Noted>,
    shard: RwLockWriteGuard<'a, Table<K, V>>,
    hash: u64,
    key: K,
}

impl<'a, K: Eq + Hash, V> VacantEntry<'a, K, V> {
    pub(in crate::dashmap) fn new(
        noted: Option<Noted>,
        shard: RwLockWriteGuard<'a, Table<K, V>>,
        hash: u64,
        key: K,
    ) -> Self {
        Self { noted, shard, hash, key }
    }

    #[track_caller]
    pub fn insert(self, value: V) -> RefMut<'a, K, V> {
        self.insert_at(Place::here(), value)
    }

    fn insert_at(self, place: Place, value: V) -> RefMut<'a, K, V> {
        let Self { noted, mut shard, hash, key } = self;
        let bucket = put(&mut shard, hash, (key, value));
        RefMut::new(Held::made(noted, place), shard, bucket)
    }

    #[track_caller]
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V>
    where
        K: Clone,
    {
        let key = self.key.clone();
        OccupiedEntry::new(self.insert(value), key)
    }

    pub fn into_key(self) -> K {
        self.key
    }

    pub fn key(&self) -> &K {
        &self.key
    }
}

/// `dashmap::OccupiedEntry`.
pub struct OccupiedEntry<'a, K, V> {
    found: RefMut<'a, K, V>,
    /// The key that it was asked for with.
    key: K,
}

impl<'a, K: Eq + Hash, V> OccupiedEntry<'a, K, V> {
    pub(in crate::dashmap) fn new(found: RefMut<'a, K, V>, key: K) -> Self {
        Self { found, key }
    }

    pub fn get(&self) -> &V {
        self.found.value()
    }

    #[track_caller]
    pub fn get_mut(&mut self) -> &mut V {
        self.found.value_mut()
    }

    #[track_caller]
    pub fn insert(&mut self, value: V) -> V {
        std::mem::replace(self.get_mut(), value)
    }

    pub fn into_ref(self) -> RefMut<'a, K, V> {
        self.found
    }

    pub fn into_key(self) -> K {
        self.key
    }

    pub fn key(&self) -> &K {
        self.found.key()
    }

    pub fn remove(self) -> V {
        self.remove_entry().1
    }

    pub fn remove_entry(self) -> (K, V) {
        self.found.take()
    }

    #[track_caller]
    pub fn replace_entry(self, value: V) -> (K, V) {
        self.found.replace(Place::here(), (self.key, value))
    }
}
