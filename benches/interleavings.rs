//! `cargo bench --bench interleavings`: executions a second under exploring engines, one thread. Under shuttle one execution
//! is one block of payments without conflict on the real parallel executor, storage included, under random choices, and
//! judged; from an input it is what the fuzz target `interleave` does, without a fuzzer: read, built, run once, judged. Under
//! loom it is two tasks that add to the executor's accumulator.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use seriatim::campaign::ChainExperiment;
use seriatim::campaign::interleave_with;
use seriatim::compare::Verdict;
use seriatim::execution::parallel::Accumulator;
use seriatim::explore::{InterleaveConfig, LoomBounds, Strategy, under_loom};
use seriatim::ledger::{
    AccountKey, AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Reference,
    SignatureScheme, TOS, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};
use seriatim::runtime::model::{Model, ModelSettings};
use seriatim::runtime::{JoinSet, Runtime};
use seriatim::workload::{InterleavedPlan, Plan, Scenario, Step, build};

/// `count` payments, each between two accounts of its own.
fn payments(count: u8) -> Scenario {
    let key = |number: u8| AccountKey([number + 1; 32]);
    let rich = GenesisAccount { balances: [(AssetId::TOS, 100 * TOS)].into(), ..GenesisAccount::default() };
    let genesis =
        Genesis { accounts: (0..2 * count).map(|number| (key(number), rich.clone())).collect(), ..Genesis::default() };
    let pay = |number: u8| {
        let destination = key(2 * number + 1);
        let transfer = Transfer { asset: AssetId::TOS, destination, amount: TOS, extra_data: None };
        let body = UnsignedTransaction {
            version: TransactionVersion::T0,
            source: key(2 * number),
            data: Payload::Transfers(vec![transfer]),
            fee: 20_000,
            fee_type: FeeType::Tos,
            nonce: 0,
            reference: Reference { hash: Hash::ZERO, topoheight: 0 },
        };
        let signature = SignatureScheme::Tagged.signer(body.source.0).sign(&body.signing_bytes());
        Transaction { body, multisig: Vec::new(), signature }
    };
    let block = Block { parent: Hash::ZERO, height: 1, miner: key(200), transactions: (0..count).map(pay).collect() };
    let parameters =
        Parameters { signature_scheme: SignatureScheme::Tagged, dev_account: key(201), block_time_ms: 1_000 };
    Scenario { version: 1, parameters, genesis, steps: vec![Step::Run(vec![block])] }
}

fn interleavings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("executions under shuttle");
    group.throughput(Throughput::Elements(1));
    group.measurement_time(Duration::from_secs(4));
    for tx_count in [2, 4, 8, 16] {
        let scenario = payments(tx_count);
        let interleaver = ChainExperiment::v3(&scenario).ready();
        let settings = ModelSettings { workers: None, shards: 8, placement_seed: 0 };
        group.bench_function(BenchmarkId::from_parameter(format!("{tx_count} transactions")), |bencher| {
            bencher.iter_custom(|executions| {
                let config = InterleaveConfig {
                    strategy: Strategy::Random,
                    seed: 0,
                    executions: executions as usize,
                    max_parallelism: 8,
                    settings,
                };
                #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
                let begun = Instant::now();
                interleaver.explore(&config, |interleaved| {
                    let verdict = interleaved.verdict;
                    assert!(matches!(verdict, Verdict::Agree(_)));
                    ControlFlow::Continue(())
                });
                begun.elapsed()
            });
        });
    }
    group.finish();
}

fn inputs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("executions from an input");
    for tx_count in [4, 8] {
        // Many plans, so that no single one's shape decides.
        let input = |seed| InterleavedPlan::scheduled(Plan::sized(seed, tx_count), seed, 32).to_bytes();
        let inputs: Vec<Vec<u8>> = (0..64).map(input).collect();
        let mut next = 0;
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::from_parameter(format!("{tx_count} transactions")), |bencher| {
            bencher.iter(|| {
                let input = InterleavedPlan::from_bytes(&inputs[next % inputs.len()]).expect("a plan");
                next += 1;
                let built = build(&input.plan, SignatureScheme::Tagged);
                let interleavings = interleave_with(&built, &input.plan.header, input.schedule);
                assert!(matches!(interleavings.verdict, Verdict::Agree(_)));
            });
        });
    }
    group.finish();
}

async fn two_add(runtime: Model) {
    let sum = Arc::new(Accumulator::new(&runtime, "sum", 0));
    let mut tasks = runtime.join_set("adders");
    for amount in [1, 2] {
        let sum = Arc::clone(&sum);
        tasks.spawn(async move { sum.add(amount) });
    }
    while let Some((_, added)) = tasks.join_next().await {
        assert_eq!(added, Ok(Ok(())));
    }
    assert_eq!(sum.get(), 3);
}

fn loom(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("executions under loom");
    let explore = || {
        under_loom(LoomBounds::preemptions(3), || {
            let runtime = Model::loom(ModelSettings { workers: None, shards: 1, placement_seed: 0 });
            runtime.block_on(two_add(runtime.clone()));
        })
    };
    // The same in every search.
    let executions = explore().executions as u64;
    group.throughput(Throughput::Elements(executions));
    group.bench_function("two additions", |bencher| {
        bencher.iter(|| {
            let run = explore();
            assert!(run.complete && run.failure.is_none() && run.executions as u64 == executions);
        });
    });
    group.finish();
}

criterion_group!(benches, interleavings, inputs, loom);
criterion_main!(benches);
