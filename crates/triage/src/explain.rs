//! Why a schedule shows a violation: the anomaly by its name, and the two accesses whose order makes the difference.

pub mod access;
mod amount;
mod change;
mod every_schedule;
mod guilt;
mod inquiry;
mod pattern;
mod stuck;
mod tasks;
mod words;

use std::fmt;

use serde::{Deserialize, Serialize};

use seriatim_explore::model::Place;
use seriatim_explore::{Interleaver, Schedule};
use seriatim_lab::compare::Violation;
use seriatim_lab::workload::Scenario;

use inquiry::{Inquiry, Outcome};
use words::Words;

pub use amount::explain_amount;
pub(crate) use change::changed_part;
pub(crate) use tasks::block_start;
pub use tasks::{TaskName, TaskNames, task_names};
pub(crate) use words::{ACCOUNTS, sentence, shares_out};

/// What went wrong between tasks, by the field's own names (Berenson et al., "A critique of ANSI SQL isolation levels",
/// SIGMOD 1995, where they have them). `explain/pattern.rs` says exactly which accesses make which.
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
    /// The order in which tasks arrive or end, or a map iterates, shows in the result.
    OrderLeak,
    /// Some of what a task wrote is there, some is not.
    PartialCommit,
    /// A task is through before another has done what it should have seen.
    MissingEffect,
    /// Tasks wait for each other in a circle.
    DeadlockCycle,
    /// A task waits for something that nobody will do.
    LostWakeup,
    /// Tasks run without getting anywhere.
    Livelock,
    /// No interleaving is needed.
    EverySchedule,
    /// None of these, as far as can be traced.
    Unnamed,
}

/// Why a case shows its violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub anomaly: Anomaly,
    /// Two accesses to one object by two tasks, as positions in the schedule's steps, in the order in which they happened:
    /// the other way round, and all else as near as can be, the verdict is another.
    pub guilty: Option<(usize, usize)>,
    /// Every access that is part of the anomaly, the guilty ones among them, as positions in the schedule's steps.
    #[serde(default)]
    pub story: Vec<usize>,
    /// The same case with the guilty pair the other way round, if every oracle then agrees. A file does not keep it.
    #[serde(skip)]
    pub turned: Option<Turned>,
    /// What happens, for a reader: one line a sentence, with tasks, transactions, objects and values.
    pub sentences: Vec<String>,
}

/// An execution without the anomaly, and where the guilty accesses are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// Its steps are recorded.
    pub schedule: Schedule,
    /// The access that came second comes first here. None: the other one does not happen any more.
    pub pair: Option<(usize, usize)>,
}

impl Explanation {
    /// An explanation in words alone.
    pub fn told(anomaly: Anomaly, sentences: Vec<String>) -> Self {
        Self { anomaly, guilty: None, story: Vec::new(), turned: None, sentences }
    }
}

/// ` (state.rs:123)`; nothing where nobody recorded the place.
fn at(place: Place) -> String {
    place.short().map(|place| format!(" ({place})")).unwrap_or_default()
}

impl Anomaly {
    /// The explanation in words.
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

/// Explains a violation of `scenario`, by running it again in other orders: some 2 000 executions at most. Without a
/// schedule the straight one is looked at, in which each task runs until it cannot go on.
pub fn explain(
    scenario: &Scenario,
    schedule: Option<&Schedule>,
    violation: &Violation,
    subject: &dyn Fn(&Scenario) -> Interleaver,
) -> Explanation {
    let inquiry = Inquiry::new(scenario, violation, subject);
    let Some(schedule) = schedule else { return every_schedule::without_schedule(&inquiry) };
    let traced = inquiry.traced(schedule);
    let (ending, shown) = inquiry.replay(&traced);
    let Some(shown) = shown else {
        let sentences = vec![
            "The schedule does not show the violation any more: followed again, every oracle agrees.".to_owned(),
            format!("It was: {violation}."),
        ];
        return Explanation::told(Anomaly::Unnamed, sentences);
    };
    // What the schedule shows now is what is explained.
    let inquiry = inquiry.about(*shown);
    let words = Words::new(scenario, &traced.steps);
    if let Some(unended) = stuck::explain_ending(&inquiry, &traced, &ending, &words) {
        return unended;
    }
    if matches!(inquiry.straight(&traced), Outcome::Same) {
        return every_schedule::explain(&inquiry, &traced);
    }
    guilt::explain(&inquiry, &traced, &words)
}
