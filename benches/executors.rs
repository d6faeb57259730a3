//! `cargo bench --bench executors`: what a block costs on each path. Blocks of Ed25519 transfers without conflict, where
//! a parallel executor can win, and real block shapes, where it mostly has to wait.

#[path = "common/conflict_free.rs"]
mod conflict_free;

use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use seriatim::chain::{Blockchain, ExecutionPath};
use seriatim::execution::ParallelExecutor;
use seriatim::ledger::SignatureScheme;
use seriatim::runtime::Native;
use seriatim::storage::MemoryStorage;
use seriatim::workload::{Scenario, real_shapes};

/// Applies the scenario's one block to a fresh ledger; only the application is timed.
fn apply(bencher: &mut criterion::Bencher<'_>, scenario: &Scenario, path: ExecutionPath, workers: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("threads");
    let block = scenario.blocks().next().expect("one block").clone().seal();
    let fresh = || {
        let storage = Arc::new(MemoryStorage::new(&scenario.genesis).expect("a valid genesis"));
        let executor = ParallelExecutor::new(Native::with_hash_seed(0), workers).expect("workers");
        Blockchain::new(storage, scenario.parameters.clone(), executor)
    };
    let run = |mut chain: Blockchain<MemoryStorage, Native>| {
        let block = Arc::clone(&block);
        // On a worker, as in a node: the thread that waits outside the runtime would hand every task over.
        let task = runtime.spawn(async move {
            let receipts = chain.ordering_run().apply(&block, path).await.expect("the block is applied");
            (receipts, chain)
        });
        runtime.block_on(task).expect("the task ends")
    };
    bencher.iter_batched(fresh, run, BatchSize::LargeInput);
}

fn paths(criterion: &mut Criterion, group: &str, scenario: &Scenario) {
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(scenario.tx_count() as u64));
    group.bench_function("sequential", |bencher| apply(bencher, scenario, ExecutionPath::Sequential, 1));
    for path in [ExecutionPath::SequentialAhead, ExecutionPath::Parallel, ExecutionPath::BlockStm] {
        for workers in [1, 2, 8] {
            group.bench_with_input(BenchmarkId::new(path.name(), workers), &workers, |bencher, &workers| {
                apply(bencher, scenario, path, workers);
            });
        }
    }
    group.finish();
}

/// Wide, middling and one long chain: the longest chain of dependent transactions is 12 of 232, 40 of 417, 1 408 of
/// 1 414.
const BLOCKS: [u64; 3] = [12_047_794, 19_444_337, 13_287_210];

fn executors(criterion: &mut Criterion) {
    paths(criterion, "1000 conflict-free transfers, Ed25519", &conflict_free::conflict_free(1_000));
    for block in BLOCKS {
        let shape = real_shapes().iter().find(|shape| shape.block == block).expect("a block of the file");
        paths(criterion, &format!("real shape {block}, Ed25519"), &shape.scenario(SignatureScheme::Ed25519, 0));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    targets = executors
}
criterion_main!(benches);
