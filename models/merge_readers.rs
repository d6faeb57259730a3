//! A block is merged and committed while somebody reads the ledger: the reader sees all of the block or nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread;

use seriatim_runtime::{AtomicU64, JoinSet, Ordering, Runtime};
use seriatim_tos::chain::{Blockchain, ExecutionPath};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::ledger::{AssetId, Block, Hash, Topoheight};
use seriatim_tos::storage::{LedgerState, StateKey, StateValue, Storage, StorageError, Version};

use super::fixtures::{Case, Nothing, key, now, parameters};
use super::workers::payments;

pub async fn a_reader_sees_the_block_whole_or_not_at_all<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    // One task under loom, beside chain and reader.
    let setup = payments(width - 1);
    let before = setup.memory.inspect(LedgerState::clone);
    let after = {
        let sequential = payments(width - 1);
        let mut chain = chain(&runtime, Arc::clone(&sequential.memory), 1);
        now(chain.ordering_run().apply(&sequential.block, ExecutionPath::Sequential)).unwrap();
        sequential.memory.inspect(LedgerState::clone)
    };
    assert_ne!(before, after);

    let mut chain = chain(&runtime, setup.disk(&runtime, Nothing), width.into());
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

/// While a block is applied, taken back and another applied in its place, a reader walks the links of the ledger: below
/// them nothing ever changes, and what it reads between two looks at one and the same top is that block's ledger, whole.
pub async fn a_reader_of_older_topoheights_sees_whole_blocks<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    // One task under loom, beside chain and reader.
    let setup = payments(width - 1);
    let first = Arc::clone(&setup.block);
    let fork = Block { miner: key(1), transactions: Vec::new(), ..Block::clone(&first) }.seal();
    let keys = [1, 2].map(|account| StateKey::Balance(key(account), AssetId::TOS));
    let base = setup.memory.inspect(|ledger| values(ledger, &keys));
    let whole: Vec<(Hash, Vec<Option<StateValue>>)> = [&first, &fork]
        .map(|block| {
            let apart = payments(width - 1);
            let mut chain = chain(&runtime, Arc::clone(&apart.memory), 1);
            now(chain.ordering_run().apply(block, ExecutionPath::Sequential)).unwrap();
            (block.hash(), apart.memory.inspect(|ledger| values(ledger, &keys)))
        })
        .into();
    assert!(whole.iter().all(|(_, values)| *values != base) && whole[0].1 != whole[1].1);

    let mut chain = chain(&runtime, setup.disk(&runtime, Nothing), width.into());
    let disk = setup.disk(&runtime, Nothing);
    // Loom tries other orders only of what it sees to conflict, and it does not see into the storage.
    let point = Arc::new(runtime.atomic_u64("point", 0));
    let (moment, heard) = (Arc::clone(&point), runtime.clone());
    let mut tasks = runtime.join_set("chain and reader");
    tasks.spawn(async move {
        chain.ordering_run().apply(&first, ExecutionPath::Parallel).await.unwrap();
        moment.store(1, Ordering::SeqCst);
        // A heavier branch takes its time to come.
        for _ in 0..3 {
            heard.yield_now().await;
        }
        chain.rewind(0).await.unwrap();
        moment.store(2, Ordering::SeqCst);
        chain.ordering_run().apply(&fork, ExecutionPath::Parallel).await.unwrap();
        moment.store(3, Ordering::SeqCst);
    });
    tasks.spawn(async move {
        point.load(Ordering::SeqCst);
        let (topoheight, before) = disk.top().await.unwrap();
        let (mut newest, mut below) = (Vec::new(), Vec::new());
        for key in keys {
            point.load(Ordering::SeqCst);
            newest.push(value(disk.version_at(key, topoheight).await));
            below.push(value(disk.version_at(key, 0).await));
        }
        assert_eq!(below, base, "what stands below the blocks that come and go");
        let (still, after) = disk.top().await.unwrap();
        let seen = match whole.iter().position(|(block, _)| *block == before.block) {
            _ if (topoheight, &before) != (still, &after) => "the top changed meanwhile",
            None => {
                assert_eq!(newest, base);
                "nothing above"
            }
            Some(which) => {
                assert_eq!(newest, whole[which].1, "a block half applied");
                ["the first block", "the fork"][which]
            }
        };
        events.reached(seen);
    });
    while let Some((_, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(()));
    }
}

fn chain<S: Storage, R: Runtime>(runtime: &R, storage: Arc<S>, max_parallelism: usize) -> Blockchain<S, R> {
    Blockchain::new(storage, parameters(), ParallelExecutor::new(runtime.clone(), max_parallelism).unwrap())
}

fn values(ledger: &LedgerState, keys: &[StateKey]) -> Vec<Option<StateValue>> {
    keys.iter().map(|key| ledger.newest_value(key).cloned()).collect()
}

fn value(read: Result<Option<(Topoheight, Version)>, StorageError>) -> Option<StateValue> {
    read.unwrap().map(|(_, version)| version.value)
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
