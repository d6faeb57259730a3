//! What stands in a devnet's block: the transactions of a plan, or those of a real shape.

use std::collections::BTreeMap;

use crate::workload::build::conflicts::Intent;
use crate::workload::build::context::GeneratorContext;
use crate::workload::build::draft::{AmountChoice, Draft, NonceChoice};
use crate::workload::chance::Chance;
use crate::workload::classes::ConflictClass;
use crate::workload::plan::{Plan, Record};
use crate::workload::shapes::{Shape, ShapeKind, real_shapes};
use seriatim_tos::execution::reference::BlockHeader;
use seriatim_tos::ledger::{Amount, AssetId, Payload, Receipt, Transaction, Transfer};

use super::world::{ALLOWANCE, asset_of_shape, faucet, is_poor, shape_account};
use super::{DevnetContent, OpenBlock, Segment};

/// One in so many transactions of a shape is remembered, to be repeated by those of plans.
const REMEMBERED: usize = 64;

impl Segment {
    /// The shape of the next block, if it has that of a real one.
    pub(super) fn shape(&self) -> Option<&'static Shape> {
        let topoheight = self.reference.topoheight();
        let turn = match self.devnet.content {
            DevnetContent::Shapes => topoheight,
            DevnetContent::Both if topoheight % 2 == 1 => topoheight / 2,
            DevnetContent::Plans | DevnetContent::Both => return None,
        };
        let shapes = real_shapes();
        Some(&shapes[(turn % shapes.len() as u64) as usize])
    }

    /// The plan's transactions, those of undone blocks between them.
    pub(super) fn fill_with_plan(
        &mut self,
        open: &mut OpenBlock,
        header: &BlockHeader,
        again: Vec<Transaction>,
        classes: &mut Vec<ConflictClass>,
    ) {
        let plan = Plan::from_seed(self.mixed(3));
        let records: &[Record] =
            if again.is_empty() { &plan.records } else { &plan.records[..plan.records.len().min(8)] };
        self.pay_the_poor(open);
        let stride = again.len() / (records.len() + 1) + 1;
        let mut again = again.into_iter();
        for record in records {
            for tx in again.by_ref().take(stride) {
                self.execute(open, tx);
            }
            let class = ConflictClass::pick(plan.header.class_mask, record.class);
            let tx = self.resolve(record, class, header);
            classes.push(class);
            self.execute_and_note(open, tx);
        }
        for tx in again {
            self.execute(open, tx);
        }
    }

    fn resolve(&mut self, record: &Record, class: ConflictClass, header: &BlockHeader) -> Transaction {
        let Self { world, reference, memory, anchor, .. } = self;
        let BlockHeader { height, miner, .. } = *header;
        let mut context = GeneratorContext { world, reference, memory, record, height, miner };
        match context.intent(class) {
            Intent::Fresh(draft) => draft.sign_after(*anchor, &self.reference, &self.world.keyring),
            Intent::Again(tx) => tx,
        }
    }

    fn execute_and_note(&mut self, open: &mut OpenBlock, tx: Transaction) {
        let next = self.reference.next_nonce(&tx.body.source);
        let receipt = self.execute(open, tx.clone());
        self.memory.note(&tx, &receipt, next);
    }

    /// Whoever has nothing left does nothing any more: the faucet pays, so that most transactions execute for ever.
    fn pay_the_poor(&mut self, open: &mut OpenBlock) {
        let source = faucet(&mut self.world);
        let mut transfers = Vec::new();
        for account in self.world.pool.iter().chain(&self.world.whales) {
            let lacks = |asset: &&AssetId| match self.reference.balance(account, asset) {
                tos if **asset == AssetId::TOS => is_poor(tos),
                balance => balance == 0,
            };
            transfers.extend(self.world.assets.iter().filter(lacks).map(|asset| Transfer {
                asset: *asset,
                destination: *account,
                amount: ALLOWANCE,
                extra_data: None,
            }));
        }
        if transfers.is_empty() {
            return;
        }
        let draft = Draft { amount: AmountChoice::AsDrafted, ..Draft::right(source, Payload::Transfers(transfers)) };
        let tx = draft.sign_after(self.anchor, &self.reference, &self.world.keyring);
        let receipt = self.execute(open, tx);
        debug_assert!(matches!(receipt, Receipt::Executed { .. }), "the faucet could not pay: {receipt:?}");
    }

    /// Who pays whom, in which order and with which nonces, as in a real block. Nearly all execute.
    pub(super) fn fill_with_shape(&mut self, open: &mut OpenBlock, shape: &Shape) {
        let mut chance = Chance::new(self.mixed(4));
        let mut first_nonces = BTreeMap::new();
        for (index, shaped) in shape.transactions.iter().enumerate() {
            let source = shape_account(&mut self.world, shaped.sender);
            let destination = match shaped.receiver {
                Some(number) => shape_account(&mut self.world, number),
                // Beyond the numbers of plans.
                None => self.world.never_seen((self.made as u32) * 4_096 + 1_024 + index as u32),
            };
            let asset = match shaped.kind {
                ShapeKind::Native | ShapeKind::Call | ShapeKind::Create => AssetId::TOS,
                ShapeKind::Token | ShapeKind::TokenFrom => asset_of_shape(&self.world.assets, shaped.asset),
            };
            let first = *first_nonces.entry(source).or_insert_with(|| self.reference.next_nonce(&source));
            let most = (self.reference.balance(&source, &asset) / 1_000).min(chance.between(1, 1_000_000));
            let amount = if chance.one_in(100) { AmountChoice::AllAnd(1) } else { AmountChoice::UpTo(most) };
            let transfer = Transfer { asset, destination, amount: 0 as Amount, extra_data: None };
            let nonce = NonceChoice::Exactly(first + shaped.nonce_offset);
            let draft = Draft { amount, nonce, ..Draft::right(source, Payload::Transfers(vec![transfer])) };
            let tx = draft.sign_after(self.anchor, &self.reference, &self.world.keyring);
            if index % REMEMBERED == 0 {
                self.execute_and_note(open, tx);
            } else {
                self.execute(open, tx);
            }
        }
    }
}
