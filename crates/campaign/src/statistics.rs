//! What a campaign looked at: outcomes, conflict classes, and the floors below which agreement means nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use seriatim_explore::InterleavingEvidence;
use seriatim_lab::compare::{Endured, Evidence, Verdict};
use seriatim_lab::workload::{Applied, Built, ConflictClass};
use seriatim_runtime::{Fault, Site};
use seriatim_tos::execution::parallel::batches;
use seriatim_tos::ledger::{Receipt, TransactionError};

use seriatim_lab::{FaultFigures, InjectionResult};

use super::{Lanes, Sums};

/// Sums over executions; they do not depend on the order of counting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    pub executions: u64,
    /// Executions by lane.
    pub lanes: BTreeMap<&'static str, u64>,
    pub agreements: u64,
    /// What the agreements rest on.
    pub evidence: Evidence,
    /// Transactions by what the reference made of them.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Blocks by why they were aborted.
    pub aborts: BTreeMap<&'static str, u64>,
    /// Generated transactions by the conflict class they were made for.
    pub classes: BTreeMap<&'static str, u64>,
    pub blocks: u64,
    pub empty_blocks: u64,
    pub rewinds: u64,
    pub batches: u64,
    /// Transactions that share an account with an earlier one of their block.
    pub conflicts: u64,
    /// Most transactions of one block.
    pub largest_block: u64,
    /// What ran under shuttle.
    pub interleavings: InterleavingEvidence,
    /// What ran with faults.
    pub faults: FaultFigures,
}

/// A bound that a campaign's figures must reach, else its agreement is inconclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum Floor {
    #[error("no execution")]
    NoExecution,
    #[error("no transaction conflicts with another")]
    NoConflict,
    #[error("only {executed} of {transactions} transactions execute, at least half should")]
    ExecutedShare { executed: u64, transactions: u64 },
    #[error("no transaction fails with {0}")]
    ErrorNotSeen(&'static str),
    #[error("no generated transaction of the class {0}")]
    ClassNotSeen(&'static str),
    #[error("the canary {0} was not caught, since the executors themselves are wrong where it would show")]
    CanaryNotCaught(String),
    #[error("no interleaving preempted a task")]
    NoPreemption,
    #[error("no interleaving brought conflicting accesses of two tasks side by side")]
    NoMeeting,
    #[error("no block had several tasks in flight")]
    NoOverlap,
    #[error("no {0} was injected")]
    FaultNotStruck(&'static str),
    #[error("no fault came to this: {0}")]
    EndNotSeen(&'static str),
    #[error("no fault struck at the place {0}")]
    SiteNotStruck(&'static str),
    #[error("no fault struck under shuttle")]
    NoFaultInterleaved,
    #[error("no block was struck by every fault")]
    NoCompleteBlock,
}

impl Statistics {
    pub(super) fn count(&mut self, lane: &'static str, built: &Built) {
        self.executions += 1;
        *self.lanes.entry(lane).or_default() += 1;
        for class in &built.classes {
            *self.classes.entry(class.name()).or_default() += 1;
        }
        built.expectation.walk(&built.scenario).for_each(|(_, _, outcome)| self.count_block(outcome));
        self.rewinds += built.expectation.rewinds() as u64;
        for block in built.scenario.blocks() {
            let batches = batches(&block.transactions, &BTreeMap::new());
            self.batches += batches.len() as u64;
            self.conflicts += batches.iter().skip(1).map(|batch| batch.len() as u64).sum::<u64>();
            self.largest_block = self.largest_block.max(block.transactions.len() as u64);
        }
    }

    fn count_block(&mut self, outcome: &Applied) {
        self.blocks += 1;
        match outcome {
            Ok(receipts) => {
                self.empty_blocks += u64::from(receipts.is_empty());
                for receipt in receipts {
                    *self.outcomes.entry(receipt.outcome()).or_default() += 1;
                }
            }
            Err(abort) => *self.aborts.entry(abort.name()).or_default() += 1,
        }
    }

    pub(super) fn agree(&mut self, evidence: &Evidence) {
        self.agreements += 1;
        self.evidence.merge(evidence);
    }

    pub(super) fn interleaved(&mut self, evidence: &InterleavingEvidence) {
        self.interleavings.merge(evidence);
    }

    /// Counts what faults came to.
    pub(super) fn struck(&mut self, struck: InjectionResult) -> Verdict {
        match struck {
            Ok(figures) => {
                self.faults.merge(&figures);
                let observations = figures.injected() + figures.calm_runs;
                Verdict::Agree(Evidence { observations, ..Evidence::default() })
            }
            Err(found) => {
                let (found, figures) = *found;
                self.faults.merge(&figures);
                Verdict::Violation(Box::new(found.violation))
            }
        }
    }

    /// All transactions of blocks that were not aborted.
    pub fn transactions(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Those of them that executed.
    pub fn executed(&self) -> u64 {
        self.outcomes.get(Receipt::EXECUTED).copied().unwrap_or(0)
    }

    /// The floors missed by a campaign over these lanes. Errors and classes are demanded only of generated plans.
    pub fn missed_floors(&self, lanes: Lanes) -> Vec<Floor> {
        if self.executions == 0 {
            return vec![Floor::NoExecution];
        }
        let mut missed = Vec::new();
        let (executed, transactions) = (self.executed(), self.transactions());
        if 2 * executed < transactions {
            missed.push(Floor::ExecutedShare { executed, transactions });
        }
        if self.conflicts == 0 {
            missed.push(Floor::NoConflict);
        }
        if lanes == Lanes::Faults {
            missed.extend(self.missed_faults());
            return missed;
        }
        if self.evidence.blocks_with_overlap == 0 {
            missed.push(Floor::NoOverlap);
        }
        if matches!(lanes, Lanes::All | Lanes::Interleavings) {
            if self.interleavings.preemptions == 0 {
                missed.push(Floor::NoPreemption);
            }
            if self.interleavings.meetings == 0 {
                missed.push(Floor::NoMeeting);
            }
        }
        if lanes != Lanes::Shapes {
            let unseen = |names: &BTreeMap<&'static str, u64>, name: &str| !names.contains_key(name);
            let errors = TransactionError::NAMES.iter().copied().filter(|name| unseen(&self.outcomes, name));
            missed.extend(errors.map(Floor::ErrorNotSeen));
            let classes = ConflictClass::ALL.iter().map(|class| class.name());
            missed.extend(classes.filter(|name| unseen(&self.classes, name)).map(Floor::ClassNotSeen));
        }
        missed
    }

    /// The floors of a campaign over faults: every kind, every end, and the places that matter most.
    fn missed_faults(&self) -> Vec<Floor> {
        let FaultFigures { complete_blocks, faults, sites, endured, interleaved, .. } = &self.faults;
        let unseen = |names: &BTreeMap<&'static str, u64>, name: &str| !names.contains_key(name);
        let faults = Fault::ALL.iter().map(|fault| fault.name()).filter(|name| unseen(faults, name));
        let ends = Endured::ALL.iter().map(|endured| endured.name()).filter(|name| unseen(endured, name));
        let places = [Site::Start, Site::Resume, Site::Read, Site::Write, Site::Written, Site::Join];
        let places = places.map(Site::name).into_iter().filter(|name| unseen(sites, name));
        let complete = (*complete_blocks == 0).then_some(Floor::NoCompleteBlock);
        let interleaved = interleaved.is_empty().then_some(Floor::NoFaultInterleaved);
        let missed = faults.map(Floor::FaultNotStruck).chain(ends.map(Floor::EndNotSeen));
        missed.chain(places.map(Floor::SiteNotStruck)).chain(complete).chain(interleaved).collect()
    }
}

impl Sums for Statistics {
    fn merge(&mut self, other: Self) {
        let Self {
            executions,
            lanes,
            agreements,
            evidence,
            outcomes,
            aborts,
            classes,
            blocks,
            empty_blocks,
            rewinds,
            batches,
            conflicts,
            largest_block,
            interleavings,
            faults,
        } = other;
        self.faults.merge(&faults);
        self.interleavings.merge(&interleavings);
        self.executions += executions;
        self.agreements += agreements;
        self.evidence.merge(&evidence);
        for (mine, theirs) in [
            (&mut self.lanes, lanes),
            (&mut self.outcomes, outcomes),
            (&mut self.aborts, aborts),
            (&mut self.classes, classes),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
        self.blocks += blocks;
        self.empty_blocks += empty_blocks;
        self.rewinds += rewinds;
        self.batches += batches;
        self.conflicts += conflicts;
        self.largest_block = self.largest_block.max(largest_block);
    }
}
