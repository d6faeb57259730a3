//! `rayon::slice`. A sort is one of the standard library, in the calling thread.

use std::cmp::Ordering;

use super::iter::Items;

/// `rayon::slice::ParallelSlice`.
pub trait ParallelSlice<T: Sync> {
    fn as_parallel_slice(&self) -> &[T];

    fn par_chunks(&self, size: usize) -> Items<&[T]> {
        self.as_parallel_slice().chunks(size).collect()
    }

    fn par_chunks_exact(&self, size: usize) -> Items<&[T]> {
        self.as_parallel_slice().chunks_exact(size).collect()
    }

    fn par_rchunks(&self, size: usize) -> Items<&[T]> {
        self.as_parallel_slice().rchunks(size).collect()
    }

    fn par_windows(&self, size: usize) -> Items<&[T]> {
        self.as_parallel_slice().windows(size).collect()
    }

    fn par_split<P: Fn(&T) -> bool + Sync + Send>(&self, separator: P) -> Items<&[T]> {
        self.as_parallel_slice().split(separator).collect()
    }
}

impl<T: Sync> ParallelSlice<T> for [T] {
    fn as_parallel_slice(&self) -> &[T] {
        self
    }
}

/// `rayon::slice::ParallelSliceMut`.
pub trait ParallelSliceMut<T: Send> {
    fn as_parallel_slice_mut(&mut self) -> &mut [T];

    fn par_chunks_mut(&mut self, size: usize) -> Items<&mut [T]> {
        self.as_parallel_slice_mut().chunks_mut(size).collect()
    }

    fn par_chunks_exact_mut(&mut self, size: usize) -> Items<&mut [T]> {
        self.as_parallel_slice_mut().chunks_exact_mut(size).collect()
    }

    fn par_rchunks_mut(&mut self, size: usize) -> Items<&mut [T]> {
        self.as_parallel_slice_mut().rchunks_mut(size).collect()
    }

    fn par_split_mut<P: Fn(&T) -> bool + Sync + Send>(&mut self, separator: P) -> Items<&mut [T]> {
        self.as_parallel_slice_mut().split_mut(separator).collect()
    }

    fn par_sort(&mut self)
    where
        T: Ord,
    {
        self.as_parallel_slice_mut().sort();
    }

    fn par_sort_by<F: Fn(&T, &T) -> Ordering + Sync>(&mut self, compare: F) {
        self.as_parallel_slice_mut().sort_by(compare);
    }

    fn par_sort_by_key<K: Ord, F: Fn(&T) -> K + Sync>(&mut self, key: F) {
        self.as_parallel_slice_mut().sort_by_key(key);
    }

    fn par_sort_by_cached_key<K: Ord + Send, F: Fn(&T) -> K + Sync>(&mut self, key: F) {
        self.as_parallel_slice_mut().sort_by_cached_key(key);
    }

    fn par_sort_unstable(&mut self)
    where
        T: Ord,
    {
        self.as_parallel_slice_mut().sort_unstable();
    }

    fn par_sort_unstable_by<F: Fn(&T, &T) -> Ordering + Sync>(&mut self, compare: F) {
        self.as_parallel_slice_mut().sort_unstable_by(compare);
    }

    fn par_sort_unstable_by_key<K: Ord, F: Fn(&T) -> K + Sync>(&mut self, key: F) {
        self.as_parallel_slice_mut().sort_unstable_by_key(key);
    }
}

impl<T: Send> ParallelSliceMut<T> for [T] {
    fn as_parallel_slice_mut(&mut self) -> &mut [T] {
        self
    }
}
