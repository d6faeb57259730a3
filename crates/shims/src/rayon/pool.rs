//! Pools: a number of threads, which is all that one knows of a pool here.

use std::cell::Cell;
use std::fmt;

use super::{Scope, join, scope};

crate::thread_local! {
    /// The threads of the pool that the caller works for. 0: it is that of all.
    static SIZE: Cell<usize> = const { Cell::new(0) };
}

/// What a thread gives to the threads that it starts.
pub(super) fn size() -> usize {
    SIZE.get()
}

/// The caller works for a pool of this size until it drops what it gets.
#[must_use]
pub(super) fn working(size: usize) -> Working {
    Working { before: SIZE.replace(size) }
}

pub(super) struct Working {
    before: usize,
}

impl Drop for Working {
    fn drop(&mut self) {
        SIZE.set(self.before);
    }
}

/// `rayon::current_num_threads`; 4 in an execution, unless a pool was made with another number.
pub fn current_num_threads() -> usize {
    number(size())
}

fn number(size: usize) -> usize {
    if size > 0 { size } else { crate::thread::available_parallelism().map_or(1, usize::from) }
}

/// `rayon::ThreadPoolBuilder`.
#[derive(Debug, Default)]
pub struct ThreadPoolBuilder {
    /// 0: as many as there are by default.
    threads: usize,
}

impl ThreadPoolBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn num_threads(self, threads: usize) -> Self {
        Self { threads }
    }

    /// No record shows these names.
    #[must_use]
    pub fn thread_name<F: FnMut(usize) -> String + 'static>(self, _: F) -> Self {
        self
    }

    /// Every thread has the stack of a scoped thread.
    #[must_use]
    pub fn stack_size(self, _: usize) -> Self {
        self
    }

    /// # Errors
    /// Never.
    pub fn build(self) -> Result<ThreadPool, ThreadPoolBuildError> {
        Ok(ThreadPool { threads: self.threads })
    }

    /// The pool is that of the calling thread and of the jobs that it starts, and of no other.
    ///
    /// # Errors
    /// Never.
    pub fn build_global(self) -> Result<(), ThreadPoolBuildError> {
        SIZE.set(self.threads);
        Ok(())
    }
}

/// `rayon::ThreadPoolBuildError`, which never happens here.
#[derive(Debug)]
pub struct ThreadPoolBuildError(());

impl fmt::Display for ThreadPoolBuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool could not be built")
    }
}

impl std::error::Error for ThreadPoolBuildError {}

/// `rayon::ThreadPool`. What is installed runs in the calling thread.
#[derive(Debug)]
pub struct ThreadPool {
    threads: usize,
}

impl ThreadPool {
    pub fn current_num_threads(&self) -> usize {
        number(self.threads)
    }

    pub fn install<OP: FnOnce() -> R + Send, R: Send>(&self, op: OP) -> R {
        let _working = working(self.threads);
        op()
    }

    #[track_caller]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA + Send,
        B: FnOnce() -> RB + Send,
        RA: Send,
        RB: Send,
    {
        let _working = working(self.threads);
        join(a, b)
    }

    #[track_caller]
    pub fn scope<'env, R: Send>(&self, op: impl for<'scope> FnOnce(&Scope<'scope, 'env>) -> R + Send) -> R {
        let _working = working(self.threads);
        scope(op)
    }

    #[track_caller]
    pub fn spawn<F: FnOnce() + Send + 'static>(&self, job: F) {
        let _working = working(self.threads);
        super::spawn(job);
    }
}
