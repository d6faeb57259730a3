//! The state that the tasks of a block share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::execution::account::{Account, Tracked};
use crate::execution::{BlockError, BlockStart};
use crate::ledger::rules::{Footprint, Payment, Staging, execute};
use crate::ledger::{
    AccountKey, Amount, AssetId, BlockAbort, Hash, Payload, Receipt, SealedBlock, SealedTransaction, Transaction,
    TransactionError,
};
use crate::storage::{Newest, Storage, StorageError};
use seriatim_runtime::{AtomicU64, ConcurrentMap, Ordering, Runtime};

use super::Accumulator;

/// Accounts loaded on demand, and the block's sums. It owns its handle to the storage and borrows nothing of the
/// chain. No guard of a map is ever held across an await, nor while the same map is entered again.
pub struct ParallelChainState<S, R: Runtime> {
    storage: Arc<S>,
    pub(super) start: Arc<BlockStart>,
    pub(super) accounts: R::Map<AccountKey, Account>,
    pub(super) burned: BTreeMap<AssetId, BurnedAmount<R>>,
    pub(super) fees: Accumulator<R>,
    /// 1 once the fees' sum did not fit.
    pub(super) fees_overflowed: R::AtomicU64,
    /// Executed in this block.
    executed: R::Map<Hash, ()>,
}

/// One asset's burned amount, as stored and as the block adds to it.
pub(super) struct BurnedAmount<R: Runtime> {
    pub(super) stored: Option<Newest<Amount>>,
    pub(super) sum: Accumulator<R>,
}

const LOADED: &str = "the footprint was loaded";

impl<S: Storage, R: Runtime> ParallelChainState<S, R> {
    /// Opens a block: reads the burned amounts it may add to, and credits the reward.
    ///
    /// # Errors
    /// `Storage`, or `Aborted` with `RewardOverflow`.
    pub async fn open(
        storage: Arc<S>,
        runtime: &R,
        start: Arc<BlockStart>,
        block: &SealedBlock,
    ) -> Result<Self, BlockError> {
        let mut burned = BTreeMap::new();
        for asset in burnable_assets(&block.transactions) {
            let stored = storage.burned(asset).await?;
            let sum = Accumulator::new(runtime, "burned", stored.as_ref().map_or(0, |newest| newest.value));
            burned.insert(asset, BurnedAmount { stored, sum });
        }
        let state = Self {
            storage,
            accounts: runtime.map("accounts"),
            burned,
            fees: Accumulator::new(runtime, "fees", 0),
            fees_overflowed: runtime.atomic_u64("fees overflowed", 0),
            executed: runtime.map("executed"),
            start,
        };
        state.credit_reward().await?;
        Ok(state)
    }

    /// The burned amounts as of now.
    pub fn burned(&self) -> BTreeMap<AssetId, Amount> {
        self.burned.iter().map(|(asset, burned)| (*asset, burned.sum.get())).collect()
    }

    async fn credit_reward(&self) -> Result<(), BlockError> {
        let BlockStart { context, reward, .. } = &*self.start;
        for (account, share) in [(context.dev_account, reward.dev), (context.miner, reward.miner)] {
            self.load_account(account, &BTreeSet::from([AssetId::TOS])).await?;
            self.accounts.get_mut(&account).expect(LOADED).credit(share, BlockAbort::RewardOverflow)?;
        }
        Ok(())
    }

    /// Runs one transaction: loads what it needs, executes it on copies, commits them if it succeeded. The caller sees
    /// to it that no conflicting transaction runs at the same time.
    ///
    /// # Errors
    /// Whatever the storage reports; nothing was committed then.
    pub async fn run(&self, sealed: SealedTransaction<'_>) -> Result<Receipt, StorageError> {
        let SealedTransaction { hash, footprint, .. } = sealed;
        if self.executed.contains_key(&hash) || self.storage.executed_by(hash).await?.is_some() {
            return Ok(Receipt::Skipped { hash });
        }
        for (account, assets) in &footprint.accounts {
            self.load_account(*account, assets).await?;
        }
        match self.execute(sealed) {
            Ok(Payment { fee, energy }) => {
                self.executed.insert(hash, ());
                Ok(Receipt::Executed { hash, fee, energy })
            }
            Err(error) => Ok(Receipt::Orphaned { hash, error }),
        }
    }

    /// The storage may suspend between the look and the insertion. Transactions that run at once share no account, so nobody else loads
    /// this one meanwhile; but nothing here relies on that: what another has put there, and perhaps committed to, stays.
    async fn load_account(&self, key: AccountKey, assets: &BTreeSet<AssetId>) -> Result<(), StorageError> {
        // In a statement of its own, so that the guard is gone before the storage is asked.
        let missing = self.accounts.get(&key).map(|account| account.without_balance(assets));
        let missing = if let Some(missing) = missing {
            missing
        } else {
            let account = Account::load(&*self.storage, key, &self.start.nonces).await?;
            let account = self.accounts.entry_or_insert(key, account);
            account.without_balance(assets)
        };
        for asset in missing {
            let stored = self.storage.balance(key, asset).await?;
            self.accounts.get_mut(&key).expect(LOADED).add_balance(asset, stored);
        }
        Ok(())
    }

    fn execute(&self, sealed: SealedTransaction<'_>) -> Result<Payment, TransactionError> {
        let SealedTransaction { tx_index, transaction, canonical, footprint, .. } = sealed;
        let BlockStart { context, signatures, .. } = &*self.start;
        let mut staging = self.stage(transaction, footprint);
        let is_signed = || signatures.is_signed(tx_index);
        let payment = execute(transaction, canonical, context, &is_signed, &mut staging)?;
        self.commit(transaction, footprint, staging, payment);
        Ok(payment)
    }

    fn stage(&self, transaction: &Transaction, footprint: &Footprint) -> Staging {
        let source = transaction.body.source;
        let mut nonce = None;
        let stage = |(key, assets): (&AccountKey, &BTreeSet<AssetId>)| {
            let account = self.accounts.get(key).expect(LOADED);
            if *key == source {
                nonce = Some(account.nonces().offer(transaction.body.nonce));
            }
            (*key, account.stage(assets, *key == source))
        };
        let accounts = footprint.accounts.iter().map(stage).collect();
        Staging {
            nonce: nonce.expect("the source is in the footprint"),
            burned: footprint.burned.map_or(0, |asset| self.burned[&asset].sum.get()),
            burn: 0,
            accounts,
        }
    }

    fn commit(&self, transaction: &Transaction, footprint: &Footprint, staging: Staging, payment: Payment) {
        let Staging { nonce: _, burned: _, burn, accounts } = staging;
        let source = transaction.body.source;
        for (key, staged) in accounts {
            let mut account = self.accounts.get_mut(&key).expect(LOADED);
            account.commit(staged);
            if key == source {
                account.use_nonce(transaction.body.nonce);
            }
        }
        if let Some(asset) = footprint.burned {
            self.burned[&asset].sum.add(burn).expect("burns that could overflow conflict with each other");
        }
        if self.fees.add(payment.fee).is_err() {
            // Read after every task was joined.
            self.fees_overflowed.store(1, Ordering::Release);
        }
    }
}

/// The parts that the merge needs, once no task shares the state any more.
pub(super) struct StateParts {
    pub(super) accounts: BTreeMap<AccountKey, Account>,
    pub(super) burned: BTreeMap<AssetId, Tracked<Amount>>,
    /// None: their sum does not fit.
    pub(super) fees: Option<Amount>,
}

impl<S, R: Runtime> ParallelChainState<S, R> {
    pub(super) fn into_parts(self) -> StateParts {
        let burned = self.burned.into_iter().map(|(asset, BurnedAmount { stored, sum })| {
            let mut burned = Tracked::new(stored, 0);
            // An executed burn is never 0, so an unchanged sum means that none was executed.
            if sum.get() != *burned.get() {
                burned.set(sum.get());
            }
            (asset, burned)
        });
        StateParts {
            burned: burned.collect(),
            // The map's order means nothing; from here on accounts stand in order of key.
            accounts: in_order(self.accounts.into_entries()),
            // Pairs with the release of the task that met the overflow.
            fees: (self.fees_overflowed.load(Ordering::Acquire) == 0).then(|| self.fees.get()),
        }
    }
}

/// Sorted by their keys alone: accounts are large, and moved once.
fn in_order(mut accounts: Vec<(AccountKey, Account)>) -> BTreeMap<AccountKey, Account> {
    accounts.sort_by_cached_key(|(key, _)| *key);
    accounts.into_iter().collect()
}

fn burnable_assets(transactions: &[Transaction]) -> BTreeSet<AssetId> {
    let assets = transactions.iter().filter_map(|transaction| match &transaction.body.data {
        Payload::Burn { asset, .. } => Some(*asset),
        _ => None,
    });
    assets.collect()
}
