//! Who rejects an observation.

use serde::{Deserialize, Serialize};

/// Who rejected an observation; the kind of a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Oracle {
    Deadlock,
    LostWakeup,
    Livelock,
    Panic,
    Receipts,
    State,
    Versions,
    Figures,
    Marks,
    Invariants,
    Writes,
    Determinism,
    Parallelism,
    /// It judges runs in which a fault is injected.
    Faults,
    /// An external subject does not answer in time.
    Hang,
    /// An external subject ends.
    Crash,
    /// An external subject answers something that is no answer.
    Protocol,
}

impl Oracle {
    /// Those of the chain's own paths.
    pub const ALL: [Self; 13] = [
        Self::Deadlock,
        Self::LostWakeup,
        Self::Livelock,
        Self::Panic,
        Self::Receipts,
        Self::State,
        Self::Versions,
        Self::Figures,
        Self::Marks,
        Self::Invariants,
        Self::Writes,
        Self::Parallelism,
        Self::Determinism,
    ];

    /// Those of runs under faults, on tokio, where an execution that hangs shows by the time that it takes.
    pub const UNDER_FAULTS: [Self; 2] = [Self::Livelock, Self::Faults];

    /// Those of an external subject.
    pub const EXTERNAL: [Self; 8] = [
        Self::Hang,
        Self::Crash,
        Self::Protocol,
        Self::Panic,
        Self::Receipts,
        Self::Figures,
        Self::State,
        Self::Determinism,
    ];

    /// Its name in reports and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deadlock => "deadlock",
            Self::LostWakeup => "lost-wakeup",
            Self::Livelock => "livelock",
            Self::Panic => "panic",
            Self::Receipts => "receipts",
            Self::State => "state",
            Self::Versions => "versions",
            Self::Figures => "figures",
            Self::Marks => "marks",
            Self::Invariants => "invariants",
            Self::Writes => "writes",
            Self::Determinism => "determinism",
            Self::Parallelism => "parallelism",
            Self::Faults => "faults",
            Self::Hang => "hang",
            Self::Crash => "crash",
            Self::Protocol => "protocol",
        }
    }
}
