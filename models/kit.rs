//! What every model needs: blocks to run, what the sequential path makes of them, and engines to run them on.

use std::collections::BTreeSet;
use std::future::Future;
use std::panic;
use std::pin::pin;
use std::sync::{Arc, Mutex, Once};
use std::task::{Context, Poll, Waker};

use seriatim::execution::parallel::{ParallelChainState, merge_parallel_results};
use seriatim::execution::{BlockStart, PreparedBlock, execute_sequentially};
use seriatim::explore::{LoomBounds, Strategy, under_loom, under_shuttle};
use seriatim::ledger::{
    AccountKey, AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Receipt, Reference,
    SignatureScheme, TOS, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};
use seriatim::runtime::Runtime;
use seriatim::runtime::model::{Model, ModelSettings};
use seriatim::storage::{Layer, Layered, MemoryStorage, Suspend, WriteBatch};

/// What tasks panic with on purpose.
pub const ON_PURPOSE: &str = "on purpose";
/// An asset beside TOS.
pub const OTHER: AssetId = AssetId([7; 32]);

/// One execution of a model.
pub struct Case<R> {
    pub runtime: R,
    pub events: Events,
    /// How many transactions run side by side: two under loom, more under shuttle.
    pub width: u8,
}

/// Events over all executions. Of the standard library, so that no engine knows of it.
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<BTreeSet<String>>>);

impl Events {
    pub fn reached(&self, event: impl Into<String>) {
        self.0.lock().unwrap().insert(event.into());
    }

    fn assert_all(&self, expected: &[&str]) {
        let reached = self.0.lock().unwrap();
        let missing: Vec<_> = expected.iter().filter(|event| !reached.contains(**event)).collect();
        assert!(missing.is_empty(), "never reached {missing:?}, only {reached:?}");
    }
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

/// Thousands of executions that panic on purpose would each print a backtrace.
pub fn quieten() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        // shuttle's first runner changes the hook, too.
        under_shuttle(Strategy::Random, 0, 1, || ());
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.payload_as_str().is_some_and(|text| text.contains(ON_PURPOSE)) {
                before(info);
            }
        }));
    });
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
    pub block: Arc<Block>,
}

/// Memory that suspends at each read, within whatever a model looks through.
pub type Disk<R, L> = Layered<Layered<MemoryStorage, Suspend<R>>, L>;

impl Setup {
    pub fn new(genesis: &Genesis, transactions: Vec<Transaction>) -> Self {
        let memory = Arc::new(MemoryStorage::new(genesis).unwrap());
        let block = Arc::new(Block { parent: Hash::ZERO, height: 1, miner: key(251), transactions });
        let start = now(BlockStart::read(&*memory, &parameters(), Arc::default(), &block)).unwrap();
        Self { memory, start: Arc::new(start), block }
    }

    pub fn disk<R: Runtime, L: Layer>(&self, runtime: &R, layer: L) -> Arc<Disk<R, L>> {
        let suspending = Layered::new(Arc::clone(&self.memory), Suspend(runtime.clone()));
        Arc::new(Layered::new(Arc::new(suspending), layer))
    }

    /// The state that the block's tasks share.
    pub async fn open<R: Runtime, L: Layer>(
        &self,
        runtime: &R,
        disk: &Arc<Disk<R, L>>,
    ) -> Arc<ParallelChainState<Disk<R, L>, R>> {
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
    pub fn assert_sequential<R: Runtime, L: Layer>(
        &self,
        state: Arc<ParallelChainState<Disk<R, L>, R>>,
        receipts: Vec<Receipt>,
    ) {
        let changes = merge_parallel_results(state, receipts).unwrap();
        let PreparedBlock { batch, receipts, nonces: _ } = changes.prepare(&self.start).unwrap();
        let (expected, expected_receipts) = self.sequential();
        assert_eq!(receipts, expected_receipts);
        assert_eq!(batch, expected);
    }
}

pub fn key(number: u8) -> AccountKey {
    AccountKey([number; 32])
}

pub fn parameters() -> Parameters {
    Parameters { signature_scheme: SignatureScheme::Tagged, dev_account: key(250), block_time_ms: 1_000 }
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
    signed(source, 200_000, Payload::Transfers(destinations.iter().map(transfer).collect()))
}

pub fn signed(source: u8, fee: u64, data: Payload) -> Transaction {
    let body = UnsignedTransaction {
        version: TransactionVersion::T0,
        source: key(source),
        data,
        fee,
        fee_type: FeeType::Tos,
        nonce: 0,
        reference: Reference { hash: Hash::ZERO, topoheight: 0 },
    };
    let signature = SignatureScheme::Tagged.signer([source; 32]).sign(&body.signing_bytes());
    Transaction { body, multisig: Vec::new(), signature }
}
