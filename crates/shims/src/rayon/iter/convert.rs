//! What becomes a parallel iterator.

#![expect(clippy::disallowed_types, reason = "the maps are those of whoever uses the library")]

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ops::{Range, RangeInclusive};

use super::{Items, ParallelIterator};

/// `rayon::iter::IntoParallelIterator`.
pub trait IntoParallelIterator {
    type Iter: ParallelIterator<Item = Self::Item>;
    type Item: Send;

    fn into_par_iter(self) -> Self::Iter;
}

impl<P: ParallelIterator> IntoParallelIterator for P {
    type Iter = Self;
    type Item = P::Item;

    fn into_par_iter(self) -> Self {
        self
    }
}

/// `rayon::iter::IntoParallelRefIterator`.
pub trait IntoParallelRefIterator<'data> {
    type Iter: ParallelIterator<Item = Self::Item>;
    type Item: Send + 'data;

    fn par_iter(&'data self) -> Self::Iter;
}

impl<'data, I: 'data + ?Sized> IntoParallelRefIterator<'data> for I
where
    &'data I: IntoParallelIterator,
{
    type Iter = <&'data I as IntoParallelIterator>::Iter;
    type Item = <&'data I as IntoParallelIterator>::Item;

    fn par_iter(&'data self) -> Self::Iter {
        self.into_par_iter()
    }
}

/// `rayon::iter::IntoParallelRefMutIterator`.
pub trait IntoParallelRefMutIterator<'data> {
    type Iter: ParallelIterator<Item = Self::Item>;
    type Item: Send + 'data;

    fn par_iter_mut(&'data mut self) -> Self::Iter;
}

impl<'data, I: 'data + ?Sized> IntoParallelRefMutIterator<'data> for I
where
    &'data mut I: IntoParallelIterator,
{
    type Iter = <&'data mut I as IntoParallelIterator>::Iter;
    type Item = <&'data mut I as IntoParallelIterator>::Item;

    fn par_iter_mut(&'data mut self) -> Self::Iter {
        self.into_par_iter()
    }
}

/// `rayon::iter::ParallelBridge`.
pub trait ParallelBridge: Sized {
    type Item: Send;

    /// The calling thread takes all items before the first of them is processed.
    fn par_bridge(self) -> Items<Self::Item>;
}

impl<I: Iterator<Item: Send> + Send> ParallelBridge for I {
    type Item = I::Item;

    fn par_bridge(self) -> Items<I::Item> {
        self.collect()
    }
}

macro_rules! items {
    ($([$($parameter:tt)*] $of:ty => $item:ty;)*) => {$(
        impl<$($parameter)*> IntoParallelIterator for $of {
            type Iter = Items<$item>;
            type Item = $item;

            fn into_par_iter(self) -> Items<$item> {
                self.into_iter().collect()
            }
        }
    )*};
}

items! {
    [T: Send] Vec<T> => T;
    ['a, T: Sync] &'a Vec<T> => &'a T;
    ['a, T: Send] &'a mut Vec<T> => &'a mut T;
    [T: Send] Box<[T]> => T;
    ['a, T: Sync] &'a [T] => &'a T;
    ['a, T: Send] &'a mut [T] => &'a mut T;
    [T: Send, const N: usize] [T; N] => T;
    ['a, T: Sync, const N: usize] &'a [T; N] => &'a T;
    ['a, T: Send, const N: usize] &'a mut [T; N] => &'a mut T;
    [T: Send] Option<T> => T;
    ['a, T: Sync] &'a Option<T> => &'a T;
    ['a, T: Send] &'a mut Option<T> => &'a mut T;
    [T: Send] VecDeque<T> => T;
    ['a, T: Sync] &'a VecDeque<T> => &'a T;
    ['a, T: Send] &'a mut VecDeque<T> => &'a mut T;
    [T: Send] LinkedList<T> => T;
    ['a, T: Sync] &'a LinkedList<T> => &'a T;
    ['a, T: Send] &'a mut LinkedList<T> => &'a mut T;
    [T: Send] BinaryHeap<T> => T;
    ['a, T: Sync] &'a BinaryHeap<T> => &'a T;
    [T: Send] BTreeSet<T> => T;
    ['a, T: Sync] &'a BTreeSet<T> => &'a T;
    [T: Send, S] HashSet<T, S> => T;
    ['a, T: Sync, S] &'a HashSet<T, S> => &'a T;
    [K: Send, V: Send] BTreeMap<K, V> => (K, V);
    ['a, K: Sync, V: Sync] &'a BTreeMap<K, V> => (&'a K, &'a V);
    ['a, K: Sync, V: Send] &'a mut BTreeMap<K, V> => (&'a K, &'a mut V);
    [K: Send, V: Send, S] HashMap<K, V, S> => (K, V);
    ['a, K: Sync, V: Sync, S] &'a HashMap<K, V, S> => (&'a K, &'a V);
    ['a, K: Sync, V: Send, S] &'a mut HashMap<K, V, S> => (&'a K, &'a mut V);
}

/// What ranges of it become a parallel iterator.
#[doc(hidden)]
pub trait Number: Send {}

macro_rules! numbers {
    ($($of:ty),*) => {$(
        impl Number for $of {}
    )*};
}

numbers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, char);

// One implementation for all, so that a range of numbers of no certain type is one of `i32`.
macro_rules! ranges {
    ($($range:ident),*) => {$(
        impl<T: Number> IntoParallelIterator for $range<T>
        where
            Self: Iterator<Item = T>,
        {
            type Iter = Items<T>;
            type Item = T;

            fn into_par_iter(self) -> Items<T> {
                self.collect()
            }
        }
    )*};
}

ranges!(Range, RangeInclusive);
