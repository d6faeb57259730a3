//! What a parallel iterator becomes.

#![expect(clippy::disallowed_types, reason = "the maps are those of whoever uses the library")]

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::rc::Rc;
use std::sync::Arc;

use super::IntoParallelIterator;
use super::found::Found;
use super::parallel::run;
use crate::steps::Place;

/// `rayon::iter::FromParallelIterator`.
pub trait FromParallelIterator<T: Send> {
    #[track_caller]
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(items: I) -> Self;
}

/// All items in their order.
fn in_order<I: IntoParallelIterator>(items: I, place: Place) -> impl Iterator<Item = I::Item> {
    let chunks = run(items.into_par_iter(), place, |chunk| chunk.into_iter().collect::<Vec<_>>());
    chunks.into_iter().flatten()
}

macro_rules! collections {
    ($([$($parameter:tt)*] $of:ty => $item:ty;)*) => {$(
        impl<$($parameter)*> FromParallelIterator<$item> for $of {
            fn from_par_iter<I: IntoParallelIterator<Item = $item>>(items: I) -> Self {
                in_order(items, Place::here()).collect()
            }
        }
    )*};
}

collections! {
    [T: Send] Vec<T> => T;
    [T: Send] Box<[T]> => T;
    [T: Send] Arc<[T]> => T;
    [T: Send] Rc<[T]> => T;
    [T: Send] VecDeque<T> => T;
    [T: Send] LinkedList<T> => T;
    [T: Ord + Send] BinaryHeap<T> => T;
    [T: Ord + Send] BTreeSet<T> => T;
    [K: Ord + Send, V: Send] BTreeMap<K, V> => (K, V);
    [T: Eq + Hash + Send, S: BuildHasher + Default + Send] HashSet<T, S> => T;
    [K: Eq + Hash + Send, V: Send, S: BuildHasher + Default + Send] HashMap<K, V, S> => (K, V);
    [] String => char;
    [] String => String;
    ['a] String => &'a str;
    ['a] String => &'a char;
    [] () => ();
}

/// The first error that came is what it becomes.
impl<C: FromParallelIterator<T>, T: Send, E: Send> FromParallelIterator<Result<T, E>> for Result<C, E> {
    fn from_par_iter<I: IntoParallelIterator<Item = Result<T, E>>>(items: I) -> Self {
        let errors = Found::new();
        let chunks = run(items.into_par_iter(), errors.place(), |chunk| {
            chunk.into_iter().collect::<Result<Vec<T>, E>>().map_err(|error| errors.leave(error)).unwrap_or_default()
        });
        match errors.first() {
            Some(error) => Err(error),
            None => Ok(C::from_par_iter(chunks.into_iter().flatten().collect::<Vec<T>>())),
        }
    }
}

impl<C: FromParallelIterator<T>, T: Send> FromParallelIterator<Option<T>> for Option<C> {
    fn from_par_iter<I: IntoParallelIterator<Item = Option<T>>>(items: I) -> Self {
        let chunks = run(items.into_par_iter(), Place::here(), |chunk| chunk.into_iter().collect::<Option<Vec<T>>>());
        let chunks: Option<Vec<Vec<T>>> = chunks.into_iter().collect();
        chunks.map(|chunks| C::from_par_iter(chunks.into_iter().flatten().collect::<Vec<T>>()))
    }
}

/// `rayon::iter::ParallelExtend`.
pub trait ParallelExtend<T: Send> {
    #[track_caller]
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, items: I);
}

impl<T: Send, C: Extend<T>> ParallelExtend<T> for C {
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, items: I) {
        self.extend(in_order(items, Place::here()));
    }
}
