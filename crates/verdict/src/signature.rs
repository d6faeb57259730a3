//! What two violations have in common when they are the same defect, as far as can be told from outside: it stays the same
//! while a case is made smaller, and violations that share it are stored once.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Oracle;

/// The kind of a violation, without the names and numbers of its case.
///
/// # Examples
/// ```
/// use seriatim_verdict::{Difference, Field, Key, Oracle, Role, Violation};
///
/// let lost = |account: &str, expected: u64| {
///     let field = Field::named("balance").key(" of ", Role::Account, Key::text(account));
///     Violation::new(Oracle::State, "mine", Difference::new(field, expected, 0))
/// };
/// let (first, other) = (lost("alice", 5).signature(), lost("bob", 9).signature());
/// assert_eq!(first, other, "names and numbers of the case are no part of it");
/// assert_eq!(first.to_string(), "state: balance of _");
/// assert!(first.covers(&other));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    pub oracle: Oracle,
    /// What differs, by [`super::Field::kind`].
    pub field: String,
    /// Expected and actual outcome of a transaction, by the names of variants.
    pub receipts: Option<(String, String)>,
    /// Types of the transactions where it differs.
    pub transactions: BTreeSet<String>,
}

impl Signature {
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

#[cfg(test)]
mod tests {
    use super::*;

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
