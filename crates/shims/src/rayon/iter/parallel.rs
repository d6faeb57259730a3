//! `rayon::iter::ParallelIterator`.

use std::cmp::Ordering;
use std::iter::{Product, Sum};

use super::super::{current_num_threads, scope};
use super::each::{Cloned, Copied, Each, Filter, FilterMap, FlatMap, FlatMapIter, Flatten, FlattenIter, Inspect, Map};
use super::found::Found;
use super::state::{Fold, InitWith, MapInit, StartWith};
use super::{Chain, Cut, FromParallelIterator, IntoParallelIterator};
use crate::steps::Place;

/// Does something with each chunk, as many at once as there are threads, and returns what came of them in their order.
pub(super) fn run<P: ParallelIterator, R: Send>(items: P, place: Place, work: impl Fn(P::Chunk) -> R + Sync) -> Vec<R> {
    let cut = Cut::into(current_num_threads());
    let mut chunks = items.__cut(cut).into_iter();
    // Where bounds made more chunks than there are threads, a thread has several in a row.
    let shares = cut.lengths(chunks.len());
    let jobs: Vec<Vec<P::Chunk>> = shares.iter().map(|share| chunks.by_ref().take(*share).collect()).collect();
    let results = scope::run(place, jobs, |chunks| chunks.into_iter().map(&work).collect::<Vec<R>>());
    results.into_iter().flatten().collect()
}

/// `rayon::iter::ParallelIterator`. What ends early, as `find_any` does, ends early in the chunk where it is found.
/// Other chunks go on, as they may in rayon.
pub trait ParallelIterator: Sized + Send {
    type Item: Send;
    /// Some items one after the other. They are evaluated by the thread that processes them.
    #[doc(hidden)]
    type Chunk: IntoIterator<Item = Self::Item> + Send;

    #[doc(hidden)]
    fn __cut(self, cut: Cut) -> Vec<Self::Chunk>;

    /// What is left of the choice after the bounds that were set further inside.
    #[doc(hidden)]
    fn __bound(&self, cut: Cut) -> Cut {
        cut
    }

    fn map<F: Fn(Self::Item) -> R + Sync + Send, R: Send>(self, map: F) -> Each<Self, Map<F>> {
        Each::new(self, Map(map))
    }

    fn map_init<INIT, T, F, R>(self, init: INIT, map: F) -> MapInit<Self, InitWith<INIT>, F>
    where
        INIT: Fn() -> T + Sync + Send,
        F: Fn(&mut T, Self::Item) -> R + Sync + Send,
        R: Send,
    {
        MapInit::new(self, InitWith::new(init), map)
    }

    fn map_with<T, F, R>(self, init: T, map: F) -> MapInit<Self, StartWith<T>, F>
    where
        T: Send + Clone,
        F: Fn(&mut T, Self::Item) -> R + Sync + Send,
        R: Send,
    {
        MapInit::new(self, StartWith(init), map)
    }

    fn cloned<'a, T: 'a + Clone + Send>(self) -> Each<Self, Cloned>
    where
        Self: ParallelIterator<Item = &'a T>,
    {
        Each::new(self, Cloned)
    }

    fn copied<'a, T: 'a + Copy + Send>(self) -> Each<Self, Copied>
    where
        Self: ParallelIterator<Item = &'a T>,
    {
        Each::new(self, Copied)
    }

    fn inspect<F: Fn(&Self::Item) + Sync + Send>(self, look: F) -> Each<Self, Inspect<F>> {
        Each::new(self, Inspect(look))
    }

    fn filter<F: Fn(&Self::Item) -> bool + Sync + Send>(self, keep: F) -> Each<Self, Filter<F>> {
        Each::new(self, Filter(keep))
    }

    fn filter_map<F: Fn(Self::Item) -> Option<R> + Sync + Send, R: Send>(self, map: F) -> Each<Self, FilterMap<F>> {
        Each::new(self, FilterMap(map))
    }

    /// The items that one item becomes are processed one after the other.
    fn flat_map<F, PI>(self, map: F) -> Each<Self, FlatMap<F>>
    where
        F: Fn(Self::Item) -> PI + Sync + Send,
        PI: IntoParallelIterator,
    {
        Each::new(self, FlatMap(map))
    }

    fn flat_map_iter<F, SI>(self, map: F) -> Each<Self, FlatMapIter<F>>
    where
        F: Fn(Self::Item) -> SI + Sync + Send,
        SI: IntoIterator<Item: Send>,
    {
        Each::new(self, FlatMapIter(map))
    }

    /// The items that one item becomes are processed one after the other.
    fn flatten(self) -> Each<Self, Flatten>
    where
        Self::Item: IntoParallelIterator,
    {
        Each::new(self, Flatten)
    }

    fn flatten_iter(self) -> Each<Self, FlattenIter>
    where
        Self::Item: IntoIterator<Item: Send>,
    {
        Each::new(self, FlattenIter)
    }

    fn chain<C: IntoParallelIterator<Item = Self::Item>>(self, other: C) -> Chain<Self, C::Iter> {
        Chain { first: self, second: other.into_par_iter() }
    }

    fn fold<T, ID, F>(self, identity: ID, fold: F) -> Fold<Self, InitWith<ID>, F>
    where
        F: Fn(T, Self::Item) -> T + Sync + Send,
        ID: Fn() -> T + Sync + Send,
        T: Send,
    {
        Fold::new(self, InitWith::new(identity), fold)
    }

    fn fold_with<T, F>(self, init: T, fold: F) -> Fold<Self, StartWith<T>, F>
    where
        F: Fn(T, Self::Item) -> T + Sync + Send,
        T: Send + Clone,
    {
        Fold::new(self, StartWith(init), fold)
    }

    #[track_caller]
    fn for_each<F: Fn(Self::Item) + Sync + Send>(self, work: F) {
        run(self, Place::here(), |items| items.into_iter().for_each(&work));
    }

    #[track_caller]
    fn for_each_with<T: Send + Clone, F: Fn(&mut T, Self::Item) + Sync + Send>(self, init: T, work: F) {
        self.map_with(init, work).for_each(drop);
    }

    #[track_caller]
    fn for_each_init<T, INIT, F>(self, init: INIT, work: F)
    where
        INIT: Fn() -> T + Sync + Send,
        F: Fn(&mut T, Self::Item) + Sync + Send,
    {
        self.map_init(init, work).for_each(drop);
    }

    /// Only results end it early: `Option` is left out.
    ///
    /// # Errors
    /// The first error that came, wherever its item is.
    #[track_caller]
    fn try_for_each<F, E>(self, work: F) -> Result<(), E>
    where
        F: Fn(Self::Item) -> Result<(), E> + Sync + Send,
        E: Send,
    {
        let found = Found::new();
        run(self, found.place(), |items| {
            if let Err(error) = items.into_iter().try_for_each(&work) {
                found.leave(error);
            }
        });
        found.first().map_or(Ok(()), Err)
    }

    #[track_caller]
    fn count(self) -> usize {
        run(self, Place::here(), |items| items.into_iter().count()).into_iter().sum()
    }

    #[track_caller]
    fn sum<S: Send + Sum<Self::Item> + Sum<S>>(self) -> S {
        run(self, Place::here(), |items| items.into_iter().sum::<S>()).into_iter().sum()
    }

    #[track_caller]
    fn product<S: Send + Product<Self::Item> + Product<S>>(self) -> S {
        run(self, Place::here(), |items| items.into_iter().product::<S>()).into_iter().product()
    }

    /// Each chunk begins with the identity.
    #[track_caller]
    fn reduce<OP, ID>(self, identity: ID, op: OP) -> Self::Item
    where
        OP: Fn(Self::Item, Self::Item) -> Self::Item + Sync + Send,
        ID: Fn() -> Self::Item + Sync + Send,
    {
        let reduced = run(self, Place::here(), |items| items.into_iter().fold(identity(), &op));
        reduced.into_iter().reduce(op).unwrap_or_else(identity)
    }

    #[track_caller]
    fn reduce_with<OP>(self, op: OP) -> Option<Self::Item>
    where
        OP: Fn(Self::Item, Self::Item) -> Self::Item + Sync + Send,
    {
        run(self, Place::here(), |items| items.into_iter().reduce(&op)).into_iter().flatten().reduce(op)
    }

    #[track_caller]
    fn min(self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.reduce_with(Ord::min)
    }

    #[track_caller]
    fn max(self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.reduce_with(Ord::max)
    }

    #[track_caller]
    fn min_by<F: Fn(&Self::Item, &Self::Item) -> Ordering + Sync + Send>(self, compare: F) -> Option<Self::Item> {
        self.reduce_with(|a, b| std::cmp::min_by(a, b, &compare))
    }

    #[track_caller]
    fn max_by<F: Fn(&Self::Item, &Self::Item) -> Ordering + Sync + Send>(self, compare: F) -> Option<Self::Item> {
        self.reduce_with(|a, b| std::cmp::max_by(a, b, &compare))
    }

    #[track_caller]
    fn min_by_key<K: Ord + Send, F: Fn(&Self::Item) -> K + Sync + Send>(self, key: F) -> Option<Self::Item> {
        let keyed = self.map(|item| (key(&item), item));
        keyed.min_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, item)| item)
    }

    #[track_caller]
    fn max_by_key<K: Ord + Send, F: Fn(&Self::Item) -> K + Sync + Send>(self, key: F) -> Option<Self::Item> {
        let keyed = self.map(|item| (key(&item), item));
        keyed.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, item)| item)
    }

    #[track_caller]
    fn any<P: Fn(Self::Item) -> bool + Sync + Send>(self, predicate: P) -> bool {
        run(self, Place::here(), |items| items.into_iter().any(&predicate)).contains(&true)
    }

    #[track_caller]
    fn all<P: Fn(Self::Item) -> bool + Sync + Send>(self, predicate: P) -> bool {
        !run(self, Place::here(), |items| items.into_iter().all(&predicate)).contains(&false)
    }

    /// What a schedule finds first.
    #[track_caller]
    fn find_any<P: Fn(&Self::Item) -> bool + Sync + Send>(self, predicate: P) -> Option<Self::Item> {
        self.find_map_any(|item| predicate(&item).then_some(item))
    }

    #[track_caller]
    fn find_first<P: Fn(&Self::Item) -> bool + Sync + Send>(self, predicate: P) -> Option<Self::Item> {
        self.find_map_first(|item| predicate(&item).then_some(item))
    }

    #[track_caller]
    fn find_last<P: Fn(&Self::Item) -> bool + Sync + Send>(self, predicate: P) -> Option<Self::Item> {
        let look = |items: Self::Chunk| items.into_iter().filter(&predicate).last();
        run(self, Place::here(), look).into_iter().flatten().last()
    }

    /// What a schedule finds first.
    #[track_caller]
    fn find_map_any<P: Fn(Self::Item) -> Option<R> + Sync + Send, R: Send>(self, predicate: P) -> Option<R> {
        let found = Found::new();
        run(self, found.place(), |items| {
            if let Some(item) = items.into_iter().find_map(&predicate) {
                found.leave(item);
            }
        });
        found.first()
    }

    #[track_caller]
    fn find_map_first<P: Fn(Self::Item) -> Option<R> + Sync + Send, R: Send>(self, predicate: P) -> Option<R> {
        run(self, Place::here(), |items| items.into_iter().find_map(&predicate)).into_iter().flatten().next()
    }

    #[track_caller]
    fn collect<C: FromParallelIterator<Self::Item>>(self) -> C {
        C::from_par_iter(self)
    }

    #[track_caller]
    fn partition<A, B, P>(self, predicate: P) -> (A, B)
    where
        A: Default + Send + Extend<Self::Item>,
        B: Default + Send + Extend<Self::Item>,
        P: Fn(&Self::Item) -> bool + Sync + Send,
    {
        let items: Vec<(bool, Self::Item)> = self.map(|item| (predicate(&item), item)).collect();
        let (mut kept, mut others) = (A::default(), B::default());
        for (keep, item) in items {
            if keep { kept.extend([item]) } else { others.extend([item]) }
        }
        (kept, others)
    }

    #[track_caller]
    fn unzip<A, B, FromA, FromB>(self) -> (FromA, FromB)
    where
        Self: ParallelIterator<Item = (A, B)>,
        FromA: Default + Send + Extend<A>,
        FromB: Default + Send + Extend<B>,
        A: Send,
        B: Send,
    {
        let items: Vec<(A, B)> = self.collect();
        items.into_iter().unzip()
    }
}
