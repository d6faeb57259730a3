//! Every family: its name, what it says, its buckets and its labels.

use std::time::Duration;

use prometheus::core::{Atomic, Collector, GenericCounter, GenericCounterVec, GenericGauge};
use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

use crate::chain::{ExecutionPath, MismatchKind, Mode};
use seriatim_runtime::Recorder;

/// The reasons of [`Families::block_failures`].
pub(in crate::chain) const ABORTED: &str = "aborted";
pub(in crate::chain) const STORAGE: &str = "storage";
pub(in crate::chain) const TASKS: &str = "tasks";

/// Buckets from a microsecond to four seconds.
const SECONDS: (f64, f64, usize) = (1e-6, 4.0, 12);
/// Buckets from one to 16 384, which is beyond what a block holds.
const COUNTS: (f64, f64, usize) = (1.0, 2.0, 15);

/// One chain's figures, registered.
#[derive(Debug)]
pub(super) struct Families {
    pub(super) registry: Registry,
    pub(super) blocks: IntCounterVec,
    pub(super) block_failures: IntCounterVec,
    pub(super) block_seconds: HistogramVec,
    pub(super) block_transactions: Histogram,
    pub(super) block_conflicts: Histogram,
    pub(super) transactions: IntCounterVec,
    pub(super) tested: IntCounter,
    pub(super) matches: IntCounter,
    pub(super) mismatches: IntCounterVec,
    pub(super) skipped: IntCounter,
    pub(super) sequential_seconds: Counter,
    pub(super) parallel_seconds: Counter,
    pub(super) waited_seconds: Counter,
    pub(super) speed_up: Gauge,
    pub(super) fallbacks: IntCounter,
    pub(super) batch_transactions: Histogram,
    block_workers: Histogram,
    lock_wait_seconds: Histogram,
    pub(super) stage: IntGauge,
    pub(super) held: IntGauge,
    pub(super) stage_matches: IntGauge,
    pub(super) top: IntGauge,
    pub(super) rewinds: IntCounter,
    pub(super) rewound_blocks: IntCounter,
}

impl Families {
    #[expect(clippy::too_many_lines, reason = "one family after another")]
    pub(super) fn new() -> Self {
        let registry = Registry::new_custom(Some("seriatim".to_owned()), None).expect("the prefix is a name");
        let r = &registry;
        let families = Self {
            blocks: counters(
                r,
                "blocks_total",
                "Blocks in the ledger, by the path whose result was committed and the mode",
                &["path", "mode"],
            ),
            block_failures: counters(
                r,
                "block_failures_total",
                "Blocks that were to be added and are not in the ledger, by reason: the rules abort it, the storage failed, tasks failed",
                &["reason"],
            ),
            block_seconds: histogram_vec(
                r,
                "block_seconds",
                "Time to add a block, its tests included, in seconds, by mode",
                SECONDS,
                "mode",
            ),
            block_transactions: histogram(r, "block_transactions", "Transactions of a block in the ledger", COUNTS),
            block_conflicts: histogram(
                r,
                "block_conflicts",
                "Accounts of a transaction's footprint that a transaction before it in the block has too, summed over the block",
                COUNTS,
            ),
            transactions: counters(
                r,
                "transactions_total",
                "Transactions of blocks in the ledger, by what became of them",
                &["result"],
            ),
            tested: counter(
                r,
                "test_mode_blocks_total",
                "Blocks that were to run in test mode: matches, mismatches and skipped ones",
            ),
            matches: counter(
                r,
                "test_mode_matches_total",
                "Blocks on which the parallel side came to the same in every respect",
            ),
            mismatches: counters(
                r,
                "test_mode_mismatches_total",
                "Blocks on which the parallel side did not come to the same, by kind",
                &["kind"],
            ),
            skipped: counter(
                r,
                "test_mode_skipped_total",
                "Blocks without a parallel side, because one that was given up still ran",
            ),
            sequential_seconds: counter(
                r,
                "test_mode_sequential_seconds_total",
                "Time of the sequential path in seconds, in the blocks whose side answered",
            ),
            parallel_seconds: counter(
                r,
                "test_mode_parallel_seconds_total",
                "Time of the parallel side in seconds, in the same blocks",
            ),
            waited_seconds: counter(
                r,
                "test_mode_waited_seconds_total",
                "Time in seconds that blocks waited for the parallel side beyond their own path",
            ),
            speed_up: gauge(
                r,
                "test_mode_speed_up_ratio",
                "Sequential over parallel time, of all blocks whose side answered; both ran at the same time on the same machine; 0 before the first",
            ),
            fallbacks: counter(
                r,
                "fallbacks_total",
                "Blocks in parallel mode whose tasks failed and that the sequential path ran instead",
            ),
            batch_transactions: histogram(
                r,
                "batch_transactions",
                "Transactions of one batch of a block that was added: nothing keeps them from running side by side",
                COUNTS,
            ),
            block_workers: histogram(
                r,
                "block_workers",
                "Workers of one block on V3 or Block-STM; the caller is one of those of V3",
                COUNTS,
            ),
            lock_wait_seconds: histogram(
                r,
                "lock_wait_seconds",
                "Time that a task waited for a lock or a shard of a map that another held, in seconds; free ones are not counted",
                SECONDS,
            ),
            stage: gauge(
                r,
                "rollout_stage",
                "Stage of the rollout: 0 tests all, 1 below 50 transactions in parallel, 2 below 200, 3 all; -1 without a rollout",
            ),
            held: gauge(r, "rollout_held", "1 if the next stage waits for an operator"),
            stage_matches: gauge(r, "rollout_stage_matches", "Matched blocks that count for the next stage"),
            top: gauge(r, "top_topoheight", "Topoheight of the newest block that this chain added or rewound to"),
            rewinds: counter(r, "rewinds_total", "Rewinds done"),
            rewound_blocks: counter(r, "rewound_blocks_total", "Blocks that rewinds removed"),
            registry,
        };
        families.at_zero();
        families
    }

    /// Makes every label that can occur.
    fn at_zero(&self) {
        for (path, mode) in [
            (ExecutionPath::Sequential, Mode::Sequential),
            (ExecutionPath::Sequential, Mode::Test),
            (ExecutionPath::Sequential, Mode::Parallel),
            (ExecutionPath::Parallel, Mode::Parallel),
            (ExecutionPath::BlockStm, Mode::Parallel),
        ] {
            self.blocks.with_label_values(&[path.name(), mode.name()]);
            self.block_seconds.with_label_values(&[mode.name()]);
        }
        for reason in [ABORTED, STORAGE, TASKS] {
            self.block_failures.with_label_values(&[reason]);
        }
        for result in ["executed", "orphaned", "skipped"] {
            self.transactions.with_label_values(&[result]);
        }
        for kind in MismatchKind::NAMES {
            self.mismatches.with_label_values(&[kind]);
        }
        self.stage.set(-1);
    }
}

impl Recorder for Families {
    fn lock_after(&self, waited: Duration) {
        self.lock_wait_seconds.observe(waited.as_secs_f64());
    }

    fn joined(&self, label: &'static str, tasks: usize) {
        if label == "workers" {
            self.block_workers.observe(tasks as f64);
        }
    }
}

const VALID: &str = "names and buckets are constants, each name used once";

fn registered<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let collector = made.expect(VALID);
    registry.register(Box::new(collector.clone())).expect(VALID);
    collector
}

fn counter<P: Atomic + 'static>(registry: &Registry, name: &str, help: &str) -> GenericCounter<P> {
    registered(registry, GenericCounter::new(name, help))
}

fn counters<P: Atomic + 'static>(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> GenericCounterVec<P> {
    registered(registry, GenericCounterVec::new(Opts::new(name, help), labels))
}

fn gauge<P: Atomic + 'static>(registry: &Registry, name: &str, help: &str) -> GenericGauge<P> {
    registered(registry, GenericGauge::new(name, help))
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: (f64, f64, usize)) -> Histogram {
    registered(registry, Histogram::with_opts(options(name, help, buckets)))
}

fn histogram_vec(registry: &Registry, name: &str, help: &str, buckets: (f64, f64, usize), label: &str) -> HistogramVec {
    registered(registry, HistogramVec::new(options(name, help, buckets), &[label]))
}

fn options(name: &str, help: &str, (first, factor, count): (f64, f64, usize)) -> HistogramOpts {
    let buckets = prometheus::exponential_buckets(first, factor, count).expect(VALID);
    HistogramOpts::new(name, help).buckets(buckets)
}
