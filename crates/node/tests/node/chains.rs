//! Nodes over devnets.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use seriatim_lab::workload::{Devnet, DevnetContent};
use seriatim_node::{Blocks, Node, NodeControl, NodeReport, NodeState, NodeStorage, Origin};
use seriatim_runtime::Native;
use seriatim_tos::chain::{ChainConfig, ExecutionPath, Modes, NativeShadow, Rollout, ShadowThreads};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::ledger::SignatureScheme;
use seriatim_tos::storage::{LedgerState, MemoryStorage, RedbStorage};

/// Long enough for any right shadow on any machine.
const AMPLE: Duration = Duration::from_mins(2);

pub fn devnet(seed: u64, content: DevnetContent, reorg_every: u64) -> Devnet {
    Devnet { seed, signature_scheme: SignatureScheme::Tagged, content, reorg_every }
}

pub fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

pub fn executor() -> ParallelExecutor<Native> {
    ParallelExecutor::new(Native::with_hash_seed(7), 3).unwrap()
}

pub fn sequential() -> Modes {
    Modes::off()
}

fn config() -> ChainConfig {
    ChainConfig { min_txs_for_parallel: 4, test_mode_budget: AMPLE, ..ChainConfig::default() }
}

pub fn parallel(path: ExecutionPath) -> Modes {
    Modes::new(ChainConfig { parallel_execution_enabled: true, ..config() }, None).unwrap().with_parallel_path(path)
}

pub fn shadow(path: ExecutionPath) -> ShadowThreads {
    ShadowThreads::of(NativeShadow::new(path, 2, 7).unwrap()).unwrap()
}

pub fn testing(path: ExecutionPath) -> Modes {
    testing_with(shadow(path))
}

pub fn testing_with(shadow: ShadowThreads) -> Modes {
    Modes::new(ChainConfig { parallel_execution_test_mode: true, ..config() }, Some(shadow)).unwrap()
}

pub fn rolled_out(shadow: ShadowThreads, rollout: Rollout) -> Modes {
    Modes::rolled_out(config(), shadow, rollout).unwrap()
}

pub fn genesis(devnet: Devnet) -> LedgerState {
    LedgerState::from_genesis(&devnet.genesis())
}

pub fn open<S: NodeStorage>(storage: Arc<S>, state: NodeState, devnet: Devnet, modes: Modes) -> Node<S> {
    tokio().block_on(Node::open(storage, state, Blocks::Devnet(devnet), executor(), modes)).unwrap()
}

pub fn in_memory(devnet: Devnet, modes: Modes) -> Node<MemoryStorage> {
    let ledger = genesis(devnet);
    let state = NodeState::new(Origin::Devnet(devnet), &ledger);
    open(Arc::new(MemoryStorage::from_state(ledger)), state, devnet, modes)
}

/// A node on a new file, or on one that another node left.
pub fn on_disk(path: &Path, devnet: Devnet, modes: impl FnOnce(&NodeState) -> Modes) -> Node<RedbStorage> {
    let storage = if path.exists() {
        RedbStorage::open(path).unwrap()
    } else {
        RedbStorage::create(path, &devnet.genesis()).unwrap()
    };
    let state = tokio().block_on(async {
        match NodeState::read(&storage).await.unwrap() {
            Some(state) => state,
            None => NodeState::begin(&storage, Origin::Devnet(devnet), &genesis(devnet)).await.unwrap(),
        }
    });
    let modes = modes(&state);
    open(Arc::new(storage), state, devnet, modes)
}

pub fn run<S: NodeStorage>(mut node: Node<S>, until: u64) -> NodeReport {
    run_on(&mut node, until)
}

pub fn run_on<S: NodeStorage>(node: &mut Node<S>, until: u64) -> NodeReport {
    tokio().block_on(node.run(until, &NodeControl::default())).unwrap()
}

/// One block or rewind.
pub fn step<S: NodeStorage>(node: &mut Node<S>) {
    assert!(tokio().block_on(node.step()).unwrap());
}
