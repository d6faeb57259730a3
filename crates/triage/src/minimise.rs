//! A case is made smaller while it shows the same violation: fewer blocks, transactions, accounts and switches between
//! tasks, smaller numbers, plainer names. Each attempt is a whole scenario of its own, run and judged as the first one was;
//! nothing is assumed of the executor, or of why the violation shows.
//!
//! What bounds the search is a number of executions, never time: one case gives one result, on every machine.

mod content;
mod names;
mod numbers;
mod probes;
mod schedules;
mod script;
mod search;
mod structure;

use seriatim_explore::{InterleavingEvidence, Schedule};
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::workload::Scenario;

pub use probes::{ByVerdict, UnderShuttle};
pub use script::Script;

use search::Search;

/// What shows a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub scenario: Scenario,
    /// None: it shows without one being chosen.
    pub schedule: Option<Schedule>,
}

/// How hard to look for the violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// The one schedule in which a task runs until it cannot go on, under the plainest settings.
    Straight,
    /// The same, and then so many random schedules, each of which must show it.
    Always { executions: usize },
    /// The case's schedule, as far as it can be followed.
    Follow,
    /// First the case's schedule, then others like it, then any: about so many steps in all.
    Search { steps: usize },
    /// All schedules with few switches, in order of their number: about so many steps in all.
    Fewest { steps: usize },
    /// Random schedules in which priorities of tasks change at so few points less one: about so many steps in all.
    Calm { depth: usize, steps: usize },
}

/// What a probe came to.
#[derive(Clone, Debug, Default)]
pub struct Probed {
    /// The violation, if it showed, and the schedule under which it did.
    pub shown: Option<(Violation, Option<Schedule>)>,
    /// Executions that were run and judged.
    pub executions: u64,
    /// Figures of the last exploration: under [`Effort::Follow`] the figures of the schedule.
    pub figures: InterleavingEvidence,
}

/// Runs cases. A probe knows the executor; minimising does not.
pub trait Probe {
    /// Looks for a violation that `wanted` covers. A probe without schedules does its one thing at every effort.
    fn probe(&mut self, case: &Case, wanted: &Signature, effort: Effort) -> Probed;

    /// The schedule with what its tasks did at each step.
    fn with_steps(&mut self, scenario: &Scenario, schedule: &Schedule) -> Schedule;
}

/// The smallest case that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimised {
    pub scenario: Scenario,
    /// The schedule with its steps. None: the violation shows under the straight schedule and some random ones, or without any.
    pub schedule: Option<Schedule>,
    pub violation: Violation,
    pub signature: Signature,
    /// Executions that it took.
    pub tries: u64,
    /// Transactions before and after.
    pub transactions: (usize, usize),
    /// Accounts that genesis, blocks and transactions name, before and after.
    pub accounts: (usize, usize),
    /// Figures of the schedule, if one is needed.
    pub preemptions: u64,
    pub context_switches: u64,
    /// No single removal keeps the violation: tried, each of them. False if the executions were used up before.
    pub is_one_minimal: bool,
}

/// The violation could not be shown again, so nothing can be made smaller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the violation does not show any more, in {tries} executions: {signature}")]
pub struct NotShown {
    pub signature: Signature,
    pub tries: u64,
}

/// Makes a case smaller, in at most about `limit` executions: an attempt under way is ended. The genesis must be valid.
///
/// # Errors
/// `NotShown` if the case itself does not show the violation.
pub fn minimise(case: &Case, signature: &Signature, probe: &mut dyn Probe, limit: u64) -> Result<Minimised, NotShown> {
    let mut search = Search::begin(case, signature, probe, limit)?;
    let is_one_minimal = search.run();
    Ok(search.end(case, is_one_minimal))
}
