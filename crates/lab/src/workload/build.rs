//! A plan becomes a scenario. Every choice is resolved against a reference that runs while the scenario grows, so that
//! most transactions execute and those that fail do so for a reason that was meant: a transaction that fails by
//! accident finds nothing. The same plan gives the same scenario, on every machine.

mod conflicts;
mod context;
pub(super) mod devnet;
mod draft;
mod limits;
mod malformed;
mod repeats;
mod weighted;
mod world;

use std::sync::Arc;

use seriatim_tos::execution::reference::{BlockHeader, Reference};
use seriatim_tos::ledger::{AccountKey, Block, BlockAbort, Hash, Receipt, SignatureScheme, Transaction};

use super::chance::Chance;
use super::classes::ConflictClass;
use super::expectation::{Expectation, ExpectedStep};
use super::plan::{Plan, Record};
use super::scenario::{SCENARIO_VERSION, Scenario, Step};

use conflicts::Intent;
use context::{GeneratorContext, Memory};
use world::World;

/// Most blocks of a scenario, give or take those that a rewind applies again: a ledger's history is compared as a
/// whole, and long ones cost more than they show.
const MAX_BLOCKS: usize = 16;
/// Most rewinds of a scenario: each keeps a copy of the ledger.
const MAX_REWINDS: usize = 3;
/// Most blocks that are undone for a transaction that an earlier block holds, too.
const MAX_RETRY_DEPTH: usize = 6;
/// Nothing more is tried after so many aborted blocks: a dev account that overflows aborts every block.
const MAX_ABORTS: usize = 3;

/// A scenario, and what is known of it because it was built beside a running reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    pub scenario: Scenario,
    /// Equal to [`Expectation::of`] the scenario.
    pub expectation: Expectation,
    /// One for each transaction of [`Scenario::blocks`], in order, aborted blocks included.
    pub classes: Vec<ConflictClass>,
}

impl Built {
    /// Each transaction's class and what became of it, in order; None in an aborted block.
    pub fn outcomes(&self) -> impl Iterator<Item = (ConflictClass, Option<&Receipt>)> {
        let outcomes = self.expectation.steps.iter().flat_map(|step| match step {
            ExpectedStep::Run { blocks } => blocks.as_slice(),
            ExpectedStep::Rewind => &[],
        });
        let receipts = self.scenario.blocks().zip(outcomes).flat_map(|(block, outcome)| {
            let receipts = outcome.as_ref().map_or(&[][..], Vec::as_slice);
            (0..block.transactions.len()).map(|tx_index| receipts.get(tx_index))
        });
        self.classes.iter().copied().zip(receipts)
    }
}

/// Resolves a plan's choices. Each record becomes one transaction; rewinds and aborted blocks bring further ones, all
/// of them copies.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{ConflictClass, Header, Plan, Record, build};
/// use seriatim_tos::ledger::{Receipt, SignatureScheme};
///
/// let header = Header { class_mask: ConflictClass::HotReceiver.bit(), ..Header::default() };
/// let records = vec![Record::default(); 5];
/// let built = build(&Plan { header, records }, SignatureScheme::Tagged);
/// assert_eq!(built.scenario.tx_count(), 5, "a record is a transaction");
/// for (class, receipt) in built.outcomes() {
///     assert_eq!(class, ConflictClass::HotReceiver);
///     assert_eq!(receipt.map(Receipt::outcome), Some(Receipt::EXECUTED), "all zeros is right in every respect");
/// }
/// ```
pub fn build(plan: &Plan, scheme: SignatureScheme) -> Built {
    let mut builder = Builder::new(plan, scheme);
    for record in &plan.records {
        builder.add(record);
    }
    builder.end()
}

/// A transaction with the class that it was made for.
type Classed = (ConflictClass, Transaction);

#[derive(Debug)]
struct Builder<'a> {
    plan: &'a Plan,
    world: World,
    reference: Reference,
    memory: Memory,
    steps: Vec<Step>,
    expectation: Expectation,
    classes: Vec<ConflictClass>,
    /// Blocks of the current run, and what became of them.
    run: Vec<Block>,
    outcomes: Vec<Result<Vec<Receipt>, BlockAbort>>,
    open: Option<OpenBlock>,
    /// Where the blocks above genesis stand, lowest first.
    chain: Vec<Position>,
    parent: Hash,
    blocks: usize,
    rewinds: usize,
    aborts: usize,
    /// The miner of the newest aborted block.
    avoid: Option<AccountKey>,
}

#[derive(Debug)]
struct OpenBlock {
    header: BlockHeader,
    transactions: Vec<Transaction>,
    receipts: Vec<Receipt>,
    first_class: usize,
}

/// Where an applied block stands in the scenario.
#[derive(Clone, Copy, Debug)]
struct Position {
    step: usize,
    block: usize,
    /// Index of its first transaction's class.
    first_class: usize,
}

impl<'a> Builder<'a> {
    fn new(plan: &'a Plan, scheme: SignatureScheme) -> Self {
        let world = World::new(&plan.header, scheme);
        let mut reference = Reference::new(&world.parameters, &world.genesis);
        let expectation = Expectation { genesis: Arc::new(reference.ledger().clone()), ..Expectation::default() };
        reference.start_run();
        Self {
            plan,
            world,
            reference,
            memory: Memory::default(),
            steps: Vec::new(),
            expectation,
            classes: Vec::new(),
            run: Vec::new(),
            outcomes: Vec::new(),
            open: None,
            chain: Vec::new(),
            parent: Hash::ZERO,
            blocks: 0,
            rewinds: 0,
            aborts: 0,
            avoid: None,
        }
    }

    /// One record: its transaction, and what it says about the block's end.
    fn add(&mut self, record: &Record) {
        while self.open.is_none() && self.aborts < MAX_ABORTS {
            self.open_block(Some(record));
        }
        let Some(header) = self.open.as_ref().map(|open| open.header.clone()) else { return };
        let (class, tx) = self.resolve(record, &header);
        self.execute(class, tx);
        let threshold = self.plan.header.cut_density / 4;
        if u8::MAX - record.cut < threshold && self.blocks < MAX_BLOCKS {
            self.cut(record);
        }
    }

    fn resolve(&mut self, record: &Record, header: &BlockHeader) -> Classed {
        let class = ConflictClass::pick(self.plan.header.class_mask, record.class);
        let Self { world, reference, memory, .. } = self;
        let BlockHeader { height, miner, .. } = *header;
        let mut context = GeneratorContext { world, reference, memory, record, height, miner };
        let tx = match context.intent(class) {
            Intent::Fresh(draft) => draft.sign(&self.reference, &self.world.keyring),
            Intent::Again(tx) => tx,
        };
        (class, tx)
    }

    fn execute(&mut self, class: ConflictClass, tx: Transaction) {
        let open = self.open.as_mut().expect("transactions are executed in an open block");
        let next = self.reference.next_nonce(&tx.body.source);
        let receipt = self.reference.execute(&tx);
        self.memory.note(&tx, &receipt, next);
        self.classes.push(class);
        open.transactions.push(tx);
        open.receipts.push(receipt);
    }

    /// The block ends here. What follows it?
    fn cut(&mut self, record: &Record) {
        self.close_block();
        match record.after {
            // The block was aborted, and its transactions stand in another one already.
            _ if self.open.is_some() => {}
            0..=111 => {}
            112..=175 => self.end_run(),
            176..=199 => {
                self.open_block(None);
                self.close_block();
            }
            200..=255 => self.reorganise(record),
        }
    }

    /// Opens the next block, or adds it as an aborted one: then with the record's transaction, which it would have
    /// held.
    fn open_block(&mut self, record: Option<&Record>) {
        self.blocks += 1;
        let header = self.world.next_header(self.parent, self.avoid.take());
        let first_class = self.classes.len();
        match self.reference.begin(&header) {
            Ok(()) => {
                let (transactions, receipts) = (Vec::new(), Vec::new());
                self.open = Some(OpenBlock { header, transactions, receipts, first_class });
            }
            Err(abort) => {
                let transaction = record.map(|record| self.resolve(record, &header));
                let (classes, transactions): (Vec<_>, Vec<_>) = transaction.into_iter().unzip();
                self.classes.extend(classes);
                self.abort(block(header, transactions), abort);
            }
        }
    }

    fn close_block(&mut self) {
        let Some(OpenBlock { header, transactions, receipts, first_class }) = self.open.take() else { return };
        let block = block(header, transactions);
        let hash = block.hash();
        match self.reference.finish(hash) {
            Ok(()) => {
                self.parent = hash;
                self.chain.push(Position { step: self.steps.len(), block: self.run.len(), first_class });
                self.run.push(block);
                self.outcomes.push(Ok(receipts));
            }
            Err(abort) => {
                let classes = self.classes[first_class..].iter().copied();
                let again: Vec<Classed> = classes.zip(block.transactions.iter().cloned()).collect();
                self.abort(block, abort);
                self.apply_again(again, u32::MAX);
            }
        }
    }

    /// An ordering run ends with an aborted block.
    fn abort(&mut self, block: Block, abort: BlockAbort) {
        self.aborts += 1;
        self.avoid = Some(block.miner);
        self.run.push(block);
        self.outcomes.push(Err(abort));
        self.end_run();
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            self.steps.push(Step::Run(std::mem::take(&mut self.run)));
            let blocks = std::mem::take(&mut self.outcomes);
            self.expectation.steps.push(ExpectedStep::Run { blocks });
            self.expectation.ledgers.push(Arc::new(self.reference.ledger().clone()));
        }
        self.reference.start_run();
        self.memory.skipped_nonces.clear();
    }

    /// How many blocks to undo so that a transaction, held by one more block below, is taken back by the one that executed it:
    /// what is remembered of the transaction is then of both. The least number, if there is one up to [`MAX_RETRY_DEPTH`].
    fn depth_of_retry(&self) -> Option<usize> {
        let ledger = self.reference.ledger();
        (1..=self.chain.len().min(MAX_RETRY_DEPTH)).find(|depth| {
            let position = self.chain[self.chain.len() - depth];
            let at = ledger.top + 1 - *depth as u64;
            self.transactions_at(position).iter().any(|tx| {
                let hash = tx.hash();
                ledger.executed.get(&hash).is_some_and(|executed| executed.topoheight == at)
                    && ledger.links.get(&hash).is_some_and(|links| links.range(..at).next().is_some())
            })
        })
    }

    /// Undoes some of the newest blocks and applies their transactions in another order, as a DAG does when it learns of
    /// a heavier branch.
    fn reorganise(&mut self, record: &Record) {
        if self.chain.is_empty() || self.rewinds == MAX_REWINDS {
            return;
        }
        // Looking for it hashes the transactions of several blocks.
        let retry = if record.after >= 228 { self.depth_of_retry() } else { None };
        let depth = retry.unwrap_or_else(|| (1 + usize::from(record.after % 3)).min(self.chain.len()));
        self.rewinds += 1;
        self.end_run();
        let undone = self.chain.split_off(self.chain.len() - depth);
        let to = self.chain.len() as u64;
        self.expectation.steps.push(ExpectedStep::Rewind);
        self.steps.push(Step::Rewind(to));
        self.reference.rewind(to);
        self.expectation.ledgers.push(Arc::new(self.reference.ledger().clone()));
        self.parent = self.reference.ledger().metadata[&to].block;
        let mut again: Vec<Classed> = undone.iter().flat_map(|position| self.transactions(*position)).collect();
        let mut chance = Chance::new(u64::from(record.literal));
        match record.detail % 8 {
            4 => {
                let start = depth.min(again.len());
                again.rotate_left(start);
            }
            // Left to records that repeat what was signed.
            5 => again.clear(),
            how => disorder(&mut again, how.into(), &mut chance),
        }
        let cuts = if record.detail & 8 == 0 { u32::MAX } else { 1 + (record.literal >> 16) % 8 };
        self.apply_again(again, cuts);
    }

    fn transactions(&self, position: Position) -> Vec<Classed> {
        let transactions = self.transactions_at(position).iter().cloned();
        self.classes[position.first_class..].iter().copied().zip(transactions).collect()
    }

    fn transactions_at(&self, Position { step, block, .. }: Position) -> &[Transaction] {
        match self.steps.get(step) {
            Some(Step::Run(blocks)) => &blocks[block].transactions,
            Some(Step::Rewind(_)) => unreachable!("a position is one of a run"),
            None => &self.run[block].transactions,
        }
    }

    /// Transactions of undone or aborted blocks; a block ends after every `block_size` of them.
    fn apply_again(&mut self, again: Vec<Classed>, block_size: u32) {
        for (class, tx) in again {
            while self.open.is_none() && self.aborts < MAX_ABORTS {
                self.open_block(None);
            }
            let Some(open) = &self.open else { return };
            let full = open.transactions.len() as u64 + 1 >= u64::from(block_size);
            self.execute(class, tx);
            if full {
                self.close_block();
            }
        }
    }

    fn end(mut self) -> Built {
        while self.open.is_some() {
            self.close_block(); // It may open another one, for the transactions of an aborted block.
        }
        self.end_run();
        self.expectation.undone();
        let Self { world: World { parameters, genesis, .. }, steps, expectation, classes, .. } = self;
        let scenario = Scenario { version: SCENARIO_VERSION, parameters, genesis, steps };
        Built { scenario, expectation, classes }
    }
}

/// How undone transactions come again: backwards, shuffled, each pair turned round or a third of them left out; with any other
/// number in the same order, in blocks of another size.
fn disorder<T>(undone: &mut Vec<T>, how: u64, chance: &mut Chance) {
    match how {
        0 => undone.reverse(),
        1 => chance.shuffle(undone),
        2 => undone.chunks_mut(2).for_each(<[T]>::reverse),
        3 => undone.retain(|_| !chance.one_in(3)),
        _ => {}
    }
}

fn block(header: BlockHeader, transactions: Vec<Transaction>) -> Block {
    let BlockHeader { parent, height, miner } = header;
    Block { parent, height, miner, transactions }
}
