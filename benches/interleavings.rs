//! `cargo bench --bench interleavings`: executions a second under shuttle, one thread. One execution is one block of
//! payments without conflict on the real parallel executor, storage included, under random choices, and judged.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use seriatim::compare::{Verdict, judge_ending};
use seriatim::explore::{InterleaveConfig, Interleaver, Strategy};
use seriatim::ledger::{
    AccountKey, AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Reference,
    SignatureScheme, TOS, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};
use seriatim::runtime::model::ModelSettings;
use seriatim::workload::{Expectation, Scenario, Step};

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
        let expectation = Expectation::of(&scenario);
        let interleaver = Interleaver::new(&scenario);
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
                    let verdict = judge_ending(&scenario, &expectation, &interleaved.ending);
                    assert!(matches!(verdict, Verdict::Agree(_)));
                    ControlFlow::Continue(())
                });
                begun.elapsed()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, interleavings);
criterion_main!(benches);
