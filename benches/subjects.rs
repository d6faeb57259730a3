//! `cargo bench --bench subjects`: requests a second over one adapter in another process. A request has four accounts; the
//! cost is that of the exchange, twice JSON and two switches between processes, not of executing. It needs
//! `cargo build --release --examples` before.

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seriatim::subject::process::{ProcessConfig, ProcessSubject, sample_requests};
use seriatim::subject::{Capabilities, Subject};

fn subjects(criterion: &mut Criterion) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = std::env::current_exe().expect("a path").parent().and_then(Path::parent).expect("a profile").to_owned();
    let adapters = [
        ("ledger_adapter", vec![built.join("examples/ledger_adapter")]),
        ("ledger.py", vec!["python3".into(), root.join("examples/subjects/ledger.py")]),
    ];
    let requests = sample_requests(&Capabilities::new("any"));
    let mut group = criterion.benchmark_group("requests over a process");
    group.throughput(Throughput::Elements(1));
    for (name, command) in adapters {
        let command = command.iter().map(|word| word.to_str().expect("UTF-8").to_owned()).collect();
        let config = ProcessConfig::new(command).expect("a command");
        let Ok(mut subject) = ProcessSubject::start(config) else {
            eprintln!("{name}: not there");
            continue;
        };
        for (payments, (_, request)) in [(1, &requests[1]), (8, &requests[requests.len() - 1])] {
            let count = request.block.transactions.len();
            assert_eq!(count, payments);
            group.bench_function(format!("{name}, {count} payments"), |bencher| {
                bencher.iter(|| subject.execute(request).expect("an answer"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, subjects);
criterion_main!(benches);
