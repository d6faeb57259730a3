//! One incarnation: a transaction on what the lower ones have written so far, and below that on the storage. It changes
//! nothing; what it would write is its result.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{MvMemory, Read, ReadSet};
use crate::execution::BlockStart;
use crate::execution::account::{Account, Tracked};
use crate::ledger::rules::{Payment, Staging, execute};
use crate::ledger::{AccountKey, Amount, AssetId, BlockAbort, Hash, Receipt, SealedTransaction, TransactionError};
use crate::storage::{Storage, StorageError};
use seriatim_runtime::Runtime;

/// What versions are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Location {
    Account(AccountKey),
    Burned(AssetId),
    /// Whether the transaction of this hash was executed: the copy that is executed writes it.
    Executed(Hash),
}

/// What stands there; its variant matches the location's.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Account(Arc<Account>),
    Burned(Tracked<Amount>),
    Executed,
}

pub(super) type Memory<R> = MvMemory<R, Location, Value>;

/// What lies below all versions: the storage, and the accounts to which the reward was credited.
pub(super) struct Base<S> {
    storage: Arc<S>,
    pub start: Arc<BlockStart>,
    pub rewarded: BTreeMap<AccountKey, Account>,
}

impl<S: Storage> Base<S> {
    /// Credits the reward.
    ///
    /// # Errors
    /// `Storage`, or `Aborted` with `RewardOverflow`.
    pub async fn open(storage: Arc<S>, start: Arc<BlockStart>) -> Result<Self, crate::execution::BlockError> {
        let mut rewarded: BTreeMap<AccountKey, Account> = BTreeMap::new();
        let shares = [(start.context.dev_account, start.reward.dev), (start.context.miner, start.reward.miner)];
        for (key, share) in shares {
            // One account may be both.
            let mut account = match rewarded.remove(&key) {
                Some(account) => account,
                None => Account::load(&*storage, key, &start.nonces).await?,
            };
            if !account.has_balance(&AssetId::TOS) {
                account.add_balance(AssetId::TOS, storage.balance(key, AssetId::TOS).await?);
            }
            account.credit(share, BlockAbort::RewardOverflow)?;
            rewarded.insert(key, account);
        }
        Ok(Self { storage, start, rewarded })
    }

    async fn account(&self, key: AccountKey) -> Result<Account, StorageError> {
        match self.rewarded.get(&key) {
            Some(account) => Ok(account.clone()),
            None => Account::load(&*self.storage, key, &self.start.nonces).await,
        }
    }
}

/// Why an incarnation came to no receipt.
pub(super) enum Stop {
    /// It met an estimate of this transaction.
    Estimate {
        blocking_txn_idx: usize,
    },
    Storage(StorageError),
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// The block as one incarnation sees it. Each location is read once, so whatever is made of it is of one version.
pub(super) struct View<'a, S, R: Runtime> {
    pub base: &'a Base<S>,
    pub memory: &'a Memory<R>,
    pub txn_idx: usize,
    pub reads: ReadSet<Location>,
}

const OF_ITS_KIND: &str = "a location holds values of its kind";
const LOADED: &str = "the footprint was loaded";

/// What a transaction does to the ledger.
type Writes = Vec<(Location, Value)>;

impl<S: Storage, R: Runtime> View<'_, S, R> {
    /// Executes the transaction. `reads` then holds what it rests on, also if it was stopped.
    pub async fn run(&mut self, sealed: SealedTransaction<'_>) -> Result<(Receipt, Writes), Stop> {
        let SealedTransaction { hash, footprint, .. } = sealed;
        let is_copy = self.read(Location::Executed(hash))?.is_some();
        if is_copy || self.base.storage.executed_by(hash).await?.is_some() {
            return Ok((Receipt::Skipped { hash }, Vec::new()));
        }
        let mut accounts = BTreeMap::new();
        for (key, assets) in &footprint.accounts {
            accounts.insert(*key, self.account(*key, assets).await?);
        }
        let burned = match footprint.burned {
            Some(asset) => Some((asset, self.burned(asset).await?)),
            None => None,
        };
        Ok(match self.execute(sealed, accounts, burned) {
            Ok((Payment { fee, energy }, mut writes)) => {
                writes.push((Location::Executed(hash), Value::Executed));
                (Receipt::Executed { hash, fee, energy }, writes)
            }
            Err(error) => (Receipt::Orphaned { hash, error }, Vec::new()),
        })
    }

    /// None: as the block found it.
    fn read(&mut self, location: Location) -> Result<Option<Value>, Stop> {
        match self.memory.read(&location, self.txn_idx) {
            Read::Written(version, value) => {
                self.reads.push((location, Some(version)));
                Ok(Some(value))
            }
            Read::NotFound => {
                self.reads.push((location, None));
                Ok(None)
            }
            Read::Estimate { blocking_txn_idx } => Err(Stop::Estimate { blocking_txn_idx }),
        }
    }

    /// The account with these balances. Whoever wrote it last may not have needed all of them; nobody in the block has
    /// touched those, so they are as stored.
    async fn account(&mut self, key: AccountKey, assets: &BTreeSet<AssetId>) -> Result<Account, Stop> {
        let mut account = match self.read(Location::Account(key))? {
            Some(Value::Account(account)) => Arc::unwrap_or_clone(account),
            Some(Value::Burned(_) | Value::Executed) => unreachable!("{OF_ITS_KIND}"),
            None => self.base.account(key).await?,
        };
        for asset in assets {
            if !account.has_balance(asset) {
                account.add_balance(*asset, self.base.storage.balance(key, *asset).await?);
            }
        }
        Ok(account)
    }

    async fn burned(&mut self, asset: AssetId) -> Result<Tracked<Amount>, Stop> {
        match self.read(Location::Burned(asset))? {
            Some(Value::Burned(burned)) => Ok(burned),
            Some(Value::Account(_) | Value::Executed) => unreachable!("{OF_ITS_KIND}"),
            None => Ok(Tracked::new(self.base.storage.burned(asset).await?, 0)),
        }
    }

    fn execute(
        &self,
        sealed: SealedTransaction<'_>,
        mut accounts: BTreeMap<AccountKey, Account>,
        burned: Option<(AssetId, Tracked<Amount>)>,
    ) -> Result<(Payment, Writes), TransactionError> {
        let SealedTransaction { tx_index, transaction, canonical, footprint, .. } = sealed;
        let (source, nonce) = (transaction.body.source, transaction.body.nonce);
        let stage =
            |(key, assets): (&AccountKey, &BTreeSet<AssetId>)| (*key, accounts[key].stage(assets, *key == source));
        let mut staging = Staging {
            nonce: accounts[&source].nonces().offer(nonce),
            burned: burned.as_ref().map_or(0, |(_, burned)| *burned.get()),
            burn: 0,
            accounts: footprint.accounts.iter().map(stage).collect(),
        };
        let BlockStart { context, signatures, .. } = &*self.base.start;
        let payment = execute(transaction, canonical, context, &|| signatures.is_signed(tx_index), &mut staging)?;

        for (key, staged) in staging.accounts {
            accounts.get_mut(&key).expect(LOADED).commit(staged);
        }
        accounts.get_mut(&source).expect(LOADED).use_nonce(nonce);
        let accounts =
            accounts.into_iter().map(|(key, account)| (Location::Account(key), Value::Account(account.into())));
        let mut writes: Writes = accounts.collect();
        if let Some((asset, mut burned)) = burned {
            burned.set(burned.get().checked_add(staging.burn).expect("check 11 compared it"));
            writes.push((Location::Burned(asset), Value::Burned(burned)));
        }
        Ok((payment, writes))
    }
}
