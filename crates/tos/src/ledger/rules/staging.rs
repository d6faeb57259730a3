//! Copies of what one transaction may see and change, and which of them it touched.

use std::collections::BTreeMap;

use crate::ledger::{AccountKey, Amount, AssetId, Energy, MultiSigConfig, TransactionError};

/// A copied value, and whether the transaction touched it (section 2: only touched keys may get a version).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staged<T> {
    value: T,
    touched: bool,
}

impl<T> Staged<T> {
    /// A copy, not touched.
    pub fn new(value: T) -> Self {
        Self { value, touched: false }
    }

    /// The value as the transaction sees it.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// Touches it, whether or not the value changes.
    pub fn set(&mut self, value: T) {
        self.value = value;
        self.touched = true;
    }

    /// Touches it, and changes it in place.
    pub fn update(&mut self, change: impl FnOnce(&mut T)) {
        change(&mut self.value);
        self.touched = true;
    }

    /// The value, if it was touched.
    pub fn into_touched(self) -> Option<T> {
        self.touched.then_some(self.value)
    }
}

/// One account's copies. Of a destination only existence and the credited balances are filled in.
#[derive(Clone, Debug, Default)]
pub struct StagedAccount {
    pub exists: bool,
    pub multisig: Staged<Option<MultiSigConfig>>,
    pub energy: Staged<Energy>,
    pub balances: BTreeMap<AssetId, Staged<Amount>>,
}

/// What the NonceChecker says of the transaction's nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonceOffer {
    pub next: u64,
    pub acceptable: bool,
}

/// All that one transaction may see and change.
#[derive(Clone, Debug)]
pub struct Staging {
    pub nonce: NonceOffer,
    /// Burned so far of the asset that the transaction burns; 0 for other types. While other burns of the same asset
    /// run beside this one it may be behind, but then no sum of theirs can overflow.
    pub burned: Amount,
    /// What the transaction adds to it.
    pub burn: Amount,
    /// Exactly the accounts of the transaction's footprint.
    pub accounts: BTreeMap<AccountKey, StagedAccount>,
}

const IN_FOOTPRINT: &str = "the staging was loaded from the transaction's footprint";

impl Staging {
    pub(super) fn account(&self, account: &AccountKey) -> &StagedAccount {
        self.accounts.get(account).expect(IN_FOOTPRINT)
    }

    pub(super) fn account_mut(&mut self, account: AccountKey) -> &mut StagedAccount {
        self.accounts.get_mut(&account).expect(IN_FOOTPRINT)
    }

    pub(super) fn balance(&self, account: &AccountKey, asset: &AssetId) -> Amount {
        *self.account(account).balances.get(asset).expect(IN_FOOTPRINT).get()
    }

    /// Takes what check 9 found to be there.
    pub(super) fn debit(&mut self, account: AccountKey, asset: AssetId, amount: Amount) {
        let balance = self.account_mut(account).balances.get_mut(&asset).expect(IN_FOOTPRINT);
        balance.update(|balance| *balance = balance.checked_sub(amount).expect("check 9 compared it"));
    }

    /// Gives, and makes the account exist.
    pub(super) fn credit(
        &mut self,
        account: AccountKey,
        asset: AssetId,
        amount: Amount,
    ) -> Result<(), TransactionError> {
        let account = self.account_mut(account);
        let balance = account.balances.get_mut(&asset).expect(IN_FOOTPRINT);
        balance.set(balance.get().checked_add(amount).ok_or(TransactionError::Overflow)?);
        account.exists = true;
        Ok(())
    }
}
