//! A chain in test mode with its blocks, and shadows that are functions of a test.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seriatim_runtime::Native;
use seriatim_tos::chain::{
    Blockchain, ChainConfig, ExecutionPath, Mismatch, Modes, NativeShadow, RecentMismatches, ShadowBlock,
    ShadowExecutor, ShadowFuture, ShadowThreads,
};
use seriatim_tos::execution::{BlockError, ParallelExecutor, PreparedBlock};
use seriatim_tos::ledger::{Genesis, Parameters, Receipt, SealedBlock};
use seriatim_tos::storage::{LedgerState, MemoryStorage};

use crate::ledger::{block_at, parameters, pay};
use crate::wait;

/// The storage of every chain here.
pub type Memory = MemoryStorage;

/// Long enough for any right shadow on any machine.
pub const AMPLE: Duration = Duration::from_mins(2);

/// A budget for shadows that never answer.
pub const SHORT: Duration = Duration::from_millis(50);

/// Far beyond every budget here, and far below a hang.
pub const SOON: Duration = Duration::from_secs(20);

/// The time, for facts about time.
#[expect(clippy::disallowed_methods, reason = "the fact is about time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Waits for a condition, and panics if it takes longer than [`SOON`].
pub fn wait_until(condition: impl Fn() -> bool) {
    let begun = now();
    while !condition() {
        assert!(begun.elapsed() < SOON, "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A configuration in which every block is tested.
pub fn testing(budget: Duration) -> ChainConfig {
    ChainConfig { parallel_execution_test_mode: true, test_mode_budget: budget, ..ChainConfig::default() }
}

/// V3 or Block-STM with four tasks at a time.
pub fn native_shadow(path: ExecutionPath) -> NativeShadow {
    NativeShadow::new(path, 4, 7).unwrap()
}

/// A function as a shadow.
struct Function<F>(F);

impl<F: Fn(ShadowBlock) -> ShadowFuture + Send + Sync + 'static> ShadowExecutor for Function<F> {
    fn execute(&self, given: ShadowBlock) -> ShadowFuture {
        (self.0)(given)
    }
}

/// A shadow that calls this function for every block.
pub fn shadow(function: impl Fn(ShadowBlock) -> ShadowFuture + Send + Sync + 'static) -> ShadowThreads {
    ShadowThreads::new(Arc::new(Function(function)), NonZeroUsize::new(2).unwrap()).unwrap()
}

/// The result of V3, for a shadow that is right about some blocks.
pub fn right(given: ShadowBlock) -> ShadowFuture {
    native_shadow(ExecutionPath::Parallel).execute(given)
}

/// A chain with its ledger and the mismatches that it reported.
pub struct Node {
    /// The chain.
    pub chain: Blockchain<Memory, Native>,
    /// Its ledger.
    pub memory: Arc<Memory>,
    /// Its mismatches.
    pub mismatches: RecentMismatches,
}

impl Node {
    /// A chain whose mismatches go to [`Self::mismatches`].
    pub fn new(genesis: &Genesis, parameters: Parameters, modes: Modes) -> Self {
        let memory = Arc::new(Memory::new(genesis).unwrap());
        let mismatches = RecentMismatches::new(NonZeroUsize::new(1_000).unwrap());
        let executor = ParallelExecutor::new(Native::with_hash_seed(3), 4).unwrap();
        let chain =
            Blockchain::new(Arc::clone(&memory), parameters, executor).with_modes(modes.with_sink(mismatches.clone()));
        Self { chain, memory, mismatches }
    }

    /// A chain on the ledger of [`blocks`], which tests `shadow`.
    pub fn tested(shadow: ShadowThreads, budget: Duration) -> Self {
        Self::new(&genesis(), parameters(), Modes::new(testing(budget), Some(shadow)).unwrap())
    }

    /// Adds a block in an ordering run of its own.
    pub fn add(&mut self, block: &Arc<SealedBlock>) -> Result<Vec<Receipt>, BlockError> {
        wait(self.chain.ordering_run().add_block(block))
    }

    /// The one mismatch since the last call. There must be exactly one.
    pub fn one_mismatch(&self) -> Mismatch {
        let mut mismatches = self.mismatches.take();
        assert_eq!(mismatches.len(), 1, "{mismatches:?}");
        mismatches.remove(0)
    }

    /// A copy of the ledger.
    pub fn ledger(&self) -> LedgerState {
        self.memory.inspect(Clone::clone)
    }
}

/// The ledger after `blocks` on the sequential path alone, each in a run of its own.
pub fn sequential_ledger(blocks: &[Arc<SealedBlock>]) -> LedgerState {
    let mut node = Node::new(&genesis(), parameters(), Modes::off());
    for block in blocks {
        wait(node.chain.ordering_run().apply(block, ExecutionPath::Sequential)).unwrap();
    }
    node.ledger()
}

/// The ledger of [`blocks`].
pub fn genesis() -> Genesis {
    crate::ledger::genesis(1..=8)
}

/// Blocks on top of each other. Each has payments that share no account, payments that do, and one that is orphaned
/// because its source has not as much.
pub fn blocks(count: u64) -> Vec<Arc<SealedBlock>> {
    let block = |nonce| {
        let payments = [(1, 2, 1), (3, 4, 2), (2, 5, 3), (6, 1, 1), (7, 8, 1_000)];
        let transactions = payments.map(|(from, to, coins)| pay(from, to, nonce, coins)).to_vec();
        block_at(nonce + 1, transactions)
    };
    (0..count).map(block).collect()
}

/// Three blocks in one ordering run, with a shadow that is wrong about the second. Returns the chain, the blocks and the one
/// mismatch.
pub fn mismatch_in_a_run(fault: fn(&mut PreparedBlock)) -> (Node, Vec<Arc<SealedBlock>>, Mismatch) {
    let mut node = Node::tested(faulty_second_block(fault), AMPLE);
    let blocks = blocks(3);
    let mut run = node.chain.ordering_run();
    for block in &blocks {
        wait(run.add_block(block)).unwrap();
    }
    drop(run);
    let mismatch = node.one_mismatch();
    (node, blocks, mismatch)
}

/// A shadow that gives the result of V3, with `fault` put into it at topoheight 2.
pub fn faulty_second_block(fault: fn(&mut PreparedBlock)) -> ShadowThreads {
    shadow(move |given| {
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
