//! An account as a block sees it: what storage holds beside what the block has made of it. Both paths keep these, the
//! sequential one in a plain map, the parallel one in a concurrent map.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::ledger::rules::{Staged, StagedAccount};
use crate::ledger::{AccountKey, Amount, AssetId, BlockAbort, Energy, MultiSigConfig, Topoheight};
use crate::storage::{Newest, StateKey, StateValue, Storage, StorageError, Version, WriteOp};

use super::{AccountNonces, NonceChecker};

/// A value the block may change, beside the stored one.
#[derive(Clone, Debug)]
pub struct Tracked<T> {
    stored: Option<Newest<T>>,
    value: T,
    touched: bool,
}

impl<T: Clone + PartialEq> Tracked<T> {
    /// The stored value; `absent` is what a key without version counts as.
    pub fn new(stored: Option<Newest<T>>, absent: T) -> Self {
        let value = stored.as_ref().map_or(absent, |newest| newest.value.clone());
        Self { stored, value, touched: false }
    }

    /// The value as it is now.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// Touches it.
    pub fn set(&mut self, value: T) {
        self.value = value;
        self.touched = true;
    }

    /// The version to write, if section 2 wants one: touched, and changed or never written before.
    pub fn version(self, value: impl FnOnce(T) -> StateValue) -> Option<Version> {
        let changed = self.stored.as_ref().is_none_or(|stored| stored.value != self.value);
        let previous = self.stored.map(|stored| stored.topoheight);
        (self.touched && changed).then(|| Version { previous, value: value(self.value) })
    }
}

/// One account. Balances are loaded one by one, as transactions need them.
#[derive(Clone)]
pub struct Account {
    stored_registration: bool,
    exists: bool,
    nonce: Tracked<u64>,
    nonces: AccountNonces,
    multisig: Tracked<Option<MultiSigConfig>>,
    energy: Tracked<Energy>,
    balances: BTreeMap<AssetId, Tracked<Amount>>,
}

/// One line for recorded executions: what the account is now, not how it came to be.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stored_registration: _, exists, nonce, nonces: _, multisig, energy, balances } = self;
        match exists {
            true => write!(f, "nonce {}", nonce.get())?,
            false => write!(f, "unregistered")?,
        }
        for (asset, balance) in balances {
            match *asset {
                AssetId::TOS => write!(f, ", TOS {}", balance.get())?,
                asset => write!(f, ", {asset:?} {}", balance.get())?,
            }
        }
        let Energy { total, used, frozen, records } = energy.get();
        if !records.is_empty() {
            write!(f, ", frozen {frozen}, energy {used} of {total} used")?;
        }
        match multisig.get() {
            Some(multisig) => write!(f, ", {} of {} sign", multisig.threshold, multisig.participants.len()),
            None => Ok(()),
        }
    }
}

const LOADED: &str = "a balance is loaded before it is used";

impl Account {
    /// Reads the account's row.
    pub async fn load<S: Storage>(
        storage: &S,
        account: AccountKey,
        checker: &NonceChecker,
    ) -> Result<Self, StorageError> {
        let row = storage.account(account).await?;
        let exists = row.is_some();
        let (nonce, multisig, energy) = match row {
            Some(row) => (Some(row.nonce), row.multisig, row.energy),
            None => (None, None, None),
        };
        let nonce = Tracked::new(nonce, 0);
        Ok(Self {
            stored_registration: exists,
            exists,
            nonces: checker.nonces(&account, *nonce.get()),
            nonce,
            multisig: Tracked::new(multisig, None),
            energy: Tracked::new(energy, Energy::default()),
            balances: BTreeMap::new(),
        })
    }

    /// Whether [`Self::add_balance`] was called for `asset`.
    pub fn has_balance(&self, asset: &AssetId) -> bool {
        self.balances.contains_key(asset)
    }

    /// Those of the assets whose balance was not added yet.
    pub fn without_balance(&self, assets: &BTreeSet<AssetId>) -> Vec<AssetId> {
        assets.iter().copied().filter(|asset| !self.has_balance(asset)).collect()
    }

    /// Adds a balance as stored, unless it is there already: another loader may have come first, and a transaction may
    /// have changed it since.
    pub fn add_balance(&mut self, asset: AssetId, stored: Option<Newest<Amount>>) {
        self.balances.entry(asset).or_insert_with(|| Tracked::new(stored, 0));
    }

    /// Copies for one transaction: the named balances, and for its source also multisig and energy.
    pub fn stage(&self, assets: &BTreeSet<AssetId>, is_source: bool) -> StagedAccount {
        let balances = assets.iter().map(|asset| {
            let balance = self.balances.get(asset).expect(LOADED);
            (*asset, Staged::new(*balance.get()))
        });
        let mut staged = StagedAccount { exists: self.exists, balances: balances.collect(), ..Default::default() };
        if is_source {
            staged.multisig = Staged::new(self.multisig.get().clone());
            staged.energy = Staged::new(self.energy.get().clone());
        }
        staged
    }

    /// The run's nonces of this account.
    pub fn nonces(&self) -> &AccountNonces {
        &self.nonces
    }

    /// Takes over what an executed transaction touched.
    pub fn commit(&mut self, staged: StagedAccount) {
        let StagedAccount { exists, multisig, energy, balances } = staged;
        if exists {
            self.register();
        }
        if let Some(config) = multisig.into_touched() {
            self.multisig.set(config);
        }
        if let Some(energy) = energy.into_touched() {
            self.energy.set(energy);
        }
        for (asset, balance) in balances {
            if let Some(amount) = balance.into_touched() {
                self.balances.get_mut(&asset).expect(LOADED).set(amount);
            }
        }
    }

    /// Uses the nonce of an executed transaction.
    pub fn use_nonce(&mut self, nonce: u64) {
        self.nonces.consume(nonce);
        self.nonce.set(self.nonces.next());
    }

    /// Credits a reward or fees in TOS.
    ///
    /// # Errors
    /// `overflow`, if the balance would not fit; nothing is changed then.
    pub fn credit(&mut self, amount: Amount, overflow: BlockAbort) -> Result<(), BlockAbort> {
        let balance = self.balances.get_mut(&AssetId::TOS).expect(LOADED);
        balance.set(balance.get().checked_add(amount).ok_or(overflow)?);
        self.register();
        Ok(())
    }

    fn register(&mut self) {
        if !self.exists {
            self.exists = true;
            self.nonce.set(0);
        }
    }

    /// Whether this block registered it.
    pub fn is_new(&self) -> bool {
        self.exists && !self.stored_registration
    }

    /// Adds the versions of this block to `puts`. Returns the nonces for the run's checker.
    pub fn into_writes(self, account: AccountKey, topoheight: Topoheight, puts: &mut Puts) -> AccountNonces {
        let Self { stored_registration: _, exists: _, nonce, nonces, multisig, energy, balances } = self;
        let put = |key, version: Option<Version>| Some(WriteOp::Put { key, topoheight, version: version? });
        puts.nonces.extend(put(StateKey::Nonce(account), nonce.version(StateValue::Nonce)));
        for (asset, balance) in balances {
            puts.balances.extend(put(StateKey::Balance(account, asset), balance.version(StateValue::Amount)));
        }
        puts.multisigs.extend(put(StateKey::MultiSig(account), multisig.version(StateValue::MultiSig)));
        puts.energies.extend(put(StateKey::Energy(account), energy.version(StateValue::Energy)));
        nonces
    }
}

/// Versions by kind of key. If accounts come in order of key, each kind is in canonical order, and the kinds stand in the order
/// of [`StateKey`]'s variants, so that nothing has to be sorted.
#[derive(Debug, Default)]
pub struct Puts {
    nonces: Vec<WriteOp>,
    balances: Vec<WriteOp>,
    multisigs: Vec<WriteOp>,
    energies: Vec<WriteOp>,
}

impl Puts {
    /// Adds all to `ops`, in canonical order.
    pub fn append_to(self, ops: &mut Vec<WriteOp>) {
        let Self { mut nonces, mut balances, mut multisigs, mut energies } = self;
        for kind in [&mut nonces, &mut balances, &mut multisigs, &mut energies] {
            ops.append(kind);
        }
    }
}

/// Recordings tell a loaded balance from a changed account by these parts.
impl Account {
    pub fn balances(&self) -> impl Iterator<Item = (&AssetId, &Amount)> {
        self.balances.iter().map(|(asset, balance)| (asset, balance.get()))
    }

    pub fn without_balances(&self) -> Self {
        Self { balances: BTreeMap::new(), ..self.clone() }
    }
}
