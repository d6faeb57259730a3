//! The accounts that take part, by number. A number gives the same key in every scenario of one signature scheme, so
//! that accounts are told apart at a glance: under `Tagged` the key starts with the number plus one.

use std::collections::BTreeMap;

use seriatim_tos::ledger::{AccountKey, AssetId, Signature, SignatureScheme, Signer};

/// Accounts and the means to sign for them, derived when first asked for.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    scheme: SignatureScheme,
    /// The account of each epoch and number.
    accounts: BTreeMap<(u64, u32), AccountKey>,
    signers: BTreeMap<AccountKey, Signer>,
}

impl Cast {
    pub(super) fn new(scheme: SignatureScheme) -> Self {
        Self { scheme, accounts: BTreeMap::new(), signers: BTreeMap::new() }
    }

    /// The account of a number.
    pub(super) fn account(&mut self, number: u32) -> AccountKey {
        self.account_of(0, number)
    }

    /// The same number stands for another account in every epoch: a chain without end does not run out of them.
    pub(super) fn account_of(&mut self, epoch: u64, number: u32) -> AccountKey {
        let Self { scheme, accounts, signers } = self;
        *accounts.entry((epoch, number)).or_insert_with(|| {
            let mut seed = [0; 32];
            seed[..4].copy_from_slice(&(number + 1).to_be_bytes());
            seed[4..12].copy_from_slice(&epoch.to_be_bytes());
            let signer = scheme.signer(seed);
            let account = signer.account();
            signers.insert(account, signer);
            account
        })
    }

    /// `account`'s signature; of an account that is not among the cast, one that is never right.
    pub(super) fn sign(&self, account: &AccountKey, message: &[u8]) -> Signature {
        self.signers.get(account).map_or(Signature([0xee; 64]), |signer| signer.sign(message))
    }

    /// An account other than `account`.
    pub(super) fn someone_else(&self, account: &AccountKey) -> AccountKey {
        *self.signers.keys().find(|other| *other != account).expect("a cast is more than one account")
    }

    /// Whether it can sign for `account`.
    pub(super) fn can_sign(&self, account: &AccountKey) -> bool {
        self.signers.contains_key(account)
    }
}

/// The asset of a number; 0 is TOS.
pub(super) fn asset(number: u8) -> AssetId {
    AssetId([number; 32])
}
