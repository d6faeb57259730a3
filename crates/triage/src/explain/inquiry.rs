//! A violation with the means to run its scenario again.

use std::cell::Cell;

use seriatim_explore::{Choices, Ending, Interleaver, Schedule};
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::workload::Scenario;

/// Executions at most, for one explanation.
const EXECUTIONS: usize = 2_000;

pub(super) type SubjectOf<'a> = &'a dyn Fn(&Scenario) -> Interleaver;

/// What is explained.
pub(super) struct Inquiry<'a> {
    pub scenario: &'a Scenario,
    pub violation: Violation,
    pub subject: SubjectOf<'a>,
    explorer: Interleaver,
    signature: Signature,
    left: Cell<usize>,
}

/// What another order comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Agrees,
    /// The violation that is explained, by its signature.
    Same,
    Other(Box<Violation>),
}

impl<'a> Inquiry<'a> {
    pub(super) fn new(scenario: &'a Scenario, violation: &Violation, subject: SubjectOf<'a>) -> Self {
        Self {
            scenario,
            violation: violation.clone(),
            subject,
            explorer: subject(scenario),
            signature: violation.signature(),
            left: Cell::new(EXECUTIONS),
        }
    }

    /// The same with another violation.
    pub(super) fn about(self, violation: Violation) -> Self {
        let signature = violation.signature();
        Self { violation, signature, ..self }
    }

    /// See [`Interleaver::with_steps`].
    pub(super) fn traced(&self, schedule: &Schedule) -> Schedule {
        self.explorer.with_steps(schedule)
    }

    /// How a schedule ends, and what is wrong with it.
    pub(super) fn replay(&self, schedule: &Schedule) -> (Ending, Option<Box<Violation>>) {
        let (replayed, _) = self.explorer.replay(schedule);
        (replayed.ending, replayed.verdict.into_violation())
    }

    /// Runs these choices, as far as they can be followed, then straight on. None when executions are used up.
    pub(super) fn try_choices(&self, like: &Schedule, choices: Vec<u32>) -> Option<Outcome> {
        self.left.set(self.left.get().checked_sub(1)?);
        let (_, violation) = self.replay(&with_choices(like, choices));
        Some(self.outcome(violation))
    }

    /// The schedule without a choice, under the inputs of `like`.
    pub(super) fn straight(&self, like: &Schedule) -> Outcome {
        self.outcome(self.explorer.straight(like).verdict.into_violation())
    }

    fn outcome(&self, violation: Option<Box<Violation>>) -> Outcome {
        match violation {
            None => Outcome::Agrees,
            Some(violation) if violation.signature() == self.signature => Outcome::Same,
            Some(violation) => Outcome::Other(violation),
        }
    }
}

/// The same inputs with other choices.
pub(super) fn with_choices(like: &Schedule, choices: Vec<u32>) -> Schedule {
    Schedule { choices: Choices(choices), steps: Vec::new(), ..like.clone() }
}
