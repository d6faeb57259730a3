//! Makes fields that have keys of the ledger.

use super::{Field, Key, Role};
use seriatim_tos::ledger::{AccountKey, AssetId, Hash};
use seriatim_tos::storage::StateKey;

/// Names the value of a versioned key. Its words are those of the key's own text.
pub fn field_of(key: &StateKey) -> Field {
    match key {
        StateKey::Nonce(account) => of_account("nonce", account),
        StateKey::Balance(account, asset) => balance(account, asset),
        StateKey::MultiSig(account) => of_account("multisig", account),
        StateKey::Energy(account) => of_account("energy", account),
        StateKey::Burned(asset) => Field::named("burned amount").key(" of ", Role::Asset, Key::of(asset)),
    }
}

/// Names a balance.
pub fn balance(account: &AccountKey, asset: &AssetId) -> Field {
    of_account("balance", account).key(" in ", Role::Asset, Key::of(asset))
}

/// Names something that an account has one of.
pub fn of_account(name: &str, account: &AccountKey) -> Field {
    Field::named(name).key(" of ", Role::Account, Key::of(account))
}

/// Names something that is known of a transaction.
pub fn of_transaction(name: &str, joint: &str, transaction: &Hash) -> Field {
    Field::named(name).key(joint, Role::Transaction, Key::of(transaction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_field_have_the_same_words() {
        let (account, asset) = (AccountKey([7; 32]), AssetId([9; 32]));
        for key in [
            StateKey::Nonce(account),
            StateKey::Balance(account, asset),
            StateKey::MultiSig(account),
            StateKey::Energy(account),
            StateKey::Burned(asset),
        ] {
            assert_eq!(field_of(&key).to_string(), key.to_string());
        }
    }
}
