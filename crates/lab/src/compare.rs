//! Judges what subjects did. Each oracle is a pure function from what was expected and observed to the first [`Difference`],
//! and most have a file of their own. [`judge`] asks them in order and returns a verdict. No oracle asserts.
//!
//! | oracle | rejects | cannot see |
//! |---|---|---|
//! | progress | a deadlock, a lost wake-up, an execution without end; each a kind of its own | results |
//! | panics | a panic of a task or around them | results |
//! | receipts | another outcome, error, field or order than the reference's; lost receipts | state |
//! | state | another newest value or registration | history |
//! | versions | another history, link or pointer | anything unversioned |
//! | figures | other metadata or top | what the figures are made of |
//! | marks | other links, executed marks or orphans | |
//! | invariants | section 8, also where all executors agree | wrong outcomes that keep them |
//! | writes | a commit too many, too few or out of canonical order | what is not written |
//! | determinism | two runs of one path that differ in anything | what all runs do alike |
//! | parallelism | too many workers or too few, transactions that nothing keeps apart not read side by side | results |
//! | faults | a block under an injected fault that is neither the reference's nor undone, or a chain that cannot go on | two faults at once |
//! | hang, crash, protocol | an external subject that gives no answer, or none that is one | results |
//!
//! Of an external subject, the crate `seriatim-subject` compares what it reports, as receipts, figures, state and determinism.

mod determinism;
mod evidence;
mod faults;
mod figures;
mod invariants;
mod keys;
mod locate;
mod marks;
mod panics;
mod parallelism;
mod receipts;
mod state;
mod versions;
mod writes;

use std::sync::Arc;

use crate::drive::{Observation, ObservedStep};
use crate::workload::{Expectation, ExpectedStep, Scenario};
use seriatim_tos::storage::LedgerState;

pub use faults::{Endured, Interleaved, judge_fault, judge_without_fault};
pub(crate) use invariants::Lawful;
pub use keys::{balance, field_of, of_account, of_transaction};
pub use locate::{payload_name, violation};
pub use locate::{touching, types_at};

pub use seriatim_verdict::{
    Difference, Evidence, Field, FieldDifference, Fields, Key, Oracle, Place, PlainViolation, Role, Signature, Value,
    Verdict, Violation,
};

/// Judges all observations of one scenario against the reference's answers and against each other. The first
/// observation that is wrong gives the violation, by the first oracle that rejects it.
///
/// # Examples
/// ```
/// use seriatim_lab::compare::{Oracle, judge};
/// use seriatim_lab::drive::{ChainSubject, ObservedStep, TokioRuntimes};
/// use seriatim_lab::workload::{Plan, build};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let engine = TokioRuntimes::new()?;
/// let built = build(&Plan::sized(7, 20), SignatureScheme::Tagged);
/// let mut observation = ChainSubject::parallel(&engine, 4, 1).run(&built.scenario);
/// let verdict = judge(&built.scenario, &built.expectation, std::slice::from_ref(&observation));
/// assert!(verdict.into_violation().is_none());
///
/// // The same run, reported without its last receipt.
/// let Some(ObservedStep::Run(blocks)) = observation.steps.first_mut() else { panic!("no run") };
/// blocks[0].outcome.as_mut().unwrap().pop();
/// let verdict = judge(&built.scenario, &built.expectation, &[observation]);
/// assert_eq!(verdict.into_violation().unwrap().oracle, Oracle::Receipts);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn judge(scenario: &Scenario, expectation: &Expectation, observations: &[Observation]) -> Verdict {
    judge_knowing(scenario, expectation, &Lawful::of(scenario, expectation), observations)
}

/// The same where it was looked at before whether the expectation itself is lawful.
pub(crate) fn judge_knowing(
    scenario: &Scenario,
    expectation: &Expectation,
    lawful: &Lawful,
    observations: &[Observation],
) -> Verdict {
    let mut evidence = evidence::of_expectation(expectation);
    for observation in observations {
        if let Some((oracle, difference)) = first_difference(scenario, expectation, lawful, observation) {
            let state = state_differences(scenario, expectation, observation, difference.place.block);
            return violation(scenario, oracle, &observation.subject, difference).with_state(state).into();
        }
        evidence::add(&mut evidence, observation);
    }
    for pair in observations.windows(2) {
        if let Some(difference) = determinism::check(&pair[0], &pair[1]) {
            return violation(scenario, Oracle::Determinism, &pair[1].subject, difference).into();
        }
    }
    Verdict::Agree(evidence)
}

/// The first invariant of section 8 that a ledger breaks by itself, where `genesis` is the one it grew from.
pub(crate) fn broken_invariant(genesis: &LedgerState, ledger: &LedgerState) -> Option<Difference> {
    invariants::of_ledger(genesis, ledger)
}

/// What was observed has a part for each part of what was expected, so that no comparison passes for want of something
/// to compare. A subject that says it broke off is left to the other oracles.
fn shape(expectation: &Expectation, observation: &Observation) -> Option<Difference> {
    if observation.broken.is_some() {
        return None;
    }
    let kind = |is_run: bool| if is_run { "run" } else { "rewind" };
    let expected: Vec<_> =
        expectation.steps.iter().map(|step| kind(matches!(step, ExpectedStep::Run { .. }))).collect();
    let actual: Vec<_> = observation.steps.iter().map(|step| kind(matches!(step, ObservedStep::Run(_)))).collect();
    if expected != actual {
        return Some(Difference::new("steps", expected, actual));
    }
    if expectation.ledgers.len() != observation.ledgers.len() {
        return Some(Difference::new("ledgers seen", expectation.ledgers.len(), observation.ledgers.len()));
    }
    let missing = observation.undone.is_none();
    let field = Field::named("ledger").at("after undoing every block");
    missing.then(|| Difference::new(field, "there", "missing"))
}

/// Every key that differs after the step with this block; without a block, after the first step with such a key.
fn state_differences(
    scenario: &Scenario,
    expectation: &Expectation,
    observation: &Observation,
    block: Option<usize>,
) -> Vec<Difference> {
    let ledgers = expectation.ledgers.iter().zip(&observation.ledgers);
    let compared = |(expected, actual): (&Arc<LedgerState>, &Arc<LedgerState>)| state::all(expected, actual);
    match block {
        None => ledgers.map(compared).find(|differences| !differences.is_empty()).unwrap_or_default(),
        Some(block) => {
            let step = scenario.numbered_steps().take_while(|(first, _)| *first <= block).count();
            ledgers.skip(step.saturating_sub(1)).map(compared).next().unwrap_or_default()
        }
    }
}

fn first_difference(
    scenario: &Scenario,
    expectation: &Expectation,
    lawful: &Lawful,
    observation: &Observation,
) -> Option<(Oracle, Difference)> {
    if let Some(difference) = shape(expectation, observation) {
        return Some((Oracle::Receipts, difference));
    }
    if let Some(difference) = panics::check(observation) {
        return Some((Oracle::Panic, difference));
    }
    if let Some(difference) = receipts::check(scenario, expectation, observation) {
        return Some((Oracle::Receipts, difference));
    }
    for (index, (expected, actual)) in expectation.ledgers.iter().zip(&observation.ledgers).enumerate() {
        // It was compared as a whole when it was observed.
        if Arc::ptr_eq(expected, actual) {
            continue;
        }
        let located = |oracle, key, mut difference: Difference| {
            if let Some(topoheight) = difference.place.topoheight {
                difference.place = locate::locate(scenario, expectation, index, topoheight, key);
            }
            (oracle, difference)
        };
        // Figures first: a wrong sum also shows as somebody's balance, where it would be a riddle.
        let found = figures::check(expected, actual)
            .map(|difference| located(Oracle::Figures, None, difference))
            .or_else(|| {
                let (key, difference) = state::check(expected, actual)?;
                Some(located(Oracle::State, key, difference))
            })
            .or_else(|| {
                let (key, difference) = versions::check(expected, actual)?;
                Some(located(Oracle::Versions, key, difference))
            })
            .or_else(|| Some(located(Oracle::Marks, None, marks::check(expected, actual)?)));
        if found.is_some() {
            return found;
        }
    }
    invariants::check(scenario, expectation, lawful, observation)
        .map(|difference| (Oracle::Invariants, difference))
        .or_else(|| Some((Oracle::Writes, writes::check(observation)?)))
        .or_else(|| Some((Oracle::Parallelism, parallelism::check(scenario, observation)?)))
}
