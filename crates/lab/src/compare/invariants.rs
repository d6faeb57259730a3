//! Section 8, judged on each ledger by itself: these hold even where all executors are wrong alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Difference, Field, Key, Role, field_of};
use crate::drive::Observation;
use crate::workload::{Expectation, ExpectedStep, Scenario, Step};
use seriatim_tos::ledger::{AccountKey, Amount, AssetId, Receipt, Topoheight, Transaction};
use seriatim_tos::storage::{History, LedgerState, StateKey, StateValue, Version, WriteOp};

/// What holds of an expectation by itself, looked at once for all observations: whoever equals it need not be looked at again.
#[derive(Clone, Debug)]
pub(crate) struct Lawful {
    /// The first invariant that a ledger breaks.
    ledgers: Option<Difference>,
    /// The first that receipts break.
    receipts: Option<Difference>,
}

impl Lawful {
    pub(crate) fn of(scenario: &Scenario, expectation: &Expectation) -> Self {
        let ledgers = expectation.ledgers.iter().find_map(|ledger| of_ledger(&expectation.genesis, ledger));
        Self { ledgers, receipts: hashes(scenario, expectation).or_else(|| used_nonces(scenario, expectation)) }
    }
}

/// Receipts were compared before this: they are the expectation's.
pub(super) fn check(
    scenario: &Scenario,
    expectation: &Expectation,
    lawful: &Lawful,
    observation: &Observation,
) -> Option<Difference> {
    let genesis = &expectation.genesis;
    let is_expected = |(index, ledger): &(usize, &Arc<LedgerState>)| {
        expectation.ledgers.get(*index).is_some_and(|it| Arc::ptr_eq(it, ledger))
    };
    let others = observation.ledgers.iter().enumerate().filter(|ledger| !is_expected(ledger));
    let of_others = others.map(|(_, ledger)| ledger).find_map(|ledger| of_ledger(genesis, ledger));
    of_others
        .or_else(|| lawful.ledgers.clone())
        .or_else(|| lawful.receipts.clone())
        .or_else(|| fees(scenario, observation))
        .or_else(|| observation.undone.as_ref().and_then(|undone| undoing(expectation, undone)))
}

/// What holds of a ledger by itself, where `genesis` is the one it grew from. None: all of it does.
pub(super) fn of_ledger(genesis: &LedgerState, ledger: &LedgerState) -> Option<Difference> {
    links(ledger).or_else(|| conservation(genesis, ledger)).or_else(|| nonces(ledger))
}

/// Links go down to existing versions, the pointer names the newest, nothing is above the top.
fn links(ledger: &LedgerState) -> Option<Difference> {
    for (key, history) in &ledger.versions {
        let mut before: Option<Topoheight> = None;
        for (&topoheight, version) in history.iter() {
            if version.previous != before {
                let difference = Difference::new(field_of(key).under("link of"), before, version.previous);
                return Some(difference.at_topoheight(topoheight));
            }
            before = Some(topoheight);
        }
        let pointer = ledger.newest.get(key).copied();
        if pointer != before || before > Some(ledger.top) {
            let expected = format!("{before:?}, at most {}", ledger.top);
            return Some(Difference::new(field_of(key).under("pointer of"), expected, pointer));
        }
    }
    let (key, pointer) = ledger.newest.iter().find(|(key, _)| !ledger.versions.contains_key(key))?;
    Some(Difference::new(field_of(key).under("pointer of"), "none, there is no version", Some(pointer)))
}

/// Per asset: balances + frozen + burned = the same at genesis + emitted since.
fn conservation(genesis: &LedgerState, ledger: &LedgerState) -> Option<Difference> {
    let mut expected = holdings(genesis);
    let emitted = |ledger: &LedgerState| ledger.metadata.get(&ledger.top).map_or(0, |metadata| metadata.emitted_supply);
    let emitted_since = u128::from(emitted(ledger)).checked_sub(u128::from(emitted(genesis)));
    let Some(emitted_since) = emitted_since else {
        return Some(Difference::new("emitted supply, at least", emitted(genesis), emitted(ledger)));
    };
    *expected.entry(AssetId::TOS).or_default() += emitted_since;
    let actual = holdings(ledger);
    let none = 0;
    let mut assets = expected.keys().chain(actual.keys());
    let of = |sums: &BTreeMap<AssetId, u128>, asset: &AssetId| *sums.get(asset).unwrap_or(&none);
    let asset = assets.find(|asset| of(&expected, asset) != of(&actual, asset))?;
    let field = Field::named("balances + frozen + burned").key(" of asset ", Role::Asset, Key::of(asset));
    Some(Difference::new(field, of(&expected, asset), of(&actual, asset)))
}

/// Sums have 128 bits: a genesis may hold more than 64 bits can count. The links of the ledger are right, so each key's last
/// version is its newest.
fn holdings(ledger: &LedgerState) -> BTreeMap<AssetId, u128> {
    let mut sums: BTreeMap<AssetId, u128> = BTreeMap::new();
    let mut add = |asset: AssetId, amount: Amount| *sums.entry(asset).or_default() += u128::from(amount);
    for (key, history) in &ledger.versions {
        match (key, history.values().next_back().map(|version| &version.value)) {
            (StateKey::Balance(_, asset) | StateKey::Burned(asset), Some(StateValue::Amount(amount))) => {
                add(*asset, *amount);
            }
            (StateKey::Energy(_), Some(StateValue::Energy(energy))) => {
                energy.records.iter().for_each(|record| add(AssetId::TOS, record.amount));
            }
            _ => {}
        }
    }
    sums
}

/// A nonce never falls along its history.
fn nonces(ledger: &LedgerState) -> Option<Difference> {
    ledger.versions.iter().filter(|(key, _)| matches!(key, StateKey::Nonce(_))).find_map(|(key, history)| {
        let falls = |before: &Version, after: &Version| match (&before.value, &after.value) {
            (StateValue::Nonce(before), StateValue::Nonce(after)) => before > after,
            _ => true,
        };
        let mut pairs = history.values().zip(history.iter().skip(1));
        let (before, (topoheight, after)) = pairs.find(|(before, (_, after))| falls(before, after))?;
        let expected = format!("at least {:?}", before.value);
        Some(Difference::new(field_of(key), expected, &after.value).at_topoheight(*topoheight))
    })
}

/// One receipt a transaction, in order, with its hash.
fn hashes(scenario: &Scenario, expectation: &Expectation) -> Option<Difference> {
    expectation.walk(scenario).find_map(|(number, block, applied)| {
        let receipts = applied.as_ref().ok()?;
        if receipts.len() != block.transactions.len() {
            let difference = Difference::new("number of receipts", block.transactions.len(), receipts.len());
            return Some(difference.in_block(number));
        }
        let mut pairs = block.transactions.iter().map(Transaction::hash).zip(receipts).enumerate();
        let (tx_index, (hash, receipt)) = pairs.find(|(_, (hash, receipt))| *hash != receipt.hash())?;
        let difference = Difference::new("hash of the receipt", hash, receipt.hash());
        Some(difference.at_transaction(tx_index).in_block(number))
    })
}

/// No nonce of an account is executed twice on one chain.
fn used_nonces(scenario: &Scenario, expectation: &Expectation) -> Option<Difference> {
    // Per account and nonce, the topoheight at which it was used.
    let mut used: BTreeMap<(AccountKey, u64), Topoheight> = BTreeMap::new();
    let mut top = scenario.genesis.topoheight;
    for ((first_block, step), expected) in scenario.numbered_steps().zip(&expectation.steps) {
        match (step, expected) {
            (Step::Run(blocks), ExpectedStep::Run { blocks: applied }) => {
                for (number, (block, applied)) in (first_block..).zip(blocks.iter().zip(applied)) {
                    let Ok(receipts) = applied else { continue };
                    top += 1;
                    for (tx_index, (tx, receipt)) in block.transactions.iter().zip(receipts).enumerate() {
                        let executed = matches!(receipt, Receipt::Executed { .. });
                        let before = executed.then(|| used.insert((tx.body.source, tx.body.nonce), top)).flatten();
                        if let Some(before) = before {
                            let field = Field::named("nonce").key(" ", Role::Number, Key::of(tx.body.nonce)).key(
                                " of ",
                                Role::Account,
                                Key::of(tx.body.source),
                            );
                            let difference = Difference::new(field, "used once", format!("used at {before} already"));
                            return Some(difference.in_block(number).at_transaction(tx_index));
                        }
                    }
                }
            }
            (Step::Rewind(to), _) => {
                top = top.min(*to);
                used.retain(|_, topoheight| *topoheight <= top);
            }
            (Step::Run(_), ExpectedStep::Rewind) => return None,
        }
    }
    None
}

/// The metadata's fees are the sum of the receipts'.
fn fees(scenario: &Scenario, observation: &Observation) -> Option<Difference> {
    let paid = |receipt: &Receipt| match receipt {
        Receipt::Executed { fee, .. } => u128::from(*fee),
        Receipt::Orphaned { .. } | Receipt::Skipped { .. } => 0,
    };
    observation.walk(scenario).find_map(|(number, _, observed)| {
        let expected: u128 = observed.outcome.as_ref().ok()?.iter().map(paid).sum();
        // Metadata stands near the end.
        let written = observed.batches.iter().flat_map(|batch| &batch.ops).rev().find_map(|op| match op {
            WriteOp::Metadata { metadata, .. } => Some(u128::from(metadata.fees)),
            _ => None,
        });
        let differs = written != Some(expected);
        differs.then(|| Difference::new("fees in the metadata", Some(expected), written).in_block(number))
    })
}

/// Undoing every block restores genesis, the orphan set apart.
fn undoing(expectation: &Expectation, undone: &Arc<LedgerState>) -> Option<Difference> {
    if Arc::ptr_eq(&expectation.undone, undone) {
        return None;
    }
    let (genesis, undone) = (&*expectation.genesis, &**undone);
    let LedgerState { top, assets: _, registrations, versions, newest, links, executed, orphans: _, metadata } = undone;
    let same = *top == genesis.top
        && *registrations == genesis.registrations
        && *versions == genesis.versions
        && *newest == genesis.newest
        && *links == genesis.links
        && *executed == genesis.executed
        && *metadata == genesis.metadata;
    if same {
        return None;
    }
    let moment = "after undoing every block";
    Some(match super::locate::first_in(&genesis.versions, versions) {
        Some((key, expected, actual)) => {
            let plain = |history: Option<&History>| history.map(|history| BTreeMap::clone(history));
            Difference::new(field_of(key).at(moment), plain(expected), plain(actual))
        }
        None => Difference::new(Field::named("ledger").at(moment), "genesis", "not genesis"),
    })
}
