//! The subjects that an artifact can name.

use std::fmt;
use std::str::FromStr;

use super::{Canary, FaultCanary, FaultSubject};
use crate::drive::Paths;
use crate::workload::{Built, Scenario};
use crate::{ChainExperiment, LastObservation};
use seriatim_explore::Interleaver;
use seriatim_tos::chain::ExecutionPath;
use strum::EnumMessage;

/// The subject of what ran on tokio: the sequential path and V3, side by side.
pub(crate) const EXECUTORS: &str = "executors on tokio";

/// A subject that explores interleavings.
///
/// # Examples
/// ```
/// use seriatim_lab::{BuiltinSubject, Canary};
///
/// assert_eq!("block-stm".parse(), Ok(BuiltinSubject::BlockStm));
/// let canary = "canary:CountsByLoadAndStore".parse();
/// assert_eq!(canary, Ok(BuiltinSubject::Canary(Canary::CountsByLoadAndStore)));
/// assert!("blockstm".parse::<BuiltinSubject>().unwrap_err().to_string().contains("known are parallel"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumMessage)]
pub enum BuiltinSubject {
    /// The sequential path with signatures verified ahead of it.
    SequentialAhead,
    /// The parallel path, V3.
    Parallel,
    /// The optimistic executor, Block-STM.
    BlockStm,
    /// Another way from block to block: sequential, V3, Block-STM, test mode.
    Mixed,
    /// The parallel path with the fault of a canary that needs a schedule.
    Canary(Canary),
    /// The parallel path with what is wrong only under an injected fault.
    FaultCanary(FaultCanary),
}

/// A name that is no subject's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown subject {0:?}; known are {known}", known = BuiltinSubject::all().map(|known| known.to_string()).collect::<Vec<_>>().join(", "))]
pub struct UnknownSubject(pub String);

impl BuiltinSubject {
    /// Each of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let canaries = Canary::ALL.iter().copied().filter(|canary| canary.is_scheduled()).map(Self::Canary);
        let fault_canaries = FaultCanary::ALL.iter().copied().map(Self::FaultCanary);
        [Self::Parallel, Self::BlockStm, Self::SequentialAhead, Self::Mixed]
            .into_iter()
            .chain(canaries)
            .chain(fault_canaries)
    }

    /// What it is, in a sentence.
    pub fn about(self) -> &'static str {
        self.get_documentation().expect("every variant has a doc comment")
    }

    /// The path of the chain that it is, or has its fault on; or that it is several.
    pub fn paths(self) -> Paths {
        match self {
            Self::Parallel | Self::Canary(_) | Self::FaultCanary(_) => Paths::One(ExecutionPath::Parallel),
            Self::BlockStm => Paths::One(ExecutionPath::BlockStm),
            Self::SequentialAhead => Paths::One(ExecutionPath::SequentialAhead),
            Self::Mixed => Paths::Mixed,
        }
    }

    /// The one that is this path and nothing else; V3 for the sequential path, which runs beside every subject.
    pub fn on(path: ExecutionPath) -> Self {
        match path {
            ExecutionPath::Sequential | ExecutionPath::Parallel => Self::Parallel,
            ExecutionPath::SequentialAhead => Self::SequentialAhead,
            ExecutionPath::BlockStm => Self::BlockStm,
        }
    }

    /// What it is called where it ran on tokio beside the sequential path.
    pub fn on_tokio(self) -> &'static str {
        match self {
            Self::Parallel | Self::Canary(_) | Self::FaultCanary(_) => EXECUTORS,
            Self::BlockStm => "block-stm on tokio",
            Self::SequentialAhead => "sequential-ahead on tokio",
            Self::Mixed => "mixed on tokio",
        }
    }

    /// The subject that is called so on tokio.
    pub fn named_on_tokio(name: &str) -> Option<Self> {
        Self::all().find(|subject| subject.on_tokio() == name)
    }

    /// The subject, ready to run a scenario.
    pub fn explorer(self, scenario: &Scenario) -> Interleaver {
        self.on_experiment(ChainExperiment::new(scenario, self.paths())).ready()
    }

    /// The same on a scenario that was built, whose answers are known.
    pub(crate) fn explorer_of(self, built: &Built) -> Interleaver {
        let experiment = ChainExperiment::expecting(&built.scenario, built.expectation.clone(), self.paths());
        self.on_experiment(experiment).ready()
    }

    /// The same, with each execution's observation left with `last`.
    pub fn explorer_keeping(self, scenario: &Scenario, last: &LastObservation) -> Interleaver {
        self.on_experiment(ChainExperiment::new(scenario, self.paths())).keeping(last).ready()
    }

    /// A canary puts its fault around the storage.
    fn on_experiment(self, experiment: ChainExperiment) -> ChainExperiment {
        match self {
            Self::SequentialAhead | Self::Parallel | Self::BlockStm | Self::Mixed | Self::FaultCanary(_) => experiment,
            Self::Canary(canary) => canary.on_experiment(experiment),
        }
    }

    /// What faults are struck into: the path, beside the sequential one.
    pub fn under_faults(self) -> FaultSubject {
        match self {
            Self::FaultCanary(canary) => FaultSubject::canary(canary),
            Self::SequentialAhead | Self::Parallel | Self::BlockStm | Self::Mixed | Self::Canary(_) => {
                let parallel = match self.paths() {
                    Paths::One(path) => vec![path],
                    // A fault is of one block: the ways of the others are nothing to it.
                    Paths::Mixed => vec![ExecutionPath::Parallel, ExecutionPath::BlockStm],
                };
                FaultSubject { paths: [vec![ExecutionPath::Sequential], parallel].concat(), canary: None }
            }
        }
    }
}

/// `parallel`, `block-stm`, `sequential-ahead`, `mixed`, or `canary:` and its name.
impl fmt::Display for BuiltinSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SequentialAhead | Self::Parallel | Self::BlockStm | Self::Mixed => {
                write!(f, "{}", self.paths().name())
            }
            Self::Canary(canary) => write!(f, "canary:{canary:?}"),
            Self::FaultCanary(canary) => write!(f, "canary:{canary:?}"),
        }
    }
}

impl FromStr for BuiltinSubject {
    type Err = UnknownSubject;

    fn from_str(name: &str) -> Result<Self, UnknownSubject> {
        Self::all().find(|subject| subject.to_string() == name).ok_or_else(|| UnknownSubject(name.to_owned()))
    }
}
