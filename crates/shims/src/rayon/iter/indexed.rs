//! Parallel iterators that know how many items they have, and at which place each of them is.

mod placed;
mod regrouped;

pub use placed::{Enumerate, Skip, Take, Zip};
pub use regrouped::{Chunks, Rev};

use super::found::Found;
use super::parallel::run;
use super::{Bounded, IntoParallelIterator, ParallelIterator};
use crate::steps::Place;

/// `rayon::iter::IndexedParallelIterator`.
#[expect(clippy::len_without_is_empty, reason = "rayon has none")]
pub trait IndexedParallelIterator: ParallelIterator {
    fn len(&self) -> usize;

    /// Cuts into chunks of these lengths. What comes after the last is left out.
    #[doc(hidden)]
    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk>;

    fn enumerate(self) -> Enumerate<Self> {
        Enumerate { items: self }
    }

    fn zip<Z>(self, other: Z) -> Zip<Self, Z::Iter>
    where
        Z: IntoParallelIterator<Iter: IndexedParallelIterator>,
    {
        Zip { items: self, other: other.into_par_iter() }
    }

    /// # Panics
    /// If the lengths differ.
    #[track_caller]
    fn zip_eq<Z>(self, other: Z) -> Zip<Self, Z::Iter>
    where
        Z: IntoParallelIterator<Iter: IndexedParallelIterator>,
    {
        let zip = self.zip(other);
        assert_eq!(zip.items.len(), zip.other.len(), "iterators must have the same length");
        zip
    }

    fn rev(self) -> Rev<Self> {
        Rev { items: self }
    }

    fn skip(self, count: usize) -> Skip<Self> {
        Skip { items: self, count }
    }

    fn take(self, count: usize) -> Take<Self> {
        Take { items: self, count }
    }

    /// # Panics
    /// If the size is 0.
    #[track_caller]
    fn chunks(self, size: usize) -> Chunks<Self> {
        assert!(size > 0, "chunk_size must not be zero");
        Chunks { items: self, size }
    }

    fn with_min_len(self, shortest: usize) -> Bounded<Self> {
        Bounded { items: self, shortest: shortest.max(1), longest: usize::MAX }
    }

    fn with_max_len(self, longest: usize) -> Bounded<Self> {
        Bounded { items: self, shortest: 1, longest: longest.max(1) }
    }

    #[track_caller]
    fn collect_into_vec(self, target: &mut Vec<Self::Item>) {
        *target = self.collect();
    }

    #[track_caller]
    fn unzip_into_vecs<A, B>(self, left: &mut Vec<A>, right: &mut Vec<B>)
    where
        Self: IndexedParallelIterator<Item = (A, B)>,
        A: Send,
        B: Send,
    {
        let items: Vec<(A, B)> = self.collect();
        (*left, *right) = items.into_iter().unzip();
    }

    #[track_caller]
    fn position_any<P: Fn(Self::Item) -> bool + Sync + Send>(self, predicate: P) -> Option<usize> {
        let found = Found::new();
        let look = |items: EnumeratedOf<Self>| {
            if let Some(index) = items.into_iter().find_map(|(index, item)| predicate(item).then_some(index)) {
                found.leave(index);
            }
        };
        run(self.enumerate(), found.place(), look);
        found.first()
    }

    #[track_caller]
    fn position_first<P: Fn(Self::Item) -> bool + Sync + Send>(self, predicate: P) -> Option<usize> {
        let look =
            |items: EnumeratedOf<Self>| items.into_iter().find_map(|(index, item)| predicate(item).then_some(index));
        run(self.enumerate(), Place::here(), look).into_iter().flatten().next()
    }

    #[track_caller]
    fn position_last<P: Fn(Self::Item) -> bool + Sync + Send>(self, predicate: P) -> Option<usize> {
        let look = |items: EnumeratedOf<Self>| {
            items.into_iter().filter_map(|(index, item)| predicate(item).then_some(index)).last()
        };
        run(self.enumerate(), Place::here(), look).into_iter().flatten().last()
    }
}

type EnumeratedOf<P> = <Enumerate<P> as ParallelIterator>::Chunk;

/// An adaptor that is cut by its own length.
macro_rules! by_length {
    ([$($parameter:tt)*] $of:ty, $item:ty, $chunk:ty) => {
        impl<$($parameter)*> ParallelIterator for $of {
            type Item = $item;
            type Chunk = $chunk;

            fn __cut(self, cut: Cut) -> Vec<Self::Chunk> {
                let lengths = self.__bound(cut).lengths(self.len());
                self.__cut_at(&lengths)
            }

            fn __bound(&self, cut: Cut) -> Cut {
                self.items.__bound(cut)
            }
        }
    };
}

use by_length;
