//! The parallel path, V3. A block's transactions wait for those that they conflict with, and for nothing else; workers take
//! whatever waits for nothing any more and run it over one shared state; each transaction stages its changes and commits them
//! only if it succeeded; the merge turns the shared state into the same batch of writes that the sequential path makes.
//!
//! One block, in order: [`ParallelChainState::open`] -> [`ConflictGraph::of`] -> [`ParallelExecutor::execute`] ->
//! [`merge_parallel_results`].

mod accumulator;
mod conflicts;
mod executor;
mod merge;
mod schedule;
mod state;

pub use accumulator::Accumulator;
pub use conflicts::{ConflictGraph, batches};
pub use executor::{MIN_SHARED, ParallelExecutor, ZeroParallelism};
pub use merge::merge_parallel_results;
pub use schedule::{Finished, Next, Schedule};
pub use state::ParallelChainState;
