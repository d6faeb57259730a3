//! A block is merged and committed while somebody reads the ledger: the reader sees all of the block or nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
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
/// real threads show. A block is committed and rewound `blocks` times, and on until another thread, which looks without a
/// pause, has seen the ledger before it and after it.
pub fn on_threads(blocks: usize) {
    let setup = payments(8);
    let memory = &*setup.memory;
    let (batch, _) = setup.sequential();
    let before = memory.inspect(LedgerState::clone);
    now(memory.commit(batch.clone())).unwrap();
    let after = memory.inspect(LedgerState::clone);
    now(memory.rewind(0)).unwrap();
    let ended = AtomicBool::new(false);
    let [seen_before, seen_after] = [0, 0].map(AtomicUsize::new);
    let looks = || [&seen_before, &seen_after].map(|seen| seen.load(Ordering::SeqCst));
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !ended.load(Ordering::SeqCst) {
                let seen = memory.inspect(|ledger| match ledger {
                    _ if *ledger == before => &seen_before,
                    _ if *ledger == after => &seen_after,
                    _ => panic!("a block half committed: {ledger:?}"),
                });
                seen.fetch_add(1, Ordering::SeqCst);
            }
        });
        // The lock is not fair: for thousands of blocks the reader may get it at one of the two moments only.
        for _ in (0..1_000 * blocks).take_while(|round| *round < blocks || looks().contains(&0)) {
            if reader.is_finished() {
                break;
            }
            now(memory.commit(batch.clone())).unwrap();
            thread::yield_now();
            now(memory.rewind(0)).unwrap();
            thread::yield_now();
        }
        ended.store(true, Ordering::SeqCst);
        reader.join().expect("the reader has seen whole blocks only");
    });
    let [seen_before, seen_after] = looks();
    println!("a reader saw the ledger {seen_before} times before a block, {seen_after} times after it");
    assert!(seen_before > 0 && seen_after > 0, "{seen_before} looks before, {seen_after} after");
}
