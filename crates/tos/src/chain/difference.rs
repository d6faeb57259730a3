//! The first difference between the results of two paths on one block.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::execution::{AccountNonces, BlockError, NonceChecker, PreparedBlock, TaskFailureCause};
use crate::ledger::AccountKey;
use seriatim_runtime::TaskError;

use super::mismatch::{Found, MismatchKind, text};

/// What a path came to.
pub(super) type PathOutcome = Result<PreparedBlock, BlockError>;

/// A kind and both values as text.
pub(super) struct PathDifference {
    pub(super) kind: MismatchKind,
    pub(super) sequential: String,
    pub(super) parallel: String,
    /// What [`super::Mismatch::found`] says.
    pub(super) found: Option<(Found, Found)>,
}

impl PathDifference {
    pub(super) fn new(kind: MismatchKind, sequential: String, parallel: String) -> Self {
        Self { kind, sequential, parallel, found: None }
    }
}

/// Compares outcome, receipts, writes and nonces, in this order. `before` is the checker that both started from. `None`:
/// they are equal.
pub(super) fn difference(
    before: &NonceChecker,
    sequential: &PathOutcome,
    parallel: &PathOutcome,
) -> Option<PathDifference> {
    match (sequential, parallel) {
        (Ok(sequential), Ok(parallel)) => of_results(before, sequential, parallel),
        (Err(sequential), Err(parallel)) if sequential == parallel => None,
        _ => {
            let kind = kind(sequential, parallel);
            Some(PathDifference::new(kind, outcome_text(sequential), outcome_text(parallel)))
        }
    }
}

/// A block of thousands of receipts is not written out receipt by receipt.
pub(super) fn outcome_text(outcome: &PathOutcome) -> String {
    match outcome {
        Ok(block) => format!("{} receipts and {} writes", block.receipts.len(), block.batch.ops.len()),
        Err(error) => text(error),
    }
}

/// The kind of a difference in which at least one path has an error.
fn kind(sequential: &PathOutcome, parallel: &PathOutcome) -> MismatchKind {
    let causes = |wanted: fn(&TaskFailureCause) -> bool| match parallel {
        Err(BlockError::Tasks(results)) => {
            results.iter().filter_map(|result| result.as_ref().err()).any(|failure| wanted(&failure.cause))
        }
        _ => false,
    };
    let failed = |outcome: &PathOutcome| matches!(outcome, Err(BlockError::Storage(_)));
    if causes(|cause| matches!(cause, TaskFailureCause::Task(TaskError::Panicked(_)))) {
        MismatchKind::Panic
    } else if failed(sequential) || failed(parallel) || causes(|cause| matches!(cause, TaskFailureCause::Storage(_))) {
        MismatchKind::Storage
    } else {
        MismatchKind::Outcome
    }
}

fn of_results(before: &NonceChecker, sequential: &PreparedBlock, parallel: &PreparedBlock) -> Option<PathDifference> {
    if let Some(index) = first_unequal(&sequential.receipts, &parallel.receipts) {
        let kind = MismatchKind::Receipts { index };
        return Some(of_places(kind, sequential.receipts.get(index), parallel.receipts.get(index), Found::Receipt));
    }
    let (left, right) = (&sequential.batch.ops, &parallel.batch.ops);
    if let Some(index) = first_unequal(left, right) {
        let write = |op| Found::Write(Box::new(op));
        return Some(of_places(MismatchKind::Writes { index }, left.get(index), right.get(index), write));
    }
    let (left, right) = (used(before, &sequential.nonces), used(before, &parallel.nonces));
    let mut accounts = left.keys().chain(right.keys());
    let account = accounts.find(|account| left.get(*account) != right.get(*account))?;
    let shown = |used: &Used<'_>| text(&(account, used.get(account)));
    Some(PathDifference::new(MismatchKind::Nonces, shown(&left), shown(&right)))
}

type Used<'a> = BTreeMap<AccountKey, &'a AccountNonces>;

/// What the checker would keep that it does not have yet. The paths may hand back accounts that used no nonce in this block,
/// and need not: Block-STM does not know of those that were only read.
fn used<'a>(before: &NonceChecker, nonces: &'a [(AccountKey, AccountNonces)]) -> Used<'a> {
    let is_news = |account, nonces: &AccountNonces| !nonces.is_unused() && before.nonces(account, 0) != *nonces;
    let news = nonces.iter().filter(|(account, nonces)| is_news(account, nonces));
    news.map(|(account, nonces)| (*account, nonces)).collect()
}

/// The first place where two lists differ.
fn first_unequal<T: PartialEq>(left: &[T], right: &[T]) -> Option<usize> {
    (0..left.len().max(right.len())).find(|&index| left.get(index) != right.get(index))
}

/// What both lists have at such a place. None: the list has ended.
fn of_places<T: Clone + Debug>(
    kind: MismatchKind,
    left: Option<&T>,
    right: Option<&T>,
    found: impl Fn(T) -> Found,
) -> PathDifference {
    let shown = |value: Option<&T>| value.map_or_else(|| "nothing".to_owned(), text);
    let found = |value: Option<&T>| value.cloned().map_or(Found::Nothing, &found);
    PathDifference { found: Some((found(left), found(right))), ..PathDifference::new(kind, shown(left), shown(right)) }
}
