//! The first difference between the results of two paths on one block.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::execution::{AccountNonces, BlockError, NonceChecker, PreparedBlock, TaskFailureCause};
use crate::ledger::{AccountKey, Receipt};
use crate::runtime::TaskError;

use super::mismatch::{MismatchKind, text};

/// What a path came to.
pub(super) type Outcome = Result<PreparedBlock, BlockError>;

/// A kind and both values as text.
pub(super) struct Difference {
    pub(super) kind: MismatchKind,
    pub(super) sequential: String,
    pub(super) parallel: String,
    /// As of [`super::Mismatch`].
    pub(super) receipts: Option<(String, String)>,
}

impl Difference {
    pub(super) fn new(kind: MismatchKind, sequential: String, parallel: String) -> Self {
        Self { kind, sequential, parallel, receipts: None }
    }
}

/// Compares outcome, receipts, writes and nonces, in this order. `before` is the checker that both started from. `None`:
/// they are equal.
pub(super) fn difference(before: &NonceChecker, sequential: &Outcome, parallel: &Outcome) -> Option<Difference> {
    match (sequential, parallel) {
        (Ok(sequential), Ok(parallel)) => of_results(before, sequential, parallel),
        (Err(sequential), Err(parallel)) if sequential == parallel => None,
        _ => {
            let kind = kind(sequential, parallel);
            Some(Difference::new(kind, outcome_text(sequential), outcome_text(parallel)))
        }
    }
}

/// A block of thousands of receipts is not told receipt by receipt.
pub(super) fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Ok(block) => format!("{} receipts and {} writes", block.receipts.len(), block.batch.ops.len()),
        Err(error) => text(error),
    }
}

/// The kind of a difference in which at least one side has an error.
fn kind(sequential: &Outcome, parallel: &Outcome) -> MismatchKind {
    let causes = |wanted: fn(&TaskFailureCause) -> bool| match parallel {
        Err(BlockError::Tasks(results)) => {
            results.iter().filter_map(|result| result.as_ref().err()).any(|failure| wanted(&failure.cause))
        }
        _ => false,
    };
    let failed = |outcome: &Outcome| matches!(outcome, Err(BlockError::Storage(_)));
    if causes(|cause| matches!(cause, TaskFailureCause::Task(TaskError::Panicked(_)))) {
        MismatchKind::Panic
    } else if failed(sequential) || failed(parallel) || causes(|cause| matches!(cause, TaskFailureCause::Storage(_))) {
        MismatchKind::Storage
    } else {
        MismatchKind::Outcome
    }
}

fn of_results(before: &NonceChecker, sequential: &PreparedBlock, parallel: &PreparedBlock) -> Option<Difference> {
    if let Some((index, left, right)) = of_lists(&sequential.receipts, &parallel.receipts) {
        let name = |block: &PreparedBlock| block.receipts.get(index).map_or("", Receipt::name).to_owned();
        let receipts = Some((name(sequential), name(parallel)));
        return Some(Difference { receipts, ..Difference::new(MismatchKind::Receipts { index }, left, right) });
    }
    if let Some((index, left, right)) = of_lists(&sequential.batch.ops, &parallel.batch.ops) {
        return Some(Difference::new(MismatchKind::Writes { index }, left, right));
    }
    let (left, right) = (used(before, &sequential.nonces), used(before, &parallel.nonces));
    let mut accounts = left.keys().chain(right.keys());
    let account = accounts.find(|account| left.get(*account) != right.get(*account))?;
    let told = |used: &Used<'_>| text(&(account, used.get(account)));
    Some(Difference::new(MismatchKind::Nonces, told(&left), told(&right)))
}

type Used<'a> = BTreeMap<AccountKey, &'a AccountNonces>;

/// What the checker would keep that it does not have yet. The paths may hand back accounts that used no nonce in this block,
/// and need not: Block-STM does not know of those that were only read.
fn used<'a>(before: &NonceChecker, nonces: &'a [(AccountKey, AccountNonces)]) -> Used<'a> {
    let is_news = |account, nonces: &AccountNonces| !nonces.is_unused() && before.nonces(account, 0) != *nonces;
    let news = nonces.iter().filter(|(account, nonces)| is_news(account, nonces));
    news.map(|(account, nonces)| (*account, nonces)).collect()
}

/// The first place where two lists differ, with what each has there.
fn of_lists<T: PartialEq + Debug>(left: &[T], right: &[T]) -> Option<(usize, String, String)> {
    let index = (0..left.len().max(right.len())).find(|&index| left.get(index) != right.get(index))?;
    let told = |list: &[T]| list.get(index).map_or_else(|| "nothing".to_owned(), |value| text(value));
    Some((index, told(left), told(right)))
}
