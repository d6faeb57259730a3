//! Sums that tasks add to at once: no addition is lost, and the sum never wraps. At the limit order decides who fits, and
//! exactly one does.

use std::sync::Arc;

use seriatim_runtime::{JoinSet, Runtime};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::execution::parallel::{Accumulator, merge_parallel_results};
use seriatim_tos::ledger::{AssetId, BlockAbort, Payload, TOS, Transfer};

use super::fixtures::{Case, Nothing, Setup, genesis, key, signed};
use super::joined::Joined;

pub async fn a_sum_holds_every_addition<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let sum = Arc::new(Accumulator::new(&runtime, "sum", 1_000));
    let mut tasks = runtime.join_set("adders");
    for number in 0..u64::from(width) {
        let sum = Arc::clone(&sum);
        tasks.spawn(async move {
            sum.add(1 << number).unwrap();
            // Sees at least its own.
            sum.get() & (1 << number)
        });
    }
    let first = tasks.join_next().await;
    events.reached(format!("{} was first", first.unwrap().0.0));
    while let Some((_, own)) = tasks.join_next().await {
        own.unwrap();
    }
    assert_eq!(sum.get(), 1_000 + (1 << width) - 1);
}

pub async fn at_the_limit_one_addition_wins<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let sum = Arc::new(Accumulator::new(&runtime, "sum", u64::MAX - 3));
    let mut tasks = runtime.join_set("adders");
    for _ in 0..width {
        let sum = Arc::clone(&sum);
        tasks.spawn(async move { sum.add(2).is_ok() });
    }
    let mut winners = Vec::new();
    while let Some((task, won)) = tasks.join_next().await {
        winners.extend(won.unwrap().then_some(task.0));
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(sum.get(), u64::MAX - 1);
    events.reached(format!("{} won", winners[0]));
}

/// Whoever meets the overflow, the merge learns of it.
pub async fn fees_that_do_not_fit_abort_the_block<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let runtime = Joined::new(runtime);
    let mut genesis = genesis(1..=2 * width);
    for account in genesis.accounts.values_mut() {
        account.balances.insert(AssetId::TOS, u64::MAX - 10 * TOS);
    }
    let paying = |pair: u8| {
        let transfer = Transfer { asset: AssetId::TOS, destination: key(2 * pair + 2), amount: 0, extra_data: None };
        signed(2 * pair + 1, u64::MAX / 2 + 1, Payload::Transfers(vec![transfer]))
    };
    let setup = Setup::new(&genesis, (0..width).map(paying).collect());
    let disk = setup.disk(&runtime, Nothing);
    let state = setup.open(&runtime, &disk).await;
    let executor = ParallelExecutor::new(runtime.clone(), width.into()).unwrap();
    let receipts = executor.execute(&state, &setup.block).await.unwrap();
    assert_eq!(merge_parallel_results(state, receipts).unwrap_err(), BlockAbort::FeesOverflow);
    events.reached(format!("{} was first", runtime.order()[0].0));
}
