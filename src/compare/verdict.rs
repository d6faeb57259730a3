//! What a comparison comes to: a value, never an assertion. Only the outermost edge panics or exits.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Difference;
use crate::explore::Observation;
use crate::ledger::Receipt;
use crate::workload::{Expectation, ExpectedStep};

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
    /// Of runs in which a fault is injected.
    Faults,
    /// A subject from outside does not answer in time,
    Hang,
    /// ends,
    Crash,
    /// or answers something that is no answer.
    Protocol,
}

impl Oracle {
    /// Those of the chain's own paths, in the order in which they are asked.
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

    /// Those of a subject from outside.
    pub const OUTSIDE: [Self; 8] = [
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

/// The result of a comparison.
#[must_use]
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Nothing differs, and this much was looked at.
    Agree(Evidence),
    /// A subject is wrong.
    Violation(Box<Violation>),
}

/// A subject that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    pub oracle: Oracle,
    pub subject: String,
    pub difference: Difference,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.oracle.name(), self.subject, self.difference)
    }
}

impl Verdict {
    pub(crate) fn violation(oracle: Oracle, subject: &str, difference: Difference) -> Self {
        Self::Violation(Box::new(Violation { oracle, subject: subject.to_owned(), difference }))
    }

    /// The violation, if it is one.
    pub fn into_violation(self) -> Option<Box<Violation>> {
        match self {
            Self::Violation(violation) => Some(violation),
            Self::Agree(_) => None,
        }
    }
}

/// How much an agreement rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub observations: u64,
    pub blocks: u64,
    pub aborted_blocks: u64,
    pub transactions: u64,
    pub executed: u64,
    /// Tasks spawned by parallel subjects.
    pub tasks: u64,
    /// Blocks in which a parallel subject had several tasks in flight.
    pub blocks_with_overlap: u64,
}

impl Evidence {
    pub(super) fn of(expectation: &Expectation) -> Self {
        let mut evidence = Self::default();
        for step in &expectation.steps {
            let ExpectedStep::Run { blocks } = step else { continue };
            for block in blocks {
                evidence.blocks += 1;
                match block {
                    Ok(receipts) => {
                        evidence.transactions += receipts.len() as u64;
                        let executed = receipts.iter().filter(|receipt| matches!(receipt, Receipt::Executed { .. }));
                        evidence.executed += executed.count() as u64;
                    }
                    Err(_) => evidence.aborted_blocks += 1,
                }
            }
        }
        evidence
    }

    /// Adds up two agreements.
    pub fn merge(&mut self, other: &Self) {
        let Self { observations, blocks, aborted_blocks, transactions, executed, tasks, blocks_with_overlap } = other;
        self.observations += observations;
        self.blocks += blocks;
        self.aborted_blocks += aborted_blocks;
        self.transactions += transactions;
        self.executed += executed;
        self.tasks += tasks;
        self.blocks_with_overlap += blocks_with_overlap;
    }

    pub(super) fn add(&mut self, observation: &Observation) {
        self.observations += 1;
        for block in observation.blocks() {
            self.tasks += block.tasks.spawned as u64;
            // With several threads the figure is chance.
            let overlap = observation.worker_threads == 1 && block.tasks.peak_in_flight > 1;
            self.blocks_with_overlap += u64::from(overlap);
        }
    }
}
