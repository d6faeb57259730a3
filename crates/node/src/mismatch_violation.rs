//! A mismatch of the test mode in the words of the oracles: which of them sees it, and where.

use seriatim_lab::compare::{
    Difference, Field, Oracle, Place, Value, Violation, field_of, of_account, of_transaction, touching, violation,
};
use seriatim_lab::workload::Scenario;
use seriatim_tos::chain::{Found, Mismatch, MismatchKind};
use seriatim_tos::ledger::Block;
use seriatim_tos::storage::{StateKey, WriteOp};

use seriatim_lab::LastBlock;

/// What the mismatch, on the last block of `scenario`, shows of `subject`. Where the oracles would tell it by another of its
/// traces, it is named by the one that the test mode met.
pub(super) fn violation_of(mismatch: &Mismatch, subject: &str, scenario: &Scenario) -> Violation {
    let found = mismatch.found.as_ref();
    let (oracle, field, transactions) = seen(mismatch.kind, scenario);
    let place =
        Place { block: scenario.blocks().count().checked_sub(1), topoheight: Some(mismatch.topoheight), transactions };
    let (expected, actual) = (found.map(|found| &found.0), found.map(|found| &found.1));
    let difference = Difference {
        place,
        field,
        expected: value(&mismatch.sequential, expected),
        actual: value(&mismatch.parallel, actual),
        receipts: expected.and_then(name).zip(actual.and_then(name)),
    };
    violation(scenario, oracle, subject, difference)
}

/// The text, which is cut, with the structure of what was found.
fn value(text: &str, found: Option<&Found>) -> Value {
    match found {
        Some(Found::Receipt(receipt)) => Value::of(receipt).with_text(text),
        Some(Found::Write(op)) => Value::of(op).with_text(text),
        Some(Found::Nothing) | None => Value::text(text),
    }
}

/// What became of a transaction; without a receipt, nothing. None: it is not about receipts.
fn name(found: &Found) -> Option<String> {
    match found {
        Found::Receipt(receipt) => Some(receipt.name().to_owned()),
        Found::Nothing => Some(String::new()),
        Found::Write(_) => None,
    }
}

/// Who sees it, what differs, and in which transactions of the block.
fn seen(kind: MismatchKind, scenario: &Scenario) -> (Oracle, Field, Vec<usize>) {
    let plain = |oracle, field: &str| (oracle, Field::named(field), Vec::new());
    match kind {
        MismatchKind::Panic => plain(Oracle::Panic, "executor"),
        MismatchKind::Late => plain(Oracle::Livelock, "time of the block"),
        MismatchKind::Reads => plain(Oracle::Livelock, "reads of the block"),
        MismatchKind::WriteAttempt => plain(Oracle::Writes, "writes while it runs"),
        MismatchKind::Storage | MismatchKind::Outcome => plain(Oracle::Receipts, "block"),
        MismatchKind::Nonces => plain(Oracle::State, "nonces used in the ordering run"),
        MismatchKind::Receipts { index } => (Oracle::Receipts, "receipt".into(), vec![index]),
        MismatchKind::Writes { index } => match LastBlock::of(scenario) {
            Some(last) => of_write(last.ops.get(index), &last.block),
            None => plain(Oracle::State, "write"),
        },
    }
}

/// The kind follows from the write that the sequential path makes there. None: the other one writes more.
fn of_write(op: Option<&WriteOp>, block: &Block) -> (Oracle, Field, Vec<usize>) {
    match op {
        None => (Oracle::Versions, "surplus write".into(), Vec::new()),
        Some(WriteOp::Register { account, .. }) => {
            (Oracle::State, of_account("registration", account), touching(block, &StateKey::Nonce(*account)))
        }
        Some(WriteOp::Put { key, .. }) => (Oracle::State, field_of(key), touching(block, key)),
        Some(WriteOp::Link { transaction, .. }) => {
            (Oracle::Marks, of_transaction("blocks that link", " ", transaction), Vec::new())
        }
        Some(WriteOp::MarkExecuted { transaction, .. }) => {
            (Oracle::Marks, of_transaction("executed mark", " of ", transaction), Vec::new())
        }
        Some(WriteOp::AddOrphan(_) | WriteOp::RemoveOrphan(_)) => {
            (Oracle::Marks, "orphans, oldest first".into(), Vec::new())
        }
        Some(WriteOp::Metadata { .. } | WriteOp::Top(_)) => (Oracle::Figures, "metadata".into(), Vec::new()),
    }
}
