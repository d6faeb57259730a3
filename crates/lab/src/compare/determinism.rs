//! Two runs of the same scenario, with other hash seeds, worker counts, threads or paths, wrote the same things in the
//! same order.

use super::{Difference, Field, Key, Role};
use crate::drive::{Observation, ObservedBlock};

pub(super) fn check(left: &Observation, right: &Observation) -> Option<Difference> {
    let mut pairs = left.blocks().zip(right.blocks()).enumerate();
    let difference = pairs.find_map(|(index, (left, right))| Some(of_block(left, right)?.in_block(index)))?;
    let field = difference.field.clone().key(", against ", Role::Subject, Key::text(&left.subject));
    Some(Difference { field, ..difference })
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
    let field = Field::named("write").key(" ", Role::Number, Key::of(differs));
    Some(Difference::new(field, left.get(differs), right.get(differs)))
}
