//! One receipt a transaction, in block order, equal to the reference's in variant and fields; aborts likewise. Sees lost
//! tasks and storage failures too: no contract has them.

use super::{Difference, Value};
use crate::drive::{BlockFailure, Observation, ObservedStep};
use crate::workload::{Applied, Expectation, ExpectedStep, Scenario};
use seriatim_tos::execution::BlockError;
use seriatim_tos::ledger::Receipt;

pub(super) fn check(scenario: &Scenario, expectation: &Expectation, observation: &Observation) -> Option<Difference> {
    for (index, ((first_block, _), expected)) in scenario.numbered_steps().zip(&expectation.steps).enumerate() {
        let ExpectedStep::Run { blocks: expected } = expected else { continue };
        let observed = match observation.steps.get(index) {
            Some(ObservedStep::Run(observed)) => observed.as_slice(),
            Some(ObservedStep::Rewind) | None => &[],
        };
        for (index, expected) in expected.iter().enumerate() {
            let outcome = observed.get(index).map(|block| &block.outcome);
            if let Some(difference) = block(expected, outcome) {
                return Some(difference.in_block(first_block + index));
            }
        }
        if observed.len() > expected.len() {
            let difference = Difference::new("blocks applied in the run", expected.len(), observed.len());
            return Some(difference.in_block(first_block + expected.len()));
        }
    }
    observation.broken.as_ref().map(|reason| Difference::new("the run", "to its end", reason))
}

fn block(expected: &Applied, actual: Option<&Result<Vec<Receipt>, BlockFailure>>) -> Option<Difference> {
    let Some(actual) = actual else { return Some(Difference::new("block", expected, "not applied")) };
    match (expected, actual) {
        (Ok(expected), Ok(actual)) => receipts(expected, actual),
        (Err(expected), Err(BlockFailure::Refused(BlockError::Aborted(actual)))) if expected == actual => None,
        (_, Err(BlockFailure::Refused(BlockError::Tasks(results)))) => {
            let failed = results.iter().enumerate().find_map(|(index, result)| Some((index, result.as_ref().err()?)));
            let Some((tx_index, failure)) = failed else {
                return Some(Difference::new("tasks", "one failed", "none did"));
            };
            let expected = expected.as_ref().ok().and_then(|receipts| receipts.get(tx_index));
            Some(Difference::new("task", expected, &failure.cause).at_transaction(tx_index))
        }
        (Ok(_), Err(failure)) => Some(Difference::new("block", "applied", failure)),
        (Err(expected), Err(failure)) => Some(Difference::new("abort", expected, failure)),
        (Err(expected), Ok(actual)) => {
            Some(Difference::new("abort", expected, format!("applied, {} receipts", actual.len())))
        }
    }
}

/// Instead of a receipt's name.
const ABSENT: &str = "no receipt";

fn receipts(expected: &[Receipt], actual: &[Receipt]) -> Option<Difference> {
    let (count, found) = (expected.len(), actual.len());
    let differs = (0..count.max(found)).find(|&index| expected.get(index) != actual.get(index))?;
    let (expected, actual) = (expected.get(differs), actual.get(differs));
    let value = |receipt: Option<&Receipt>| receipt.map_or_else(|| Value::text(ABSENT), Value::of);
    let name = |receipt: Option<&Receipt>| receipt.map_or(ABSENT, Receipt::name);
    let difference = Difference::of_values("receipt", value(expected), value(actual));
    Some(difference.between(name(expected), name(actual)).at_transaction(differs))
}
