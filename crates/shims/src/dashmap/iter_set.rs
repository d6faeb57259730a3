//! Iterators over the keys of a set.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash, RandomState};

use super::iter;
use super::setref::multiple::RefMulti;

/// The keys of a set that nobody else has.
pub struct OwningIter<K, S = RandomState>(iter::OwningIter<K, (), S>);

impl<K, S> OwningIter<K, S> {
    pub(super) fn new(pairs: iter::OwningIter<K, (), S>) -> Self {
        Self(pairs)
    }
}

impl<K, S> Iterator for OwningIter<K, S> {
    type Item = K;

    fn next(&mut self) -> Option<K> {
        Some(self.0.next()?.0)
    }
}

/// Shared access to the keys, one shard after the other.
pub struct Iter<'a, K, S = RandomState>(iter::Iter<'a, K, (), S>);

impl<'a, K, S> Iter<'a, K, S> {
    pub(super) fn new(pairs: iter::Iter<'a, K, (), S>) -> Self {
        Self(pairs)
    }
}

impl<'a, K: Eq + Hash + Debug, S: BuildHasher + Clone> Iterator for Iter<'a, K, S> {
    type Item = RefMulti<'a, K>;

    fn next(&mut self) -> Option<RefMulti<'a, K>> {
        self.0.next().map(RefMulti::new)
    }
}
