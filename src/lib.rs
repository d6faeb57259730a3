//! Seriatim: a parallel block executor, and the harness that proves it equal to sequential execution.
//!
//! The crate is two halves, and imports point one way. The *system* is what a node embeds:
//! [`ledger`] (what a block means), [`storage`] (the versioned ledger), [`runtime`] (everything concurrent, behind
//! one trait), [`execution`] (reference, sequential and parallel executors) and [`chain`] (blocks, orphans, rewinds).
//! The *harness* judges it: [`workload`] makes scenarios, `explore` runs a subject on them, `compare` gives the
//! `verdict`, `minimise` makes a case smaller, `report` keeps a violation, `campaign` does it many times, `corpus` thins a fuzzer's inputs, `node` is a small chain
//! that runs in any mode over a ledger on disk, and `cli` is the command. The system never imports the harness;
//! `default-features = false` leaves the harness out; the feature `redb` has the ledger on disk with or without it.

pub mod chain;
pub mod execution;
pub mod ledger;
pub mod runtime;
pub mod storage;

#[cfg(feature = "harness")]
pub mod campaign;
#[cfg(feature = "harness")]
pub mod cli;
#[cfg(feature = "harness")]
pub mod compare;
#[cfg(feature = "harness")]
pub mod corpus;
#[cfg(feature = "harness")]
pub mod drive;
#[cfg(feature = "harness")]
pub mod explain;
#[cfg(feature = "harness")]
pub mod explore;
#[cfg(feature = "harness")]
pub mod minimise;
#[cfg(all(feature = "harness", feature = "redb"))]
pub mod node;
#[cfg(feature = "harness")]
pub mod prove;
#[cfg(feature = "harness")]
pub mod report;
#[cfg(feature = "harness")]
pub mod subject;
#[cfg(feature = "harness")]
pub mod verdict;
#[cfg(feature = "harness")]
pub mod workload;
