//! A node's part of the executors: a block on the parallel path, and a chain in test mode. The book's page on a node has
//! excerpts of it:
//!
//!     cargo run --release --example embed

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;

use seriatim::chain::{ChainConfig, Modes, NativeShadow, Network, RecentMismatches, ShadowThreads};
use seriatim::prelude::*;

/// Applies the block by V3.
async fn in_parallel(scenario: &Scenario, block: Block, workers: usize) -> Result<usize, Box<dyn Error>> {
    let (genesis, parameters, seed) = (scenario.genesis.clone(), scenario.parameters.clone(), 7);
    let storage = Arc::new(MemoryStorage::new(&genesis)?); // or your own `Storage`
    let executor = ParallelExecutor::new(Native::with_hash_seed(seed), workers)?;
    let mut chain = Blockchain::new(storage, parameters, executor);
    let receipts = chain.ordering_run().apply(&block.seal(), ExecutionPath::Parallel).await?;
    Ok(receipts.len())
}

/// Adds the block on the sequential path, with V3 beside it. The number of differences.
async fn in_test_mode(scenario: &Scenario, block: Block, workers: usize) -> Result<usize, Box<dyn Error>> {
    let (seed, bound) = (7, NonZeroUsize::new(100).expect("100 is not 0"));
    let storage = Arc::new(MemoryStorage::new(&scenario.genesis)?);
    let executor = ParallelExecutor::new(Native::with_hash_seed(seed), workers)?;
    let chain = Blockchain::new(storage, scenario.parameters.clone(), executor);
    let config = ChainConfig::for_network(Network::Mainnet).with_vars(|name| std::env::var(name).ok())?;
    let shadow = ShadowThreads::of(NativeShadow::new(ExecutionPath::Parallel, workers, seed)?)?;
    let recent = RecentMismatches::new(bound);
    let mut chain = chain.with_modes(Modes::new(config, Some(shadow))?.with_sink(recent.clone()));
    let receipts = chain.ordering_run().add_block(&block.seal()).await?;
    let differences = recent.take();
    println!("{} receipts, {} differences", receipts.len(), differences.len());
    Ok(differences.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    let built = build(&Plan::sized(3, 40), SignatureScheme::Ed25519);
    let block = built.scenario.blocks().next().expect("a plan has a block").clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let receipts = runtime.block_on(in_parallel(&built.scenario, block.clone(), 2))?;
    println!("{receipts} receipts by V3");
    match runtime.block_on(in_test_mode(&built.scenario, block, 2))? {
        0 => Ok(()),
        differences => Err(format!("{differences} differences").into()),
    }
}
