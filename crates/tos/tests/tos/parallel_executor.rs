//! The promises of the parallel executor for any transactions: bounds, failures under the right name, an untouched ledger
//! after an error.

use std::sync::Arc;

use seriatim_runtime::{Native, Probed, TaskError};
use seriatim_testkit::ledger::{block, burn, genesis, key, parameters, pay};
use seriatim_testkit::strike::Strike;
use seriatim_testkit::{ON_PURPOSE, quieten, wait};
use seriatim_tos::chain::{Blockchain, ExecutionPath};
use seriatim_tos::execution::parallel::{Accumulator, batches};
use seriatim_tos::execution::{BlockError, ParallelExecutor, TaskFailureCause, ZeroParallelism};
use seriatim_tos::ledger::{AssetId, Receipt, SealedBlock, Transaction, TransactionError};
use seriatim_tos::storage::{Layered, MemoryStorage, Storage, StorageError, Suspend};

fn apply<S: Storage>(
    storage: Arc<S>,
    block: &Arc<SealedBlock>,
    workers: usize,
) -> (Result<Vec<Receipt>, BlockError>, usize) {
    let runtime = Probed::new(Native::with_hash_seed(7));
    let executor = ParallelExecutor::new(runtime.clone(), workers).unwrap();
    let mut chain = Blockchain::new(storage, parameters(), executor);
    let outcome = wait(chain.ordering_run().apply(block, ExecutionPath::Parallel));
    (outcome, runtime.take_figures().peak_in_flight)
}

#[test]
fn refuses_a_parallelism_of_zero() {
    assert_eq!(ParallelExecutor::new(Native::with_hash_seed(0), 0).unwrap_err(), ZeroParallelism);
    assert!(ParallelExecutor::new(Native::with_hash_seed(0), 1).is_ok());
}

#[test]
fn a_panicking_task_fails_its_own_transaction_and_loses_no_receipt() {
    let memory = Arc::new(MemoryStorage::new(&genesis(1..=6)).unwrap());
    let storage = Arc::new(Layered::new(Arc::clone(&memory), Strike::Panic(key(3))));
    quieten();
    let (outcome, _) = apply(storage, &block(vec![pay(1, 2, 0, 1), pay(3, 4, 0, 1), pay(5, 6, 0, 1)]), 8);
    let Err(BlockError::Tasks(results)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(results.len(), 3);
    assert!(matches!(results[0], Ok(Receipt::Executed { .. })));
    assert!(matches!(results[2], Ok(Receipt::Executed { .. })));
    let failure = results[1].as_ref().unwrap_err();
    assert_eq!(failure.hash, pay(3, 4, 0, 1).hash());
    assert_eq!(failure.cause, TaskFailureCause::Task(TaskError::Panicked(ON_PURPOSE.to_owned())));
    assert_eq!(memory.inspect(|ledger| ledger.top), 0, "nothing of the block is in the ledger");
}

#[test]
fn a_failing_read_aborts_the_block_and_leaves_the_ledger() {
    let memory = Arc::new(MemoryStorage::new(&genesis(1..=4)).unwrap());
    let before = memory.inspect(Clone::clone);
    let storage = Arc::new(Layered::new(Arc::clone(&memory), Strike::Fail(key(3))));
    let (outcome, _) = apply(storage, &block(vec![pay(1, 2, 0, 1), pay(3, 4, 0, 1)]), 2);
    assert_eq!(outcome, Err(BlockError::Storage(StorageError::Failed(ON_PURPOSE.to_owned()))));
    memory.inspect(|after| assert_eq!(after.versions, before.versions));
}

#[test]
fn runs_as_many_tasks_at_once_as_allowed_and_no_more() {
    for workers in [1, 2, 3, 8] {
        let memory = Arc::new(MemoryStorage::new(&genesis(1..=12)).unwrap());
        let storage = Arc::new(Layered::new(memory, Suspend(Native::with_hash_seed(0))));
        let payments = (0..6).map(|pair| pay(2 * pair + 1, 2 * pair + 2, 0, 1)).collect();
        let (outcome, peak) = apply(storage, &block(payments), workers);
        assert_eq!(outcome.unwrap().len(), 6);
        assert_eq!(peak, workers.min(6), "{workers} workers");
    }
}

#[test]
fn receipts_stand_in_block_order_though_batches_do_not() {
    let memory = Arc::new(MemoryStorage::new(&genesis(1..=4)).unwrap());
    // The last one shares no account with the first two, so it runs beside the first.
    let transactions = vec![pay(1, 2, 0, 1), pay(2, 1, 0, 1), pay(3, 4, 0, 1)];
    assert_eq!(batches(&transactions, &[].into()), vec![vec![0, 2], vec![1]]);
    let hashes: Vec<_> = transactions.iter().map(Transaction::hash).collect();
    let (outcome, _) = apply(memory, &block(transactions), 8);
    assert_eq!(outcome.unwrap().iter().map(Receipt::hash).collect::<Vec<_>>(), hashes);
}

#[test]
fn an_empty_block_has_no_batches() {
    assert!(batches(&[], &[].into()).is_empty());
    let memory = Arc::new(MemoryStorage::new(&genesis([])).unwrap());
    let (outcome, peak) = apply(Arc::clone(&memory), &block(vec![]), 4);
    assert_eq!((outcome, peak), (Ok(vec![]), 0));
    assert_eq!(memory.inspect(|ledger| ledger.top), 1);
}

#[test]
fn burns_run_side_by_side_away_from_their_limit_only() {
    let burns = [burn(1, 0, 5), burn(2, 0, 5), burn(3, 0, 5)];
    assert_eq!(batches(&burns, &[(AssetId::TOS, 0)].into()), vec![vec![0, 1, 2]]);
    assert_eq!(batches(&burns, &[(AssetId::TOS, u64::MAX - 15)].into()), vec![vec![0, 1, 2]]);
    assert_eq!(batches(&burns, &[(AssetId::TOS, u64::MAX - 14)].into()), vec![vec![0], vec![1], vec![2]]);
}

#[test]
fn at_the_limit_the_burn_that_stands_first_wins() {
    let mut genesis = genesis(1..=2);
    genesis.burned.insert(AssetId::TOS, u64::MAX - 5);
    let memory = Arc::new(MemoryStorage::new(&genesis).unwrap());
    let (outcome, _) = apply(memory, &block(vec![burn(1, 0, 4), burn(2, 0, 4)]), 8);
    let receipts = outcome.unwrap();
    assert!(matches!(receipts[0], Receipt::Executed { .. }));
    assert!(matches!(receipts[1], Receipt::Orphaned { error: TransactionError::Overflow, .. }));
}

#[test]
fn an_accumulator_adds_up_to_the_last_unit_and_no_further() {
    let sum: Accumulator<Native> = Accumulator::new(&Native::with_hash_seed(0), "sum", u64::MAX - 3);
    assert!(sum.add(3).is_ok());
    assert!(sum.add(1).is_err());
    assert_eq!(sum.get(), u64::MAX);
}

#[test]
fn an_accumulator_loses_no_addition_of_two_threads() {
    let sum: Accumulator<Native> = Accumulator::new(&Native::with_hash_seed(0), "sum", 0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..100_000).for_each(|_| sum.add(1).unwrap()));
        }
    });
    assert_eq!(sum.get(), 200_000);
}
