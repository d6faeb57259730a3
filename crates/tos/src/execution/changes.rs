//! What a whole block changes, and the one atomic batch that makes it so (section 7, steps 3 and 4). Both paths end
//! here: the sequential one with its plain map, the parallel one through `merge_parallel_results`.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::rules::{BlockContext, Reward};
use crate::ledger::{AccountKey, Amount, AssetId, BlockAbort, BlockMetadata, Receipt};
use crate::storage::{StateKey, StateValue, WriteBatch, WriteOp};

use super::account::{Account, Puts, Tracked};
use super::{AccountNonces, BlockStart};

/// A block that ran to its end, not yet in the ledger.
#[derive(Debug)]
pub struct BlockChanges {
    /// Every account that was loaded; the miner with its TOS balance is among them.
    pub accounts: BTreeMap<AccountKey, Account>,
    /// Burned amounts of the assets that the block's transactions may burn.
    pub burned: BTreeMap<AssetId, Tracked<Amount>>,
    /// One a transaction, in block order.
    pub receipts: Vec<Receipt>,
    /// Sum of the executed transactions' fees.
    pub fees: Amount,
}

/// A block ready to be committed.
#[derive(Debug)]
pub struct PreparedBlock {
    pub batch: WriteBatch,
    pub receipts: Vec<Receipt>,
    /// What the run's checker is told once the batch is committed.
    pub nonces: Vec<(AccountKey, AccountNonces)>,
}

impl BlockChanges {
    /// Credits the fees and puts all writes into canonical order.
    ///
    /// # Errors
    /// `FeesOverflow`, when the miner's balance cannot take the fees.
    pub fn prepare(self, start: &BlockStart) -> Result<PreparedBlock, BlockAbort> {
        let Self { mut accounts, burned, receipts, fees } = self;
        let BlockStart { context, reward, previous, .. } = start;
        if fees > 0 {
            let miner = accounts.get_mut(&context.miner).expect("the reward loaded the miner");
            miner.credit(fees, BlockAbort::FeesOverflow)?;
        }
        let burned_supply = burned.get(&AssetId::TOS).map_or(previous.burned_supply, |amount| *amount.get());
        let metadata = metadata(context, *reward, fees, previous, burned_supply);

        let mut nonces = Vec::with_capacity(accounts.len());
        let mut ops = Vec::new();
        let mut puts = Puts::default();
        for (key, account) in accounts {
            if account.is_new() {
                ops.push(WriteOp::Register { account: key, topoheight: context.topoheight });
            }
            nonces.push((key, account.into_writes(key, context.topoheight, &mut puts)));
        }
        puts.append_to(&mut ops);
        ops.extend(burned.into_iter().filter_map(|(asset, amount)| {
            let version = amount.version(StateValue::Amount)?;
            Some(WriteOp::Put { key: StateKey::Burned(asset), topoheight: context.topoheight, version })
        }));
        ops.extend(marks(context, &receipts));
        ops.push(WriteOp::Metadata { topoheight: context.topoheight, metadata });
        ops.push(WriteOp::Top(context.topoheight));
        Ok(PreparedBlock { batch: WriteBatch { ops }, receipts, nonces })
    }
}

fn metadata(
    context: &BlockContext,
    reward: Reward,
    fees: Amount,
    previous: &BlockMetadata,
    burned_supply: Amount,
) -> BlockMetadata {
    let reward = reward.total();
    // The reward is a part of what the maximum supply leaves over.
    let emitted_supply = previous.emitted_supply + reward;
    BlockMetadata { block: context.block, reward, fees, emitted_supply, burned_supply }
}

/// Links, executed marks and orphans, in block order.
fn marks(context: &BlockContext, receipts: &[Receipt]) -> Vec<WriteOp> {
    let (topoheight, block) = (context.topoheight, context.block);
    let mut linked = BTreeSet::new();
    let mut ops = Vec::with_capacity(3 * receipts.len());
    for receipt in receipts {
        let transaction = receipt.hash();
        if linked.insert(transaction) {
            ops.push(WriteOp::Link { transaction, topoheight, block });
        }
        match receipt {
            Receipt::Executed { .. } => {
                ops.push(WriteOp::MarkExecuted { transaction, topoheight, block });
                ops.push(WriteOp::RemoveOrphan(transaction));
            }
            Receipt::Orphaned { .. } => ops.push(WriteOp::AddOrphan(transaction)),
            Receipt::Skipped { .. } => {}
        }
    }
    ops
}
