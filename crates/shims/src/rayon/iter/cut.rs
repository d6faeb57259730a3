//! Where a parallel iterator is cut, and the one that all others stand on.

use super::{IndexedParallelIterator, ParallelIterator};

/// How to cut.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Chunks that are wished for.
    chunks: usize,
    /// The bounds of a chunk's length. They prevail over the number of chunks, and the upper one over the lower one.
    shortest: usize,
    longest: usize,
}

impl Cut {
    pub(super) fn into(chunks: usize) -> Self {
        Self { chunks, shortest: 1, longest: usize::MAX }
    }

    fn within(self, shortest: usize, longest: usize) -> Self {
        Self { shortest: self.shortest.max(shortest), longest: self.longest.min(longest), ..self }
    }

    /// The lengths of the chunks, which are almost the same.
    pub(super) fn lengths(self, items: usize) -> Vec<usize> {
        let most = (items / self.shortest).max(1).min(items);
        let chunks = self.chunks.min(most).max(items.div_ceil(self.longest));
        let end = |chunk: usize| items / chunks * chunk + (items % chunks).min(chunk);
        (0..chunks).map(|chunk| end(chunk + 1) - end(chunk)).collect()
    }
}

/// Items that are there already: of a collection, a range, a slice's chunks.
#[derive(Clone, Debug)]
pub struct Items<T>(Vec<T>);

impl<T> FromIterator<T> for Items<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<T: Send> ParallelIterator for Items<T> {
    type Item = T;
    type Chunk = Vec<T>;

    fn __cut(self, cut: Cut) -> Vec<Vec<T>> {
        let lengths = cut.lengths(self.0.len());
        self.__cut_at(&lengths)
    }
}

impl<T: Send> IndexedParallelIterator for Items<T> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Vec<T>> {
        let mut items = self.0.into_iter();
        lengths.iter().map(|length| items.by_ref().take(*length).collect()).collect()
    }
}

/// `rayon::iter::MinLen` and `rayon::iter::MaxLen`.
#[derive(Clone, Debug)]
pub struct Bounded<P> {
    pub(super) items: P,
    pub(super) shortest: usize,
    pub(super) longest: usize,
}

impl<P: IndexedParallelIterator> ParallelIterator for Bounded<P> {
    type Item = P::Item;
    type Chunk = P::Chunk;

    fn __cut(self, cut: Cut) -> Vec<P::Chunk> {
        let cut = cut.within(self.shortest, self.longest);
        self.items.__cut(cut)
    }

    fn __bound(&self, cut: Cut) -> Cut {
        self.items.__bound(cut.within(self.shortest, self.longest))
    }
}

impl<P: IndexedParallelIterator> IndexedParallelIterator for Bounded<P> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<P::Chunk> {
        self.items.__cut_at(lengths)
    }
}
