//! The schedule of V3: a transaction begins when all that it waits for have been decided, and whoever sleeps is woken for what
//! is left.

use std::sync::{Arc, Mutex};

use seriatim_runtime::{JoinSet, Runtime, TaskError};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::execution::parallel::{ConflictGraph, Finished, Next, Schedule, batches};
use seriatim_tos::ledger::{AssetId, Receipt};
use seriatim_tos::storage::StorageError;

use super::fixtures::{Case, Nothing, ON_PURPOSE, Setup, genesis, pay};
use super::joined::Joined;

/// Sources pay accounts that own nothing else, and these pay on.
pub async fn a_transaction_sees_all_that_it_waits_for<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let runtime = Joined::new(runtime);
    let pairs = if width == 2 { 1 } else { 2 };
    let first = (0..pairs).map(|pair| pay(3 * pair + 1, AssetId::TOS, &[3 * pair + 2, 3 * pair + 2]));
    // Beside the first pair, so that there is something to run at once.
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

/// A fork and a join: 0 goes before 1 and 2, both go before 3; 4 waits for nothing. Nobody sleeps for ever, each transaction
/// is given once, and 3 is given after both.
pub async fn each_transaction_is_given_once_and_after_what_it_waits_for<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let transactions = vec![
        pay(1, AssetId::TOS, &[2, 3]),
        pay(2, AssetId::TOS, &[4]),
        pay(3, AssetId::TOS, &[5]),
        pay(4, AssetId::TOS, &[5]),
        pay(20, AssetId::TOS, &[21]),
    ];
    let setup = Setup::new(&genesis([1, 20]), transactions);
    let graph = ConflictGraph::of(&setup.block, &[].into());
    assert_eq!((graph.predecessors(), graph.followers(0)), (&[0, 1, 1, 2, 0][..], &[1, 2][..]));
    let schedule = Arc::new(Schedule::new(&runtime, graph, width.into()));
    // No step of its own.
    let begun = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = runtime.join_set::<bool>("workers");
    for worker in 0..usize::from(width) {
        let (schedule, begun) = (Arc::clone(&schedule), Arc::clone(&begun));
        tasks.spawn(async move {
            let mut has_woken = false;
            while let Some(mut tx_index) = schedule.take(worker).await {
                loop {
                    begun.lock().unwrap().push(tx_index);
                    let receipt = Receipt::Skipped { hash: seriatim_tos::ledger::Hash::ZERO };
                    let finished = schedule.finish(worker, tx_index, Ok(receipt));
                    has_woken |= finished.has_woken;
                    match finished.next {
                        Next::Run(next) => tx_index = next,
                        Next::Wait => break,
                        Next::Leave => return has_woken,
                    }
                }
            }
            has_woken
        });
    }
    while let Some((_, has_woken)) = tasks.join_next().await {
        if has_woken.unwrap() {
            events.reached("woke another");
        }
    }
    let order = begun.lock().unwrap().clone();
    let at = |tx_index: usize| order.iter().position(|begun| *begun == tx_index).unwrap();
    assert_eq!(order.len(), 5, "{order:?}");
    assert!(at(0) < at(1) && at(0) < at(2) && at(1) < at(3) && at(2) < at(3), "{order:?}");
    events.reached(if at(4) > at(3) { "the free one last" } else { "the free one before the last" });
    let schedule = Arc::into_inner(schedule).unwrap();
    assert!(schedule.into_results().iter().all(|result| matches!(result, Some(Ok(Ok(_))))));
}

/// What waits for one that failed is never given, and those who sleep are told that nothing will come.
pub async fn what_waits_for_a_failure_is_not_run<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let setup = Setup::new(&genesis([1, 2]), vec![pay(1, AssetId::TOS, &[2]), pay(2, AssetId::TOS, &[3])]);
    let schedule = Arc::new(Schedule::new(&runtime, ConflictGraph::of(&setup.block, &[].into()), width.into()));
    let mut tasks = runtime.join_set::<Option<Finished>>("workers");
    for worker in 0..usize::from(width) {
        let schedule = Arc::clone(&schedule);
        tasks.spawn(async move {
            let tx_index = schedule.take(worker).await?;
            assert_eq!(tx_index, 0, "the other one waits for it");
            Some(schedule.finish(worker, tx_index, Err(StorageError::Failed(ON_PURPOSE.to_owned()))))
        });
    }
    while let Some((_, finished)) = tasks.join_next().await {
        if let Some(Finished { next, has_woken }) = finished.unwrap() {
            assert_eq!(next, Next::Leave);
            events.reached(if has_woken { "another slept" } else { "nobody slept" });
        }
    }
    let results = Arc::into_inner(schedule).unwrap().into_results();
    assert!(matches!(results[..], [Some(Ok(Err(_))), None]), "{results:?}");
}

/// A worker that is lost with its transaction leaves the others something to do, or tells them that there is nothing.
pub async fn whoever_sleeps_learns_of_a_lost_worker<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let setup = Setup::new(&genesis([1, 2]), vec![pay(1, AssetId::TOS, &[2]), pay(2, AssetId::TOS, &[3])]);
    let schedule = Arc::new(Schedule::new(&runtime, ConflictGraph::of(&setup.block, &[].into()), width.into()));
    assert_eq!(schedule.take(0).await, Some(0));
    let mut tasks = runtime.join_set::<Option<usize>>("workers");
    for worker in 1..usize::from(width) {
        let schedule = Arc::clone(&schedule);
        tasks.spawn(async move { schedule.take(worker).await });
    }
    runtime.yield_now().await;
    schedule.lost(0, TaskError::Cancelled);
    while let Some((_, taken)) = tasks.join_next().await {
        assert_eq!(taken, Ok(None));
    }
    let results = Arc::into_inner(schedule).unwrap().into_results();
    assert!(matches!(results[..], [Some(Err(TaskError::Cancelled)), None]), "{results:?}");
    events.reached("told");
}
