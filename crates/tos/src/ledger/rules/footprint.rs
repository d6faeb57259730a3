//! Which accounts and balances a transaction may read or write. Loading and conflict detection both come from here.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{AccountKey, AssetId, FeeType, Payload, UnsignedTransaction};

/// The balances of one transaction, by account. An account without balances is read and changed otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    pub accounts: BTreeMap<AccountKey, BTreeSet<AssetId>>,
    /// The asset whose burned amount it reads and adds to.
    pub burned: Option<AssetId>,
}

/// The footprint of a transaction, whether or not it will pass verification.
pub fn footprint(body: &UnsignedTransaction) -> Footprint {
    let mut footprint = Footprint::default();
    let mut balance = |account: AccountKey, asset: AssetId| {
        footprint.accounts.entry(account).or_default().insert(asset);
    };
    match &body.data {
        Payload::Transfers(transfers) => {
            for transfer in transfers {
                balance(body.source, transfer.asset);
                balance(transfer.destination, transfer.asset);
            }
        }
        Payload::Burn { asset, amount: _ } => {
            balance(body.source, *asset);
            footprint.burned = Some(*asset);
        }
        Payload::FreezeTos { .. } | Payload::UnfreezeTos { .. } => balance(body.source, AssetId::TOS),
        Payload::MultiSig { .. } => {}
    }
    let of_source = footprint.accounts.entry(body.source).or_default();
    if body.fee_type == FeeType::Tos {
        of_source.insert(AssetId::TOS);
    }
    footprint
}
