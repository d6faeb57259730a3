//! What the sequential path makes of a scenario's last block, and the same block on fewer blocks before it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::workload::{Scenario, Step};
use seriatim_runtime::{Native, Probed};
use seriatim_tos::chain::{Blockchain, ExecutionPath};
use seriatim_tos::execution::{BlockError, ParallelExecutor};
use seriatim_tos::ledger::{Block, Receipt, SealedBlock, Topoheight};
use seriatim_tos::storage::{Layered, MemoryStorage, Record, Version, WriteOp};

use super::capture;

/// What came of it.
pub struct LastBlock {
    pub block: Arc<SealedBlock>,
    pub outcome: Result<Vec<Receipt>, BlockError>,
    /// The writes of its commit; there are none if it was aborted.
    pub ops: Vec<WriteOp>,
}

impl LastBlock {
    /// The last block of a scenario of one run, as [`capture`] makes it. None: it has no block, or the run ends before the last
    /// one.
    pub fn of(scenario: &Scenario) -> Option<Self> {
        Ran::through(scenario).map(|ran| ran.last)
    }

    /// Whether the other one came to the same, links to earlier versions apart.
    fn is_as(&self, other: &Self) -> bool {
        let plain = |ops: &[WriteOp]| ops.iter().cloned().map(without_link).collect::<Vec<_>>();
        self.outcome == other.outcome && plain(&self.ops) == plain(&other.ops)
    }
}

/// The scenario's last `kept` blocks on the ledger that the others leave. None unless its last block then comes to the same:
/// an ordering run knows the nonces that it has used, and what is left of it begins without them.
pub fn cut(scenario: &Scenario, kept: usize) -> Option<Scenario> {
    let ran = Ran::through(scenario)?;
    let gone = ran.blocks.len().checked_sub(kept)?;
    let below = scenario.genesis.topoheight + gone as Topoheight;
    let cut = at_once(capture(&*ran.storage, &scenario.parameters, below, &ran.blocks[gone..])).ok()?;
    LastBlock::of(&cut)?.is_as(&ran.last).then_some(cut)
}

/// A scenario of one run, run to its end.
struct Ran {
    blocks: Vec<Arc<SealedBlock>>,
    storage: Arc<Layered<MemoryStorage>>,
    last: LastBlock,
}

impl Ran {
    fn through(scenario: &Scenario) -> Option<Self> {
        let [Step::Run(blocks)] = scenario.steps.as_slice() else { return None };
        let blocks: Vec<_> = blocks.iter().cloned().map(Block::seal).collect();
        let (block, before) = blocks.split_last()?;
        let memory = Arc::new(MemoryStorage::new(&scenario.genesis).ok()?);
        let recorded = Arc::new(Record::default());
        let storage = Arc::new(Layered::new(memory, Arc::clone(&recorded)));
        let executor = ParallelExecutor::new(Probed::new(Native::with_hash_seed(0)), 1).expect("1 is not 0");
        let mut chain = Blockchain::new(Arc::clone(&storage), scenario.parameters.clone(), executor);
        let mut run = chain.ordering_run();
        for block in before {
            at_once(run.apply(block, ExecutionPath::Sequential)).ok()?;
            recorded.take();
        }
        let outcome = at_once(run.apply(block, ExecutionPath::Sequential));
        let ops = recorded.take().pop().unwrap_or_default().ops;
        let last = LastBlock { block: Arc::clone(block), outcome, ops };
        Some(Self { blocks, storage, last })
    }
}

fn without_link(op: WriteOp) -> WriteOp {
    match op {
        WriteOp::Put { key, topoheight, version } => {
            WriteOp::Put { key, topoheight, version: Version { previous: None, ..version } }
        }
        other => other,
    }
}

/// Runs what a ledger in memory and the sequential path never suspend.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a ledger in memory answers at once"),
    }
}
