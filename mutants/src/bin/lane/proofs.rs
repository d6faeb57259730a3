//! Exhaustive searches of small sets, as `seriatim prove` runs them.

use std::ops::ControlFlow;

use mutants::{Found, Outcome, Smallest};
use seriatim::prove::{Certificate, Engine, ProveConfig, Refutation, prove};

use super::Budget;

const TRANSACTIONS: usize = 2;
/// The bound of `seriatim prove` unless told.
const PREEMPTIONS: u8 = 2;
/// Executions of one set; no set of the right executor comes near it.
const BOUND: usize = 100_000;

pub(super) fn dpor(budget: &Budget) -> Outcome {
    search(Engine::Dpor, budget)
}

pub(super) fn loom(budget: &Budget) -> Outcome {
    search(Engine::Loom { preemptions: PREEMPTIONS }, budget)
}

/// Ends by itself when every set is done; the budget's time may cut it, its executions do not.
fn search(engine: Engine, budget: &Budget) -> Outcome {
    let config =
        ProveConfig { transactions: TRANSACTIONS, shard: (0, 1), bound: BOUND, engine, paths: budget.subject.paths() };
    let proved =
        prove(&config, |_, _| if budget.out_of_time() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    let seconds = budget.begun.elapsed().as_secs_f64();
    match proved {
        Ok(Certificate { interleavings, redundant, .. }) => {
            Outcome { executions: interleavings + redundant, seconds, found: None }
        }
        Err(refutation) => {
            let Refutation { interleavings, violation, letters, .. } = *refutation;
            let smallest = Some(Smallest { transactions: letters.len(), preemptions: None });
            let found =
                Found { oracle: violation.oracle.name().to_owned(), violation: violation.to_string(), smallest };
            Outcome { executions: interleavings, seconds, found: Some(found) }
        }
    }
}
