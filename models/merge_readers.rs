//! A block is merged and committed while somebody reads the ledger: the reader sees all of the block or nothing.

use std::sync::Arc;

use seriatim::chain::{Blockchain, ExecutionPath};
use seriatim::execution::ParallelExecutor;
use seriatim::runtime::{AtomicU64, JoinSet, Ordering, Runtime};
use seriatim::storage::LedgerState;

use super::kit::{Case, now, parameters};
use super::permits::payments;

pub async fn a_reader_sees_the_block_whole_or_not_at_all<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    // One task under loom, beside chain and reader.
    let setup = payments(width - 1);
    let before = setup.memory.inspect(LedgerState::clone);
    let after = {
        let sequential = payments(width - 1);
        let executor = ParallelExecutor::new(runtime.clone(), 1).unwrap();
        let mut chain = Blockchain::new(Arc::clone(&sequential.memory), parameters(), executor);
        now(chain.ordering_run().apply(&sequential.block, ExecutionPath::Sequential)).unwrap();
        sequential.memory.inspect(LedgerState::clone)
    };
    assert_ne!(before, after);

    let executor = ParallelExecutor::new(runtime.clone(), width.into()).unwrap();
    let mut chain = Blockchain::new(setup.disk(&runtime, ()), parameters(), executor);
    let (block, memory) = (Arc::clone(&setup.block), Arc::clone(&setup.memory));
    let point = Arc::new(runtime.atomic_u64("point", 0));
    let moment = Arc::clone(&point);
    let mut tasks = runtime.join_set("chain and reader");
    tasks.spawn(async move {
        // On the reader's way, before the block and after it.
        moment.load(Ordering::SeqCst);
        chain.ordering_run().apply(&block, ExecutionPath::Parallel).await.unwrap();
        moment.store(1, Ordering::SeqCst);
    });
    tasks.spawn(async move {
        for _ in 0..2 {
            let seen = memory.inspect(|ledger| {
                assert!(*ledger == before || *ledger == after, "a block half committed: {ledger:?}");
                if *ledger == before { "before" } else { "after" }
            });
            events.reached(seen);
            point.load(Ordering::SeqCst);
        }
    });
    while let Some((_, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(()));
    }
}
