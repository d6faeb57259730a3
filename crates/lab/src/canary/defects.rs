//! The defects of the canaries that need no schedule: what a wrong storage does with reads and writes, and what a wrong report says
//! of a right run.

use crate::drive::{Observation, ObservedBlock, ObservedStep, Tasks};
use seriatim_tos::ledger::Hash;
use seriatim_tos::storage::{Read, StateKey, StateValue, StorageError, WriteOp};

// Reads.

pub(super) fn panic_in_a_task(read: Read) -> Result<(), StorageError> {
    // Only a task asks this.
    assert!(!matches!(read, Read::ExecutedBy(_)), "a canary panics");
    Ok(())
}

pub(super) fn fail_accounts(read: Read) -> Result<(), StorageError> {
    match read {
        Read::Account(_) => Err(StorageError::Failed("a canary's fault".to_owned())),
        _ => Ok(()),
    }
}

// Writes.

/// Changes the last balance that is written, by one unit.
pub(super) fn change_a_balance(ops: &mut Vec<WriteOp>) {
    let amounts = ops.iter_mut().filter_map(|op| match op {
        WriteOp::Put { key: StateKey::Balance(..), version, .. } => match &mut version.value {
            StateValue::Amount(amount) => Some(amount),
            _ => None,
        },
        _ => None,
    });
    if let Some(amount) = amounts.last() {
        *amount ^= 1;
    }
}

pub(super) fn link_a_version_to_itself(ops: &mut Vec<WriteOp>) {
    let links = ops.iter_mut().filter_map(|op| match op {
        WriteOp::Put { topoheight, version, .. } => Some((*topoheight, &mut version.previous)),
        _ => None,
    });
    if let Some((topoheight, previous)) = links.last() {
        *previous = Some(topoheight);
    }
}

/// Writes a value once more, one topoheight lower: the newest values stay right.
pub(super) fn repeat_a_version(ops: &mut Vec<WriteOp>) {
    let put = ops.iter().find(|op| {
        matches!(op, WriteOp::Put { topoheight, version, .. }
            if *topoheight > 1 && version.previous != Some(topoheight - 1))
    });
    if let Some(WriteOp::Put { key, topoheight, version }) = put.cloned() {
        ops.insert(0, WriteOp::Put { key, topoheight: topoheight - 1, version });
    }
}

pub(super) fn miscount_fees(ops: &mut Vec<WriteOp>) {
    for op in ops {
        if let WriteOp::Metadata { metadata, .. } = op {
            metadata.fees ^= 1;
        }
    }
}

pub(super) fn lose_links(ops: &mut Vec<WriteOp>) {
    ops.retain(|op| !matches!(op, WriteOp::Link { .. }));
}

/// Lets two neighbouring versions trade places.
pub(super) fn swap_writes(ops: &mut Vec<WriteOp>) {
    let puts = |op: &WriteOp| matches!(op, WriteOp::Put { .. });
    if let Some(first) = ops.windows(2).position(|pair| pair.iter().all(puts)) {
        ops.swap(first, first + 1);
    }
}

/// Removes an orphan that does not exist.
pub(super) fn write_without_effect(ops: &mut Vec<WriteOp>) {
    if let Some(first) = ops.iter().position(|op| matches!(op, WriteOp::Metadata { .. })) {
        ops.insert(first, WriteOp::RemoveOrphan(Hash::ZERO));
    }
}

// Reports.

/// Lets the first two receipts of a block trade places.
pub(super) fn swap_receipts(observation: &mut Observation) {
    for ObservedBlock { outcome, .. } in blocks_mut(observation) {
        if let Ok(receipts) = outcome
            && receipts.len() > 1
        {
            receipts.swap(0, 1);
            return;
        }
    }
}

pub(super) fn pose_as_parallel(observation: &mut Observation) {
    observation.max_parallelism = Some(2);
    blocks_mut(observation).for_each(|block| block.made_of = Some(Tasks::Workers));
}

/// Reports a bound of one task, which the run exceeded.
pub(super) fn claim_one_task(observation: &mut Observation) {
    observation.max_parallelism = Some(1);
}

/// Reports that no two tasks were in flight together.
pub(super) fn deny_parallelism(observation: &mut Observation) {
    for block in blocks_mut(observation) {
        block.tasks.peak_in_flight = block.tasks.peak_in_flight.min(1);
    }
}

pub(super) fn forget_ledgers(observation: &mut Observation) {
    observation.ledgers.clear();
}

fn blocks_mut(observation: &mut Observation) -> impl Iterator<Item = &mut ObservedBlock> {
    observation.steps.iter_mut().flat_map(|step| match step {
        ObservedStep::Run(blocks) => blocks.as_mut_slice(),
        ObservedStep::Rewind => &mut [],
    })
}
