//! Tasks share the state, and through it the storage: when a block has ended, every handle and every lock has come back,
//! also from a task that panicked.

use std::sync::Arc;

use seriatim_runtime::{Runtime, TaskIndex};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::execution::parallel::merge_parallel_results;

use super::fixtures::Case;
use super::joined::Joined;
use super::workers::{Strike, payments};

pub async fn every_handle_comes_back<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let runtime = Joined::new(runtime);
    let setup = payments(width);
    let disk = setup.disk(&runtime, Strike);
    let state = setup.open(&runtime, &disk).await;
    assert_eq!(Arc::strong_count(&disk), 2);
    let executor = ParallelExecutor::new(runtime.clone(), width.into()).unwrap();
    assert!(executor.execute(&state, &setup.block).await.is_err());
    assert_eq!(Arc::strong_count(&state), 1);
    // No shard is locked: a transaction runs again and is known.
    assert!(state.run(setup.block.transaction(1)).await.is_ok());
    // Panics if anybody else has a handle.
    drop(merge_parallel_results(state, Vec::new()));
    assert_eq!(Arc::strong_count(&disk), 1);
    let first = runtime.order()[0] == TaskIndex(0);
    events.reached(if first { "struck first" } else { "struck last" });
}
