//! The sequential path: what a node runs today. One transaction after another over a plain map of accounts; staging
//! makes the rollback.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::ledger::rules::{Footprint, Payment, Staging, execute};
use crate::ledger::{
    AccountKey, Amount, AssetId, BlockAbort, Hash, Receipt, SealedBlock, SealedTransaction, TransactionError,
};
use crate::storage::{Storage, StorageError};
use seriatim_runtime::{JoinSet, Runtime, both};

use super::account::{Account, Tracked};
use super::{BlockChanges, BlockError, BlockStart};

/// Executes a block in order. The result is not yet in the ledger.
///
/// # Errors
/// `Aborted` or `Storage`.
pub async fn execute_sequentially<S: Storage>(
    storage: &S,
    start: &BlockStart,
    block: &SealedBlock,
) -> Result<BlockChanges, BlockError> {
    let mut state = SequentialState::open(storage, start).await?;
    let mut receipts = Vec::with_capacity(block.transactions.len());
    let mut fees: Amount = 0;
    for transaction in block.sealed_transactions() {
        let receipt = state.run(transaction).await?;
        if let Receipt::Executed { fee, .. } = receipt {
            fees = fees.checked_add(fee).ok_or(BlockAbort::FeesOverflow)?;
        }
        receipts.push(receipt);
    }
    Ok(BlockChanges { accounts: state.accounts, burned: state.burned, receipts, fees })
}

/// The same with up to `workers` on it: this task executes, and the others verify signatures ahead of it. A helper that
/// ends early costs time and nothing else, because whatever it left out is verified where it is asked for.
///
/// # Errors
/// As [`execute_sequentially`].
pub async fn execute_sequentially_ahead<S: Storage, R: Runtime>(
    runtime: &R,
    workers: NonZeroUsize,
    storage: &S,
    start: BlockStart,
    block: &Arc<SealedBlock>,
) -> Result<BlockChanges, BlockError> {
    let workers = workers.get().min(block.transactions.len());
    let start = start.ahead(runtime, block, workers);
    let mut helpers = runtime.join_set::<()>("helpers");
    for _ in 1..workers {
        let signatures = Arc::clone(&start.signatures);
        helpers.spawn(async move { while signatures.verify_some() {} });
    }
    if workers > 1 {
        runtime.hand_over();
    }
    let joined = async { while helpers.join_next().await.is_some() {} };
    both(execute_sequentially(storage, &start, block), joined).await.0
}

/// The block's view of the ledger, grown as transactions need it.
struct SequentialState<'a, S> {
    storage: &'a S,
    start: &'a BlockStart,
    accounts: BTreeMap<AccountKey, Account>,
    burned: BTreeMap<AssetId, Tracked<Amount>>,
    /// Executed in this block.
    executed: BTreeSet<Hash>,
}

const LOADED: &str = "the footprint was loaded";

impl<'a, S: Storage> SequentialState<'a, S> {
    async fn open(storage: &'a S, start: &'a BlockStart) -> Result<Self, BlockError> {
        let mut state =
            Self { storage, start, accounts: BTreeMap::new(), burned: BTreeMap::new(), executed: BTreeSet::new() };
        let shares = [(start.context.dev_account, start.reward.dev), (start.context.miner, start.reward.miner)];
        for (account, share) in shares {
            state.load_account(account, &BTreeSet::from([AssetId::TOS])).await?;
            state.accounts.get_mut(&account).expect(LOADED).credit(share, BlockAbort::RewardOverflow)?;
        }
        Ok(state)
    }

    async fn run(&mut self, sealed: SealedTransaction<'_>) -> Result<Receipt, StorageError> {
        let SealedTransaction { hash, footprint, .. } = sealed;
        if self.executed.contains(&hash) || self.storage.executed_by(hash).await?.is_some() {
            return Ok(Receipt::Skipped { hash });
        }
        self.load(footprint).await?;
        match self.execute(sealed) {
            Ok(Payment { fee, energy }) => {
                self.executed.insert(hash);
                Ok(Receipt::Executed { hash, fee, energy })
            }
            Err(error) => Ok(Receipt::Orphaned { hash, error }),
        }
    }

    async fn load(&mut self, footprint: &Footprint) -> Result<(), StorageError> {
        for (account, assets) in &footprint.accounts {
            self.load_account(*account, assets).await?;
        }
        if let Some(asset) = footprint.burned
            && !self.burned.contains_key(&asset)
        {
            self.burned.insert(asset, Tracked::new(self.storage.burned(asset).await?, 0));
        }
        Ok(())
    }

    async fn load_account(&mut self, key: AccountKey, assets: &BTreeSet<AssetId>) -> Result<(), StorageError> {
        if !self.accounts.contains_key(&key) {
            self.accounts.insert(key, Account::load(self.storage, key, &self.start.nonces).await?);
        }
        let account = self.accounts.get_mut(&key).expect(LOADED);
        for asset in assets {
            if !account.has_balance(asset) {
                account.add_balance(*asset, self.storage.balance(key, *asset).await?);
            }
        }
        Ok(())
    }

    /// Runs on copies and commits them only on success.
    fn execute(&mut self, sealed: SealedTransaction<'_>) -> Result<Payment, TransactionError> {
        let SealedTransaction { tx_index, transaction, canonical, footprint, .. } = sealed;
        let source = transaction.body.source;
        let mut staging = Staging {
            nonce: self.accounts.get(&source).expect(LOADED).nonces().offer(transaction.body.nonce),
            burned: footprint.burned.map_or(0, |asset| *self.burned.get(&asset).expect(LOADED).get()),
            burn: 0,
            accounts: BTreeMap::new(),
        };
        for (key, assets) in &footprint.accounts {
            let account = self.accounts.get(key).expect(LOADED);
            staging.accounts.insert(*key, account.stage(assets, *key == source));
        }
        let is_signed = || self.start.signatures.is_signed(tx_index);
        let payment = execute(transaction, canonical, &self.start.context, &is_signed, &mut staging)?;

        for (key, staged) in staging.accounts {
            self.accounts.get_mut(&key).expect(LOADED).commit(staged);
        }
        self.accounts.get_mut(&source).expect(LOADED).use_nonce(transaction.body.nonce);
        if let Some(asset) = footprint.burned {
            let burned = self.burned.get_mut(&asset).expect(LOADED);
            burned.set(burned.get().checked_add(staging.burn).expect("check 11 compared it"));
        }
        Ok(payment)
    }
}
