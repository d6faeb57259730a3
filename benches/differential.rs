//! `cargo bench --bench differential`: differential executions a second, one thread. One execution is a scenario built
//! from its plan, run on the reference, the sequential path and three parallel configurations, and compared.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use seriatim::campaign::Examiner;
use seriatim::compare::Verdict;
use seriatim::ledger::SignatureScheme;
use seriatim::workload::{Plan, build};

fn differential(criterion: &mut Criterion) {
    let examiner = Examiner::new().expect("threads");
    let mut group = criterion.benchmark_group("differential executions");
    for tx_count in [8, 64] {
        // Many plans, so that no single one's shape decides.
        let plans: Vec<Plan> = (0..64).map(|seed| Plan::sized(seed, tx_count)).collect();
        let mut next = 0;
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::from_parameter(format!("{tx_count} transactions")), |bencher| {
            bencher.iter(|| {
                let built = build(&plans[next % plans.len()], SignatureScheme::Tagged);
                next += 1;
                let verdict = examiner.examine(&built.scenario, &built.expectation, next as u64, false);
                assert!(matches!(verdict, Verdict::Agree(_)));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, differential);
criterion_main!(benches);
