//! `cargo bench --bench scale`: what a transaction costs as blocks grow, and what a block costs as a chain on disk grows. Prints
//! tables and draws `docs/book/images/scale.svg`. `--blocks N` is the chain's length (default 100 000), `--largest N` the largest block's
//! (default 100 000), `--out FILE` another file.

#[path = "common/applied.rs"]
mod applied;
#[path = "common/conflict_free.rs"]
mod conflict_free;
#[path = "common/plot.rs"]
mod plot;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plot::{Panel, Series};
use seriatim::chain::{Blockchain, ExecutionPath};
use seriatim::execution::ParallelExecutor;
use seriatim::ledger::{Block, Genesis, Hash};
use seriatim::runtime::Native;
use seriatim::storage::RedbStorage;

/// Each block is run so often; medians count.
const RUNS: usize = 5;

const WAYS: [(&str, ExecutionPath, usize); 4] = [
    ("sequential", ExecutionPath::Sequential, 1),
    ("sequential, signatures ahead", ExecutionPath::SequentialAhead, 2),
    ("V3, 2 workers", ExecutionPath::Parallel, 2),
    ("Block-STM, 2 workers", ExecutionPath::BlockStm, 2),
];

struct Args {
    blocks: u64,
    largest: u32,
    out: PathBuf,
    /// Measures the memory of one way and one size, and nothing else.
    memory_of: Option<(usize, u32)>,
}

/// A process that has run a block before has memory to spare, so each figure is of a process of its own.
const MEMORY_OF: &str = "--memory-of";

fn args() -> Args {
    let mut args =
        Args { blocks: 100_000, largest: 100_000, out: "docs/book/images/scale.svg".into(), memory_of: None };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut value = || given.next().unwrap_or_else(|| panic!("{name} takes a value"));
        match name.as_str() {
            "--blocks" => args.blocks = value().parse().expect("--blocks takes a number"),
            "--largest" => args.largest = value().parse().expect("--largest takes a number"),
            "--out" => args.out = value().into(),
            // Cargo says that this is a benchmark.
            "--bench" => {}
            // What this program asks of itself.
            MEMORY_OF => args.memory_of = Some((value().parse().expect("a way"), value().parse().expect("a size"))),
            other => panic!("unknown argument {other}: --blocks N, --largest N and --out FILE are known"),
        }
    }
    args
}

fn main() {
    let args = args();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("threads");
    if let Some((way, size)) = args.memory_of {
        let (_, path, workers) = WAYS[way];
        let scenario = conflict_free::conflict_free(size);
        let (_, (resident, most)) = applied::applied(&tokio, &scenario, (path, workers), forget_peak, peak);
        println!("{}", most.saturating_sub(resident));
        return;
    }
    let (time, memory) = blocks(&tokio, args.largest);
    let chain = chain(&tokio, args.blocks);
    std::fs::write(&args.out, plot::page(&[time, memory, chain])).expect("the plot can be written");
    println!("drawn: {}", args.out.display());
}

/// Time and memory a transaction, for blocks of 10 to `largest` transactions without conflict, under Ed25519.
fn blocks(tokio: &tokio::runtime::Runtime, largest: u32) -> (Panel, Panel) {
    let sizes: Vec<u32> =
        std::iter::successors(Some(10), |size| Some(size * 10)).take_while(|size| *size <= largest).collect();
    let mut times = WAYS.map(|(name, ..)| Series::new(name));
    let mut memory = WAYS.map(|(name, ..)| Series::new(name));
    println!("{:>8}  {}", "txs", WAYS.map(|(name, ..)| format!("{name:>30}")).concat());
    for size in sizes {
        let scenario = conflict_free::conflict_free(size);
        let mut cells = Vec::new();
        let mut measured: [Vec<Duration>; WAYS.len()] = Default::default();
        for _ in 0..RUNS {
            for (way, measured) in WAYS.iter().zip(&mut measured) {
                measured.push(applied::applied(tokio, &scenario, (way.1, way.2), || (), || ()).0);
            }
        }
        for (way, mut measured) in measured.into_iter().enumerate() {
            measured.sort_unstable();
            let micros = measured[RUNS / 2].as_secs_f64() * 1e6 / f64::from(size);
            times[way].points.push((f64::from(size), micros));
            // Pages are 4 KiB: of a small block they tell nothing.
            let bytes = if size < 1_000 { 0.0 } else { memory_of(way, size) / f64::from(size) };
            if bytes > 0.0 {
                memory[way].points.push((f64::from(size), bytes));
            }
            cells.push(format!("{:>30}", format!("{micros:.1} us, {bytes:.0} B")));
        }
        println!("{size:>8}  {}", cells.concat());
    }
    let x = "transactions of the block";
    (
        Panel { title: "Time a transaction", x, y: "microseconds", series: times.into() },
        Panel { title: "Memory a transaction while the block runs", x, y: "bytes", series: memory.into() },
    )
}

/// The most bytes by which a process of its own grew while it applied the block.
fn memory_of(way: usize, size: u32) -> f64 {
    let program = std::env::current_exe().expect("this program has a file");
    let asked = [MEMORY_OF.to_owned(), way.to_string(), size.to_string()];
    let output = std::process::Command::new(program).args(asked).output().expect("it can be started");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of bytes")
}

/// Forgets the peak of resident memory, and returns what is resident now. Zero where the system does not tell.
fn forget_peak() -> u64 {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    status("VmRSS:")
}

fn peak() -> u64 {
    status("VmHWM:")
}

fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

/// A chain of small blocks on disk: adding, opening, digest, and rewinding 100 blocks, as it grows.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn chain(tokio: &tokio::runtime::Runtime, length: u64) -> Panel {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger");
    let parameters = conflict_free::conflict_free(1).parameters;
    let miner = parameters.dev_account;
    let storage = Arc::new(RedbStorage::create(&path, &Genesis::default()).expect("a new file"));
    let executor = || ParallelExecutor::new(Native::with_hash_seed(0), 1).expect("workers");
    let mut chain = Some(Blockchain::new(storage, parameters.clone(), executor()));
    let mut series = ["add a block", "open", "rewind 100", "digest"].map(Series::new);
    println!("{:>8}  {:>16} {:>16} {:>16} {:>16}", "blocks", "add, ms", "open, ms", "rewind 100, ms", "digest, ms");
    let mut height = 0;
    let stops: Vec<u64> =
        std::iter::successors(Some(1_000), |stop| Some(stop * 10)).take_while(|stop| *stop <= length).collect();
    for stop in stops {
        let mut running = chain.take().expect("put back at the end");
        let (begun, added) = (Instant::now(), stop - height);
        while height < stop {
            height += 1;
            let block = Block { parent: Hash::ZERO, height, miner, transactions: Vec::new() }.seal();
            tokio.block_on(running.ordering_run().apply(&block, ExecutionPath::Sequential)).expect("applied");
        }
        let add = begun.elapsed().as_secs_f64() * 1e3 / added as f64;
        drop(running);
        let begun = Instant::now();
        let storage = Arc::new(RedbStorage::open(&path).expect("an own file"));
        let open = begun.elapsed().as_secs_f64() * 1e3;
        let begun = Instant::now();
        let _ = storage.inspect().expect("a whole ledger").digest();
        let digest = begun.elapsed().as_secs_f64() * 1e3;
        let mut running = Blockchain::new(storage, parameters.clone(), executor());
        let begun = Instant::now();
        tokio.block_on(running.rewind(stop - 100)).expect("rewound");
        let rewind = begun.elapsed().as_secs_f64() * 1e3;
        height -= 100;
        println!("{stop:>8}  {add:>16.3} {open:>16.1} {rewind:>16.1} {digest:>16.1}");
        for (series, millis) in series.iter_mut().zip([add, open, rewind, digest]) {
            series.points.push((stop as f64, millis));
        }
        chain = Some(running);
    }
    Panel { title: "A chain on disk", x: "blocks of the chain", y: "milliseconds", series: series.into() }
}
