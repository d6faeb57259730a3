//! Iterators over the entries of a map.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash, RandomState};
use std::marker::PhantomData;
use std::rc::Rc;
use std::vec;

use hashbrown::hash_table;

use super::DashMap;
use super::mapref::multiple::{Loan, RefMulti, RefMutMulti};
use super::shard::{self, Held, Table, pair};
use crate::parking_lot::RwLockReadGuard;
use crate::steps::Place;

/// The entries of a map that nobody else has.
pub struct OwningIter<K, V, S = RandomState> {
    tables: vec::IntoIter<Table<K, V>>,
    current: hash_table::IntoIter<(K, V)>,
    hasher: PhantomData<S>,
}

impl<K, V, S> OwningIter<K, V, S> {
    pub(super) fn new(map: DashMap<K, V, S>) -> Self {
        let tables: Vec<_> = map.into_tables().collect();
        Self { tables: tables.into_iter(), current: Table::new().into_iter(), hasher: PhantomData }
    }
}

impl<K, V, S> Iterator for OwningIter<K, V, S> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            if let Some(pair) = self.current.next() {
                return Some(pair);
            }
            self.current = self.tables.next()?.into_iter();
        }
    }
}

/// Shared access to the entries, one shard after the other.
pub struct Iter<'a, K, V, S = RandomState> {
    map: &'a DashMap<K, V, S>,
    place: Place,
    next_shard: usize,
    current: Option<Reading<'a, K, V>>,
}

/// A shard, and the buckets that are still to be looked at.
struct Reading<'a, K, V> {
    shard: Rc<RwLockReadGuard<'a, Table<K, V>>>,
    buckets: vec::IntoIter<usize>,
}

impl<'a, K, V, S> Iter<'a, K, V, S> {
    pub(super) fn new(map: &'a DashMap<K, V, S>, place: Place) -> Self {
        Self { map, place, next_shard: 0, current: None }
    }
}

impl<K, V, S> Clone for Iter<'_, K, V, S> {
    /// A copy begins anew, as that of the real one does.
    fn clone(&self) -> Self {
        Self::new(self.map, self.place)
    }
}

impl<'a, K: Eq + Hash + Debug, V, S: BuildHasher + Clone> Iterator for Iter<'a, K, V, S> {
    type Item = RefMulti<'a, K, V>;

    fn next(&mut self) -> Option<RefMulti<'a, K, V>> {
        loop {
            if let Some(Reading { shard, buckets }) = &mut self.current
                && let Some(bucket) = buckets.next()
            {
                shard::read(&self.map.shared, self.place, pair(shard, bucket).0, true);
                return Some(RefMulti::new(Rc::clone(shard), bucket));
            }
            // Given back before the next is taken, unless an entry of it is in use.
            self.current = None;
            if self.next_shard == self.map.shard_count() {
                return None;
            }
            let shard = self.map.read_shard(self.next_shard, self.place);
            let buckets: Vec<usize> = shard.iter_buckets().collect();
            self.current = Some(Reading { shard: Rc::new(shard), buckets: buckets.into_iter() });
            self.next_shard += 1;
        }
    }
}

/// Exclusive access to the entries, one shard after the other.
pub struct IterMut<'a, K: Hash, V, S = RandomState> {
    map: &'a DashMap<K, V, S>,
    place: Place,
    next_shard: usize,
    current: Option<Writing<'a, K, V>>,
}

/// A shard, and its entries that are still to come. These go back when it is dropped.
struct Writing<'a, K: Hash, V> {
    shard: Rc<Loan<'a, K, V>>,
    pairs: vec::IntoIter<(K, V)>,
}

impl<K: Hash, V> Drop for Writing<'_, K, V> {
    fn drop(&mut self) {
        for pair in self.pairs.by_ref() {
            self.shard.give_back(pair);
        }
    }
}

impl<'a, K: Hash, V, S> IterMut<'a, K, V, S> {
    pub(super) fn new(map: &'a DashMap<K, V, S>, place: Place) -> Self {
        Self { map, place, next_shard: 0, current: None }
    }
}

impl<'a, K: Eq + Hash + Debug, V, S: BuildHasher + Clone> Iterator for IterMut<'a, K, V, S> {
    type Item = RefMutMulti<'a, K, V>;

    fn next(&mut self) -> Option<RefMutMulti<'a, K, V>> {
        loop {
            if let Some(Writing { shard, pairs }) = &mut self.current
                && let Some(pair) = pairs.next()
            {
                let held = Held::new(&self.map.shared, self.place, &pair.0);
                return Some(RefMutMulti::new(held, pair, Rc::clone(shard)));
            }
            // Given back before the next is taken, unless an entry of it is in use.
            self.current = None;
            if self.next_shard == self.map.shard_count() {
                return None;
            }
            let (shard, pairs) = Loan::new(self.map.write_shard(self.next_shard, self.place));
            self.current = Some(Writing { shard: Rc::new(shard), pairs: pairs.into_iter() });
            self.next_shard += 1;
        }
    }
}
