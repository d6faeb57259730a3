//! Guards of one entry, which hold its shard.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use super::super::shard::{Held, Table, pair, pair_mut, take};
use crate::parking_lot::{MappedRwLockWriteGuard, RwLockReadGuard, RwLockWriteGuard};
use crate::steps::Place;

/// Shared access to an entry.
pub struct Ref<'a, K, V> {
    shard: RwLockReadGuard<'a, Table<K, V>>,
    bucket: usize,
}

impl<'a, K, V> Ref<'a, K, V> {
    pub(in crate::dashmap) fn new(shard: RwLockReadGuard<'a, Table<K, V>>, bucket: usize) -> Self {
        Self { shard, bucket }
    }

    pub fn key(&self) -> &K {
        self.pair().0
    }

    pub fn value(&self) -> &V {
        self.pair().1
    }

    pub fn pair(&self) -> (&K, &V) {
        pair(&self.shard, self.bucket)
    }

    pub fn map<T>(self, part: impl FnOnce(&V) -> &T) -> MappedRef<'a, K, V, T> {
        let part = ::parking_lot::RwLockReadGuard::map(self.again(), |table| part(pair(table, self.bucket).1));
        MappedRef { part, whole: self }
    }

    /// # Errors
    /// The guard, if there is no such part.
    pub fn try_map<T>(self, part: impl FnOnce(&V) -> Option<&T>) -> Result<MappedRef<'a, K, V, T>, Self> {
        let bucket = self.bucket;
        match ::parking_lot::RwLockReadGuard::try_map(self.again(), |table| part(pair(table, bucket).1)) {
            Ok(part) => Ok(MappedRef { part, whole: self }),
            Err(again) => {
                drop(again);
                Err(self)
            }
        }
    }

    /// A second real guard of the shard, which nobody has to wait for or to be told of.
    fn again(&self) -> ::parking_lot::RwLockReadGuard<'a, Table<K, V>> {
        ::parking_lot::RwLockReadGuard::rwlock(self.shard.real()).read_recursive()
    }
}

impl<K, V> Deref for Ref<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Ref<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref").field("k", self.key()).field("v", self.value()).finish()
    }
}

/// Exclusive access to an entry.
pub struct RefMut<'a, K, V> {
    // Before the shard, which is given back after it.
    held: Held,
    shard: RwLockWriteGuard<'a, Table<K, V>>,
    bucket: usize,
}

impl<'a, K, V> RefMut<'a, K, V> {
    pub(in crate::dashmap) fn new(held: Held, shard: RwLockWriteGuard<'a, Table<K, V>>, bucket: usize) -> Self {
        Self { held, shard, bucket }
    }

    pub fn key(&self) -> &K {
        self.pair().0
    }

    pub fn value(&self) -> &V {
        self.pair().1
    }

    #[track_caller]
    pub fn value_mut(&mut self) -> &mut V {
        self.pair_mut().1
    }

    pub fn pair(&self) -> (&K, &V) {
        pair(&self.shard, self.bucket)
    }

    #[track_caller]
    pub fn pair_mut(&mut self) -> (&K, &mut V) {
        self.held.changes(Place::here());
        pair_mut(&mut self.shard, self.bucket)
    }

    #[track_caller]
    pub fn downgrade(self) -> Ref<'a, K, V> {
        let Self { held, shard, bucket } = self;
        drop(held);
        Ref::new(RwLockWriteGuard::downgrade(shard), bucket)
    }

    /// The part has no key.
    #[track_caller]
    pub fn map<T>(self, part: impl FnOnce(&mut V) -> &mut T) -> MappedRefMut<'a, K, V, T> {
        let Self { held, shard, bucket } = self;
        let part = RwLockWriteGuard::map(shard, |table| part(pair_mut(table, bucket).1));
        MappedRefMut { held, part, whole: PhantomData }
    }

    /// # Errors
    /// The guard, if there is no such part.
    #[track_caller]
    pub fn try_map<T>(self, part: impl FnOnce(&mut V) -> Option<&mut T>) -> Result<MappedRefMut<'a, K, V, T>, Self> {
        let Self { held, shard, bucket } = self;
        match RwLockWriteGuard::try_map(shard, |table| part(pair_mut(table, bucket).1)) {
            Ok(part) => Ok(MappedRefMut { held, part, whole: PhantomData }),
            Err(shard) => Err(Self { held, shard, bucket }),
        }
    }

    /// Takes the entry out of the map.
    pub(in crate::dashmap) fn take(mut self) -> (K, V) {
        self.held.removes();
        take(&mut self.shard, self.bucket)
    }

    /// Makes another value of this one. If that panics, the entry is gone.
    pub(in crate::dashmap) fn alter(mut self, place: Place, change: impl FnOnce(&K, V) -> V) {
        let entry = self.shard.get_bucket_entry(self.bucket).ok().expect("the entry is held");
        entry.replace_entry_with(|(key, value)| {
            let value = change(&key, value);
            Some((key, value))
        });
        self.held.changes(place);
    }

    /// Puts this pair there instead.
    pub(in crate::dashmap) fn replace(mut self, place: Place, pair: (K, V)) -> (K, V) {
        self.held.changes(place);
        let found = self.shard.get_bucket_mut(self.bucket).expect("the entry is held");
        std::mem::replace(found, pair)
    }
}

impl<K, V> Deref for RefMut<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<K, V> DerefMut for RefMut<'_, K, V> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut V {
        self.value_mut()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for RefMut<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefMut").field("k", self.key()).field("v", self.value()).finish()
    }
}

/// Shared access to a part of an entry.
pub struct MappedRef<'a, K, V, T> {
    // Before the whole, which gives the shard back.
    part: ::parking_lot::MappedRwLockReadGuard<'a, T>,
    whole: Ref<'a, K, V>,
}

impl<'a, K, V, T> MappedRef<'a, K, V, T> {
    pub fn key(&self) -> &K {
        self.whole.key()
    }

    pub fn value(&self) -> &T {
        &self.part
    }

    pub fn pair(&self) -> (&K, &T) {
        (self.key(), self.value())
    }

    pub fn map<U>(self, part: impl FnOnce(&T) -> &U) -> MappedRef<'a, K, V, U> {
        MappedRef { part: ::parking_lot::MappedRwLockReadGuard::map(self.part, part), whole: self.whole }
    }
}

impl<K, V, T> Deref for MappedRef<'_, K, V, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value()
    }
}

impl<K: fmt::Debug, V, T: fmt::Debug> fmt::Debug for MappedRef<'_, K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedRef").field("k", self.key()).field("v", self.value()).finish()
    }
}

impl<K, V, T: fmt::Display> fmt::Display for MappedRef<'_, K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

/// Exclusive access to a part of an entry.
pub struct MappedRefMut<'a, K, V, T> {
    held: Held,
    part: MappedRwLockWriteGuard<'a, T>,
    whole: PhantomData<(K, V)>,
}

impl<'a, K, V, T> MappedRefMut<'a, K, V, T> {
    pub fn value(&self) -> &T {
        &self.part
    }

    #[track_caller]
    pub fn value_mut(&mut self) -> &mut T {
        self.held.changes(Place::here());
        &mut self.part
    }

    pub fn map<U>(self, part: impl FnOnce(&mut T) -> &mut U) -> MappedRefMut<'a, K, V, U> {
        let Self { held, part: whole, .. } = self;
        MappedRefMut { held, part: MappedRwLockWriteGuard::map(whole, part), whole: PhantomData }
    }
}

impl<K, V, T> Deref for MappedRefMut<'_, K, V, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value()
    }
}

impl<K, V, T> DerefMut for MappedRefMut<'_, K, V, T> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        self.value_mut()
    }
}

impl<K, V, T: fmt::Debug> fmt::Debug for MappedRefMut<'_, K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedRefMut").field("v", self.value()).finish_non_exhaustive()
    }
}
