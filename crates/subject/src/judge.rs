//! Compares an answer with the reference's, in what the subject reports and nothing else.

use std::collections::BTreeSet;

use super::{Account, Answer, BlockCase, Capabilities, Figure, Figures, Outcome, OutcomeDetail, Part, SubjectError};
use seriatim_lab::compare::{Difference, Field, Key, Oracle, Role, Value, balance, of_account};
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{AccountKey, Receipt};

/// What is wrong with an answer to the block number `block` of a scenario, if anything is.
pub fn wrong(
    capabilities: &Capabilities,
    block: usize,
    case: &BlockCase,
    answer: &Answer,
) -> Option<(Oracle, Difference)> {
    outcomes(capabilities, block, case, answer)
        .map(|difference| (Oracle::Receipts, difference))
        .or_else(|| Some((Oracle::Figures, figures(capabilities, block, case, &answer.figures)?)))
        .or_else(|| Some((Oracle::State, state(capabilities, block, case, answer)?)))
}

/// A subject without an answer.
pub fn unanswered(block: usize, error: &SubjectError) -> (Oracle, Difference) {
    let (oracle, field) = match error {
        SubjectError::Hang { .. } => (Oracle::Hang, "time of the answer"),
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

fn outcomes(capabilities: &Capabilities, block: usize, case: &BlockCase, answer: &Answer) -> Option<Difference> {
    let receipts = match (&case.expected, &answer.aborted) {
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

fn figures(capabilities: &Capabilities, block: usize, case: &BlockCase, figures: &Figures) -> Option<Difference> {
    // Of an aborted block there are none.
    case.expected.as_ref().ok()?;
    capabilities.reports.figures.iter().find_map(|figure| {
        let (field, expected, actual) = match figure {
            Figure::Fees => ("fees", case.fees, figures.fees),
            Figure::EmittedSupply => ("emitted supply", Some(case.after.emitted_supply), figures.emitted_supply),
            Figure::BurnedSupply => ("burned supply", Some(case.burned_supply), figures.burned_supply),
        };
        (expected != actual).then(|| Difference::new(field, expected, actual).in_block(block))
    })
}

fn state(capabilities: &Capabilities, block: usize, case: &BlockCase, answer: &Answer) -> Option<Difference> {
    if case.expected.is_err() && answer.state.accounts.is_empty() {
        // The block was without effect, and nothing is said of it.
        return None;
    }
    let reports = |part| capabilities.reports.state.contains(&part);
    let (after, given) = (&case.after, &answer.state);
    let request = &case.request;
    let bystanders = [request.block.miner, request.parameters.dev_account];
    let compared = |account: &&AccountKey| capabilities.supports.rewards || !bystanders.contains(account);
    let accounts: BTreeSet<_> = after.accounts.keys().chain(given.accounts.keys()).filter(compared).collect();
    for account in accounts {
        let differs = |difference: Difference| {
            let mut difference = difference.in_block(block);
            difference.place.transactions = touching(case, account);
            Some(difference)
        };
        let (expected, actual) = (after.accounts.get(account), given.accounts.get(account));
        if reports(Part::Accounts) && expected.is_some() != actual.is_some() {
            let field = Field::named("account").key(" ", Role::Account, Key::of(account));
            return differs(Difference::new(field, expected.is_some(), actual.is_some()));
        }
        let (expected, actual) = (expected.cloned().unwrap_or_default(), actual.cloned().unwrap_or_default());
        let Account { nonce, balances, multisig, energy } = expected;
        let assets: BTreeSet<_> = balances.keys().chain(actual.balances.keys()).collect();
        if reports(Part::Balances) {
            for asset in assets {
                let of = |balances: &std::collections::BTreeMap<_, _>| balances.get(asset).copied().unwrap_or(0);
                let (expected, actual) = (of(&balances), of(&actual.balances));
                if expected != actual {
                    return differs(Difference::new(balance(account, asset), expected, actual));
                }
            }
        }
        if reports(Part::Nonces) && nonce != actual.nonce {
            return differs(Difference::new(of_account("nonce", account), nonce, actual.nonce));
        }
        if reports(Part::Multisigs) && multisig != actual.multisig {
            return differs(Difference::new(of_account("multisig", account), multisig, actual.multisig));
        }
        if reports(Part::Energy) && energy != actual.energy {
            return differs(Difference::new(of_account("energy", account), energy, actual.energy));
        }
    }
    let burned = |state: &std::collections::BTreeMap<_, _>| -> Vec<_> {
        state.iter().filter(|(_, amount)| **amount > 0).map(|(asset, amount)| (*asset, *amount)).collect()
    };
    let (expected, actual) = (burned(&after.burned), burned(&given.burned));
    (reports(Part::Burned) && expected != actual)
        .then(|| Difference::new("burned amounts", expected, actual).in_block(block))
}

/// The transactions of the block that name an account.
fn touching(case: &BlockCase, account: &AccountKey) -> Vec<usize> {
    let transactions = case.request.block.transactions.iter().enumerate();
    let touching = transactions.filter(|(_, given)| footprint(&given.transaction.body).accounts.contains_key(account));
    touching.map(|(index, _)| index).collect()
}
