//! A subject that is wrong, and where.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Difference, Oracle, Signature};

/// The finding of one oracle about one subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Violation {
    pub oracle: Oracle,
    pub subject: String,
    pub difference: Difference,
    /// Types of the transactions at the place of the difference. The judge fills them in, since it knows the scenario.
    pub transactions: BTreeSet<String>,
    /// Every key of the state in which subject and reference differ, for whoever shows the violation. It is no part of what
    /// is wrong: no file keeps it, and two violations are equal with other ones.
    #[serde(skip)]
    pub state: Vec<Difference>,
}

impl PartialEq for Violation {
    fn eq(&self, other: &Self) -> bool {
        let Self { oracle, subject, difference, transactions, state: _ } = self;
        (*oracle, subject, difference, transactions)
            == (other.oracle, &other.subject, &other.difference, &other.transactions)
    }
}

impl Eq for Violation {}

impl Violation {
    /// Makes a violation that concerns no transaction.
    pub fn new(oracle: Oracle, subject: impl Into<String>, difference: Difference) -> Self {
        let (transactions, state) = (BTreeSet::new(), Vec::new());
        Self { oracle, subject: subject.into(), difference, transactions, state }
    }

    /// Adds every key in which the state differs.
    pub fn with_state(self, state: Vec<Difference>) -> Self {
        Self { state, ..self }
    }

    /// Gives what it has in common with others of the same defect.
    pub fn signature(&self) -> Signature {
        Signature {
            oracle: self.oracle,
            field: self.difference.field.kind(),
            receipts: self.difference.receipts.clone(),
            transactions: self.transactions.clone(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.oracle.name(), self.subject, self.difference)
    }
}
