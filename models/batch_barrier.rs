//! A batch begins when the one before has ended: what its transactions spend was received one batch earlier.

use seriatim_runtime::Runtime;
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::execution::parallel::batches;
use seriatim_tos::ledger::{AssetId, Receipt};

use super::fixtures::{Case, Nothing, Setup, genesis, pay};
use super::joined::Joined;

/// Sources of the first batch pay accounts that own nothing else; these pay on in the second.
pub async fn a_batch_sees_all_of_the_one_before<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let runtime = Joined::new(runtime);
    let pairs = if width == 2 { 1 } else { 2 };
    let first = (0..pairs).map(|pair| pay(3 * pair + 1, AssetId::TOS, &[3 * pair + 2, 3 * pair + 2]));
    // Beside the first pair, so that batches overlap if nothing keeps them apart.
    let beside = pay(20, AssetId::TOS, &[21]);
    let second = (0..pairs).map(|pair| pay(3 * pair + 2, AssetId::TOS, &[3 * pair + 3]));
    let sources = (0..pairs).map(|pair| 3 * pair + 1).chain([20]);
    let transactions: Vec<_> = first.chain([beside]).chain(second).collect();
    let levels = batches(&transactions, &[].into());
    assert_eq!(levels.iter().map(Vec::len).collect::<Vec<_>>(), [usize::from(pairs) + 1, usize::from(pairs)]);

    let setup = Setup::new(&genesis(sources), transactions);
    let disk = setup.disk(&runtime, Nothing);
    let state = setup.open(&runtime, &disk).await;
    let executor = ParallelExecutor::new(runtime.clone(), width.into()).unwrap();
    let receipts = executor.execute(&state, &setup.block).await.unwrap();
    assert!(receipts.iter().all(|receipt| matches!(receipt, Receipt::Executed { .. })), "{receipts:?}");
    setup.assert_sequential(state, receipts);
    events.reached(format!("{} was first", runtime.order()[0].0));
}
