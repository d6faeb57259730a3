//! What every model needs: blocks to run, what the sequential path makes of them, and engines to run them on.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use seriatim_explore::model::{Model, ModelSettings};
use seriatim_explore::{LoomBounds, Strategy, under_loom, under_shuttle};
use seriatim_runtime::Runtime;
pub use seriatim_testkit::ON_PURPOSE;
pub use seriatim_testkit::events::Events;
use seriatim_testkit::ledger::{self, FEE};
pub use seriatim_testkit::ledger::{key, parameters};
use seriatim_tos::execution::parallel::{ParallelChainState, merge_parallel_results};
use seriatim_tos::execution::{BlockStart, PreparedBlock, execute_sequentially};
use seriatim_tos::ledger::{
    AssetId, Genesis, GenesisAccount, Payload, Receipt, SealedBlock, TOS, Transaction, Transfer,
};
use seriatim_tos::storage::{Layer, Layered, MemoryStorage, Suspend, WriteBatch};

/// An asset beside TOS.
pub const OTHER: AssetId = AssetId([7; 32]);

/// One execution of a model.
pub struct Case<R> {
    pub runtime: R,
    pub events: Events,
    /// How many transactions run side by side: two under loom, more under shuttle.
    pub width: u8,
}

/// Every strategy, with one worker and more, with all keys in one shard and each in its own.
pub fn on_shuttle<F: Future<Output = ()> + 'static>(name: &str, model: fn(Case<Model>) -> F, expected: &[&str]) {
    quieten();
    let events = Events::default();
    let (mut executions, mut distinct) = (0, 0);
    for strategy in [Strategy::Random, Strategy::Pct { depth: 3 }, Strategy::UniformWalk] {
        for (workers, shards) in [(None, 1 << 20), (None, 2), (Some(1), 1), (Some(2), 3)] {
            let settings = ModelSettings { workers, shards, placement_seed: shards };
            let reaching = events.clone();
            let run = under_shuttle(strategy.clone(), shards, 250, move || {
                let runtime = Model::shuttle(settings);
                let case = Case { runtime: runtime.clone(), events: reaching.clone(), width: 4 };
                runtime.block_on(model(case));
            });
            assert_eq!(run.failure, None, "{} with {settings:?}", strategy.name());
            executions += run.executions;
            distinct += run.distinct;
        }
    }
    println!("{name}: {executions} executions under shuttle, {distinct} schedules");
    events.assert_all(expected);
}

/// Two transactions, each key in a shard of its own, and so many preemptions.
pub fn on_loom<F: Future<Output = ()> + 'static>(
    name: &str,
    model: fn(Case<Model>) -> F,
    preemptions: Option<usize>,
    at_least: usize,
    expected: &[&str],
) {
    quieten();
    let events = Events::default();
    let reaching = events.clone();
    let bounds = LoomBounds { preemptions, choices: 10_000, executions: 1_000_000 };
    let run = under_loom(bounds, move || {
        let runtime = Model::loom(ModelSettings { workers: None, shards: 1 << 20, placement_seed: 0 });
        let case = Case { runtime: runtime.clone(), events: reaching.clone(), width: 2 };
        runtime.block_on(model(case));
    });
    println!("{name}: {} executions under loom, preemptions bounded by {preemptions:?}", run.executions);
    assert_eq!(run.failure, None);
    assert!(run.complete, "cut after {} executions", run.executions);
    assert!(run.executions >= at_least, "{} executions, there were {at_least}", run.executions);
    events.assert_all(expected);
}

/// Keeps panics that are made on purpose off the screen: thousands of executions would each print a backtrace.
pub fn quieten() {
    // The first runner of shuttle sets a panic hook, which the hook of the fixtures has to wrap.
    under_shuttle(Strategy::Random, 0, 1, || ());
    seriatim_testkit::quieten();
}

/// The result of a future that never waits.
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("memory never waits"),
    }
}

/// A block on a ledger.
pub struct Setup {
    pub memory: Arc<MemoryStorage>,
    pub start: Arc<BlockStart>,
    pub block: Arc<SealedBlock>,
}

/// Memory that suspends at each read, within whatever a model looks through.
pub type Disk = Layered<MemoryStorage>;

/// A layer that adds nothing.
pub struct Nothing;

impl Layer for Nothing {}

impl Setup {
    pub fn new(genesis: &Genesis, transactions: Vec<Transaction>) -> Self {
        let memory = Arc::new(MemoryStorage::new(genesis).unwrap());
        let block = ledger::block(transactions);
        let start = now(BlockStart::read(&*memory, &parameters(), Arc::default(), &block)).unwrap();
        Self { memory, start: Arc::new(start), block }
    }

    pub fn disk<R: Runtime>(&self, runtime: &R, layer: impl Layer) -> Arc<Disk> {
        Arc::new(Layered::new(Arc::clone(&self.memory), Suspend(runtime.clone())).with(layer))
    }

    /// The state that the block's tasks share.
    pub async fn open<R: Runtime>(&self, runtime: &R, disk: &Arc<Disk>) -> Arc<ParallelChainState<Disk, R>> {
        let opened = ParallelChainState::open(Arc::clone(disk), runtime, Arc::clone(&self.start), &self.block).await;
        Arc::new(opened.unwrap())
    }

    /// What the sequential path makes of the block.
    pub fn sequential(&self) -> (WriteBatch, Vec<Receipt>) {
        let changes = now(execute_sequentially(&*self.memory, &self.start, &self.block)).unwrap();
        let PreparedBlock { batch, receipts, nonces: _ } = changes.prepare(&self.start).unwrap();
        (batch, receipts)
    }

    /// The block's writes are those of the sequential path, to the last.
    pub fn assert_sequential<R: Runtime>(&self, state: Arc<ParallelChainState<Disk, R>>, receipts: Vec<Receipt>) {
        let changes = merge_parallel_results(state, receipts).unwrap();
        let PreparedBlock { batch, receipts, nonces: _ } = changes.prepare(&self.start).unwrap();
        let (expected, expected_receipts) = self.sequential();
        assert_eq!(receipts, expected_receipts);
        assert_eq!(batch, expected);
    }
}

/// Accounts with 100 whole coins of either asset.
pub fn genesis(accounts: impl IntoIterator<Item = u8>) -> Genesis {
    let balances = [(AssetId::TOS, 100 * TOS), (OTHER, 100 * TOS)].into();
    let rich = GenesisAccount { balances, ..GenesisAccount::default() };
    let accounts = accounts.into_iter().map(|number| (key(number), rich.clone())).collect();
    Genesis { accounts, assets: [OTHER].into(), ..Genesis::default() }
}

/// One coin for each destination.
pub fn pay(source: u8, asset: AssetId, destinations: &[u8]) -> Transaction {
    let transfer = |&number: &u8| Transfer { asset, destination: key(number), amount: TOS, extra_data: None };
    signed(source, FEE, Payload::Transfers(destinations.iter().map(transfer).collect()))
}

/// A transaction with nonce 0.
pub fn signed(source: u8, fee: u64, data: Payload) -> Transaction {
    ledger::signed(source, 0, fee, data)
}
