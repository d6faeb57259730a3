//! What a node embeds: ledger, storage, execution and chain, without the harness.

mod block_stm;
mod encoding;
mod fixtures;
mod metrics;
mod parallel_executor;
#[cfg(feature = "redb")]
mod redb_file;
mod reference;
mod storage;
mod test_mode;
