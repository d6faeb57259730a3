//! Tasks end in any order; receipts, and the writes that follow from them, stand in block order.

use seriatim_runtime::Runtime;
use seriatim_tos::execution::ParallelExecutor;

use super::fixtures::{Case, Nothing};
use super::joined::Joined;
use super::workers::payments;

pub async fn receipts_stand_in_block_order<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let runtime = Joined::new(runtime);
    let setup = payments(width);
    let disk = setup.disk(&runtime, Nothing);
    let state = setup.open(&runtime, &disk).await;
    let executor = ParallelExecutor::new(runtime.clone(), width.into()).unwrap();
    let receipts = executor.execute(&state, &setup.block).await.unwrap();
    let hashes = setup.block.transactions.iter().map(seriatim_tos::ledger::Transaction::hash);
    assert!(receipts.iter().map(seriatim_tos::ledger::Receipt::hash).eq(hashes));
    setup.assert_sequential(state, receipts);
    events.reached(if runtime.order().is_sorted() { "in block order" } else { "in another order" });
}
