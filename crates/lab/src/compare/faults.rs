//! The oracle for faults: under a fault the block is as the reference has it, or it is aborted and nothing has happened; nothing is between, and the
//! chain goes on from there. A delay changes nothing at all.
//!
//! Cannot see: what a fault does that strikes where no point is, between two awaits; two faults at once.

use std::fmt::Debug;

use serde::Serialize;

use super::{Difference, Value, figures, marks, state, versions};
use strum::{IntoStaticStr, VariantArray};

use crate::drive::{Applied, BlockPlace, Doing, Ended, ExpectedBlock, FaultTrial};
use seriatim_runtime::{Fault, INJECTED, Injected, Site, TaskError};
use seriatim_tos::execution::{BlockError, TaskFailureCause};
use seriatim_tos::ledger::{BlockAbort, Receipt};
use seriatim_tos::storage::{LedgerState, StorageError};

/// What a fault came to, where nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Endured {
    /// The result is the reference's.
    Survived,
    /// The block was aborted, with an error that names the fault, and everything is as before.
    Aborted,
    /// A panic or a cancellation struck the caller before the commit: everything is as before.
    #[strum(serialize = "cut off, ledger as before")]
    CutOffBefore,
    /// A panic or a cancellation struck the caller after the commit: everything is as after the block.
    #[strum(serialize = "cut off, ledger as after")]
    CutOffAfter,
}

impl Endured {
    /// Each of them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        self.into_str()
    }
}

/// Judges a run without a fault: its points are what faults are then put at.
///
/// # Errors
/// The first difference from the reference.
pub fn judge_without_fault(place: &BlockPlace, doing: Doing, trial: &FaultTrial) -> Result<(), Box<Difference>> {
    let judged = match &trial.ended {
        Ended::Done(applied) => result(place, doing, applied),
        ended => Some(Difference::new("without a fault: end", "done", ended)),
    };
    match judged.or_else(|| aftermath(place, doing, trial, true)) {
        None => Ok(()),
        Some(difference) => Err(Box::new(difference.in_block(place.block))),
    }
}

/// Whether tasks ran in another order than in the run without a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interleaved {
    No,
    Yes,
}

/// Judges a run in which a fault has struck. `calm` is the one without, on the same path.
///
/// # Errors
/// The first difference.
pub fn judge_fault(
    place: &BlockPlace,
    doing: Doing,
    injected: (usize, Fault),
    calm: &FaultTrial,
    trial: &FaultTrial,
    interleaved: Interleaved,
) -> Result<Endured, Box<Difference>> {
    let (at, fault) = injected;
    let located = |difference: Box<Difference>| {
        let site = trial.passed.sites.get(at).map_or("nowhere", |site| site.name());
        let doing = if doing == Doing::Apply { "" } else { " of a rewind" };
        Box::new(difference.under(format!("{} at {site}{doing}:", fault.name())).in_block(place.block))
    };
    let (sites, reached) = (calm.passed.sites.get(..=at), trial.passed.sites.get(..=at));
    if interleaved == Interleaved::No && sites != reached {
        return Err(located(wrong("points up to the fault", sites, reached)));
    }
    endured(place, doing, injected, calm, trial).map_err(located)
}

fn endured(
    place: &BlockPlace,
    doing: Doing,
    (at, fault): (usize, Fault),
    calm: &FaultTrial,
    trial: &FaultTrial,
) -> Result<Endured, Box<Difference>> {
    let Some(site) = trial.passed.sites.get(at).copied().filter(|_| trial.passed.injected == Some((at, fault))) else {
        return Err(wrong("point of the fault", "reached", trial.passed.injected));
    };
    let endured = match &trial.ended {
        Ended::Done(applied) => match (result(place, doing, applied), applied) {
            (None, _) => Endured::Survived,
            (Some(_), Err(error)) if names(fault, error) => Endured::Aborted,
            (Some(difference), _) => return Err(Box::new(difference)),
        },
        Ended::Panicked(message) if fault == Fault::Panic && message == INJECTED => cut_off(site),
        Ended::Cancelled if fault == Fault::Cancel => cut_off(site),
        ended => return Err(wrong("end", "the reference's, or an abort that names the fault", ended)),
    };
    let has_happened = matches!(endured, Endured::Survived | Endured::CutOffAfter);
    if fault == Fault::Delay && endured != Endured::Survived {
        return Err(wrong("end", "as without the delay", &trial.ended));
    }
    // Cut off after its commit, the block's nonces are in the run once the next block has looked.
    if endured != Endured::CutOffAfter {
        let expected = if has_happened { &calm.nonces_after } else { &trial.nonces_before };
        let expected = if doing == Doing::Apply { expected } else { &calm.nonces_after };
        if trial.nonces_after != *expected {
            return Err(wrong("nonces of the run", expected, &trial.nonces_after));
        }
    }
    if let Some(difference) = aftermath(place, doing, trial, has_happened) {
        return Err(Box::new(difference));
    }
    let is_settled = endured != Endured::CutOffAfter || !trial.later.is_empty();
    if is_settled && trial.nonces_later != calm.nonces_later {
        return Err(wrong("nonces at the end of the run", &calm.nonces_later, &trial.nonces_later));
    }
    Ok(endured)
}

fn wrong(field: &str, expected: impl Debug + Serialize, actual: impl Debug + Serialize) -> Box<Difference> {
    Box::new(Difference::new(field, expected, actual))
}

fn cut_off(site: Site) -> Endured {
    if site == Site::Written { Endured::CutOffAfter } else { Endured::CutOffBefore }
}

/// Whether an error is what the fault makes, and nothing else.
fn names(fault: Fault, error: &BlockError) -> bool {
    let injected = StorageError::from(Injected);
    match (fault, error) {
        (Fault::Error, BlockError::Storage(error)) => *error == injected,
        (Fault::Panic | Fault::Cancel, BlockError::Tasks(results)) => {
            results.iter().filter_map(|result| result.as_ref().err()).all(|failure| match &failure.cause {
                TaskFailureCause::Task(TaskError::Panicked(message)) => fault == Fault::Panic && message == INJECTED,
                TaskFailureCause::Task(TaskError::Cancelled) => fault == Fault::Cancel,
                TaskFailureCause::Storage(_) => false,
                TaskFailureCause::NotRun => true,
            })
        }
        _ => false,
    }
}

/// What is looked at after the fault, or after none.
fn aftermath(place: &BlockPlace, doing: Doing, trial: &FaultTrial, has_happened: bool) -> Option<Difference> {
    let expected = place.expected();
    let rewound = place.rewound();
    let (before, after) = match doing {
        Doing::Apply => (place.before(), &expected.ledger),
        Doing::Rewind => (&expected.ledger, &rewound),
    };
    if let Some(difference) = ledger("the ledger before the block", before, &trial.before) {
        return Some(difference);
    }
    let now = if has_happened { after } else { before };
    if let Some(difference) = ledger("the ledger", now, &trial.after) {
        return Some(difference);
    }
    if trial.handles_left > 0 {
        return Some(Difference::new("handles on the storage that tasks still have", 0, trial.handles_left));
    }
    if let Some(again) = &trial.again {
        let differs = match again {
            Ended::Done(applied) => result(place, doing, applied),
            ended => Some(Difference::new("end", "done", ended)),
        };
        if let Some(difference) = differs {
            return Some(difference.under("applied again,"));
        }
    }
    if let Some(difference) = ledger("applied again, the ledger", after, &trial.ledger_again) {
        return Some(difference);
    }
    let later = match doing {
        Doing::Apply => place.later(trial.later.len()),
        Doing::Rewind => std::slice::from_ref(&place.alone),
    };
    for (expected, ended) in later.iter().zip(&trial.later) {
        let differs = match ended {
            Ended::Done(applied) => outcome(expected, applied),
            ended => Some(Difference::new("end", "done", ended)),
        };
        if let Some(difference) = differs {
            return Some(difference.under("a later block,"));
        }
    }
    let last = later.last().map_or(after, |last| &last.ledger);
    if let Some(difference) = ledger("later, the ledger", last, &trial.ledger_later) {
        return Some(difference);
    }
    match &trial.undone {
        None => Some(Difference::new("undoing the block", "done", "failed")),
        Some(undone) => {
            let expected = LedgerState { orphans: undone.orphans.clone(), ..place.before().clone() };
            ledger("after undoing the block, the ledger", &expected, undone)
        }
    }
}

fn result(place: &BlockPlace, doing: Doing, applied: &Applied) -> Option<Difference> {
    match doing {
        Doing::Apply => outcome(place.expected(), applied),
        Doing::Rewind => applied.as_ref().err().map(|error| Difference::new("rewind", "done", error)),
    }
}

fn outcome(expected: &ExpectedBlock, applied: &Applied) -> Option<Difference> {
    match (&expected.outcome, applied) {
        (Ok(expected), Ok(actual)) if expected == actual => None,
        (Err(expected), Err(BlockError::Aborted(actual))) if expected == actual => None,
        (Ok(expected), Ok(actual)) => {
            let differs = (0..expected.len().max(actual.len())).find(|&at| expected.get(at) != actual.get(at))?;
            let difference = Difference::new("receipt", expected.get(differs), actual.get(differs));
            Some(difference.at_transaction(differs))
        }
        (expected, actual) => Some(Difference::new("block", expected_text(expected), actual)),
    }
}

fn expected_text(expected: &Result<Vec<Receipt>, BlockAbort>) -> String {
    match expected {
        Ok(receipts) => format!("{} receipts", receipts.len()),
        Err(abort) => format!("{abort:?}"),
    }
}

fn ledger(what: &str, expected: &LedgerState, actual: &LedgerState) -> Option<Difference> {
    if expected == actual {
        return None;
    }
    let differs = figures::check(expected, actual)
        .or_else(|| Some(state::check(expected, actual)?.1))
        .or_else(|| Some(versions::check(expected, actual)?.1))
        .or_else(|| marks::check(expected, actual))
        .unwrap_or_else(|| {
            let values = (Value::debug(expected), Value::debug(actual));
            Difference::of_values("what no other oracle names", values.0, values.1)
        });
    Some(differs.under(format!("{what}:")))
}
