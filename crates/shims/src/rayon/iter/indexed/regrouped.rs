//! Adaptors that need some items before they have one.

use super::{IndexedParallelIterator, by_length};
use crate::rayon::iter::{Cut, ParallelIterator};

/// `rayon::iter::Rev`. The items of a chunk are evaluated in their first order.
#[derive(Clone, Debug)]
pub struct Rev<P> {
    pub(super) items: P,
}

by_length!([P: IndexedParallelIterator] Rev<P>, P::Item, RevChunk<P::Chunk>);

impl<P: IndexedParallelIterator> IndexedParallelIterator for Rev<P> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk> {
        // What is left out is at the front.
        let left_out = self.items.len() - lengths.iter().sum::<usize>();
        let all: Vec<usize> = [left_out].iter().chain(lengths.iter().rev()).copied().collect();
        self.items.__cut_at(&all).into_iter().skip(1).rev().map(RevChunk).collect()
    }
}

#[doc(hidden)]
pub struct RevChunk<C>(C);

impl<C: IntoIterator> IntoIterator for RevChunk<C> {
    type Item = C::Item;
    type IntoIter = std::iter::Rev<std::vec::IntoIter<C::Item>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().collect::<Vec<_>>().into_iter().rev()
    }
}

/// `rayon::iter::Chunks`.
#[derive(Clone, Debug)]
pub struct Chunks<P> {
    pub(super) items: P,
    pub(super) size: usize,
}

by_length!([P: IndexedParallelIterator] Chunks<P>, Vec<P::Item>, ChunksChunk<P::Chunk>);

impl<P: IndexedParallelIterator> IndexedParallelIterator for Chunks<P> {
    fn len(&self) -> usize {
        self.items.len().div_ceil(self.size)
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk> {
        // The last one may be shorter.
        let mut left = self.items.len();
        let of_items = |length: &usize| {
            let of_items = left.min(length * self.size);
            left -= of_items;
            of_items
        };
        let all: Vec<usize> = lengths.iter().map(of_items).collect();
        self.items.__cut_at(&all).into_iter().map(|chunk| ChunksChunk { chunk, size: self.size }).collect()
    }
}

#[doc(hidden)]
pub struct ChunksChunk<C> {
    chunk: C,
    size: usize,
}

impl<C: IntoIterator> IntoIterator for ChunksChunk<C> {
    type Item = Vec<C::Item>;
    type IntoIter = ChunksIter<C::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        ChunksIter { items: self.chunk.into_iter(), size: self.size }
    }
}

#[doc(hidden)]
pub struct ChunksIter<I> {
    items: I,
    size: usize,
}

impl<I: Iterator> Iterator for ChunksIter<I> {
    type Item = Vec<I::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunk: Vec<I::Item> = self.items.by_ref().take(self.size).collect();
        (!chunk.is_empty()).then_some(chunk)
    }
}
