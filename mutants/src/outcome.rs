//! What one lane came to on one mutant: what the binary `lane` prints and a resumed run reads back.

use serde::{Deserialize, Serialize};

/// One search, with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Up to the violation, that one included; or all that the budget allowed. 0 where none are counted.
    pub executions: u64,
    /// Seconds of the search, without making the case smaller.
    pub seconds: f64,
    pub found: Option<Found>,
}

/// The first violation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The oracle's name; for models the word `model`.
    pub oracle: String,
    pub violation: String,
    /// What is left after minimising, where that was asked for and possible.
    pub smallest: Option<Smallest>,
}

/// A minimised case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smallest {
    pub transactions: usize,
    /// None where no schedule is needed.
    pub preemptions: Option<u64>,
}
