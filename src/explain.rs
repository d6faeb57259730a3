//! Why a schedule shows a violation: the anomaly by its name, and the two accesses whose order makes the difference.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong between tasks, by the field's own names (Berenson et al., "A critique of ANSI SQL isolation levels",
/// SIGMOD 1995, where they have them).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Anomaly {
    /// Two tasks read a value and both write what they made of it: one change is gone.
    LostUpdate,
    /// A task acts on a value that another has changed in between.
    StaleRead,
    /// A task reads what another has not finished writing, or takes back.
    DirtyRead,
    /// Two tasks read what the other writes, and each writes something else.
    WriteSkew,
    /// A task looks for a key before another inserts or removes it.
    Phantom,
    /// The order in which tasks end, or a map iterates, shows in the result.
    OrderLeak,
    /// Some of what a task wrote is there, some is not.
    PartialCommit,
    /// What a task did is not there at all.
    MissingEffect,
    /// Tasks wait for each other in a circle.
    DeadlockCycle,
    /// A task waits for something that nobody will do.
    LostWakeup,
    /// Tasks run without getting anywhere.
    Livelock,
    /// No interleaving is needed.
    EverySchedule,
    /// None of these, as far as can be told.
    Unnamed,
}

/// Why a case shows its violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub anomaly: Anomaly,
    /// Two accesses to one object by two tasks, as positions in the schedule's steps, in the order in which they happened:
    /// the other way round, and all else as near as can be, the verdict is another.
    pub guilty: Option<(usize, usize)>,
    /// What happens, for a reader: one line a sentence, with tasks, transactions, objects and values.
    pub sentences: Vec<String>,
}

impl Anomaly {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::LostUpdate => "lost update",
            Self::StaleRead => "stale read",
            Self::DirtyRead => "dirty read",
            Self::WriteSkew => "write skew",
            Self::Phantom => "phantom",
            Self::OrderLeak => "order leak",
            Self::PartialCommit => "partial commit",
            Self::MissingEffect => "missing effect",
            Self::DeadlockCycle => "deadlock cycle",
            Self::LostWakeup => "lost wake-up",
            Self::Livelock => "livelock",
            Self::EverySchedule => "wrong under every schedule",
            Self::Unnamed => "an anomaly without a name",
        }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
