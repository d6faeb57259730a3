//! Where faults are to strike: each block of a scenario with the ledger that its ordering run began on, and what the reference
//! makes of it and of those that follow.

use std::sync::Arc;

use crate::workload::{Scenario, Step};
use seriatim_tos::execution::reference::Reference;
use seriatim_tos::ledger::{Block, BlockAbort, Parameters, Receipt, SealedBlock};
use seriatim_tos::storage::LedgerState;

/// The blocks of a scenario, in order, as far as the reference gets: an ordering run ends with its first aborted block.
#[derive(Clone, Debug)]
pub struct FaultScenario {
    pub parameters: Parameters,
    pub places: Vec<BlockPlace>,
}

/// One block.
#[derive(Clone, Debug)]
pub struct BlockPlace {
    /// Its number among all blocks of the scenario, as a difference's place counts them.
    pub block: usize,
    /// Its number in its ordering run.
    pub index: usize,
    pub run: Arc<ExpectedRun>,
    /// What becomes of it in a run of its own, once it was applied and rewound: nonces may have had gaps.
    pub alone: ExpectedBlock,
}

/// One ordering run by the reference.
#[derive(Clone, Debug)]
pub struct ExpectedRun {
    /// The ledger below it.
    pub start: LedgerState,
    pub blocks: Vec<ExpectedBlock>,
}

/// One block by the reference.
#[derive(Clone, Debug)]
pub struct ExpectedBlock {
    pub block: Arc<SealedBlock>,
    pub outcome: Result<Vec<Receipt>, BlockAbort>,
    /// The ledger after it; after an abort that before it.
    pub ledger: LedgerState,
}

impl FaultScenario {
    /// Runs the reference over a scenario, whose genesis must be valid.
    pub fn of(scenario: &Scenario) -> Self {
        let mut reference = Reference::new(&scenario.parameters, &scenario.genesis);
        let mut places = Vec::new();
        for (first_block, step) in scenario.numbered_steps() {
            match step {
                Step::Run(blocks) => {
                    let run = Arc::new(expected_run(&mut reference, blocks));
                    let place = |index| BlockPlace::new(&scenario.parameters, first_block + index, index, &run);
                    places.extend((0..run.blocks.len()).map(place));
                }
                Step::Rewind(to) if *to < reference.ledger().top => reference.rewind(*to),
                Step::Rewind(_) => {}
            }
        }
        Self { parameters: scenario.parameters.clone(), places }
    }
}

fn expected_run(reference: &mut Reference, blocks: &[Block]) -> ExpectedRun {
    let start = reference.ledger().clone();
    reference.start_run();
    let mut expected = Vec::with_capacity(blocks.len());
    for block in blocks {
        expected.push(expected_block(reference, &block.clone().seal()));
        if expected.last().is_some_and(|block| block.outcome.is_err()) {
            break;
        }
    }
    ExpectedRun { start, blocks: expected }
}

fn expected_block(reference: &mut Reference, block: &Arc<SealedBlock>) -> ExpectedBlock {
    let outcome = reference.apply(block);
    ExpectedBlock { block: Arc::clone(block), outcome, ledger: reference.ledger().clone() }
}

impl BlockPlace {
    fn new(parameters: &Parameters, block: usize, index: usize, run: &Arc<ExpectedRun>) -> Self {
        let alone = run.blocks[index].clone();
        let mut place = Self { block, index, run: Arc::clone(run), alone };
        let mut reference = Reference::on(parameters, place.rewound());
        place.alone = expected_block(&mut reference, &place.alone.block);
        place
    }

    /// What the reference makes of the block.
    pub fn expected(&self) -> &ExpectedBlock {
        &self.run.blocks[self.index]
    }

    /// The ledger before the block.
    pub fn before(&self) -> &LedgerState {
        self.index.checked_sub(1).map_or(&self.run.start, |index| &self.run.blocks[index].ledger)
    }

    /// The blocks that come before it in its run.
    pub fn earlier(&self) -> &[ExpectedBlock] {
        &self.run.blocks[..self.index]
    }

    /// The next blocks of its run, at most so many.
    pub fn later(&self, most: usize) -> &[ExpectedBlock] {
        let later = &self.run.blocks[self.index + 1..];
        &later[..later.len().min(most)]
    }

    /// The ledger once the block was applied and rewound: that before it, with the orphans of the one after.
    pub fn rewound(&self) -> LedgerState {
        LedgerState { orphans: self.expected().ledger.orphans.clone(), ..self.before().clone() }
    }
}
