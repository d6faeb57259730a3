//! The step from the shared state to the block's changes.

use std::sync::Arc;

use crate::execution::BlockChanges;
use crate::ledger::{BlockAbort, Receipt};
use seriatim_runtime::Runtime;

use super::ParallelChainState;
use super::state::StateParts;

/// Takes the state apart: nonces, balances, multisigs, energies, registrations, burned amounts and fees, sorted by
/// key. [`BlockChanges::prepare`] turns them into the writes of one commit.
///
/// # Errors
/// `FeesOverflow`, if the executed transactions' fees do not fit.
///
/// # Panics
/// If a task still shares the state; [`super::ParallelExecutor::execute`] leaves none behind.
pub fn merge_parallel_results<S, R: Runtime>(
    state: Arc<ParallelChainState<S, R>>,
    receipts: Vec<Receipt>,
) -> Result<BlockChanges, BlockAbort> {
    let state = Arc::into_inner(state).expect("every task of the block was joined");
    let StateParts { accounts, burned, fees } = state.into_parts();
    let fees = fees.ok_or(BlockAbort::FeesOverflow)?;
    Ok(BlockChanges { accounts, burned, receipts, fees })
}
