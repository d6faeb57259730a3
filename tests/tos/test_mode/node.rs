//! A node with a test mode, its blocks, and sides as functions.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seriatim::chain::{
    Blockchain, ChainConfig, ExecutionPath, ExecutorSide, Mismatch, Modes, ParallelSide, RecentMismatches, Side,
    SideBlock, SideFuture,
};
use seriatim::execution::{BlockError, ParallelExecutor, PreparedBlock};
use seriatim::ledger::{
    AccountKey, AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Receipt, Reference,
    SignatureScheme, TOS, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};
use seriatim::runtime::Native;
use seriatim::storage::{LedgerState, MemoryStorage};

pub type Memory = MemoryStorage;

/// Long enough for any right side on any machine.
pub const AMPLE: Duration = Duration::from_mins(2);

/// For sides that never answer.
pub const SHORT: Duration = Duration::from_millis(50);

/// Far beyond every budget here, and far below a hang.
pub const SOON: Duration = Duration::from_secs(20);

#[expect(clippy::disallowed_methods, reason = "the fact is about time")]
pub fn now() -> Instant {
    Instant::now()
}

pub fn wait_until(condition: impl Fn() -> bool) {
    let begun = now();
    while !condition() {
        assert!(begun.elapsed() < SOON, "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Keeps the panics that are made on purpose off the screen, and no others.
pub fn quieten() {
    std::panic::set_hook(Box::new(|panic| {
        if !panic.payload_as_str().is_some_and(|message| message.contains("struck")) {
            eprintln!("{panic}");
        }
    }));
}

pub fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

pub fn testing(budget: Duration) -> ChainConfig {
    ChainConfig { parallel_execution_test_mode: true, test_mode_budget: budget, ..ChainConfig::default() }
}

/// V3 or Block-STM with four tasks at a time.
pub fn executor_side(path: ExecutionPath) -> ExecutorSide {
    ExecutorSide::new(path, 4, 7).unwrap()
}

/// A function as a side.
struct Function<F>(F);

impl<F: Fn(SideBlock<Memory>) -> SideFuture + Send + Sync + 'static> Side<Memory> for Function<F> {
    fn execute(&self, given: SideBlock<Memory>) -> SideFuture {
        (self.0)(given)
    }
}

pub fn side(function: impl Fn(SideBlock<Memory>) -> SideFuture + Send + Sync + 'static) -> ParallelSide<Memory> {
    ParallelSide::new(Arc::new(Function(function)), NonZeroUsize::new(2).unwrap()).unwrap()
}

/// What V3 comes to, for a side that does something else besides.
pub fn right(given: SideBlock<Memory>) -> SideFuture {
    executor_side(ExecutionPath::Parallel).execute(given)
}

/// A chain with its ledger and what it told.
pub struct Node {
    pub chain: Blockchain<Memory, Native>,
    pub memory: Arc<Memory>,
    pub told: RecentMismatches,
}

impl Node {
    pub fn new(genesis: &Genesis, parameters: Parameters, modes: Modes<Memory>) -> Self {
        let memory = Arc::new(Memory::new(genesis).unwrap());
        let told = RecentMismatches::new(NonZeroUsize::new(1_000).unwrap());
        let executor = ParallelExecutor::new(Native::with_hash_seed(3), 4).unwrap();
        let chain =
            Blockchain::new(Arc::clone(&memory), parameters, executor).with_modes(modes.with_sink(told.clone()));
        Self { chain, memory, told }
    }

    /// On the ledger of [`blocks`], with `side` tested.
    pub fn tested(side: ParallelSide<Memory>, budget: Duration) -> Self {
        Self::new(&genesis(), parameters(), Modes::new(testing(budget), Some(side)).unwrap())
    }

    /// Adds a block in an ordering run of its own.
    pub fn add(&mut self, block: &Arc<Block>) -> Result<Vec<Receipt>, BlockError> {
        tokio().block_on(self.chain.ordering_run().add_block(block))
    }

    /// The one mismatch since the last call.
    pub fn one_told(&self) -> Mismatch {
        let mut told = self.told.take();
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0)
    }

    pub fn ledger(&self) -> LedgerState {
        self.memory.inspect(Clone::clone)
    }
}

/// The ledger after `blocks` on the sequential path alone, each in a run of its own.
pub fn sequential_ledger(blocks: &[Arc<Block>]) -> LedgerState {
    let mut node = Node::new(&genesis(), parameters(), Modes::off());
    for block in blocks {
        tokio().block_on(node.chain.ordering_run().apply(block, ExecutionPath::Sequential)).unwrap();
    }
    node.ledger()
}

fn key(number: u8) -> AccountKey {
    AccountKey([number; 32])
}

pub fn genesis() -> Genesis {
    let rich = GenesisAccount { balances: [(AssetId::TOS, 100 * TOS)].into(), ..GenesisAccount::default() };
    Genesis { accounts: (1..=8).map(|number| (key(number), rich.clone())).collect(), ..Genesis::default() }
}

pub fn parameters() -> Parameters {
    Parameters { signature_scheme: SignatureScheme::Tagged, dev_account: key(250), block_time_ms: 1_000 }
}

fn pay(source: u8, destination: u8, nonce: u64, coins: u64) -> Transaction {
    let amount = coins * TOS;
    let transfer = Transfer { asset: AssetId::TOS, destination: key(destination), amount, extra_data: None };
    let body = UnsignedTransaction {
        version: TransactionVersion::T0,
        source: key(source),
        data: Payload::Transfers(vec![transfer]),
        fee: 200_000,
        fee_type: FeeType::Tos,
        nonce,
        reference: Reference { hash: Hash::ZERO, topoheight: 0 },
    };
    let signature = SignatureScheme::Tagged.signer([source; 32]).sign(&body.signing_bytes());
    Transaction { body, multisig: Vec::new(), signature }
}

/// Blocks on top of each other, each with payments beside each other, one after another, and one that is orphaned because
/// nobody has as much.
pub fn blocks(count: u64) -> Vec<Arc<Block>> {
    let block = |nonce| {
        let payments = [(1, 2, 1), (3, 4, 2), (2, 5, 3), (6, 1, 1), (7, 8, 1_000)];
        let transactions = payments.map(|(from, to, coins)| pay(from, to, nonce, coins)).to_vec();
        Arc::new(Block { parent: Hash::ZERO, height: nonce + 1, miner: key(251), transactions })
    };
    (0..count).map(block).collect()
}

/// What V3 comes to, with `fault` put into it at topoheight 2.
pub fn struck_in_the_second_block(fault: fn(&mut PreparedBlock)) -> ParallelSide<Memory> {
    side(move |given| {
        let is_struck = given.start.context.topoheight == 2;
        Box::pin(async move {
            let mut prepared = right(given).await?;
            if is_struck {
                fault(&mut prepared);
            }
            Ok(prepared)
        })
    })
}
