//! What two violations have in common when they are the same defect, as far as can be told from outside: it stays the same
//! while a case is made smaller, and violations that share it are stored once.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Oracle, Violation};
use crate::ledger::Payload;
use crate::workload::Scenario;

/// The kind of a violation, without the names and numbers of its case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    pub oracle: Oracle,
    /// What differs, with every name and number left out.
    pub field: String,
    /// Expected and actual outcome of a transaction, by the names of variants.
    pub receipts: Option<(String, String)>,
    /// Types of the transactions where it differs.
    pub transactions: BTreeSet<String>,
}

impl Signature {
    /// The signature of a violation that `scenario` shows.
    pub fn of(violation: &Violation, scenario: &Scenario) -> Self {
        let difference = &violation.difference;
        let place = &difference.place;
        let block = place.block.and_then(|block| scenario.blocks().nth(block));
        let transactions = place.transactions.iter().filter_map(|&tx_index| {
            let payload = &block?.transactions.get(tx_index)?.body.data;
            Some(payload_name(payload).to_owned())
        });
        Self {
            oracle: violation.oracle,
            field: without_names(&difference.field),
            receipts: difference.receipts.clone(),
            transactions: transactions.collect(),
        }
    }

    /// Whether `smaller` can count as the same defect in a smaller case: the same kind, and no type of transaction that was
    /// not there before.
    pub fn covers(&self, smaller: &Self) -> bool {
        let Self { oracle, field, receipts, transactions } = smaller;
        *oracle == self.oracle
            && *field == self.field
            && *receipts == self.receipts
            && transactions.is_subset(&self.transactions)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { oracle, field, receipts, transactions } = self;
        write!(f, "{}: {field}", oracle.name())?;
        if let Some((expected, actual)) = receipts {
            write!(f, ", {actual} instead of {expected}")?;
        }
        if !transactions.is_empty() {
            let names: Vec<&str> = transactions.iter().map(String::as_str).collect();
            write!(f, " ({})", names.join(", "))?;
        }
        Ok(())
    }
}

/// The type of a transaction.
pub fn payload_name(payload: &Payload) -> &'static str {
    match payload {
        Payload::Transfers(_) => "transfer",
        Payload::Burn { .. } => "burn",
        Payload::MultiSig { .. } => "multisig",
        Payload::FreezeTos { .. } => "freeze",
        Payload::UnfreezeTos { .. } => "unfreeze",
    }
}

/// Words of the text that are no names of accounts, assets or hashes and no numbers.
fn without_names(text: &str) -> String {
    let is_name = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_hex = word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit());
        is_hex || word.parse::<u64>().is_ok()
    };
    text.split_whitespace().map(|word| if is_name(word) { "_" } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_left_out() {
        assert_eq!(without_names("balance of 0000000a in 00000000"), "balance of _ in _");
        assert_eq!(without_names("writes 3 and 4"), "writes _ and _");
        assert_eq!(without_names("metadata: fees"), "metadata: fees");
    }

    #[test]
    fn a_smaller_case_may_lose_types_of_transactions_but_not_gain_any() {
        let signature = |types: &[&str]| Signature {
            oracle: Oracle::State,
            field: "balance".to_owned(),
            receipts: None,
            transactions: types.iter().map(|&name| name.to_owned()).collect(),
        };
        assert!(signature(&["burn", "transfer"]).covers(&signature(&["burn"])));
        assert!(!signature(&["burn"]).covers(&signature(&["transfer"])));
        let other = Signature { oracle: Oracle::Versions, ..signature(&["burn"]) };
        assert!(!signature(&["burn"]).covers(&other));
    }
}
