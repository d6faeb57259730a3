//! `cargo bench --bench real_shapes`: every path on each real block shape and on 1 000 conflict-free transfers, with Ed25519.
//!
//! One run of a block on each path, one path after the other, and again; the ratios are of medians. Sealing the block is part
//! of every path. A chain runs on a worker of tokio, as in a node. `--runs N` (default 7), `--shape BLOCK` for one shape alone.

#[path = "common/applied.rs"]
mod applied;
#[path = "common/conflict_free.rs"]
mod conflict_free;

use std::io::Write;
use std::time::Duration;

use seriatim::chain::ExecutionPath;
use seriatim::ledger::SignatureScheme;
use seriatim::workload::{Scenario, real_shapes};

/// What is compared: the plain sequential path comes first, and all others are divided into it.
const WAYS: [Way; 6] = [
    Way { name: "sequential", path: ExecutionPath::Sequential, workers: 1 },
    Way { name: "ahead 2", path: ExecutionPath::SequentialAhead, workers: 2 },
    Way { name: "V3 1", path: ExecutionPath::Parallel, workers: 1 },
    Way { name: "V3 2", path: ExecutionPath::Parallel, workers: 2 },
    Way { name: "STM 1", path: ExecutionPath::BlockStm, workers: 1 },
    Way { name: "STM 2", path: ExecutionPath::BlockStm, workers: 2 },
];
const AHEAD: usize = 1;
const V3: usize = 3;

#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    path: ExecutionPath,
    workers: usize,
}

struct Row {
    name: String,
    transactions: usize,
    /// One a way.
    medians: Vec<Duration>,
}

impl Row {
    /// How many times as fast as the plain sequential path.
    fn ratio(&self, way: usize) -> f64 {
        self.medians[0].as_secs_f64() / self.medians[way].as_secs_f64()
    }
}

struct Args {
    runs: usize,
    shape: Option<u64>,
}

fn args() -> Args {
    let mut args = Args { runs: 7, shape: None };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut number = || given.next().and_then(|value| value.parse().ok());
        match name.as_str() {
            "--runs" => args.runs = number().filter(|runs| *runs > 0).expect("--runs takes a number above 0") as usize,
            "--shape" => args.shape = Some(number().expect("--shape takes the number of a block")),
            // Cargo says that this is a benchmark.
            "--bench" => {}
            other => panic!("unknown argument {other}: --runs N and --shape BLOCK are known"),
        }
    }
    args
}

fn main() {
    let args = args();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("threads");
    let shapes = real_shapes().iter().filter(|shape| args.shape.is_none_or(|wanted| shape.block == wanted));
    let shapes = shapes.map(|shape| (shape.block.to_string(), shape.scenario(SignatureScheme::Ed25519, 0)));
    let mut rows: Vec<Row> = Vec::new();
    println!(
        "{:>12} {:>6} {:>10}  {}",
        "block",
        "txs",
        "ms",
        WAYS[1..].iter().map(|way| format!("{:>8}", way.name)).collect::<Vec<_>>().concat()
    );
    for (name, scenario) in shapes.chain([("free".to_owned(), conflict_free::conflict_free(1_000))]) {
        let row = measure(&tokio, name, &scenario, args.runs);
        let ratios = (1..WAYS.len()).map(|way| format!("{:>8.2}", row.ratio(way))).collect::<Vec<_>>().concat();
        println!("{:>12} {:>6} {:>10.3}  {ratios}", row.name, row.transactions, row.medians[0].as_secs_f64() * 1e3);
        std::io::stdout().flush().expect("standard output");
        rows.push(row);
    }
    let free = rows.pop().expect("it was measured");
    if rows.is_empty() {
        return;
    }
    summary(&rows, &free);
}

fn summary(rows: &[Row], free: &Row) {
    println!();
    for (way, Way { name, .. }) in WAYS.iter().enumerate().skip(1) {
        let ratios = sorted(rows.iter().map(|row| row.ratio(way)));
        let at_least_5 = sorted(rows.iter().filter(|row| row.transactions >= 5).map(|row| row.ratio(way)));
        println!(
            "{name:>10}: median {:.2}, worst {:.2}, worst of 5 transactions or more {:.2}, best {:.2}; conflict-free {:.2}",
            median(&ratios),
            ratios[0],
            at_least_5[0],
            ratios[ratios.len() - 1],
            free.ratio(way),
        );
    }
    let against_ahead = sorted(rows.iter().map(|row| row.ratio(V3) / row.ratio(AHEAD)));
    println!("V3 2 / ahead 2: median {:.2}, worst {:.2}", median(&against_ahead), against_ahead[0]);
    let (v3, ahead) = (sorted(rows.iter().map(|row| row.ratio(V3))), sorted(rows.iter().map(|row| row.ratio(AHEAD))));
    println!(
        "V3 / sequential: median {:.2}, worst {:.2} (ahead-of-time sequential: median {:.2})",
        median(&v3),
        v3[0],
        median(&ahead),
    );
}

fn measure(tokio: &tokio::runtime::Runtime, name: String, scenario: &Scenario, runs: usize) -> Row {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); WAYS.len()];
    // The first round warms up.
    for round in 0..=runs {
        for (way, times) in WAYS.iter().zip(&mut times) {
            let (took, _) = applied::applied(tokio, scenario, (way.path, way.workers), || (), || ());
            if round > 0 {
                times.push(took);
            }
        }
    }
    let medians = times.into_iter().map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    Row { name, transactions: scenario.tx_count(), medians: medians.collect() }
}

fn sorted(ratios: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    ratios
}

fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}
