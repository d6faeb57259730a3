//! What the parallel executor promises whatever the transactions are: bounds, failures under the right name, an
//! untouched ledger after an error.

use std::sync::Arc;

use seriatim::chain::{Blockchain, ExecutionPath};
use seriatim::execution::parallel::{Accumulator, batches};
use seriatim::execution::{BlockError, ParallelExecutor, TaskFailureCause, ZeroParallelism};
use seriatim::ledger::{
    AccountKey, AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Receipt, Reference,
    SignatureScheme, TOS, Transaction, TransactionError, TransactionVersion, Transfer, UnsignedTransaction,
};
use seriatim::runtime::{Native, Observed, TaskError};
use seriatim::storage::{Layer, Layered, MemoryStorage, Read, Storage, StorageError, Suspend};

fn key(number: u8) -> AccountKey {
    AccountKey([number; 32])
}

fn genesis(accounts: impl IntoIterator<Item = u8>) -> Genesis {
    let rich = GenesisAccount { balances: [(AssetId::TOS, 100 * TOS)].into(), ..GenesisAccount::default() };
    Genesis { accounts: accounts.into_iter().map(|number| (key(number), rich.clone())).collect(), ..Genesis::default() }
}

fn parameters() -> Parameters {
    Parameters { signature_scheme: SignatureScheme::Tagged, dev_account: key(250), block_time_ms: 1_000 }
}

fn signed(source: u8, nonce: u64, data: Payload) -> Transaction {
    let body = UnsignedTransaction {
        version: TransactionVersion::T0,
        source: key(source),
        data,
        fee: 200_000,
        fee_type: FeeType::Tos,
        nonce,
        reference: Reference { hash: Hash::ZERO, topoheight: 0 },
    };
    let signature = SignatureScheme::Tagged.signer([source; 32]).sign(&body.signing_bytes());
    Transaction { body, multisig: Vec::new(), signature }
}

fn pay(source: u8, destination: u8, nonce: u64) -> Transaction {
    let transfer = Transfer { asset: AssetId::TOS, destination: key(destination), amount: TOS, extra_data: None };
    signed(source, nonce, Payload::Transfers(vec![transfer]))
}

fn burn(source: u8, amount: u64) -> Transaction {
    signed(source, 0, Payload::Burn { asset: AssetId::TOS, amount })
}

fn block(transactions: Vec<Transaction>) -> Arc<Block> {
    Arc::new(Block { parent: Hash::ZERO, height: 1, miner: key(251), transactions })
}

fn apply<S: Storage>(storage: Arc<S>, block: &Arc<Block>, workers: usize) -> (Result<Vec<Receipt>, BlockError>, usize) {
    let runtime = Observed::new(Native::with_hash_seed(7));
    let executor = ParallelExecutor::new(runtime.clone(), workers).unwrap();
    let mut chain = Blockchain::new(storage, parameters(), executor);
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = tokio.block_on(chain.ordering_run().apply(block, ExecutionPath::Parallel));
    (outcome, runtime.take_figures().peak_in_flight)
}

/// Strikes when an account's row is read.
#[derive(Clone, Copy)]
enum Strike {
    Panic(AccountKey),
    Fail(AccountKey),
}

impl Layer for Strike {
    async fn before_read(&self, read: Read) -> Result<(), StorageError> {
        match (self, read) {
            (Strike::Panic(account), Read::Account(read)) if *account == read => panic!("struck"),
            (Strike::Fail(account), Read::Account(read)) if *account == read => {
                Err(StorageError::Failed("struck".to_owned()))
            }
            _ => Ok(()),
        }
    }
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
    let (outcome, _) = apply(storage, &block(vec![pay(1, 2, 0), pay(3, 4, 0), pay(5, 6, 0)]), 8);
    let Err(BlockError::Tasks(results)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(results.len(), 3);
    assert!(matches!(results[0], Ok(Receipt::Executed { .. })));
    assert!(matches!(results[2], Ok(Receipt::Executed { .. })));
    let failure = results[1].as_ref().unwrap_err();
    assert_eq!(failure.hash, pay(3, 4, 0).hash());
    assert_eq!(failure.cause, TaskFailureCause::Task(TaskError::Panicked("struck".to_owned())));
    assert_eq!(memory.inspect(|ledger| ledger.top), 0, "nothing of the block is in the ledger");
}

#[test]
fn a_failing_read_aborts_the_block_and_leaves_the_ledger() {
    let memory = Arc::new(MemoryStorage::new(&genesis(1..=4)).unwrap());
    let before = memory.inspect(Clone::clone);
    let storage = Arc::new(Layered::new(Arc::clone(&memory), Strike::Fail(key(3))));
    let (outcome, _) = apply(storage, &block(vec![pay(1, 2, 0), pay(3, 4, 0)]), 2);
    assert_eq!(outcome, Err(BlockError::Storage(StorageError::Failed("struck".to_owned()))));
    memory.inspect(|after| assert_eq!(after.versions, before.versions));
}

#[test]
fn runs_as_many_tasks_at_once_as_allowed_and_no_more() {
    for workers in [1, 2, 3, 8] {
        let memory = Arc::new(MemoryStorage::new(&genesis(1..=12)).unwrap());
        let storage = Arc::new(Layered::new(memory, Suspend(Native::with_hash_seed(0))));
        let payments = (0..6).map(|pair| pay(2 * pair + 1, 2 * pair + 2, 0)).collect();
        let (outcome, peak) = apply(storage, &block(payments), workers);
        assert_eq!(outcome.unwrap().len(), 6);
        assert_eq!(peak, workers.min(6), "{workers} workers");
    }
}

#[test]
fn receipts_stand_in_block_order_though_batches_do_not() {
    let memory = Arc::new(MemoryStorage::new(&genesis(1..=4)).unwrap());
    // The last one shares no account with the first two, so it runs beside the first.
    let transactions = vec![pay(1, 2, 0), pay(2, 1, 0), pay(3, 4, 0)];
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
    let burns = [burn(1, 5), burn(2, 5), burn(3, 5)];
    assert_eq!(batches(&burns, &[(AssetId::TOS, 0)].into()), vec![vec![0, 1, 2]]);
    assert_eq!(batches(&burns, &[(AssetId::TOS, u64::MAX - 15)].into()), vec![vec![0, 1, 2]]);
    assert_eq!(batches(&burns, &[(AssetId::TOS, u64::MAX - 14)].into()), vec![vec![0], vec![1], vec![2]]);
}

#[test]
fn at_the_limit_the_burn_that_stands_first_wins() {
    let mut genesis = genesis(1..=2);
    genesis.burned.insert(AssetId::TOS, u64::MAX - 5);
    let memory = Arc::new(MemoryStorage::new(&genesis).unwrap());
    let (outcome, _) = apply(memory, &block(vec![burn(1, 4), burn(2, 4)]), 8);
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

/// The middle of the numbers of batches, over the real blocks of 50 or more transactions.
fn median(mut counts: Vec<usize>) -> usize {
    counts.sort_unstable();
    counts[counts.len() / 2]
}

#[test]
fn levels_need_less_than_half_the_barriers_of_cuts_on_real_shapes() {
    let shapes = seriatim::workload::real_shapes().iter().filter(|shape| shape.transactions.len() >= 50);
    let (mut levels, mut cuts) = (Vec::new(), Vec::new());
    for shape in shapes {
        let scenario = shape.scenario(SignatureScheme::Tagged, 0);
        let transactions = &scenario.blocks().next().unwrap().transactions;
        levels.push(batches(transactions, &[].into()).len());
        // V3 as first built: a batch ends at the first transaction that conflicts with one in it.
        let mut locked = std::collections::BTreeSet::new();
        let mut count = 1;
        for transaction in transactions {
            let accounts = seriatim::ledger::rules::footprint(&transaction.body).accounts;
            if accounts.keys().any(|account| locked.contains(account)) {
                locked.clear();
                count += 1;
            }
            locked.extend(accounts.into_keys());
        }
        cuts.push(count);
    }
    assert_eq!((median(levels), median(cuts)), (33, 77));
}

/// Keeps the panics that are made on purpose off the screen, and no others.
fn quieten() {
    std::panic::set_hook(Box::new(|panic| {
        if !panic.payload_as_str().is_some_and(|message| message.contains("struck")) {
            eprintln!("{panic}");
        }
    }));
}
