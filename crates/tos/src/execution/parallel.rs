//! The parallel path, V3. A block's transactions are cut into conflict-free batches; each batch runs as tasks over one
//! shared state; each task stages its changes and commits them only if its transaction succeeded; the merge
//! turns the shared state into the same batch of writes that the sequential path makes.
//!
//! One block, in order: [`ParallelChainState::open`] -> [`batches`] -> [`ParallelExecutor::execute`] ->
//! [`merge_parallel_results`].

mod accumulator;
mod conflicts;
mod executor;
mod merge;
mod state;

pub use accumulator::Accumulator;
pub use conflicts::batches;
pub use executor::{ParallelExecutor, ZeroParallelism};
pub use merge::merge_parallel_results;
pub use state::ParallelChainState;
