//! `cargo bench --bench test_mode`: what test mode costs a block beside the plain sequential path, on real shapes. The shadow runs
//! on threads of its own, so the cost depends on how many cores are free.

use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use seriatim::chain::{Blockchain, ChainConfig, ExecutionPath, Modes, NativeShadow, ShadowThreads};
use seriatim::execution::ParallelExecutor;
use seriatim::ledger::SignatureScheme;
use seriatim::runtime::Native;
use seriatim::storage::MemoryStorage;
use seriatim::workload::{Scenario, real_shapes};

/// Adds the scenario's one block to a fresh chain; only the addition is timed. Every answer is waited for.
fn add(bencher: &mut criterion::Bencher<'_>, scenario: &Scenario, shadow: Option<ExecutionPath>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let block = scenario.blocks().next().expect("one block").clone().seal();
    let modes = || match shadow {
        None => Modes::off(),
        Some(path) => {
            let budget = Duration::from_mins(1);
            let config =
                ChainConfig { parallel_execution_test_mode: true, test_mode_budget: budget, ..ChainConfig::default() };
            let shadow = NativeShadow::new(path, 2, 0).expect("workers");
            Modes::new(config, Some(ShadowThreads::of(shadow).expect("threads"))).expect("no contradiction")
        }
    };
    let fresh = || {
        let storage = Arc::new(MemoryStorage::new(&scenario.genesis).expect("a valid genesis"));
        let executor = ParallelExecutor::new(Native::with_hash_seed(0), 2).expect("workers");
        Blockchain::new(storage, scenario.parameters.clone(), executor).with_modes(modes())
    };
    let run = |mut chain: Blockchain<MemoryStorage, Native>| {
        let receipts = runtime.block_on(chain.ordering_run().add_block(&block)).expect("the block is added");
        assert!(chain.modes().figures().mismatched.is_empty(), "{:?}", chain.modes());
        (receipts, chain)
    };
    bencher.iter_batched(fresh, run, BatchSize::LargeInput);
}

/// The blocks of the executors' benchmark: wide, middling and one long chain.
const BLOCKS: [u64; 3] = [12_047_794, 19_444_337, 13_287_210];

fn test_mode(criterion: &mut Criterion) {
    for block in BLOCKS {
        let shape = real_shapes().iter().find(|shape| shape.block == block).expect("a block of the file");
        let scenario = shape.scenario(SignatureScheme::Ed25519, 0);
        let mut group = criterion.benchmark_group(format!("real shape {block}, Ed25519"));
        group.throughput(Throughput::Elements(scenario.tx_count() as u64));
        group.bench_function("sequential", |bencher| add(bencher, &scenario, None));
        for path in [ExecutionPath::Parallel, ExecutionPath::BlockStm] {
            group.bench_with_input(BenchmarkId::new("test mode", path.name()), &path, |bencher, &path| {
                add(bencher, &scenario, Some(path));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    targets = test_mode
}
criterion_main!(benches);
