//! A block is merged and committed while somebody reads the ledger: the reader sees all of the block or nothing.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use seriatim::chain::{Blockchain, ExecutionPath};
use seriatim::execution::ParallelExecutor;
use seriatim::runtime::{AtomicU64, JoinSet, Ordering, Runtime};
use seriatim::storage::{LedgerState, Storage};

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

/// Memory's lock is of the standard library, which the engines do not control: whether it is held for all of a commit,
/// real threads show. A block is committed and rewound so many times while another thread looks without a pause.
pub fn on_threads(blocks: usize) {
    let setup = payments(8);
    let memory = &*setup.memory;
    let (batch, _) = setup.sequential();
    let before = memory.inspect(LedgerState::clone);
    now(memory.commit(batch.clone())).unwrap();
    let after = memory.inspect(LedgerState::clone);
    now(memory.rewind(0)).unwrap();
    let ended = AtomicBool::new(false);
    let (seen_before, seen_after) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut seen_before, mut seen_after) = (0, 0);
            while !ended.load(Ordering::SeqCst) {
                memory.inspect(|ledger| match ledger {
                    _ if *ledger == before => seen_before += 1,
                    _ if *ledger == after => seen_after += 1,
                    _ => panic!("a block half committed: {ledger:?}"),
                });
            }
            (seen_before, seen_after)
        });
        for _ in 0..blocks {
            if reader.is_finished() {
                break;
            }
            now(memory.commit(batch.clone())).unwrap();
            now(memory.rewind(0)).unwrap();
        }
        ended.store(true, Ordering::SeqCst);
        reader.join().expect("the reader has seen whole blocks only")
    });
    println!("a reader saw the ledger {seen_before} times before a block, {seen_after} times after it");
    assert!(seen_before > 0 && seen_after > 0, "{seen_before} looks before, {seen_after} after");
}
