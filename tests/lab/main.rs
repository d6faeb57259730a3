//! What the harness knows of this ledger: workloads, the executors under each engine, faults and crashes.

mod faults;
mod fewest;
mod interleave;
mod interleave_loom;
mod redb_agrees;
mod redb_crash;
mod reorganisations;
mod seeds;
mod workload;
