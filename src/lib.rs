//! Seriatim: a parallel block executor, and the harness that proves it equal to sequential execution.
//!
//! This crate is the command and the facade of the workspace: every module here is another crate, or a part of one. What a node
//! embeds is `seriatim-tos` alone. ARCHITECTURE.md has the map.

pub mod cli;

pub use seriatim_campaign::{corpus, prove};
pub use seriatim_explore as explore;
pub use seriatim_lab::{compare, drive, workload};
pub use seriatim_node as node;
pub use seriatim_subject::{self as subject, Check, check};
pub use seriatim_tos::{chain, execution, ledger, storage};
pub use seriatim_triage::{explain, minimise, replay, report, retrace};
pub use seriatim_verdict as verdict;

/// Campaigns, and the subjects and canaries that they run.
pub mod campaign {
    pub use seriatim_campaign::*;
    pub use seriatim_lab::*;
}

/// The trait that executors are written against, tokio behind it, and the model of tokio that engines explore.
pub mod runtime {
    pub use seriatim_explore::{announce, model};
    pub use seriatim_runtime::*;
}
