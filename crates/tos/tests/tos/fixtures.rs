//! A ledger with one account, small enough that every row of it is known.

use seriatim_testkit::ledger::key;
use seriatim_tos::ledger::{AccountKey, AssetId, Genesis, GenesisAccount};

/// The account of [`genesis`].
pub const A: AccountKey = key(1);

/// One account with nonce 3 and 50 of the smallest units of TOS.
pub fn genesis() -> Genesis {
    let account = GenesisAccount { nonce: 3, balances: [(AssetId::TOS, 50)].into(), ..GenesisAccount::default() };
    Genesis { accounts: [(A, account)].into(), ..Genesis::default() }
}
