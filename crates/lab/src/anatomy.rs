//! What the values in a recording consist of, where it makes a difference: an account that has one more balance was loaded,
//! one whose balance is another was changed.

use std::any::Any;
use std::collections::BTreeSet;

use seriatim_explore::model::Key;
use seriatim_tos::execution::Account;

/// An account's row is one fact and each of its balances another. Nothing is known of other values.
pub(super) fn account_facts(value: &dyn Any) -> Option<BTreeSet<Key>> {
    let account = value.downcast_ref::<Account>()?;
    let row = Key::of(&account.without_balances());
    Some(account.balances().map(|balance| Key::of(&balance)).chain([row]).collect())
}
