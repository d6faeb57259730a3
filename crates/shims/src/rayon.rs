//! `rayon`, with a thread of its own for each chunk and each job instead of a pool.
//!
//! A parallel iterator is cut into as many chunks as the pool has threads, at most one for each item. Each chunk is a
//! scoped thread, and results are put together in the order of the chunks. Nothing is stolen: a job that the pool would
//! keep for later may start at once. Outside an execution, the threads are those of the system, and still no pool of
//! rayon's.
//!
//! A thread's local values are new for every chunk. Chunks of a hash map depend on its order, so a replay may differ.

pub mod iter;
mod pool;
mod scope;
pub mod slice;

pub use pool::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder, current_num_threads};
pub use scope::{Scope, in_place_scope, join, scope};

/// `rayon::prelude`.
pub mod prelude {
    pub use super::iter::{
        FromParallelIterator, IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator,
        IntoParallelRefMutIterator, ParallelBridge, ParallelExtend, ParallelIterator,
    };
    pub use super::slice::{ParallelSlice, ParallelSliceMut};
}

/// `rayon::spawn`. A job that panics does not end the process.
#[track_caller]
pub fn spawn<F: FnOnce() + Send + 'static>(job: F) {
    let threads = pool::size();
    // The thread goes on without its handle.
    drop(crate::thread::spawn(move || {
        let _working = pool::working(threads);
        job();
    }));
}
