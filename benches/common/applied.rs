//! One block on one path, as a node runs it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seriatim::chain::{Blockchain, ExecutionPath};
use seriatim::execution::{MIN_SHARED, ParallelExecutor};
use seriatim::runtime::Native;
use seriatim::storage::MemoryStorage;
use seriatim::workload::Scenario;

/// Applies the scenario's one block to a fresh ledger, on a worker of `tokio`. Returns what sealing and applying take, and
/// what `before` and `after` say then.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn applied<T: Send + 'static>(
    tokio: &tokio::runtime::Runtime,
    scenario: &Scenario,
    (path, workers): (ExecutionPath, usize),
    before: fn() -> T,
    after: fn() -> T,
) -> (Duration, (T, T)) {
    let storage = Arc::new(MemoryStorage::new(&scenario.genesis).expect("a valid genesis"));
    let executor =
        ParallelExecutor::new(Native::with_hash_seed(0), workers).expect("workers").with_min_shared(MIN_SHARED);
    let mut chain = Blockchain::new(storage, scenario.parameters.clone(), executor);
    let block = scenario.blocks().next().expect("one block").clone();
    let task = tokio.spawn(async move {
        let first = before();
        let begun = Instant::now();
        let block = block.seal();
        let receipts = chain.ordering_run().apply(&block, path).await.expect("the block is applied");
        let took = begun.elapsed();
        // Dropped after the clock was read: a node goes on with both.
        (took, (first, after()), receipts, chain)
    });
    let (took, told, ..) = tokio.block_on(task).expect("the task ends");
    (took, told)
}
