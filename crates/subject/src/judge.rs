//! Compares an answer with the reference's, in what the subject reports and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use serde::Serialize;

use super::{Account, Answer, Capabilities, Figure, Figures, Outcome, OutcomeDetail, Part, SubjectError, TestVector};
use seriatim_lab::compare::{Difference, Field, Key, Oracle, Role, Value, balance, of_account};
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{AccountKey, Amount, AssetId, Receipt};

/// What is wrong with an answer to the block number `block` of a scenario, if anything is.
///
/// # Examples
/// ```
/// use seriatim_subject::{Capabilities, right_answer, scenario_for, vectors, wrong};
///
/// let mine = Capabilities::new("mine");
/// let (scenario, _) = scenario_for(&mine, 7);
/// let vector = &vectors(&scenario)[0];
/// let mut answer = right_answer(&mine, vector);
/// assert_eq!(wrong(&mine, 0, vector, &answer), None);
///
/// answer.figures.fees = Some(1); // It is not reported, so nobody compares it.
/// assert_eq!(wrong(&mine, 0, vector, &answer), None);
/// answer.outcomes.pop();
/// assert_eq!(wrong(&mine, 0, vector, &answer).unwrap().0.name(), "receipts");
/// ```
pub fn wrong(
    capabilities: &Capabilities,
    block: usize,
    vector: &TestVector,
    answer: &Answer,
) -> Option<(Oracle, Difference)> {
    outcomes(capabilities, block, vector, answer)
        .map(|difference| (Oracle::Receipts, difference))
        .or_else(|| Some((Oracle::Figures, figures(capabilities, block, vector, &answer.figures)?)))
        .or_else(|| Some((Oracle::State, state(capabilities, block, vector, answer).next()?)))
}

/// A subject without an answer.
pub fn unanswered(block: usize, error: &SubjectError) -> (Oracle, Difference) {
    let (oracle, field) = match error {
        SubjectError::Hang { .. } => (Oracle::Hang, "time of the answer"),
        SubjectError::Unended(_) => (Oracle::Hang, "end of the execution"),
        SubjectError::Crash { .. } | SubjectError::Start { .. } => (Oracle::Crash, "process"),
        SubjectError::Protocol(_) => (Oracle::Protocol, "answer"),
        SubjectError::Panicked(_) => (Oracle::Panic, "executor"),
    };
    let difference = Difference::of_values(field, Value::text("an answer"), Value::text(error.to_string()));
    (oracle, difference.in_block(block))
}

/// Two answers to one question that are not the same in what they report; notes may differ.
pub fn unequal(
    block: usize,
    (first, workers_first): (&Answer, u32),
    (other, workers): (&Answer, u32),
) -> Option<(Oracle, Difference)> {
    let essence = |answer: &Answer| Answer { id: 0, notes: Vec::new(), ..answer.clone() };
    let (first, other) = (essence(first), essence(other));
    (first != other).then(|| {
        let field = Field::named("answer to the same block").key(" with ", Role::Number, Key::of(workers));
        let field = field.key(" workers after ", Role::Number, Key::of(workers_first));
        let difference = Difference::new(field, first, other);
        (Oracle::Determinism, difference.in_block(block))
    })
}

fn outcomes(capabilities: &Capabilities, block: usize, vector: &TestVector, answer: &Answer) -> Option<Difference> {
    let receipts = match (&vector.expected, &answer.aborted) {
        (Err(_), Some(_)) => return None,
        (Err(abort), None) => return Some(Difference::new("block", abort, "applied").in_block(block)),
        (Ok(_), Some(aborted)) => return Some(Difference::new("block", "applied", aborted).in_block(block)),
        (Ok(receipts), None) => receipts,
    };
    if receipts.len() != answer.outcomes.len() {
        let difference = Difference::new("number of outcomes", receipts.len(), answer.outcomes.len());
        return Some(difference.in_block(block));
    }
    let outcomes = receipts.iter().zip(&answer.outcomes).enumerate();
    outcomes.into_iter().find_map(|(index, (receipt, outcome))| {
        let expected = expected(capabilities.reports.outcomes, receipt);
        (expected != *outcome).then(|| {
            let difference = Difference::new("outcome", &expected, outcome).between(name(&expected), name(outcome));
            difference.in_block(block).at_transaction(index)
        })
    })
}

/// How a subject that reports in this detail calls what became of a transaction.
pub(super) fn expected(detail: OutcomeDetail, receipt: &Receipt) -> Outcome {
    match (receipt, detail) {
        (Receipt::Executed { .. }, _) => Outcome::Executed,
        (_, OutcomeDetail::Success) => Outcome::Failed,
        (Receipt::Skipped { .. }, _) => Outcome::Skipped,
        (Receipt::Orphaned { error, .. }, OutcomeDetail::Classes) => {
            Outcome::Orphaned(Outcome::class(error).to_owned())
        }
        (Receipt::Orphaned { error, .. }, OutcomeDetail::Errors) => Outcome::Orphaned(error.name().to_owned()),
    }
}

fn name(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Executed => "Executed".to_owned(),
        Outcome::Skipped => "Skipped".to_owned(),
        Outcome::Failed => "Failed".to_owned(),
        Outcome::Orphaned(error) => error.clone(),
    }
}

fn figures(capabilities: &Capabilities, block: usize, vector: &TestVector, figures: &Figures) -> Option<Difference> {
    // Of an aborted block there are none.
    vector.expected.as_ref().ok()?;
    capabilities.reports.figures.iter().find_map(|figure| {
        let (field, expected, actual) = match figure {
            Figure::Fees => ("fees", vector.fees, figures.fees),
            Figure::EmittedSupply => ("emitted supply", Some(vector.after.emitted_supply), figures.emitted_supply),
            Figure::BurnedSupply => ("burned supply", Some(vector.burned_supply), figures.burned_supply),
        };
        let told = |sum: Option<Amount>| sum.map_or_else(|| "none".to_owned(), |sum| sum.to_string());
        (expected != actual).then(|| Difference::new(field, told(expected), told(actual)).in_block(block))
    })
}

/// Every reported part of the state in which an answer is wrong, account by account.
pub fn state<'a>(
    capabilities: &'a Capabilities,
    block: usize,
    vector: &'a TestVector,
    answer: &'a Answer,
) -> impl Iterator<Item = Difference> + 'a {
    // Where the block was without effect, nothing need be said of it.
    let is_told = vector.expected.is_ok() || !answer.state.accounts.is_empty();
    let (after, given) = (&vector.after, &answer.state);
    let bystanders = [vector.request.block.miner, vector.request.parameters.dev_account];
    let compared = |key: &&AccountKey| capabilities.supports.rewards || !bystanders.contains(key);
    let keys: BTreeSet<_> = after.accounts.keys().chain(given.accounts.keys()).filter(compared).collect();
    let of_accounts = keys.into_iter().flat_map(move |key| {
        let differences = account(capabilities, key, after.accounts.get(key), given.accounts.get(key));
        differences.map(move |difference| {
            let mut difference = difference.in_block(block);
            difference.place.transactions = touching(vector, key);
            difference
        })
    });
    let of_burned = move || {
        let (expected, actual) = (positive(&after.burned), positive(&given.burned));
        let differs = reports(capabilities, Part::Burned) && expected != actual;
        differs.then(|| Difference::new("burned amounts", expected, actual).in_block(block))
    };
    of_accounts.chain(std::iter::once_with(of_burned).flatten()).take(if is_told { usize::MAX } else { 0 })
}

fn reports(capabilities: &Capabilities, part: Part) -> bool {
    capabilities.reports.state.contains(&part)
}

/// The reported parts in which an account differs. An account that is not there has nothing.
fn account<'a>(
    capabilities: &'a Capabilities,
    key: &'a AccountKey,
    expected: Option<&'a Account>,
    actual: Option<&'a Account>,
) -> impl Iterator<Item = Difference> + 'a {
    const NONE: &Account = &Account::NONE;
    let (is_expected, is_given) = (expected.is_some(), actual.is_some());
    let existence = (reports(capabilities, Part::Accounts) && is_expected != is_given).then(|| {
        let field = Field::named("account").key(" ", Role::Account, Key::of(key));
        Difference::new(field, is_expected, is_given)
    });
    let (expected, actual) = (expected.unwrap_or(NONE), actual.unwrap_or(NONE));
    let reported = move |part| reports(capabilities, part);
    let of_balances = balances(key, expected, actual).filter(move |_| reported(Part::Balances));
    let parts = [Part::Nonces, Part::Multisigs, Part::Energy].into_iter().filter(move |part| reported(*part));
    let of_parts = parts.filter_map(move |part| match part {
        Part::Nonces => unequal_field("nonce", key, expected.nonce, actual.nonce),
        Part::Multisigs => unequal_field("multisig", key, &expected.multisig, &actual.multisig),
        Part::Energy => unequal_field("energy", key, &expected.energy, &actual.energy),
        Part::Accounts | Part::Balances | Part::Burned => None,
    });
    existence.into_iter().chain(of_balances).chain(of_parts)
}

fn balances<'a>(
    key: &'a AccountKey,
    expected: &'a Account,
    actual: &'a Account,
) -> impl Iterator<Item = Difference> + 'a {
    let assets: BTreeSet<_> = expected.balances.keys().chain(actual.balances.keys()).collect();
    assets.into_iter().filter_map(move |asset| {
        let of = |account: &Account| account.balances.get(asset).copied().unwrap_or(0);
        let (expected, actual) = (of(expected), of(actual));
        (expected != actual).then(|| Difference::new(balance(key, asset), expected, actual))
    })
}

fn unequal_field<T: PartialEq + Serialize + Debug>(
    name: &'static str,
    key: &AccountKey,
    expected: T,
    actual: T,
) -> Option<Difference> {
    (expected != actual).then(|| Difference::new(of_account(name, key), expected, actual))
}

fn positive(burned: &BTreeMap<AssetId, Amount>) -> Vec<(AssetId, Amount)> {
    burned.iter().filter(|(_, amount)| **amount > 0).map(|(asset, amount)| (*asset, *amount)).collect()
}

/// The transactions of the block that name an account.
fn touching(vector: &TestVector, account: &AccountKey) -> Vec<usize> {
    let transactions = vector.request.block.transactions.iter().enumerate();
    let touching = transactions.filter(|(_, given)| footprint(&given.transaction.body).accounts.contains_key(account));
    touching.map(|(index, _)| index).collect()
}
