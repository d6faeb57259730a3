//! Adaptors that do the same with each item.

use std::fmt;
use std::iter::{Once, once};
use std::sync::Arc;

use super::{Cut, IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

/// What an adaptor makes of an item.
#[doc(hidden)]
pub trait Step<I>: Send + Sync {
    type Made: Iterator;

    fn make(&self, item: I) -> Self::Made;
}

/// A step that makes one of one.
#[doc(hidden)]
pub trait OneOfOne {}

/// An adaptor of this step.
#[derive(Clone)]
pub struct Each<P, S> {
    items: P,
    step: S,
}

impl<P, S> Each<P, S> {
    pub(super) fn new(items: P, step: S) -> Self {
        Self { items, step }
    }

    fn in_chunks<C>(chunks: Vec<C>, step: S) -> Vec<EachChunk<C, S>> {
        let step = Arc::new(step);
        chunks.into_iter().map(|chunk| EachChunk { chunk, step: Arc::clone(&step) }).collect()
    }
}

impl<P, S> fmt::Debug for Each<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Each").finish_non_exhaustive()
    }
}

impl<P, S> ParallelIterator for Each<P, S>
where
    P: ParallelIterator,
    S: Step<P::Item>,
    <S::Made as Iterator>::Item: Send,
{
    type Item = <S::Made as Iterator>::Item;
    type Chunk = EachChunk<P::Chunk, S>;

    fn __cut(self, cut: Cut) -> Vec<Self::Chunk> {
        Self::in_chunks(self.items.__cut(cut), self.step)
    }

    fn __bound(&self, cut: Cut) -> Cut {
        self.items.__bound(cut)
    }
}

impl<P, S> IndexedParallelIterator for Each<P, S>
where
    P: IndexedParallelIterator,
    S: Step<P::Item> + OneOfOne,
    <S::Made as Iterator>::Item: Send,
{
    fn len(&self) -> usize {
        self.items.len()
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk> {
        Self::in_chunks(self.items.__cut_at(lengths), self.step)
    }
}

#[doc(hidden)]
pub struct EachChunk<C, S> {
    chunk: C,
    step: Arc<S>,
}

impl<C: IntoIterator, S: Step<C::Item>> IntoIterator for EachChunk<C, S> {
    type Item = <S::Made as Iterator>::Item;
    type IntoIter = EachIter<C::IntoIter, S, S::Made>;

    fn into_iter(self) -> Self::IntoIter {
        EachIter { items: self.chunk.into_iter(), step: self.step, made: None }
    }
}

#[doc(hidden)]
pub struct EachIter<I, S, M> {
    items: I,
    step: Arc<S>,
    /// What was made of the last item.
    made: Option<M>,
}

impl<I: Iterator, S: Step<I::Item>> Iterator for EachIter<I, S, S::Made> {
    type Item = <S::Made as Iterator>::Item;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.made.as_mut().and_then(Iterator::next) {
                return Some(item);
            }
            self.made = None;
            self.made = Some(self.step.make(self.items.next()?));
        }
    }
}

macro_rules! steps {
    ($($name:ident),*) => {$(
        #[doc = concat!("The step of `rayon::iter::", stringify!($name), "`.")]
        #[derive(Clone)]
        pub struct $name<F>(pub(super) F);

        impl<F> fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

steps!(Map, Inspect, Filter, FilterMap, FlatMap, FlatMapIter);

impl<I, R, F: Fn(I) -> R + Send + Sync> Step<I> for Map<F> {
    type Made = Once<R>;

    fn make(&self, item: I) -> Once<R> {
        once((self.0)(item))
    }
}

impl<I, F: Fn(&I) + Send + Sync> Step<I> for Inspect<F> {
    type Made = Once<I>;

    fn make(&self, item: I) -> Once<I> {
        (self.0)(&item);
        once(item)
    }
}

impl<I, F: Fn(&I) -> bool + Send + Sync> Step<I> for Filter<F> {
    type Made = std::option::IntoIter<I>;

    fn make(&self, item: I) -> Self::Made {
        Some(item).filter(|item| (self.0)(item)).into_iter()
    }
}

impl<I, R, F: Fn(I) -> Option<R> + Send + Sync> Step<I> for FilterMap<F> {
    type Made = std::option::IntoIter<R>;

    fn make(&self, item: I) -> Self::Made {
        (self.0)(item).into_iter()
    }
}

impl<I, R: IntoIterator, F: Fn(I) -> R + Send + Sync> Step<I> for FlatMapIter<F> {
    type Made = R::IntoIter;

    fn make(&self, item: I) -> Self::Made {
        (self.0)(item).into_iter()
    }
}

/// The items of a parallel iterator one after the other.
type InOrder<P> =
    std::iter::Flatten<std::vec::IntoIter<<<P as IntoParallelIterator>::Iter as ParallelIterator>::Chunk>>;

fn in_order<P: IntoParallelIterator>(items: P) -> InOrder<P> {
    items.into_par_iter().__cut(Cut::into(1)).into_iter().flatten()
}

impl<I, R: IntoParallelIterator, F: Fn(I) -> R + Send + Sync> Step<I> for FlatMap<F> {
    type Made = InOrder<R>;

    fn make(&self, item: I) -> Self::Made {
        in_order((self.0)(item))
    }
}

/// The step of `rayon::iter::Flatten`.
#[derive(Clone, Debug)]
pub struct Flatten;

impl<I: IntoParallelIterator> Step<I> for Flatten {
    type Made = InOrder<I>;

    fn make(&self, item: I) -> Self::Made {
        in_order(item)
    }
}

/// The step of `rayon::iter::FlattenIter`.
#[derive(Clone, Debug)]
pub struct FlattenIter;

impl<I: IntoIterator> Step<I> for FlattenIter {
    type Made = I::IntoIter;

    fn make(&self, item: I) -> Self::Made {
        item.into_iter()
    }
}

/// The step of `rayon::iter::Cloned`.
#[derive(Clone, Debug)]
pub struct Cloned;

impl<'a, T: Clone> Step<&'a T> for Cloned {
    type Made = Once<T>;

    fn make(&self, item: &'a T) -> Once<T> {
        once(item.clone())
    }
}

/// The step of `rayon::iter::Copied`.
#[derive(Clone, Debug)]
pub struct Copied;

impl<'a, T: Copy> Step<&'a T> for Copied {
    type Made = Once<T>;

    fn make(&self, item: &'a T) -> Once<T> {
        once(*item)
    }
}

impl<F> OneOfOne for Map<F> {}
impl<F> OneOfOne for Inspect<F> {}
impl OneOfOne for Cloned {}
impl OneOfOne for Copied {}
