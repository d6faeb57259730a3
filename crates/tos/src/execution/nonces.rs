//! The NonceChecker of section 5: which nonces an ordering run has used.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::ledger::AccountKey;
use crate::ledger::rules::NonceOffer;

/// The nonces of one account in one ordering run.
///
/// # Examples
/// ```
/// use seriatim_tos::execution::AccountNonces;
///
/// let mut nonces = AccountNonces::starting_at(3);
/// nonces.consume(7); // A gap is allowed, and may be filled later.
/// assert!(nonces.offer(5).acceptable);
/// assert!(!nonces.offer(7).acceptable, "it is used");
/// assert!(!nonces.offer(2).acceptable, "it is below the stored one");
/// assert_eq!(nonces.next(), 8);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountNonces {
    initial: u64,
    used: BTreeSet<u64>,
}

impl AccountNonces {
    /// Nothing used yet; `initial` is the stored nonce.
    pub fn starting_at(initial: u64) -> Self {
        Self { initial, used: BTreeSet::new() }
    }

    /// The greatest used + 1, else the initial one.
    pub fn next(&self) -> u64 {
        self.used.last().map_or(self.initial, |greatest| greatest + 1)
    }

    /// Whether `nonce` may be used.
    pub fn offer(&self, nonce: u64) -> NonceOffer {
        NonceOffer { next: self.next(), acceptable: nonce >= self.initial && !self.used.contains(&nonce) }
    }

    /// Whether the run has used none of them.
    pub fn is_unused(&self) -> bool {
        self.used.is_empty()
    }

    /// Uses a nonce that was offered as acceptable, by a transaction that passed every other check too (so it is below
    /// `u64::MAX`). A transaction that fails never comes here: its nonce needs no giving back.
    pub fn consume(&mut self, nonce: u64) {
        assert!(nonce < u64::MAX && self.offer(nonce).acceptable, "nonce {nonce} used twice");
        self.used.insert(nonce);
    }
}

/// One per ordering run, for both paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NonceChecker {
    accounts: BTreeMap<AccountKey, AccountNonces>,
}

impl NonceChecker {
    /// The account's nonces in this run; `stored` is its nonce in the ledger.
    pub fn nonces(&self, account: &AccountKey, stored: u64) -> AccountNonces {
        self.accounts.get(account).cloned().unwrap_or_else(|| AccountNonces::starting_at(stored))
    }

    /// Keeps what a committed block used.
    pub fn keep(&mut self, nonces: impl IntoIterator<Item = (AccountKey, AccountNonces)>) {
        self.accounts.extend(nonces.into_iter().filter(|(_, nonces)| !nonces.is_unused()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_descending_nonces_are_acceptable() {
        let mut nonces = AccountNonces::starting_at(3);
        nonces.consume(7);
        assert_eq!(nonces.offer(5), NonceOffer { next: 8, acceptable: true });
        nonces.consume(5);
        assert_eq!(nonces.next(), 8);
    }

    #[test]
    fn used_and_past_nonces_are_refused() {
        let mut nonces = AccountNonces::starting_at(3);
        nonces.consume(4);
        assert!(!nonces.offer(4).acceptable);
        assert!(!nonces.offer(2).acceptable);
    }
}
