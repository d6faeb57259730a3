//! Adaptors that leave each item as it is, and say where it is or leave some out.

use super::{IndexedParallelIterator, by_length};
use crate::rayon::iter::{Cut, ParallelIterator};

/// `rayon::iter::Enumerate`.
#[derive(Clone, Debug)]
pub struct Enumerate<P> {
    pub(super) items: P,
}

by_length!([P: IndexedParallelIterator] Enumerate<P>, (usize, P::Item), EnumerateChunk<P::Chunk>);

impl<P: IndexedParallelIterator> IndexedParallelIterator for Enumerate<P> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk> {
        let starts = lengths.iter().scan(0, |next, length| {
            *next += length;
            Some(*next - length)
        });
        let chunks = self.items.__cut_at(lengths).into_iter();
        chunks.zip(starts).map(|(chunk, start)| EnumerateChunk { chunk, start }).collect()
    }
}

#[doc(hidden)]
pub struct EnumerateChunk<C> {
    chunk: C,
    start: usize,
}

impl<C: IntoIterator> IntoIterator for EnumerateChunk<C> {
    type Item = (usize, C::Item);
    type IntoIter = std::iter::Zip<std::ops::RangeFrom<usize>, C::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        (self.start..).zip(self.chunk)
    }
}

/// `rayon::iter::Zip`.
#[derive(Clone, Debug)]
pub struct Zip<P, Q> {
    pub(super) items: P,
    pub(super) other: Q,
}

by_length!(
    [P: IndexedParallelIterator, Q: IndexedParallelIterator] Zip<P, Q>, (P::Item, Q::Item), ZipChunk<P::Chunk, Q::Chunk>
);

impl<P: IndexedParallelIterator, Q: IndexedParallelIterator> IndexedParallelIterator for Zip<P, Q> {
    fn len(&self) -> usize {
        self.items.len().min(self.other.len())
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk> {
        let chunks = self.items.__cut_at(lengths).into_iter().zip(self.other.__cut_at(lengths));
        chunks.map(|(chunk, other)| ZipChunk { chunk, other }).collect()
    }
}

#[doc(hidden)]
pub struct ZipChunk<C, D> {
    chunk: C,
    other: D,
}

impl<C: IntoIterator, D: IntoIterator> IntoIterator for ZipChunk<C, D> {
    type Item = (C::Item, D::Item);
    type IntoIter = std::iter::Zip<C::IntoIter, D::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunk.into_iter().zip(self.other)
    }
}

/// `rayon::iter::Skip`. What is skipped is not evaluated.
#[derive(Clone, Debug)]
pub struct Skip<P> {
    pub(super) items: P,
    pub(super) count: usize,
}

by_length!([P: IndexedParallelIterator] Skip<P>, P::Item, P::Chunk);

impl<P: IndexedParallelIterator> IndexedParallelIterator for Skip<P> {
    fn len(&self) -> usize {
        self.items.len().saturating_sub(self.count)
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk> {
        let all: Vec<usize> = [self.count.min(self.items.len())].iter().chain(lengths).copied().collect();
        let mut chunks = self.items.__cut_at(&all);
        chunks.remove(0);
        chunks
    }
}

/// `rayon::iter::Take`.
#[derive(Clone, Debug)]
pub struct Take<P> {
    pub(super) items: P,
    pub(super) count: usize,
}

by_length!([P: IndexedParallelIterator] Take<P>, P::Item, P::Chunk);

impl<P: IndexedParallelIterator> IndexedParallelIterator for Take<P> {
    fn len(&self) -> usize {
        self.items.len().min(self.count)
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk> {
        self.items.__cut_at(lengths)
    }
}
