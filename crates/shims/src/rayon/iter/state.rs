//! Adaptors with something that belongs to a chunk.

use std::fmt;
use std::sync::Arc;

use super::{Cut, IndexedParallelIterator, ParallelIterator};

/// How a chunk gets what is its own.
#[doc(hidden)]
pub trait Begin: Send + Clone {
    type State;

    fn begin(self) -> Self::State;
}

/// Each chunk calls a closure.
pub struct InitWith<F>(Arc<F>);

impl<F> InitWith<F> {
    pub(super) fn new(init: F) -> Self {
        Self(Arc::new(init))
    }
}

impl<F> Clone for InitWith<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T, F: Fn() -> T + Send + Sync> Begin for InitWith<F> {
    type State = T;

    fn begin(self) -> T {
        (self.0)()
    }
}

/// Each chunk has a clone.
#[derive(Clone)]
pub struct StartWith<T>(pub(super) T);

impl<T: Send + Clone> Begin for StartWith<T> {
    type State = T;

    fn begin(self) -> T {
        self.0
    }
}

/// `rayon::iter::MapInit` and `rayon::iter::MapWith`.
#[derive(Clone)]
pub struct MapInit<P, B, F> {
    items: P,
    begin: B,
    map: F,
}

/// `rayon::iter::Fold` and `rayon::iter::FoldWith`: one item for each chunk.
#[derive(Clone)]
pub struct Fold<P, B, F> {
    items: P,
    begin: B,
    add: F,
}

impl<P, B: Begin, F> MapInit<P, B, F> {
    pub(super) fn new(items: P, begin: B, map: F) -> Self {
        Self { items, begin, map }
    }

    fn in_chunks<C>(chunks: Vec<C>, begin: B, map: F) -> Vec<MapChunk<C, B, F>> {
        let map = Arc::new(map);
        chunks.into_iter().map(|chunk| MapChunk { chunk, begin: begin.clone(), map: Arc::clone(&map) }).collect()
    }
}

impl<P, B, F> Fold<P, B, F> {
    pub(super) fn new(items: P, begin: B, add: F) -> Self {
        Self { items, begin, add }
    }
}

macro_rules! debug {
    ($($name:ident<$($parameter:ident),*>),*) => {$(
        impl<$($parameter),*> fmt::Debug for $name<$($parameter),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(MapInit<P, B, F>, Fold<P, B, F>, InitWith<F>, StartWith<T>);

impl<P, B, R, F> ParallelIterator for MapInit<P, B, F>
where
    P: ParallelIterator,
    B: Begin,
    F: Fn(&mut B::State, P::Item) -> R + Send + Sync,
    R: Send,
{
    type Item = R;
    type Chunk = MapChunk<P::Chunk, B, F>;

    fn __cut(self, cut: Cut) -> Vec<Self::Chunk> {
        Self::in_chunks(self.items.__cut(cut), self.begin, self.map)
    }

    fn __bound(&self, cut: Cut) -> Cut {
        self.items.__bound(cut)
    }
}

impl<P, B, R, F> IndexedParallelIterator for MapInit<P, B, F>
where
    P: IndexedParallelIterator,
    B: Begin,
    F: Fn(&mut B::State, P::Item) -> R + Send + Sync,
    R: Send,
{
    fn len(&self) -> usize {
        self.items.len()
    }

    fn __cut_at(self, lengths: &[usize]) -> Vec<Self::Chunk> {
        Self::in_chunks(self.items.__cut_at(lengths), self.begin, self.map)
    }
}

#[doc(hidden)]
pub struct MapChunk<C, B, F> {
    chunk: C,
    begin: B,
    map: Arc<F>,
}

impl<C, B, R, F> IntoIterator for MapChunk<C, B, F>
where
    C: IntoIterator,
    B: Begin,
    F: Fn(&mut B::State, C::Item) -> R,
{
    type Item = R;
    type IntoIter = MapIter<C::IntoIter, B::State, F>;

    fn into_iter(self) -> Self::IntoIter {
        MapIter { items: self.chunk.into_iter(), state: self.begin.begin(), map: self.map }
    }
}

#[doc(hidden)]
pub struct MapIter<I, T, F> {
    items: I,
    state: T,
    map: Arc<F>,
}

impl<I: Iterator, T, R, F: Fn(&mut T, I::Item) -> R> Iterator for MapIter<I, T, F> {
    type Item = R;

    fn next(&mut self) -> Option<R> {
        let item = self.items.next()?;
        Some((self.map)(&mut self.state, item))
    }
}

impl<P, B, F> ParallelIterator for Fold<P, B, F>
where
    P: ParallelIterator,
    B: Begin,
    B::State: Send,
    F: Fn(B::State, P::Item) -> B::State + Send + Sync,
{
    type Item = B::State;
    type Chunk = FoldChunk<P::Chunk, B, F>;

    fn __cut(self, cut: Cut) -> Vec<Self::Chunk> {
        let add = Arc::new(self.add);
        let of_chunk = |chunk| FoldChunk { chunk, begin: self.begin.clone(), add: Arc::clone(&add) };
        self.items.__cut(cut).into_iter().map(of_chunk).collect()
    }

    fn __bound(&self, cut: Cut) -> Cut {
        self.items.__bound(cut)
    }
}

#[doc(hidden)]
pub struct FoldChunk<C, B, F> {
    chunk: C,
    begin: B,
    add: Arc<F>,
}

impl<C, B, F> IntoIterator for FoldChunk<C, B, F>
where
    C: IntoIterator,
    B: Begin,
    F: Fn(B::State, C::Item) -> B::State,
{
    type Item = B::State;
    type IntoIter = std::iter::Once<B::State>;

    fn into_iter(self) -> Self::IntoIter {
        let add = self.add;
        std::iter::once(self.chunk.into_iter().fold(self.begin.begin(), |state, item| add(state, item)))
    }
}
