//! Asks a subject about the blocks of a scenario: each with several numbers of workers and seeds, on which no answer may
//! depend.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use super::judge::{unanswered, unequal, wrong};
use super::{Answer, Capabilities, Request, Subject, SubjectError, TestVector, fit};
use seriatim_lab::compare::{Difference, Oracle, Violation, types_at};
use seriatim_lab::workload::{Plan, Scenario, build, mix};
use seriatim_runtime::panic_message;
use seriatim_tos::execution::parallel::batches;
use seriatim_tos::ledger::{Receipt, SignatureScheme};
use seriatim_triage::report::AskedWith;

/// How often each block with several transactions is asked; the others are asked once.
pub const REPEATS: u32 = 3;

/// What was asked, and what the reference made of it. Sums, so they do not depend on the order of counting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub scenarios: u64,
    pub blocks: u64,
    pub requests: u64,
    /// Blocks that were asked again with another number of workers or another seed.
    pub repeated: u64,
    /// Transactions of the blocks, each counted once.
    pub transactions: u64,
    /// Transactions that share an account with an earlier one of their block.
    pub conflicts: u64,
    /// Transactions by what the reference made of them.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Aborted blocks, by why.
    pub aborts: BTreeMap<&'static str, u64>,
    /// Transactions that were generated and do not fit what the subject supports and assumes.
    pub taken_out: u64,
}

/// A violation, and with what the request was asked that showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub violation: Violation,
    pub with: AskedWith,
}

/// Where workers and seed of a request come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A seed chooses them, for each request others.
    Seed(u64),
    /// Each block is asked once, with these.
    With(AskedWith),
}

impl Asked {
    /// Adds up two.
    pub fn merge(&mut self, other: &Self) {
        let Self { scenarios, blocks, requests, repeated, transactions, conflicts, outcomes, aborts, taken_out } =
            other;
        self.scenarios += scenarios;
        self.blocks += blocks;
        self.requests += requests;
        self.repeated += repeated;
        self.transactions += transactions;
        self.conflicts += conflicts;
        self.taken_out += taken_out;
        for (mine, theirs) in [(&mut self.outcomes, outcomes), (&mut self.aborts, aborts)] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
    }

    /// Transactions that the reference executed.
    pub fn executed(&self) -> u64 {
        self.outcomes.get(Receipt::EXECUTED).copied().unwrap_or(0)
    }

    /// Blocks that a scheduler ran so many times, each as one request.
    pub(super) fn count_explored(&mut self, vectors: &[TestVector], executions: u64) {
        for vector in vectors {
            self.count(vector);
            self.requests += executions;
            self.repeated += u64::from(executions > 1);
        }
    }

    pub(super) fn count(&mut self, vector: &TestVector) {
        self.blocks += 1;
        let block = vector.request.block.to_block();
        self.transactions += block.transactions.len() as u64;
        let later = batches(&block.transactions, &BTreeMap::new());
        self.conflicts += later.iter().skip(1).map(|batch| batch.len() as u64).sum::<u64>();
        match &vector.expected {
            Ok(receipts) => receipts.iter().for_each(|receipt: &Receipt| {
                *self.outcomes.entry(receipt.outcome()).or_default() += 1;
            }),
            Err(abort) => *self.aborts.entry(abort.name()).or_default() += 1,
        }
    }
}

/// One answer; a panic is an error like others.
pub(super) fn answer(subject: &mut dyn Subject, request: &Request) -> Result<Answer, SubjectError> {
    let caught = catch_unwind(AssertUnwindSafe(|| subject.execute(request)));
    let answer = caught.unwrap_or_else(|payload| Err(SubjectError::Panicked(panic_message(&*payload))))?;
    if answer.id != request.id {
        return Err(SubjectError::Protocol(format!("an answer with id {}, asked was {}", answer.id, request.id)));
    }
    Ok(answer)
}

/// Asks about every block, in order, up to the first violation.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use seriatim_subject::{Asked, Asking, BuiltinPath, OnTokio, RuntimeSubject, ask, scenario_for, vectors};
/// use seriatim_tos::chain::ExecutionPath;
///
/// // The project's own Block-STM, asked as a stranger's executor would be.
/// let path = BuiltinPath(ExecutionPath::BlockStm);
/// let capabilities = path.capabilities();
/// let (scenario, taken_out) = scenario_for(&capabilities, 7);
/// assert_eq!(taken_out, 0, "it supports everything");
/// let mut asked = Asked::default();
/// let found = ask(&mut OnTokio::new(Arc::new(path))?, &capabilities, &vectors(&scenario), Asking::Seed(7), &mut asked);
/// assert_eq!(found, None);
/// assert_eq!(asked.blocks, scenario.blocks().count() as u64);
/// assert!(asked.requests >= asked.blocks, "large blocks are asked several times");
/// # Ok::<(), seriatim_subject::SubjectError>(())
/// ```
pub fn ask(
    subject: &mut dyn Subject,
    capabilities: &Capabilities,
    vectors: &[TestVector],
    asking: Asking,
    asked: &mut Asked,
) -> Option<Wrong> {
    vectors.iter().enumerate().find_map(|(block, vector)| {
        asked.count(vector);
        ask_about(subject, capabilities, (block, vector), asking, asked)
    })
}

/// Asks about one block, as often as it deserves. Each answer must be right, and equal to the first.
fn ask_about(
    subject: &mut dyn Subject,
    capabilities: &Capabilities,
    (block, vector): (usize, &TestVector),
    asking: Asking,
    asked: &mut Asked,
) -> Option<Wrong> {
    let is_varied = matches!(asking, Asking::Seed(_)) && vector.request.block.transactions.len() > 1;
    let repeats = if is_varied { REPEATS } else { 1 };
    let mut first: Option<(Answer, u32)> = None;
    for repeat in 0..repeats {
        asked.requests += 1;
        asked.repeated += u64::from(repeat == 1);
        let request = request(capabilities, (block, vector), asking, repeat);
        let found = match answer(subject, &request) {
            Err(error) => Some(unanswered(block, &error)),
            Ok(answer) => {
                let other_than_first = || {
                    let (before, workers) = first.as_ref()?;
                    unequal(block, (before, *workers), (&answer, request.workers))
                };
                let found = wrong(capabilities, block, vector, &answer).or_else(other_than_first);
                first.get_or_insert((answer, request.workers));
                found
            }
        };
        if let Some((oracle, difference)) = found {
            return Some(Wrong::of(capabilities, &request, oracle, difference));
        }
    }
    None
}

fn request(capabilities: &Capabilities, (block, vector): (usize, &TestVector), asking: Asking, repeat: u32) -> Request {
    let seed = match asking {
        Asking::With(AskedWith { workers, seed }) => {
            return Request { id: block as u64, workers, seed, ..vector.request.clone() };
        }
        Asking::Seed(seed) => seed,
    };
    let chance = mix(seed, (block as u64) << 8 | u64::from(repeat));
    let workers = &capabilities.supports.workers;
    // Each number of workers in turn, beginning with another one at each block.
    let workers = workers[(seed as usize).wrapping_add(block).wrapping_add(repeat as usize) % workers.len()];
    Request { id: chance >> 12, workers, seed: chance & 0xffff_ffff, ..vector.request.clone() }
}

impl Wrong {
    fn of(capabilities: &Capabilities, request: &Request, oracle: Oracle, difference: Difference) -> Self {
        let workers = request.workers;
        let plural = if workers == 1 { "" } else { "s" };
        let subject = format!("{} ({workers} worker{plural}, seed {})", capabilities.name, request.seed);
        let given = request.block.transactions.iter().map(|given| &given.transaction);
        let transactions = types_at(&difference.place, given);
        let with = AskedWith { workers, seed: request.seed };
        Self { violation: Violation { transactions, ..Violation::new(oracle, subject, difference) }, with }
    }
}

/// The scenario of a plan's seed, as far as it fits, and how many transactions had to go.
pub fn scenario_for(capabilities: &Capabilities, seed: u64) -> (Scenario, u64) {
    let built = build(&Plan::from_seed(seed), SignatureScheme::Tagged);
    let fitted = fit(&built.scenario, capabilities);
    let taken_out = built.scenario.tx_count() - fitted.tx_count();
    (fitted, taken_out as u64)
}
