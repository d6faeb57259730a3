//! Scenarios of plans.

use seriatim_lab::workload::{Built, Plan, build};
use seriatim_tos::ledger::SignatureScheme;

/// The scenario of a seed, with the quick signature scheme.
pub fn built(seed: u64) -> Built {
    build(&Plan::from_seed(seed), SignatureScheme::Tagged)
}
