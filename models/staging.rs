//! A transaction changes copies, and they become true only if it succeeds: one that fails after its first transfer leaves
//! nothing behind, one beside it that succeeds leaves everything.

use seriatim_runtime::{Runtime, TaskIndex};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::ledger::{AssetId, Receipt, TOS, TransactionError};

use super::fixtures::{Case, Nothing, Setup, genesis, key, pay};
use super::joined::Joined;

/// Cannot take a coin more.
const FULL: u8 = 20;

pub async fn a_failed_transaction_leaves_no_trace<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let runtime = Joined::new(runtime);
    let mut genesis = genesis((1..=2 * width).chain([FULL]));
    let full = genesis.accounts.get_mut(&key(FULL)).unwrap();
    full.balances.insert(AssetId::TOS, u64::MAX - TOS + 1);
    // The first one's first destination is credited on a copy before the second one overflows.
    let failing = pay(1, AssetId::TOS, &[2, FULL]);
    let others = (1..width).map(|pair| pay(2 * pair + 1, AssetId::TOS, &[2 * pair + 2]));
    let setup = Setup::new(&genesis, [failing].into_iter().chain(others).collect());
    let disk = setup.disk(&runtime, Nothing);
    let state = setup.open(&runtime, &disk).await;
    let executor = ParallelExecutor::new(runtime.clone(), width.into()).unwrap();
    let receipts = executor.execute(&state, &setup.block).await.unwrap();
    assert!(matches!(receipts[0], Receipt::Orphaned { error: TransactionError::Overflow, .. }), "{:?}", receipts[0]);
    assert!(receipts[1..].iter().all(|receipt| matches!(receipt, Receipt::Executed { .. })));
    setup.assert_sequential(state, receipts);
    let order = runtime.order();
    if order.first() == Some(&TaskIndex(0)) {
        events.reached("failed first");
    }
    if order.last() == Some(&TaskIndex(0)) {
        events.reached("failed last");
    }
}
