//! Ways to search: the harness's own, and plain ones to compare them with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One way to search. What counts as one execution is said of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Generated plans on tokio: one scenario on all paths.
    Differential,
    /// Generated plans under shuttle: one interleaving of one scenario.
    Shuttle,
    /// Every set of two transactions, every interleaving that can matter: one interleaving. Knows no seed.
    Dpor,
    /// The same sets under loom, memory orderings included, preemption bound 2: one execution. Knows no seed.
    Loom,
    /// The small models of concurrent protocols, run as `cargo test` runs them; executions are not counted.
    Models,
    /// Baseline: transactions by `derive(Arbitrary)`: one scenario on all paths.
    Arbitrary,
    /// Baseline: generated plans on the parallel path under two real threads: one scenario, once.
    Threads,
    /// Baseline: one block written by hand, under shuttle's uniform walk: one interleaving.
    Urw,
}

impl Lane {
    /// The harness's own.
    pub const OWN: [Self; 5] = [Self::Differential, Self::Shuttle, Self::Dpor, Self::Loom, Self::Models];
    /// What they are compared with.
    pub const BASELINES: [Self; 3] = [Self::Arbitrary, Self::Threads, Self::Urw];

    /// The name in heads of patches and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Differential => "differential",
            Self::Shuttle => "shuttle",
            Self::Dpor => "dpor",
            Self::Loom => "loom",
            Self::Models => "models",
            Self::Arbitrary => "arbitrary",
            Self::Threads => "threads",
            Self::Urw => "urw",
        }
    }

    /// The lane of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::OWN.into_iter().chain(Self::BASELINES).find(|lane| lane.name() == name)
    }

    /// Whether another seed is another search.
    pub fn has_seeds(self) -> bool {
        !matches!(self, Self::Dpor | Self::Loom | Self::Models)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
