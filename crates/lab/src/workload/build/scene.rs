//! The state in which one record is resolved, and the questions that the classes ask of it: who can pay, who is
//! poor, what is unlocked.

use std::collections::{BTreeMap, VecDeque};

use crate::workload::plan::Record;
use seriatim_tos::execution::reference::Reference;
use seriatim_tos::ledger::{
    AccountKey, Amount, AssetId, Energy, Height, Payload, Receipt, Topoheight, Transaction, TransactionError, Transfer,
};

use super::draft::Draft;
use super::stage::Stage;

/// Enough TOS for a transaction of the usual kinds.
const USUAL_FEE: Amount = 150_000;
/// Longer transactions are not repeated: a copy of the longest costs more than everything else of a plan.
const MAX_REMEMBERED_TRANSFERS: usize = 16;

/// Everything that a record's choices are relative to.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub stage: &'a mut Stage,
    pub reference: &'a Reference,
    pub memory: &'a Memory,
    pub record: &'a Record,
    /// The height of the open block.
    pub height: Height,
    /// The miner of the open block.
    pub miner: AccountKey,
}

/// What happened before, as far as the classes refer to it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Signed transactions, however they ended.
    pub signed: Vec<Transaction>,
    /// Source and destination of the newest executed transfer.
    pub payment: Option<(AccountKey, AccountKey)>,
    /// The same of the newest failed transfer.
    pub failure: Option<(AccountKey, AccountKey)>,
    /// Who made the newest executed burn, and of which asset.
    pub burn: Option<(AccountKey, AssetId)>,
    /// Who paid the newest fee of more than half of 64 bits, and how much.
    pub large_fee: Option<(AccountKey, Amount)>,
    /// Who was emptied last.
    pub drained: Option<AccountKey>,
    /// The newest orphans for lack of funds, oldest first.
    pub unpaid: VecDeque<Unpaid>,
    /// Nonces below the next one that the current run did not use.
    pub skipped_nonces: BTreeMap<AccountKey, Vec<u64>>,
}

/// A transaction whose source had not enough, and so much of what it needed.
#[derive(Debug)]
pub(super) struct Unpaid {
    pub transaction: Transaction,
    pub asset: AssetId,
    pub required: Amount,
}

/// More orphans are not remembered: each is looked at by every record that asks for one.
const MAX_UNPAID: usize = 8;

impl Memory {
    /// Notes what became of a transaction; `next` was its source's next nonce before it.
    pub(super) fn note(&mut self, tx: &Transaction, receipt: &Receipt, next: u64) {
        let source = tx.body.source;
        let executed = matches!(receipt, Receipt::Executed { .. });
        if let Payload::Transfers(transfers) = &tx.body.data
            && let Some(Transfer { destination, .. }) = transfers.first()
        {
            let parties = Some((source, *destination));
            if executed {
                self.payment = parties;
            } else {
                self.failure = parties;
            }
        }
        if let Payload::Burn { asset, .. } = &tx.body.data
            && executed
        {
            self.burn = Some((source, *asset));
        }
        if executed && tx.body.fee > Amount::MAX / 2 {
            self.large_fee = Some((source, tx.body.fee));
        }
        if executed {
            let nonce = tx.body.nonce;
            let skipped = self.skipped_nonces.entry(source).or_default();
            skipped.retain(|other| *other != nonce);
            skipped.extend((next..nonce).take(4));
        }
        let long = matches!(&tx.body.data, Payload::Transfers(legs) if legs.len() > MAX_REMEMBERED_TRANSFERS)
            || matches!(&tx.body.data, Payload::MultiSig { participants, .. } if participants.len() > 16);
        if long {
            return;
        }
        self.signed.push(tx.clone());
        if let Receipt::Orphaned { error: TransactionError::InsufficientFunds { asset, required, .. }, .. } = receipt {
            if self.unpaid.len() == MAX_UNPAID {
                self.unpaid.pop_front();
            }
            self.unpaid.push_back(Unpaid { transaction: tx.clone(), asset: *asset, required: *required });
        }
    }
}

/// Who acts.
impl Scene<'_> {
    /// The account of the pool that the record's sender picks; one that can pay, unless the record insists.
    pub(super) fn sender(&self) -> AccountKey {
        self.sender_from(usize::from(self.record.sender), USUAL_FEE)
    }

    /// The account of the pool at `start`, or the next that has `least` TOS and may act.
    pub(super) fn sender_from(&self, start: usize, least: Amount) -> AccountKey {
        let pool = &self.stage.pool;
        let insists = self.record.sender >= 252;
        let candidates = || (0..pool.len()).map(|step| pool[(start + step) % pool.len()]);
        let able = candidates().find(|account| insists || self.can_pay(account, least));
        let any = || candidates().find(|account| self.can_pay(account, 20_000));
        able.or_else(any).unwrap_or(pool[start % pool.len()])
    }

    /// Whether it has `least` TOS, a nonce left, and cosigners that we know.
    pub(super) fn can_pay(&self, account: &AccountKey, least: Amount) -> bool {
        self.tos(account) >= least
            && self.reference.is_registered(account)
            && self.reference.next_nonce(account) < u64::MAX
            && self.reference.multisig(account).is_none_or(|config| {
                let able = config.participants.iter().filter(|it| self.stage.cast.can_sign(it)).count();
                able >= usize::from(config.threshold)
            })
    }

    /// The account of the pool that the record's receiver picks; never `source`.
    pub(super) fn receiver(&self, source: &AccountKey) -> AccountKey {
        self.receiver_from(usize::from(self.record.receiver), source)
    }

    pub(super) fn receiver_from(&self, start: usize, source: &AccountKey) -> AccountKey {
        let pool = &self.stage.pool;
        let account = pool[start % pool.len()];
        if account == *source { pool[(start + 1) % pool.len()] } else { account }
    }

    /// An account that does not exist, or one that did not until a record like this one paid it.
    pub(super) fn unseen(&mut self) -> AccountKey {
        self.stage.never_seen(u32::from(self.record.receiver))
    }
}

/// What there is.
impl Scene<'_> {
    pub(super) fn tos(&self, account: &AccountKey) -> Amount {
        self.reference.balance(account, &AssetId::TOS)
    }

    /// The record's asset, shifted; TOS where `source` has nothing of it.
    pub(super) fn asset(&self, source: &AccountKey, shift: usize) -> AssetId {
        let assets = &self.stage.assets;
        let asset = assets[(usize::from(self.record.asset) + shift) % assets.len()];
        if self.reference.balance(source, &asset) == 0 { AssetId::TOS } else { asset }
    }

    pub(super) fn energy(&self, account: &AccountKey) -> Energy {
        self.reference.energy(account).cloned().unwrap_or_default()
    }

    /// Sum of the records that a block of this height may unfreeze.
    pub(super) fn unlocked(&self, energy: &Energy) -> Amount {
        energy.records.iter().filter(|it| it.unlock_height <= self.height).map(|it| it.amount).sum()
    }

    /// The topoheight of the block in the making.
    pub(super) fn topoheight(&self) -> Topoheight {
        self.reference.topoheight()
    }
}

/// What is drafted most.
impl Scene<'_> {
    /// A transfer to `destination`, with further outputs as the record says.
    pub(super) fn transfer(&self, source: AccountKey, destination: AccountKey) -> Draft {
        let legs = match self.record.legs {
            0..=175 => 1,
            176..=223 => 2,
            224..=243 => 3,
            244..=255 => usize::from(self.record.legs) - 240,
        };
        // Step 0 pays the same destination several times.
        let step = usize::from(self.record.legs % 3);
        let transfers = (0..legs).map(|leg| {
            let further = self.receiver_from(usize::from(self.record.receiver) + leg * step, &source);
            let destination = if leg == 0 || step == 0 { destination } else { further };
            Transfer { extra_data: self.extra_data(leg), ..output(self.asset(&source, leg), destination) }
        });
        self.draft(source, Payload::Transfers(transfers.collect()))
    }

    /// A draft as the record chooses, with a reference that suits.
    pub(super) fn draft(&self, source: AccountKey, data: Payload) -> Draft {
        Draft { reference: self.seen_topoheight(), ..Draft::new(self.record, source, data) }
    }

    /// A draft that fails for no reason of the record's.
    pub(super) fn right_draft(&self, source: AccountKey, data: Payload) -> Draft {
        Draft { reference: self.seen_topoheight(), ..Draft::right(source, data) }
    }

    /// The same with one output, of which the record chooses the asset alone.
    pub(super) fn right_transfer(&self, source: AccountKey, destination: AccountKey) -> Draft {
        let transfer = output(self.asset(&source, 0), destination);
        self.right_draft(source, Payload::Transfers(vec![transfer]))
    }

    fn seen_topoheight(&self) -> Topoheight {
        let current = self.topoheight();
        match self.record.literal >> 24 {
            0..=159 => 0,
            160..=219 => current - 1,
            220..=249 => current.saturating_sub(4),
            _ => current,
        }
    }

    fn extra_data(&self, leg: usize) -> Option<Vec<u8>> {
        let bytes = match (self.record.asset >> 4, leg) {
            (13, _) => Vec::new(),
            (14, 0) => vec![self.record.literal as u8; 9],
            (15, _) => vec![leg as u8; 100],
            _ => return None,
        };
        Some(bytes)
    }
}

/// An output whose amount is still a choice.
pub(super) fn output(asset: AssetId, destination: AccountKey) -> Transfer {
    Transfer { asset, destination, amount: 0, extra_data: None }
}
