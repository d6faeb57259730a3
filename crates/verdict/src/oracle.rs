//! Who rejects an observation.

use serde::{Deserialize, Serialize};

/// Who rejected an observation; the kind of a violation.
///
/// # Examples
/// ```
/// use seriatim_verdict::Oracle;
///
/// assert_eq!(Oracle::LostWakeup.name(), "lost-wakeup");
/// assert_eq!(Oracle::LostWakeup.about(), "A task waits for something that nobody does any more.");
/// assert!(Oracle::ALL.contains(&Oracle::State), "the chain's own paths are compared in their state");
/// assert!(!Oracle::EXTERNAL.contains(&Oracle::Versions), "a subject from outside reports no history");
/// ```
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::EnumMessage, strum::VariantArray,
)]
pub enum Oracle {
    /// Tasks wait for each other in a circle.
    Deadlock,
    /// A task waits for something that nobody does any more.
    LostWakeup,
    /// An execution does not end.
    Livelock,
    /// A task panics, or the code around the tasks does.
    Panic,
    /// An outcome, an error, one of its fields or the order differs from the reference's.
    Receipts,
    /// A newest value differs, or an account is registered that should not be, or is missing.
    State,
    /// The history of a value, a link or a pointer differs.
    Versions,
    /// The block's metadata or the top of the chain differs.
    Figures,
    /// A link to a block, a mark of an executed transaction or an orphan differs.
    Marks,
    /// A law of the ledger is broken, such as conservation, even if all executors agree.
    Invariants,
    /// There is a commit too many, too few or out of canonical order.
    Writes,
    /// Two runs of one path differ.
    Determinism,
    /// There are too many workers or too few, or what could run side by side does not.
    Parallelism,
    /// A block under an injected fault is neither the reference's nor undone, or the chain cannot go on.
    Faults,
    /// An external subject does not answer in time.
    Hang,
    /// An external subject ends.
    Crash,
    /// An external subject answers with a line that is no answer.
    Protocol,
}

impl Oracle {
    /// Every one.
    pub const EVERY: &[Self] = <Self as strum::VariantArray>::VARIANTS;

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

    /// What it rejects, in a sentence.
    pub fn about(self) -> &'static str {
        strum::EnumMessage::get_documentation(&self).expect("every oracle has a doc comment")
    }

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
