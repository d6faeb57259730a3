//! `cargo bench --bench metrics`: what a chain's spans, events and figures cost a block, where nobody listens and where its
//! metrics do. Real shapes, cheap signatures, so that the cost is as large a part as it can be.

use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use seriatim::chain::{Blockchain, ChainConfig, ChainMetrics, ExecutionPath, Modes};
use seriatim::execution::ParallelExecutor;
use seriatim::ledger::SignatureScheme;
use seriatim::runtime::Native;
use seriatim::storage::MemoryStorage;
use seriatim::workload::{Scenario, real_shapes};

/// Who listens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Added by `apply`, which reports nothing.
    Nothing,
    Nobody,
    Metrics,
}

/// Adds the scenario's one block to a fresh chain; only the addition is timed.
fn add(bencher: &mut criterion::Bencher<'_>, scenario: &Scenario, path: ExecutionPath, told: Told) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let block = scenario.blocks().next().expect("one block").clone().seal();
    let metrics = ChainMetrics::new();
    let parallel = path == ExecutionPath::Parallel;
    let fresh = || {
        let config = ChainConfig { parallel_execution_enabled: parallel, ..ChainConfig::default() };
        let modes = Modes::new(config, None).expect("no contradiction");
        let (modes, native) = match told {
            Told::Metrics => (modes.with_metrics(metrics.clone()), metrics.native(0)),
            Told::Nothing | Told::Nobody => (modes, Native::with_hash_seed(0)),
        };
        let storage = Arc::new(MemoryStorage::new(&scenario.genesis).expect("a valid genesis"));
        let executor = ParallelExecutor::new(native, 2).expect("workers");
        Blockchain::new(storage, scenario.parameters.clone(), executor).with_modes(modes)
    };
    let run = |mut chain: Blockchain<MemoryStorage, Native>| {
        let mut run = chain.ordering_run();
        let receipts = match told {
            Told::Nothing => runtime.block_on(run.apply(&block, path)),
            Told::Nobody | Told::Metrics => runtime.block_on(run.add_block(&block)),
        };
        (receipts.expect("the block is added"), chain)
    };
    bencher.iter_batched(fresh, run, BatchSize::LargeInput);
}

fn metrics(criterion: &mut Criterion) {
    let shape = real_shapes().iter().find(|shape| shape.block == 19_444_337).expect("a block of the file");
    let scenario = shape.scenario(SignatureScheme::Tagged, 0);
    for path in [ExecutionPath::Sequential, ExecutionPath::Parallel] {
        let mut group = criterion.benchmark_group(format!("real shape {}, {}", shape.block, path.name()));
        group.throughput(Throughput::Elements(scenario.tx_count() as u64));
        for (name, told) in [("apply", Told::Nothing), ("nobody listens", Told::Nobody), ("metrics", Told::Metrics)] {
            group.bench_function(name, |bencher| add(bencher, &scenario, path, told));
        }
        group.finish();
    }
    criterion.bench_function("encode", |bencher| {
        let metrics = ChainMetrics::new();
        bencher.iter(|| metrics.encode());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = metrics
}
criterion_main!(benches);
