//! The optimistic executor, piece by piece and as a whole. Receipts and ledger are those of the sequential path, whichever
//! worker fails.

use std::collections::BTreeSet;
use std::sync::Arc;

use seriatim_runtime::{Native, Probed, TaskError, TaskFigures};
use seriatim_testkit::ledger::{FEE, block, burn, genesis, key, parameters, pay, signed, transfer};
use seriatim_testkit::strike::Strike;
use seriatim_testkit::{ON_PURPOSE, quieten, wait};
use seriatim_tos::chain::{Blockchain, ExecutionPath};
use seriatim_tos::execution::block_stm::{Handover, MvMemory, Read, Scheduler, Task, Version};
use seriatim_tos::execution::{BlockError, ParallelExecutor, TaskFailureCause};
use seriatim_tos::ledger::{
    AssetId, BlockAbort, Genesis, GenesisAccount, Receipt, SealedBlock, TOS, Transaction, TransactionError,
};
use seriatim_tos::storage::{Layered, LedgerState, MemoryStorage, Storage, Suspend};

type Outcome = Result<Vec<Receipt>, BlockError>;

fn apply<S: Storage>(
    storage: Arc<S>,
    block: &Arc<SealedBlock>,
    path: ExecutionPath,
    most: usize,
) -> (Outcome, TaskFigures) {
    let runtime = Probed::new(Native::with_hash_seed(7));
    let executor = ParallelExecutor::new(runtime.clone(), most).unwrap();
    let mut chain = Blockchain::new(storage, parameters(), executor);
    let outcome = wait(chain.ordering_run().apply(block, path));
    (outcome, runtime.take_figures())
}

/// Runs on suspending storage, with 1, 2, 3 and 8 workers: receipts and ledger are those of the sequential path. Returns both.
fn like_sequential(genesis: &Genesis, transactions: Vec<Transaction>) -> (Outcome, LedgerState) {
    let block = block(transactions);
    let run = |path, most| {
        let memory = Arc::new(MemoryStorage::new(genesis).unwrap());
        let storage = Arc::new(Layered::new(Arc::clone(&memory), Suspend(Native::with_hash_seed(0))));
        let (outcome, figures) = apply(storage, &block, path, most);
        (outcome, memory.inspect(Clone::clone), figures)
    };
    let (outcome, ledger, _) = run(ExecutionPath::Sequential, 1);
    for most in [1, 2, 3, 8] {
        let (its_outcome, its_ledger, figures) = run(ExecutionPath::BlockStm, most);
        assert_eq!(its_outcome, outcome, "{most} workers");
        assert_eq!(its_ledger, ledger, "{most} workers");
        assert!(figures.spawned <= most.min(block.transactions.len()), "{figures:?}");
    }
    (outcome, ledger)
}

fn executed(receipts: &[Receipt]) -> Vec<bool> {
    receipts.iter().map(|receipt| matches!(receipt, Receipt::Executed { .. })).collect()
}

const V00: Version = Version { txn_idx: 0, incarnation_num: 0 };
const V01: Version = Version { txn_idx: 0, incarnation_num: 1 };
const V10: Version = Version { txn_idx: 1, incarnation_num: 0 };

fn native() -> Native {
    Native::with_hash_seed(3)
}

#[test]
fn a_chain_of_payments_is_executed_in_block_order() {
    // All but the first can pay only because of the payment before them.
    let transactions = (1..8).map(|source| pay(source, source + 1, 0, 100 - u64::from(source))).collect();
    let mut genesis = genesis(1..=8);
    for number in 2..=8 {
        genesis.accounts.get_mut(&key(number)).unwrap().balances.insert(AssetId::TOS, 0);
    }
    let (outcome, _) = like_sequential(&genesis, transactions);
    assert_eq!(executed(&outcome.unwrap()), [true; 7]);
}

#[test]
fn a_payment_that_cannot_be_covered_is_orphaned_as_it_would_be_in_order() {
    let (outcome, _) = like_sequential(&genesis(1..=4), vec![pay(1, 2, 0, 99), pay(1, 3, 1, 99), pay(2, 4, 0, 150)]);
    assert_eq!(executed(&outcome.unwrap()), [true, false, true]);
}

#[test]
fn a_copy_in_the_same_block_is_skipped_and_one_after_a_failure_is_not() {
    let twice = vec![pay(1, 2, 0, 1), pay(3, 4, 0, 1), pay(1, 2, 0, 1)];
    let (outcome, _) = like_sequential(&genesis(1..=4), twice);
    assert!(matches!(outcome.unwrap()[..], [_, _, Receipt::Skipped { .. }]));
    // The first copy has the wrong nonce; when the second comes, it is right.
    let later = vec![pay(1, 2, 0, 99), pay(1, 3, 1, 50), pay(4, 1, 0, 90), pay(1, 3, 1, 50)];
    let (outcome, _) = like_sequential(&genesis(1..=4), later);
    assert_eq!(executed(&outcome.unwrap()), [true, false, true, true]);
}

#[test]
fn at_the_limit_the_burn_that_stands_first_wins() {
    let mut genesis = genesis(1..=3);
    genesis.burned.insert(AssetId::TOS, u64::MAX - 5);
    let (outcome, _) = like_sequential(&genesis, vec![burn(1, 0, 4), burn(2, 0, 4), burn(3, 0, 1)]);
    let receipts = outcome.unwrap();
    assert_eq!(executed(&receipts), [true, false, true]);
    assert!(matches!(receipts[1], Receipt::Orphaned { error: TransactionError::Overflow, .. }));
}

#[test]
fn the_miner_can_spend_the_reward_in_its_block() {
    let mut genesis = genesis([1]);
    genesis.accounts.insert(key(251), GenesisAccount::default());
    // A reward of a whole coin or so is there before the first transaction.
    let spend = signed(251, 0, FEE, transfer(1, 1_000));
    let (outcome, _) = like_sequential(&genesis, vec![spend, pay(1, 251, 0, 1)]);
    assert_eq!(executed(&outcome.unwrap()), [true, true]);
}

#[test]
fn fees_that_do_not_fit_abort_the_block_and_fees_that_fit_do_not() {
    let rich = |most: u64| {
        let mut genesis = genesis(1..=4);
        for account in genesis.accounts.values_mut() {
            account.balances.insert(AssetId::TOS, most);
        }
        genesis
    };
    let paying = |source: u8, fee: u64| signed(source, 0, fee, transfer(4, 0));
    let half = u64::MAX / 2 + 1;
    let (outcome, _) = like_sequential(&rich(u64::MAX - 10 * TOS), vec![paying(1, half), paying(2, half)]);
    assert_eq!(outcome, Err(BlockError::Aborted(BlockAbort::FeesOverflow)));
    let (outcome, _) = like_sequential(&rich(u64::MAX - 10 * TOS), vec![paying(1, half), paying(2, FEE)]);
    assert_eq!(executed(&outcome.unwrap()), [true, true]);
}

#[test]
fn a_reward_that_does_not_fit_aborts_the_block() {
    let mut genesis = genesis(1..=2);
    let full = GenesisAccount { balances: [(AssetId::TOS, u64::MAX)].into(), ..GenesisAccount::default() };
    genesis.accounts.insert(key(251), full);
    let (outcome, _) = like_sequential(&genesis, vec![pay(1, 2, 0, 1)]);
    assert_eq!(outcome, Err(BlockError::Aborted(BlockAbort::RewardOverflow)));
}

#[test]
fn an_empty_block_needs_no_worker() {
    let memory = Arc::new(MemoryStorage::new(&genesis([])).unwrap());
    let (outcome, figures) = apply(Arc::clone(&memory), &block(vec![]), ExecutionPath::BlockStm, 4);
    assert_eq!((outcome, figures), (Ok(vec![]), TaskFigures::default()));
    assert_eq!(memory.inspect(|ledger| ledger.top), 1);
}

#[test]
fn as_many_workers_are_in_flight_as_allowed_and_no_more() {
    for most in [1, 2, 3, 8] {
        let memory = Arc::new(MemoryStorage::new(&genesis(1..=12)).unwrap());
        let storage = Arc::new(Layered::new(memory, Suspend(Native::with_hash_seed(0))));
        let payments = (0..6).map(|pair| pay(2 * pair + 1, 2 * pair + 2, 0, 1)).collect();
        let (outcome, figures) = apply(storage, &block(payments), ExecutionPath::BlockStm, most);
        assert_eq!(outcome.unwrap().len(), 6);
        assert_eq!(figures, TaskFigures { spawned: most.min(6), peak_in_flight: most.min(6) });
    }
}

#[test]
fn a_panicking_worker_fails_its_own_transaction_and_ends_the_others() {
    quieten();
    for most in [1, 2, 8] {
        let memory = Arc::new(MemoryStorage::new(&genesis(1..=6)).unwrap());
        let storage = Arc::new(Layered::new(Arc::clone(&memory), Strike::Panic(key(3))));
        let storage = Arc::new(Layered::new(storage, Suspend(Native::with_hash_seed(0))));
        let transactions = vec![pay(1, 2, 0, 1), pay(3, 4, 0, 1), pay(5, 6, 0, 1)];
        let (outcome, _) = apply(storage, &block(transactions), ExecutionPath::BlockStm, most);
        let Err(BlockError::Tasks(results)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(results.len(), 3);
        let causes: Vec<_> = results.into_iter().map(|result| result.unwrap_err().cause).collect();
        let struck = TaskFailureCause::Task(TaskError::Panicked(ON_PURPOSE.to_owned()));
        assert_eq!(causes, [TaskFailureCause::NotRun, struck, TaskFailureCause::NotRun], "{most} workers");
        assert_eq!(memory.inspect(|ledger| ledger.top), 0, "nothing of the block is in the ledger");
    }
}

#[test]
fn a_failing_read_aborts_the_block_with_the_error_of_the_sequential_path() {
    let strikes = [Strike::Fail(key(3)), Strike::FailBoth(key(5), key(3)), Strike::FailBoth(key(3), key(5))];
    for strike in strikes {
        let block = block(vec![pay(1, 2, 0, 1), pay(3, 4, 0, 1), pay(5, 6, 0, 1)]);
        let run = |path, most| {
            let memory = Arc::new(MemoryStorage::new(&genesis(1..=6)).unwrap());
            let storage = Arc::new(Layered::new(Arc::clone(&memory), strike));
            (apply(storage, &block, path, most).0, memory.inspect(Clone::clone))
        };
        let sequential = run(ExecutionPath::Sequential, 1);
        assert!(matches!(sequential.0, Err(BlockError::Storage(_))));
        for most in [1, 2, 8] {
            assert_eq!(run(ExecutionPath::BlockStm, most), sequential);
        }
    }
}

#[test]
fn a_reader_finds_the_highest_lower_writer_and_no_higher_one() {
    let memory: MvMemory<Native, u8, u64> = MvMemory::new(&native());
    assert_eq!(memory.read(&0, 1), Read::NotFound);
    assert!(memory.record(V00, vec![], vec![(0, 10)]));
    assert!(memory.record(V10, vec![], vec![(0, 11)]));
    assert_eq!(memory.read(&0, 0), Read::NotFound);
    assert_eq!(memory.read(&0, 1), Read::Written(V00, 10));
    assert_eq!(memory.read(&0, 5), Read::Written(V10, 11));
}

#[test]
fn what_the_next_incarnation_does_not_write_is_gone_and_new_places_are_told() {
    let memory: MvMemory<Native, u8, u64> = MvMemory::new(&native());
    assert!(memory.record(V00, vec![], vec![(0, 10), (1, 10)]));
    assert!(!memory.record(V01, vec![], vec![(1, 11)]));
    assert_eq!(memory.read(&0, 1), Read::NotFound);
    assert_eq!(memory.read(&1, 1), Read::Written(V01, 11));
    assert!(memory.record(Version { txn_idx: 0, incarnation_num: 2 }, vec![], vec![(2, 12)]));
    assert_eq!(memory.into_snapshot(), [(2, 12)].into());
}

#[test]
fn a_read_set_is_valid_until_another_version_stands_there() {
    let memory: MvMemory<Native, u8, u64> = MvMemory::new(&native());
    memory.record(V10, vec![(0, None)], vec![(1, 1)]);
    assert!(memory.validate_read_set(1));
    memory.record(V00, vec![], vec![(0, 10)]);
    assert!(!memory.validate_read_set(1));
    memory.record(V10, vec![(0, Some(V00))], vec![(1, 1)]);
    assert!(memory.validate_read_set(1));
    memory.convert_writes_to_estimates(0);
    assert_eq!(memory.read(&0, 1), Read::Estimate { blocking_txn_idx: 0 });
    assert!(!memory.validate_read_set(1));
    // The same value, but of another incarnation.
    memory.record(V01, vec![], vec![(0, 10)]);
    assert!(!memory.validate_read_set(1));
}

/// The tasks of a lone worker, if each execution writes a new location and each validation passes except those of `invalid`.
fn tasks_of_a_lone_worker(block_size: usize, invalid: &[Version]) -> Vec<Task> {
    let scheduler: Scheduler<Native> = Scheduler::new(&native(), block_size);
    let (mut given, mut task) = (Vec::new(), None);
    while !scheduler.done() {
        let Some(current) = task.take().or_else(|| scheduler.next_task()) else { continue };
        given.push(current);
        let Handover { task: next, .. } = match current {
            Task::Execution(version) => scheduler.finish_execution(version, version.incarnation_num == 0),
            Task::Validation(version) => {
                let aborted = invalid.contains(&version) && scheduler.try_validation_abort(version);
                scheduler.finish_validation(version, aborted)
            }
        };
        task = next;
    }
    given
}

#[test]
fn each_transaction_is_executed_and_validated_in_order() {
    use Task::{Execution, Validation};
    let given = tasks_of_a_lone_worker(2, &[]);
    assert_eq!(given, [Execution(V00), Validation(V00), Execution(V10), Validation(V10)]);
    assert!(tasks_of_a_lone_worker(0, &[]).is_empty());
}

#[test]
fn what_is_aborted_is_executed_again_and_what_lies_above_is_validated_again() {
    use Task::{Execution, Validation};
    let given = tasks_of_a_lone_worker(2, &[V00]);
    let mut expected = vec![Execution(V00), Validation(V00), Execution(V01), Validation(V01)];
    expected.extend([Execution(V10), Validation(V10)]);
    assert_eq!(given, expected);
}

#[test]
fn an_abort_is_claimed_once() {
    let scheduler: Scheduler<Native> = Scheduler::new(&native(), 1);
    assert_eq!(scheduler.next_task(), Some(Task::Execution(V00)));
    assert!(!scheduler.try_validation_abort(V00), "not executed yet");
    scheduler.finish_execution(V00, true);
    assert!(!scheduler.try_validation_abort(V01), "another incarnation");
    assert!(scheduler.try_validation_abort(V00));
    assert!(!scheduler.try_validation_abort(V00));
}

#[test]
fn a_dependency_is_resumed_by_the_next_execution_and_refused_after_it() {
    let scheduler: Scheduler<Native> = Scheduler::new(&native(), 2);
    // Between them the validation index passes the first, which is not executed yet.
    let given = [scheduler.next_task(), scheduler.next_task()];
    assert_eq!(given, [Some(Task::Execution(V00)), Some(Task::Execution(V10))]);
    assert!(scheduler.add_dependency(1, 0));
    assert!(scheduler.finish_execution(V00, true).is_work_for_others);
    let mut next = BTreeSet::new();
    while let Some(task) = scheduler.next_task() {
        let (Task::Execution(version) | Task::Validation(version)) = task;
        next.insert(version);
    }
    let v11 = Version { txn_idx: 1, incarnation_num: 1 };
    assert_eq!(next, [V00, v11].into());
    assert!(!scheduler.add_dependency(1, 0), "what it waits for is there");
}
