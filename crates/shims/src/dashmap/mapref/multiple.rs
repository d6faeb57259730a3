//! Guards of entries of one shard, which hold it together.

use std::cell::RefCell;
use std::fmt;
use std::hash::Hash;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::super::shard::{Held, Table, hash_of, pair, put};
use crate::parking_lot::{RwLockReadGuard, RwLockWriteGuard};
use crate::steps::Place;

/// Shared access to an entry.
pub struct RefMulti<'a, K, V> {
    shard: Rc<RwLockReadGuard<'a, Table<K, V>>>,
    bucket: usize,
}

impl<'a, K, V> RefMulti<'a, K, V> {
    pub(in crate::dashmap) fn new(shard: Rc<RwLockReadGuard<'a, Table<K, V>>>, bucket: usize) -> Self {
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
}

impl<K, V> Deref for RefMulti<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for RefMulti<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefMulti").field("k", self.key()).field("v", self.value()).finish()
    }
}

/// A shard that is held, and whose entries are out on loan: each guard has its own, and puts it back.
pub(in crate::dashmap) struct Loan<'a, K, V> {
    shard: RefCell<RwLockWriteGuard<'a, Table<K, V>>>,
}

impl<'a, K: Hash, V> Loan<'a, K, V> {
    /// The shard without its entries, and these.
    pub fn new(mut shard: RwLockWriteGuard<'a, Table<K, V>>) -> (Self, Vec<(K, V)>) {
        let pairs = shard.drain().collect();
        (Self { shard: RefCell::new(shard) }, pairs)
    }

    pub fn give_back(&self, pair: (K, V)) {
        put(&mut self.shard.borrow_mut(), hash_of(&pair.0), pair);
    }
}

/// Exclusive access to an entry.
pub struct RefMutMulti<'a, K: Hash, V> {
    // Before the shard, which is given back after it.
    held: Held,
    /// None: it was put back.
    pair: Option<(K, V)>,
    shard: Rc<Loan<'a, K, V>>,
}

impl<'a, K: Hash, V> RefMutMulti<'a, K, V> {
    pub(in crate::dashmap) fn new(held: Held, pair: (K, V), shard: Rc<Loan<'a, K, V>>) -> Self {
        Self { held, pair: Some(pair), shard }
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
        let (key, value) = self.pair.as_ref().expect("a guard has its entry until it is dropped");
        (key, value)
    }

    #[track_caller]
    pub fn pair_mut(&mut self) -> (&K, &mut V) {
        self.held.changes(Place::here());
        let (key, value) = self.pair.as_mut().expect("a guard has its entry until it is dropped");
        (key, value)
    }
}

impl<K: Hash, V> Drop for RefMutMulti<'_, K, V> {
    fn drop(&mut self) {
        if let Some(pair) = self.pair.take() {
            self.shard.give_back(pair);
        }
    }
}

impl<K: Hash, V> Deref for RefMutMulti<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<K: Hash, V> DerefMut for RefMutMulti<'_, K, V> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut V {
        self.value_mut()
    }
}

impl<K: Hash + fmt::Debug, V: fmt::Debug> fmt::Debug for RefMutMulti<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefMutMulti").field("k", self.key()).field("v", self.value()).finish()
    }
}
