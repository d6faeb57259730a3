//! A chain without end. Its genesis is fixed by a seed; each **segment** of it, so many topoheights, is fixed by the seed,
//! the segment's number and the ledger at the segment's start. So whoever has a ledger and its seed can go on: nothing else
//! of what was made before matters, and no cost grows with the chain's length.
//!
//! A block is made from a plan, resolved against a reference as scenarios are, or has the shape of a real one. Every so often
//! the chain reorganises: some blocks are undone, and their transactions stand in others.

mod content;
mod fork;
mod world;

use serde::{Deserialize, Serialize};

use crate::workload::chance::Chance;
use crate::workload::classes::ConflictClass;
use crate::workload::scenario::Step;
use seriatim_tos::execution::reference::{BlockHeader, Reference};
use seriatim_tos::ledger::{
    AccountKey, AssetId, Block, Genesis, HEIGHTS_PER_DAY, Hash, Height, Parameters, Receipt, SignatureScheme,
    Topoheight, Transaction,
};
use seriatim_tos::storage::LedgerState;

use super::block;
use super::context::Memory;
use super::world::World;

use fork::Fork;

/// Topoheights of a segment. A reorganisation stays within one.
pub(crate) const SEGMENT_BLOCKS: u64 = 50;
/// Most blocks of an ordering run that does not reorganise.
const MAX_RUN: u64 = 3;
/// Heights that one segment may use: it never makes as many blocks, nor jumps as far.
const SEGMENT_HEIGHTS: Height = 1_000 * HEIGHTS_PER_DAY;

/// What blocks are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DevnetContent {
    /// Generated plans.
    Plans,
    /// The real shapes, in turn.
    Shapes,
    /// One after the other.
    Both,
}

/// Everything that a chain is a function of.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{Devnet, DevnetContent, Step};
/// use seriatim_tos::ledger::SignatureScheme;
/// use seriatim_tos::storage::LedgerState;
///
/// let devnet =
///     Devnet { seed: 7, signature_scheme: SignatureScheme::Tagged, content: DevnetContent::Plans, reorg_every: 0 };
/// let first_step = || devnet.segment(0, LedgerState::from_genesis(&devnet.genesis())).next_step();
/// let step = first_step().unwrap();
/// assert_eq!(first_step().as_ref(), Some(&step), "a chain is a function of its seed");
/// let Step::Run(blocks) = &step.step else { panic!("a chain begins with a run") };
/// assert_eq!(blocks.len(), step.receipts.len(), "the reference's answers come with the blocks");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Devnet {
    pub seed: u64,
    pub signature_scheme: SignatureScheme,
    pub content: DevnetContent,
    /// The chain reorganises every so many topoheights; 0: never.
    pub reorg_every: u64,
}

/// One thing that happens to the chain, and what it must come to.
#[derive(Clone, Debug, PartialEq)]
pub struct DevnetStep {
    pub step: Step,
    /// The receipts that the reference gives for each block of a run.
    pub receipts: Vec<Vec<Receipt>>,
    /// What the transactions of each block of a run were made for; those of real shapes and those that stood in undone blocks
    /// are not counted.
    pub classes: Vec<Vec<ConflictClass>>,
    /// Whether each block of a run has a real shape.
    pub shaped: Vec<bool>,
}

impl Devnet {
    /// The parameters in which the chain differs from others.
    pub fn parameters(&self) -> Parameters {
        World::endless(self.signature_scheme, 0).parameters
    }

    /// The ledger that it begins with.
    pub fn genesis(&self) -> Genesis {
        world::genesis(self)
    }

    /// The accounts that a segment may touch, those apart that do not exist before it.
    pub fn accounts(&self) -> Vec<AccountKey> {
        world::accounts(&mut World::endless(self.signature_scheme, 0), self.content)
    }

    /// The assets that there are, TOS first.
    pub fn assets(&self) -> Vec<AssetId> {
        World::endless(self.signature_scheme, 0).assets
    }

    /// The segment that begins above `start`.
    pub fn segment_above(&self, start: Topoheight) -> u64 {
        start / SEGMENT_BLOCKS
    }

    /// A segment from its beginning. `ledger` is the one at its start, as far as it concerns [`Self::accounts`] and
    /// [`Self::assets`]: registrations, newest versions, known assets, and the metadata of its top.
    pub fn segment(&self, number: u64, ledger: LedgerState) -> Segment {
        let world = World::endless(self.signature_scheme, number + 1);
        let start = ledger.top;
        let anchor = ledger.metadata[&start].block;
        Segment {
            devnet: *self,
            number,
            start,
            anchor,
            reference: Reference::on(&world.parameters, ledger),
            world,
            memory: Memory::default(),
            made: 0,
            height: number * SEGMENT_HEIGHTS,
            above: Vec::new(),
            reorganised: None,
            fork: None,
        }
    }
}

/// A segment in the making.
#[derive(Debug)]
pub struct Segment {
    devnet: Devnet,
    number: u64,
    start: Topoheight,
    /// The block at its start, which its transactions name: so none of them is one of another segment.
    anchor: Hash,
    world: World,
    reference: Reference,
    memory: Memory,
    /// Blocks so far, undone ones included: what each new one's choices depend on.
    made: u64,
    /// The height of the newest block. No two blocks have the same.
    height: Height,
    /// The transactions of each block above the start, lowest first.
    above: Vec<Vec<Transaction>>,
    /// Where it reorganised last.
    reorganised: Option<Topoheight>,
    /// What stands in the undone blocks' place.
    fork: Option<Fork>,
}

impl Segment {
    /// What it comes to: after its last step, or after those so far.
    pub fn ledger(&self) -> &LedgerState {
        self.reference.ledger()
    }

    /// What happens next. None: the segment is at its end.
    pub fn next_step(&mut self) -> Option<DevnetStep> {
        if let Some(fork) = self.fork.take() {
            return Some(self.apply_fork(fork));
        }
        let top = self.ledger().top;
        if self.reorganises_at(top) && self.reorganised != Some(top) {
            return Some(self.reorganise());
        }
        if top == self.end() {
            return None;
        }
        let longest = Chance::new(self.mixed(1)).between(1, MAX_RUN);
        let mut step = self.begin_run();
        for _ in 0..longest {
            self.add_block(&mut step, Vec::new());
            let top = self.ledger().top;
            if top == self.end() || self.reorganises_at(top) {
                break;
            }
        }
        Some(step)
    }

    fn end(&self) -> Topoheight {
        self.start + SEGMENT_BLOCKS
    }

    /// Whether the chain reorganises at this top: in the middle between multiples, which is seldom where a segment ends. There
    /// a branch could not be longer than the one that it replaces.
    fn reorganises_at(&self, top: Topoheight) -> bool {
        let every = self.devnet.reorg_every;
        top > self.start && every != 0 && top % every == (every - 1) / 2
    }

    /// Seeds what is decided next.
    fn mixed(&self, salt: u64) -> u64 {
        let parts = [self.devnet.seed, self.number, self.made, salt];
        parts.into_iter().fold(0, |mixed, part| Chance::new(mixed ^ part).next())
    }

    fn begin_run(&mut self) -> DevnetStep {
        self.reference.start_run();
        self.memory.skipped_nonces.clear();
        DevnetStep { step: Step::Run(Vec::new()), receipts: Vec::new(), classes: Vec::new(), shaped: Vec::new() }
    }

    /// Makes the next block of the run: the transactions of undone blocks if there are some, with a few new ones between;
    /// else what the content wants.
    fn add_block(&mut self, step: &mut DevnetStep, again: Vec<Transaction>) {
        let shape = if again.is_empty() { self.shape() } else { None };
        let header = self.next_header(shape);
        self.reference.begin(&header).expect("all TOS of a devnet together fit 64 bits");
        let mut open = OpenBlock { transactions: Vec::new(), receipts: Vec::new() };
        let mut classes = Vec::new();
        match shape {
            Some(shape) => self.fill_with_shape(&mut open, shape),
            None => self.fill_with_plan(&mut open, &header, again, &mut classes),
        }
        step.classes.push(classes);
        step.shaped.push(shape.is_some());
        let OpenBlock { transactions, receipts } = open;
        self.above.push(transactions.clone());
        let block: Block = block(header, transactions);
        self.reference.finish(block.hash()).expect("all TOS of a devnet together fit 64 bits");
        self.made += 1;
        let Step::Run(blocks) = &mut step.step else { unreachable!("blocks are added to a run") };
        blocks.push(block);
        step.receipts.push(receipts);
    }

    fn execute(&mut self, open: &mut OpenBlock, tx: Transaction) -> Receipt {
        let receipt = self.reference.execute(&tx);
        open.transactions.push(tx);
        open.receipts.push(receipt.clone());
        receipt
    }

    fn parent(&self) -> Hash {
        self.ledger().metadata[&self.ledger().top].block
    }
}

/// What stands in the block so far.
#[derive(Debug)]
struct OpenBlock {
    transactions: Vec<Transaction>,
    receipts: Vec<Receipt>,
}

impl Segment {
    /// Heights grow with every block, and now and then by days, which unlock what is frozen.
    fn next_header(&mut self, shape: Option<&crate::workload::Shape>) -> BlockHeader {
        let mut chance = Chance::new(self.mixed(2));
        let jump = if chance.one_in(8) { [1, 3, 3, 7][chance.below(4) as usize] * HEIGHTS_PER_DAY } else { 1 };
        let last = (self.number + 1) * SEGMENT_HEIGHTS - HEIGHTS_PER_DAY;
        self.height = if self.height + jump < last { self.height + jump } else { self.height + 1 };
        let number = chance.below(256) as u32;
        let miner = match (shape, chance.below(16)) {
            (Some(shape), _) => world::shape_account(&mut self.world, shape.miner),
            (None, 0..=8) => self.world.miner,
            (None, 9..=11) => self.world.pool[number as usize % self.world.pool.len()],
            (None, 12 | 13) => self.world.parameters.dev_account,
            (None, _) => self.world.never_seen_miner(number),
        };
        BlockHeader { parent: self.parent(), height: self.height, miner }
    }
}
