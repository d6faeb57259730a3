//! Scenarios of plans.

use seriatim::ledger::SignatureScheme;
use seriatim::workload::{Built, Plan, build};

/// The scenario of a seed, with the quick signature scheme.
pub fn built(seed: u64) -> Built {
    build(&Plan::from_seed(seed), SignatureScheme::Tagged)
}
