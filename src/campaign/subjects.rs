//! The subjects that an artifact can name.

use std::fmt;
use std::str::FromStr;

use super::{Canary, EXECUTORS, FaultCanary, FaultSubject};
use crate::chain::ExecutionPath;
use crate::explore::Interleaver;
use crate::workload::Scenario;

/// A subject that explores interleavings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExploredSubject {
    /// The parallel path, V3, as it is.
    Parallel,
    /// The optimistic executor, as it is.
    BlockStm,
    /// The parallel path with the fault of a canary that needs a schedule.
    Canary(Canary),
    /// The parallel path with what is wrong only under an injected fault.
    FaultCanary(FaultCanary),
}

/// A name that is no subject's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown subject {0:?}; known are {known}", known = ExploredSubject::all().map(|known| known.to_string()).collect::<Vec<_>>().join(", "))]
pub struct UnknownSubject(pub String);

impl ExploredSubject {
    /// Each of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let canaries = Canary::ALL.into_iter().filter(|canary| canary.is_scheduled()).map(Self::Canary);
        let fault_canaries = FaultCanary::ALL.into_iter().map(Self::FaultCanary);
        [Self::Parallel, Self::BlockStm].into_iter().chain(canaries).chain(fault_canaries)
    }

    /// The path of the chain that it is, or has its fault on.
    pub fn path(self) -> ExecutionPath {
        match self {
            Self::Parallel | Self::Canary(_) | Self::FaultCanary(_) => ExecutionPath::Parallel,
            Self::BlockStm => ExecutionPath::BlockStm,
        }
    }

    /// What it is called where it ran on tokio beside the sequential path.
    pub fn on_tokio(self) -> &'static str {
        match self {
            Self::Parallel | Self::Canary(_) | Self::FaultCanary(_) => EXECUTORS,
            Self::BlockStm => "block-stm on tokio",
        }
    }

    /// The subject that is called so on tokio.
    pub fn named_on_tokio(name: &str) -> Option<Self> {
        Self::all().find(|subject| subject.on_tokio() == name)
    }

    /// The subject, ready to run a scenario.
    pub fn explorer(self, scenario: &Scenario) -> Interleaver {
        match self {
            Self::Parallel | Self::BlockStm | Self::FaultCanary(_) => Interleaver::on(scenario, self.path()),
            Self::Canary(canary) => canary.interleaver(scenario),
        }
    }

    /// What faults are struck into: the path, beside the sequential one.
    pub fn under_faults(self) -> FaultSubject {
        match self {
            Self::Parallel | Self::BlockStm | Self::Canary(_) => {
                FaultSubject { paths: vec![ExecutionPath::Sequential, self.path()], canary: None }
            }
            Self::FaultCanary(canary) => FaultSubject::canary(canary),
        }
    }
}

/// `parallel`, `block-stm`, or `canary:` and its name.
impl fmt::Display for ExploredSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parallel | Self::BlockStm => write!(f, "{}", self.path().name()),
            Self::Canary(canary) => write!(f, "canary:{canary:?}"),
            Self::FaultCanary(canary) => write!(f, "canary:{canary:?}"),
        }
    }
}

impl FromStr for ExploredSubject {
    type Err = UnknownSubject;

    fn from_str(name: &str) -> Result<Self, UnknownSubject> {
        Self::all().find(|subject| subject.to_string() == name).ok_or_else(|| UnknownSubject(name.to_owned()))
    }
}
