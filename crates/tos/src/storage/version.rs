//! Versioned keys and values, and the link that makes a history of them (section 2).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::ledger::{AccountKey, Amount, AssetId, Energy, MultiSigConfig, Topoheight};

/// What has versions. The derived order is the canonical order of writes, and that of the encodings as bytes.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
pub enum StateKey {
    Nonce(AccountKey),
    Balance(AccountKey, AssetId),
    MultiSig(AccountKey),
    Energy(AccountKey),
    Burned(AssetId),
}

impl fmt::Display for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nonce(account) => write!(f, "nonce of {account:?}"),
            Self::Balance(account, asset) => write!(f, "balance of {account:?} in {asset:?}"),
            Self::MultiSig(account) => write!(f, "multisig of {account:?}"),
            Self::Energy(account) => write!(f, "energy of {account:?}"),
            Self::Burned(asset) => write!(f, "burned amount of {asset:?}"),
        }
    }
}

/// The value of a key; its variant matches the key's.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub enum StateValue {
    Nonce(u64),
    /// A balance or a burned amount.
    Amount(Amount),
    /// None: deleted.
    MultiSig(Option<MultiSigConfig>),
    Energy(Energy),
}

/// One entry of a key's history.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Version {
    /// Topoheight of the version before. Invariant: below the topoheight of this one.
    pub previous: Option<Topoheight>,
    pub value: StateValue,
}

/// A key's versions. Clones of a ledger share each history until one of them changes it, so that looking at a ledger again
/// and again costs little more than its keys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History(Arc<BTreeMap<Topoheight, Version>>);

impl Deref for History {
    type Target = BTreeMap<Topoheight, Version>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Makes it this ledger's own first.
impl DerefMut for History {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

/// A newest value and where its version stands: what a following version links to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Newest<T> {
    pub topoheight: Topoheight,
    pub value: T,
}

/// What storage holds of a registered account, balances apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredAccount {
    pub registered: Topoheight,
    pub nonce: Newest<u64>,
    pub multisig: Option<Newest<Option<MultiSigConfig>>>,
    pub energy: Option<Newest<Energy>>,
}
