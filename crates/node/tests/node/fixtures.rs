//! Scenarios of plans, and where an artifact of a test comes from.

use seriatim_lab::workload::{Built, Plan, build};
use seriatim_tos::ledger::SignatureScheme;
use seriatim_triage::report::Origin;

/// The scenario of a seed, with the quick signature scheme.
pub fn built(seed: u64) -> Built {
    build(&Plan::from_seed(seed), SignatureScheme::Tagged)
}

/// The origin of an artifact that no campaign found.
pub fn origin() -> Origin {
    Origin { found_by: "a test".to_owned(), seed: 1, index: 2, plan: None }
}
