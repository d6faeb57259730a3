//! Two runs of the same scenario, with other hash seeds, worker counts, threads or paths, wrote the same things in the
//! same order.

use super::Difference;
use crate::explore::{Observation, ObservedBlock};

pub(super) fn check(left: &Observation, right: &Observation) -> Option<Difference> {
    let mut pairs = left.blocks().zip(right.blocks()).enumerate();
    let difference = pairs.find_map(|(index, (left, right))| Some(of_block(left, right)?.in_block(index)));
    difference
        .map(|difference| Difference { field: format!("{}, against {}", difference.field, left.subject), ..difference })
}

fn of_block(left: &ObservedBlock, right: &ObservedBlock) -> Option<Difference> {
    if left.outcome != right.outcome {
        return Some(Difference::new("outcome", &left.outcome, &right.outcome));
    }
    if left.batches == right.batches {
        return None;
    }
    let ops = |block: &ObservedBlock| block.batches.iter().flat_map(|batch| batch.ops.clone()).collect::<Vec<_>>();
    let (left, right) = (ops(left), ops(right));
    let differs = (0..left.len().max(right.len())).find(|&index| left.get(index) != right.get(index))?;
    Some(Difference::new(format!("write {differs}"), left.get(differs), right.get(differs)))
}
