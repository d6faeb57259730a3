//! What the reference says of a scenario: the yardstick of every comparison, made once and used for all subjects.

use std::sync::Arc;

use seriatim_tos::execution::reference::Reference;
use seriatim_tos::ledger::{Block, BlockAbort, Receipt};
use seriatim_tos::storage::LedgerState;

use super::scenario::{Scenario, Step};

/// Receipts and ledgers by the reference. Ledgers are shared: an observation whose ledger equals one of these holds this one.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{Expectation, Plan, build};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let built = build(&Plan::from_seed(7), SignatureScheme::Tagged);
/// let expectation = Expectation::of(&built.scenario);
/// assert_eq!(expectation, built.expectation, "building has asked the reference already");
/// for (number, block, outcome) in expectation.walk(&built.scenario) {
///     let Ok(receipts) = outcome else { panic!("block {number} is aborted") };
///     assert_eq!(receipts.len(), block.transactions.len());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Expectation {
    /// The ledger before the first step.
    pub genesis: Arc<LedgerState>,
    /// One for each of the scenario's steps.
    pub steps: Vec<ExpectedStep>,
    /// The ledger after each step.
    pub ledgers: Vec<Arc<LedgerState>>,
    /// The ledger once every block is undone: genesis, with the orphans of the end.
    pub undone: Arc<LedgerState>,
}

/// What one step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedStep {
    /// What became of the blocks, in order, up to the first aborted one: a run ends with it.
    Run {
        blocks: Vec<Applied>,
    },
    Rewind,
}

/// What becomes of a block: its receipts, or why it is aborted.
pub type Applied = Result<Vec<Receipt>, BlockAbort>;

impl Expectation {
    /// Runs the reference over a scenario, whose genesis must be valid.
    pub fn of(scenario: &Scenario) -> Self {
        let mut reference = Reference::new(&scenario.parameters, &scenario.genesis);
        let mut expectation = Self { genesis: Arc::new(reference.ledger().clone()), ..Self::default() };
        for step in &scenario.steps {
            expectation.steps.push(match step {
                Step::Run(blocks) => {
                    reference.start_run();
                    let mut outcomes = Vec::new();
                    for block in blocks {
                        let outcome = reference.apply(block);
                        let aborted = outcome.is_err();
                        outcomes.push(outcome);
                        if aborted {
                            break;
                        }
                    }
                    ExpectedStep::Run { blocks: outcomes }
                }
                Step::Rewind(to) => {
                    if *to < reference.ledger().top {
                        reference.rewind(*to);
                    }
                    ExpectedStep::Rewind
                }
            });
            expectation.ledgers.push(Arc::new(reference.ledger().clone()));
        }
        expectation.undone();
        expectation
    }

    /// Works out what undoing everything leaves.
    pub(super) fn undone(&mut self) {
        let orphans = self.final_ledger().orphans.clone();
        self.undone = Arc::new(LedgerState { orphans, ..LedgerState::clone(&self.genesis) });
    }

    /// The blocks that are run, in order, each with its number in the scenario and what becomes of it.
    pub fn walk<'a>(&'a self, scenario: &'a Scenario) -> impl Iterator<Item = (usize, &'a Block, &'a Applied)> {
        scenario.numbered_steps().zip(&self.steps).flat_map(|((first, step), expected)| {
            let (blocks, outcomes) = match (step, expected) {
                (Step::Run(blocks), ExpectedStep::Run { blocks: outcomes }) => (&blocks[..], &outcomes[..]),
                (Step::Run(_) | Step::Rewind(_), _) => (&[][..], &[][..]),
            };
            (first..).zip(blocks).zip(outcomes).map(|((number, block), outcome)| (number, block, outcome))
        })
    }

    /// The ledger at the end.
    pub fn final_ledger(&self) -> &LedgerState {
        self.ledgers.last().unwrap_or(&self.genesis)
    }

    /// Every receipt of the blocks that were applied, in order.
    pub fn receipts(&self) -> impl Iterator<Item = &Receipt> {
        self.outcomes().flatten().flatten()
    }

    /// The aborts, in order.
    pub fn aborts(&self) -> impl Iterator<Item = BlockAbort> {
        self.outcomes().filter_map(|outcome| outcome.as_ref().err().copied())
    }

    /// Number of rewinds.
    pub fn rewinds(&self) -> usize {
        self.steps.iter().filter(|step| **step == ExpectedStep::Rewind).count()
    }

    fn outcomes(&self) -> impl Iterator<Item = &Applied> {
        self.steps.iter().flat_map(|step| match step {
            ExpectedStep::Run { blocks } => blocks.as_slice(),
            ExpectedStep::Rewind => &[],
        })
    }
}
