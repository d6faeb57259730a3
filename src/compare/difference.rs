//! Where an observation first parts from what was expected, exactly: block, transactions, field, both values.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::fields::{FieldDifference, compare};
use crate::ledger::rules::footprint;
use crate::ledger::{Block, Topoheight, Transaction};
use crate::storage::StateKey;
use crate::workload::{Expectation, ExpectedStep, Scenario, Step};

/// Where in the scenario. Positions count from 0, over all blocks in the order in which the scenario has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub block: Option<usize>,
    pub topoheight: Option<Topoheight>,
    /// The transaction itself, or all of the block that may have touched the key.
    pub transactions: Vec<usize>,
}

/// One field with both values, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub place: Place,
    pub field: String,
    pub expected: String,
    pub actual: String,
    /// Names of the variants, where outcomes of a transaction differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts: Option<(String, String)>,
}

impl Difference {
    /// A field that belongs to no block.
    pub fn new(field: impl Into<String>, expected: impl fmt::Debug, actual: impl fmt::Debug) -> Self {
        let (expected, actual) = (format!("{expected:?}"), format!("{actual:?}"));
        Self { place: Place::default(), field: field.into(), expected, actual, receipts: None }
    }

    /// In the block that was applied as number `block`.
    pub fn in_block(self, block: usize) -> Self {
        Self { place: Place { block: Some(block), ..self.place }, ..self }
    }

    /// At one transaction of it.
    pub fn at_transaction(self, tx_index: usize) -> Self {
        Self { place: Place { transactions: vec![tx_index], ..self.place }, ..self }
    }

    /// At a topoheight of the final chain.
    pub fn at_topoheight(self, topoheight: Topoheight) -> Self {
        Self { place: Place { topoheight: Some(topoheight), ..self.place }, ..self }
    }
}

impl Difference {
    /// Both values, of structures only the fields that differ: the first ones, if they are many.
    fn differing(&self) -> (String, String) {
        let (differing, _) = compare(&self.expected, &self.actual);
        if differing.iter().any(|difference| difference.field.is_empty()) {
            return (self.expected.clone(), self.actual.clone());
        }
        let shown = |value: fn(&FieldDifference) -> &str| {
            let of = |difference: &FieldDifference| match value(difference) {
                "" => format!("no {}", difference.field),
                value => format!("{} {value}", difference.field),
            };
            let first: Vec<String> = differing.iter().take(MOST_FIELDS).map(of).collect();
            let more = differing.len() - first.len();
            first.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        (shown(|difference| &difference.expected), shown(|difference| &difference.actual))
    }
}

/// Fields of a structure that a line names.
const MOST_FIELDS: usize = 3;

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { block, topoheight, transactions } = &self.place;
        if let Some(block) = block {
            write!(f, "block {block}, ")?;
        }
        if let Some(topoheight) = topoheight {
            write!(f, "topoheight {topoheight}, ")?;
        }
        match transactions.as_slice() {
            [] => {}
            [tx_index] => write!(f, "transaction {tx_index}, ")?,
            several => write!(f, "transactions {several:?}, ")?,
        }
        let (expected, actual) = self.differing();
        write!(f, "{}: expected {expected}, got {actual}", self.field)
    }
}

/// The first key in which two sorted maps differ, with both values.
pub(super) fn first_in<'a, K: Ord, V: PartialEq>(
    expected: &'a BTreeMap<K, V>,
    actual: &'a BTreeMap<K, V>,
) -> Option<(&'a K, Option<&'a V>, Option<&'a V>)> {
    if expected == actual {
        return None;
    }
    let missing = expected.iter().find(|(key, value)| actual.get(key) != Some(value));
    let surplus = actual.iter().find(|(key, value)| expected.get(key) != Some(value));
    let key = match (missing, surplus) {
        (Some((left, _)), Some((right, _))) => left.min(right),
        (Some((key, _)), None) | (None, Some((key, _))) => key,
        (None, None) => return None,
    };
    Some((key, expected.get(key), actual.get(key)))
}

/// Which block of the scenario stood at `topoheight` after step `last`, and which of its
/// transactions have `key` in their footprint.
pub(super) fn locate(
    scenario: &Scenario,
    expectation: &Expectation,
    last: usize,
    topoheight: Topoheight,
    key: Option<StateKey>,
) -> Place {
    let genesis = scenario.genesis.topoheight;
    let mut standing: Vec<(usize, &Block)> = Vec::new();
    let mut ordinal = 0;
    for (step, expected) in scenario.steps.iter().zip(&expectation.steps).take(last + 1) {
        match (step, expected) {
            (Step::Run(blocks), ExpectedStep::Run { blocks: outcomes }) => {
                let applied = blocks.iter().zip(outcomes).enumerate().filter(|(_, (_, outcome))| outcome.is_ok());
                standing.extend(applied.map(|(index, (block, _))| (ordinal + index, block)));
                ordinal += blocks.len();
            }
            (Step::Rewind(to), _) => {
                standing.truncate(usize::try_from(to.saturating_sub(genesis)).unwrap_or(usize::MAX));
            }
            (Step::Run(_), ExpectedStep::Rewind) => break,
        }
    }
    // The first block that stands is the one above genesis.
    let index = topoheight.checked_sub(genesis + 1).and_then(|index| usize::try_from(index).ok());
    let Some(&(block, content)) = index.and_then(|index| standing.get(index)) else {
        return Place { topoheight: Some(topoheight), ..Place::default() };
    };
    let transactions = key.map_or_else(Vec::new, |key| touching(content, &key));
    Place { block: Some(block), topoheight: Some(topoheight), transactions }
}

/// The transactions of a block that have `key` in their footprint.
pub(crate) fn touching(block: &Block, key: &StateKey) -> Vec<usize> {
    let touches = |tx: &Transaction| {
        let footprint = footprint(&tx.body);
        match key {
            StateKey::Burned(asset) => footprint.burned == Some(*asset),
            StateKey::Balance(account, asset) => {
                footprint.accounts.get(account).is_some_and(|assets| assets.contains(asset))
            }
            StateKey::Nonce(account) | StateKey::MultiSig(account) | StateKey::Energy(account) => {
                footprint.accounts.contains_key(account)
            }
        }
    };
    let transactions = block.transactions.iter().enumerate();
    transactions.filter(|(_, tx)| touches(tx)).map(|(tx_index, _)| tx_index).collect()
}
