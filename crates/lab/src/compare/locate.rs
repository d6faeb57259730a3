//! Where a difference lies: the first key in which two maps differ, and the block and transactions that it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Difference, Oracle, Place, Violation};
use crate::workload::{Expectation, ExpectedStep, Scenario, Step};
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{Block, Payload, Topoheight, Transaction};
use seriatim_tos::storage::StateKey;

/// Makes a violation that `scenario` shows, with the types of the transactions concerned.
pub fn violation(scenario: &Scenario, oracle: Oracle, subject: impl Into<String>, difference: Difference) -> Violation {
    let block = difference.place.block.and_then(|block| scenario.blocks().nth(block));
    let transactions = block.map_or(&[][..], |block| &block.transactions);
    let types = types_at(&difference.place, transactions);
    Violation { transactions: types, ..Violation::new(oracle, subject, difference) }
}

/// Gives the types of the transactions at a place, where the block there has these `transactions`.
pub fn types_at<'a>(place: &Place, transactions: impl IntoIterator<Item = &'a Transaction>) -> BTreeSet<String> {
    let transactions = transactions.into_iter().enumerate();
    let concerned = transactions.filter(|(tx_index, _)| place.transactions.contains(tx_index));
    concerned.map(|(_, transaction)| payload_name(&transaction.body.data).to_owned()).collect()
}

/// Names the type of a transaction.
pub fn payload_name(payload: &Payload) -> &'static str {
    match payload {
        Payload::Transfers(_) => "transfer",
        Payload::Burn { .. } => "burn",
        Payload::MultiSig { .. } => "multisig",
        Payload::FreezeTos { .. } => "freeze",
        Payload::UnfreezeTos { .. } => "unfreeze",
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

/// The block of the scenario that stood at `topoheight` after step `last`, and those of its transactions that have `key` in
/// their footprint.
pub(super) fn locate(
    scenario: &Scenario,
    expectation: &Expectation,
    last: usize,
    topoheight: Topoheight,
    key: Option<StateKey>,
) -> Place {
    let genesis = scenario.genesis.topoheight;
    let mut standing: Vec<(usize, &Block)> = Vec::new();
    for ((first_block, step), expected) in scenario.numbered_steps().zip(&expectation.steps).take(last + 1) {
        match (step, expected) {
            (Step::Run(blocks), ExpectedStep::Run { blocks: outcomes }) => {
                let applied = (first_block..).zip(blocks).zip(outcomes).filter(|(_, outcome)| outcome.is_ok());
                standing.extend(applied.map(|(block, _)| block));
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
pub fn touching(block: &Block, key: &StateKey) -> Vec<usize> {
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
