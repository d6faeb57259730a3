//! The way from a scenario to a script and back, both beside a running reference: what is relative is so to the same state.

use std::collections::BTreeMap;

use seriatim_lab::workload::Step;
use seriatim_tos::execution::reference::{BlockHeader, Reference};
use seriatim_tos::ledger::{Block, Hash, Topoheight, Transaction};

use super::{Entry, Script, ScriptBlock, ScriptStep};

/// Reads a scenario beside a running reference.
pub(super) struct Reader {
    reference: Reference,
    pub entries: Vec<Entry>,
    known: BTreeMap<Hash, usize>,
    /// Numbers of the blocks that stand, lowest first.
    chain: Vec<usize>,
    blocks: usize,
}

impl Reader {
    pub(super) fn new(reference: Reference) -> Self {
        Self { reference, entries: Vec::new(), known: BTreeMap::new(), chain: Vec::new(), blocks: 0 }
    }

    pub(super) fn step(&mut self, step: &Step) -> ScriptStep {
        match step {
            Step::Run(blocks) => {
                self.reference.start_run();
                let mut aborted = false;
                ScriptStep::Run(blocks.iter().map(|block| self.block(block, &mut aborted)).collect())
            }
            Step::Rewind(to) => {
                let top = self.reference.ledger().top;
                if *to < top {
                    self.reference.rewind(*to);
                }
                let kept = (*to).min(top) - self.reference.ledger().genesis_topoheight();
                let undone = self.chain.split_off(kept as usize).into_iter().collect();
                ScriptStep::Rewind { undone, above: to.saturating_sub(top) }
            }
        }
    }

    fn block(&mut self, block: &Block, aborted: &mut bool) -> ScriptBlock {
        let Block { parent, height, miner, transactions } = block;
        let on_top = *parent == top_hash(&self.reference);
        let header = BlockHeader { parent: *parent, height: *height, miner: *miner };
        *aborted = *aborted || self.reference.begin(&header).is_err();
        let transactions = transactions.iter().map(|tx| self.transaction(tx, !*aborted)).collect();
        let hash = block.hash();
        *aborted = *aborted || self.reference.finish(hash).is_err();
        let number = self.blocks;
        self.blocks += 1;
        if !*aborted {
            self.chain.push(number);
        }
        let parent = (!on_top).then_some(*parent);
        ScriptBlock { number, hash, parent, height: *height, miner: *miner, transactions }
    }

    fn transaction(&mut self, tx: &Transaction, is_open: bool) -> usize {
        let Self { reference, entries, known, .. } = self;
        let position = *known.entry(tx.hash()).or_insert_with(|| {
            entries.push(Entry::of(tx, reference));
            entries.len() - 1
        });
        if is_open {
            reference.execute(tx);
        }
        position
    }
}

/// Makes a scenario of a script, beside a running reference.
pub(super) struct Player<'a> {
    script: &'a Script,
    pub reference: Reference,
    /// Hashes by entry, once it was met.
    made: BTreeMap<usize, Transaction>,
    /// Hashes of blocks, as read and as they are now.
    hashes: BTreeMap<Hash, Hash>,
    chain: Vec<usize>,
}

impl<'a> Player<'a> {
    pub(super) fn new(script: &'a Script) -> Self {
        let reference = Reference::new(&script.parameters, &script.genesis);
        Self { script, reference, made: BTreeMap::new(), hashes: BTreeMap::new(), chain: Vec::new() }
    }

    pub(super) fn step(&mut self, step: &ScriptStep) -> Option<Step> {
        match step {
            ScriptStep::Run(blocks) => Some(Step::Run(self.run(blocks))),
            ScriptStep::Rewind { undone, above } if undone.is_empty() => {
                Some(Step::Rewind(self.reference.ledger().top.saturating_add(*above)))
            }
            ScriptStep::Rewind { undone, .. } => {
                // None of them left: there is nothing to undo.
                let keep = self.chain.iter().position(|number| undone.contains(number))?;
                self.chain.truncate(keep);
                let to = self.script.genesis.topoheight + keep as Topoheight;
                self.reference.rewind(to);
                Some(Step::Rewind(to))
            }
        }
    }

    pub(super) fn run(&mut self, blocks: &[ScriptBlock]) -> Vec<Block> {
        self.reference.start_run();
        let mut aborted = false;
        blocks.iter().map(|block| self.block(block, &mut aborted)).collect()
    }

    fn block(&mut self, block: &ScriptBlock, aborted: &mut bool) -> Block {
        let ScriptBlock { number, hash: as_read, parent, height, miner, transactions } = block;
        let parent = match parent {
            None => top_hash(&self.reference),
            Some(hash) => *self.hashes.get(hash).unwrap_or(hash),
        };
        let header = BlockHeader { parent, height: *height, miner: *miner };
        *aborted = *aborted || self.reference.begin(&header).is_err();
        let transactions = transactions.iter().map(|&entry| self.transaction(entry, !*aborted)).collect();
        let block = Block { parent, height: *height, miner: *miner, transactions };
        let hash = block.hash();
        *aborted = *aborted || self.reference.finish(hash).is_err();
        self.hashes.insert(*as_read, hash);
        if !*aborted {
            self.chain.push(*number);
        }
        block
    }

    fn transaction(&mut self, entry: usize, is_open: bool) -> Transaction {
        let Self { script, reference, made, hashes, .. } = self;
        let tx = made.entry(entry).or_insert_with(|| {
            let entry = &script.entries[entry];
            if script.is_fixed { entry.tx.clone() } else { entry.resolve(reference, hashes) }
        });
        if is_open {
            reference.execute(tx);
        }
        tx.clone()
    }
}

fn top_hash(reference: &Reference) -> Hash {
    let ledger = reference.ledger();
    ledger.metadata.get(&ledger.top).map_or(Hash::ZERO, |metadata| metadata.block)
}
