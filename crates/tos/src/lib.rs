//! What a node embeds: [`ledger`] says what a block means, [`storage`] is the versioned ledger in memory or on disk,
//! [`execution`] has the executors, and [`chain`] adds blocks, keeps orphans, rewinds, and tests one executor beside another.
//!
//! Everything concurrent comes from [`seriatim_runtime`]. Nothing here knows the harness. The feature `redb` is the ledger on
//! disk, `metrics` are figures for Prometheus.

pub mod chain;
pub mod execution;
pub mod ledger;
pub mod storage;
