//! The subjects that an artifact can name.

use std::fmt;
use std::str::FromStr;

use super::Canary;
use crate::explore::{Explorer, Interleaver};
use crate::workload::Scenario;

/// A subject that explores interleavings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExploredSubject {
    /// The parallel path, as it is.
    Parallel,
    /// The parallel path with the fault of a canary that needs a schedule.
    Canary(Canary),
}

/// A name that is no subject's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown subject {0:?}; known are {known}", known = ExploredSubject::all().map(|known| known.to_string()).collect::<Vec<_>>().join(", "))]
pub struct UnknownSubject(pub String);

impl ExploredSubject {
    /// Each of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let canaries = Canary::ALL.into_iter().filter(|canary| canary.is_scheduled()).map(Self::Canary);
        std::iter::once(Self::Parallel).chain(canaries)
    }

    /// The subject, ready to run a scenario.
    pub fn explorer(self, scenario: &Scenario) -> Box<dyn Explorer> {
        match self {
            Self::Parallel => Box::new(Interleaver::new(scenario)),
            Self::Canary(canary) => Box::new(canary.interleaver(scenario)),
        }
    }
}

/// `parallel`, or `canary:` and its name.
impl fmt::Display for ExploredSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parallel => write!(f, "parallel"),
            Self::Canary(canary) => write!(f, "canary:{canary:?}"),
        }
    }
}

impl FromStr for ExploredSubject {
    type Err = UnknownSubject;

    fn from_str(name: &str) -> Result<Self, UnknownSubject> {
        Self::all().find(|subject| subject.to_string() == name).ok_or_else(|| UnknownSubject(name.to_owned()))
    }
}
