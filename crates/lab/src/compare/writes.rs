//! Every applied block is one commit, every other block none, and the writes of a commit stand in canonical order, each
//! key once (section 7). That the writes are the right ones is for the other oracles, which see their effect.

use serde::Serialize;

use super::{Difference, Field, Key, Role};
use crate::drive::{Observation, ObservedBlock};
use seriatim_tos::ledger::AccountKey;
use seriatim_tos::storage::{StateKey, WriteOp};

pub(super) fn check(observation: &Observation) -> Option<Difference> {
    let mut blocks = observation.blocks().enumerate();
    blocks.find_map(|(index, block)| Some(of_block(block)?.in_block(index)))
}

fn of_block(block: &ObservedBlock) -> Option<Difference> {
    let commits = usize::from(block.outcome.is_ok());
    if block.batches.len() != commits {
        return Some(Difference::new("commits of the block", commits, block.batches.len()));
    }
    let ops = &block.batches.first()?.ops;
    let pairs = ops.iter().map(position).zip(ops.iter().skip(1).map(position));
    let (index, (before, after)) = pairs.enumerate().find(|(_, (before, after))| !in_order(before, after))?;
    let field =
        Field::named("writes").key(" ", Role::Number, Key::of(index)).key(" and ", Role::Number, Key::of(index + 1));
    Some(Difference::new(field, "canonical order", (&before, &after)))
}

/// Where a write belongs. The derived order is the canonical one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum Position {
    Register(AccountKey),
    Put(StateKey),
    /// They are in block order among themselves, which the marks oracle sees.
    Mark,
    Metadata,
    Top,
}

fn position(op: &WriteOp) -> Position {
    match op {
        WriteOp::Register { account, .. } => Position::Register(*account),
        WriteOp::Put { key, .. } => Position::Put(*key),
        WriteOp::Link { .. } | WriteOp::MarkExecuted { .. } | WriteOp::AddOrphan(_) | WriteOp::RemoveOrphan(_) => {
            Position::Mark
        }
        WriteOp::Metadata { .. } => Position::Metadata,
        WriteOp::Top(_) => Position::Top,
    }
}

fn in_order(before: &Position, after: &Position) -> bool {
    before < after || (*before == Position::Mark && *after == Position::Mark)
}
