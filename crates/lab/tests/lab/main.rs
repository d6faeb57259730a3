//! What the harness knows of this ledger: workloads, the executors under each engine, faults and crashes.

mod batches;
mod encoding;
mod fewest;
mod fixtures;
mod interleave;
mod interleave_loom;
mod metrics;
mod redb_agrees;
mod redb_crash;
mod reorganisations;
mod seeds;
mod test_mode;
mod workload;
