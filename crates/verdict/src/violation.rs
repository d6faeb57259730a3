//! A subject that is wrong, and where.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Difference, Oracle, Signature};

/// Every key of the state in which subject and reference differ, for whoever shows the violation. It is no part of what is
/// wrong: no file keeps it, and two violations are equal with other ones.
#[derive(Clone, Debug, Default)]
pub struct StateDifferences(pub Vec<Difference>);

impl PartialEq for StateDifferences {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for StateDifferences {}

/// The finding of one oracle about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    pub oracle: Oracle,
    pub subject: String,
    pub difference: Difference,
    /// Types of the transactions at the place of the difference. The judge fills them in, since it knows the scenario.
    pub transactions: BTreeSet<String>,
    #[serde(skip)]
    pub state: StateDifferences,
}

impl Violation {
    /// Makes a violation that concerns no transaction.
    pub fn new(oracle: Oracle, subject: impl Into<String>, difference: Difference) -> Self {
        let (transactions, state) = (BTreeSet::new(), StateDifferences::default());
        Self { oracle, subject: subject.into(), difference, transactions, state }
    }

    /// Adds every key in which the state differs.
    pub fn with_state(self, differences: Vec<Difference>) -> Self {
        Self { state: StateDifferences(differences), ..self }
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
