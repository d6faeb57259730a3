//! The mode in which each block of a chain runs, and how a rollout follows the results.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use seriatim_runtime::Native;
use seriatim_testkit::ledger::parameters;
use seriatim_testkit::test_mode::{
    AMPLE, Node, blocks, genesis, native_shadow, right, sequential_ledger, shadow, testing,
};
use seriatim_testkit::{ON_PURPOSE, quieten, wait};
use seriatim_tos::chain::{
    Blockchain, ChainConfig, ConfigError, ExecutionPath, MismatchKind, Mode, Modes, ModesError, RecentMismatches,
    Rollout, ShadowThreads, Stage,
};
use seriatim_tos::execution::{ParallelExecutor, PreparedBlock};
use seriatim_tos::storage::{Layer, Layered, MemoryStorage, Read, StorageError, Suspend};

fn v3() -> ShadowThreads {
    ShadowThreads::of(native_shadow(ExecutionPath::Parallel)).unwrap()
}

/// Blocks of [`blocks`] are large enough.
fn small_minimum() -> ChainConfig {
    ChainConfig { min_txs_for_parallel: 5, test_mode_budget: AMPLE, ..ChainConfig::default() }
}

#[test]
fn modes_that_contradict_themselves_are_refused() {
    let refused = |modes: Result<Modes, _>| modes.map(|_| ()).unwrap_err();
    assert_eq!(refused(Modes::new(testing(AMPLE), None)), ModesError::NoSide);
    let zero = ChainConfig { min_txs_for_parallel: 0, ..ChainConfig::default() };
    assert_eq!(refused(Modes::new(zero, None)), ModesError::Config(ConfigError::ZeroMinimum));
    let rolled = Modes::rolled_out(testing(AMPLE), v3(), Rollout::default());
    assert_eq!(refused(rolled), ModesError::RolloutAndSwitch);
    assert!(Modes::rolled_out(ChainConfig::default(), v3(), Rollout::default()).is_ok());
    assert!(Modes::new(ChainConfig::default(), None).is_ok());
}

#[test]
fn a_chain_without_modes_adds_blocks_sequentially() {
    let blocks = blocks(2);
    let mut node = Node::new(&genesis(), parameters(), Modes::off());
    for block in &blocks {
        node.add(block).unwrap();
    }
    assert_eq!(node.ledger(), sequential_ledger(&blocks));
    assert_eq!(node.chain.modes().figures().blocks, 0);
}

#[test]
fn parallel_blocks_come_to_the_same_ledger_on_either_path() {
    let blocks = blocks(2);
    for path in [ExecutionPath::Parallel, ExecutionPath::BlockStm] {
        let enabled = ChainConfig { parallel_execution_enabled: true, ..small_minimum() };
        let modes = Modes::new(enabled, None).unwrap().with_parallel_path(path);
        assert_eq!(modes.mode_of(5), Mode::Parallel);
        let mut node = Node::new(&genesis(), parameters(), modes);
        for block in &blocks {
            node.add(block).unwrap();
        }
        assert_eq!(node.ledger(), sequential_ledger(&blocks));
    }
}

#[test]
fn a_storage_that_suspends_at_every_read_is_tested_like_any_other() {
    let blocks = blocks(3);
    for path in [ExecutionPath::Parallel, ExecutionPath::BlockStm] {
        let memory = Arc::new(MemoryStorage::new(&genesis()).unwrap());
        let storage = Arc::new(Layered::new(Arc::clone(&memory), Suspend(Native::with_hash_seed(0))));
        let shadow = ShadowThreads::of(native_shadow(path)).unwrap();
        let executor = ParallelExecutor::new(Native::with_hash_seed(3), 4).unwrap();
        let modes = Modes::new(testing(AMPLE), Some(shadow)).unwrap();
        let mut chain = Blockchain::new(storage, parameters(), executor).with_modes(modes);
        for block in &blocks {
            wait(chain.ordering_run().add_block(block)).unwrap();
        }
        assert_eq!(chain.modes().figures().matched, 3);
        assert_eq!(memory.inspect(Clone::clone), sequential_ledger(&blocks));
    }
}

/// Strikes the transaction that is looked up first, once: the sequential path comes later.
#[derive(Default)]
struct StrikeOnce(AtomicBool);

impl Layer for StrikeOnce {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        assert!(!matches!(read, Read::ExecutedBy(_)) || self.0.swap(true, Ordering::Relaxed), "{ON_PURPOSE}");
        Ok(())
    }
}

#[test]
fn a_block_whose_parallel_tasks_panic_is_run_sequentially_and_told() {
    quieten();
    let (block, told) = (blocks(1).remove(0), RecentMismatches::new(std::num::NonZeroUsize::MIN));
    let memory = Arc::new(MemoryStorage::new(&genesis()).unwrap());
    let storage = Arc::new(Layered::new(Arc::clone(&memory), StrikeOnce::default()));
    let enabled = ChainConfig { parallel_execution_enabled: true, ..small_minimum() };
    let modes = Modes::new(enabled, None).unwrap().with_sink(told.clone());
    let executor = ParallelExecutor::new(Native::with_hash_seed(3), 4).unwrap();
    let mut chain = Blockchain::new(storage, parameters(), executor).with_modes(modes);
    let receipts = wait(chain.ordering_run().add_block(&block)).unwrap();
    assert_eq!(receipts.len(), 5);
    assert_eq!(memory.inspect(Clone::clone), sequential_ledger(&[Arc::clone(&block)]));
    let mismatch = told.take().remove(0);
    assert_eq!((mismatch.kind, mismatch.block, mismatch.topoheight), (MismatchKind::Panic, block.hash(), 1));
    assert_eq!(chain.modes().figures().fallbacks, 1);
}

#[test]
fn a_rollout_follows_what_the_chain_sees_and_goes_on_after_a_restart() {
    let blocks = blocks(4);
    let rollout = Rollout::new(NonZeroU64::new(2).unwrap());
    let rolled = |rollout| Modes::rolled_out(small_minimum(), v3(), rollout).unwrap();
    let mut node = Node::new(&genesis(), parameters(), rolled(rollout));
    node.add(&blocks[0]).unwrap();
    let kept = serde_json::to_string(node.chain.modes().rollout().unwrap()).unwrap();
    node.chain = node.chain.with_modes(rolled(serde_json::from_str(&kept).unwrap()));
    node.add(&blocks[1]).unwrap();
    assert_eq!(node.chain.modes().rollout().unwrap().stage(), Stage::Below50);
    assert_eq!(node.chain.modes().mode_of(5), Mode::Parallel);
    for block in &blocks[2..] {
        node.add(block).unwrap();
    }
    assert_eq!(node.ledger(), sequential_ledger(&blocks));
    assert_eq!(node.chain.modes().figures().matched, 1, "of the second block alone, since the restart");
}

#[test]
fn a_mismatch_leads_the_chain_back_to_test_mode() {
    let fault: fn(&mut PreparedBlock) = |prepared| prepared.receipts.clear();
    let faulty = shadow(move |given| {
        Box::pin(async move {
            let mut prepared = right(given).await?;
            fault(&mut prepared);
            Ok(prepared)
        })
    });
    let mut rollout = Rollout::default();
    rollout.advance();
    // Blocks below the minimum are tested in every stage.
    let config = ChainConfig { min_txs_for_parallel: 6, ..small_minimum() };
    let mut node = Node::new(&genesis(), parameters(), Modes::rolled_out(config, faulty, rollout).unwrap());
    assert_eq!((node.chain.modes().mode_of(5), node.chain.modes().mode_of(6)), (Mode::Test, Mode::Parallel));
    node.add(&blocks(1)[0]).unwrap();
    assert_eq!(node.one_mismatch().kind, MismatchKind::Receipts { index: 0 });
    let modes = node.chain.modes_mut();
    assert_eq!(modes.mode_of(6), Mode::Test);
    assert!(modes.rollout().unwrap().is_held());
    assert!(modes.rollout_mut().unwrap().advance(), "an operator may");
}
