//! `rayon::iter::Chain`.

use super::{Cut, IndexedParallelIterator, ParallelIterator};

/// `rayon::iter::Chain`.
#[derive(Clone, Debug)]
pub struct Chain<A, B> {
    pub(super) first: A,
    pub(super) second: B,
}

impl<A: ParallelIterator, B: ParallelIterator<Item = A::Item>> ParallelIterator for Chain<A, B> {
    type Item = A::Item;
    type Chunk = ChainChunk<A::Chunk, B::Chunk>;

    fn __cut(self, cut: Cut) -> Vec<Self::Chunk> {
        let of = |first, second| ChainChunk { first, second };
        let first = self.first.__cut(cut).into_iter().map(|chunk| of(Some(chunk), None));
        let second = self.second.__cut(cut).into_iter().map(|chunk| of(None, Some(chunk)));
        first.chain(second).collect()
    }
}

impl<A, B> IndexedParallelIterator for Chain<A, B>
where
    A: IndexedParallelIterator,
    B: IndexedParallelIterator<Item = A::Item>,
{
    fn len(&self) -> usize {
        self.first.len() + self.second.len()
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk> {
        // The first part ends somewhere in a chunk.
        let mut left = self.first.len();
        let of_first = |length: &usize| {
            let of_first = left.min(*length);
            left -= of_first;
            of_first
        };
        let first: Vec<usize> = lengths.iter().map(of_first).collect();
        let second: Vec<usize> = lengths.iter().zip(&first).map(|(all, first)| all - first).collect();
        let chunks = self.first.__cut_at(&first).into_iter().zip(self.second.__cut_at(&second));
        chunks.map(|(first, second)| ChainChunk { first: Some(first), second: Some(second) }).collect()
    }
}

#[doc(hidden)]
pub struct ChainChunk<A, B> {
    first: Option<A>,
    second: Option<B>,
}

impl<A: IntoIterator, B: IntoIterator<Item = A::Item>> IntoIterator for ChainChunk<A, B> {
    type Item = A::Item;
    type IntoIter =
        std::iter::Chain<std::iter::Flatten<std::option::IntoIter<A>>, std::iter::Flatten<std::option::IntoIter<B>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().flatten().chain(self.second.into_iter().flatten())
    }
}
