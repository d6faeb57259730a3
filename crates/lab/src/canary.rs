//! Subjects that are wrong on purpose, one for each oracle, all made outside the production code. A campaign that does
//! not catch every one of them proves nothing and does not start.

mod scheduled;

use std::ops::ControlFlow;

use crate::ChainExperiment;
use crate::compare::{Evidence, Oracle, Verdict, judge};
use crate::drive::{ChainSubject, Observation, ObservedBlock, ObservedStep, Tasks};
use crate::workload::{Built, Expectation, Plan, Scenario, build};
use seriatim_explore::model::ModelSettings;
use seriatim_explore::{InterleaveConfig, Strategy};
use seriatim_tos::ledger::{Hash, SignatureScheme};
use seriatim_tos::storage::{Layer, Read, StateKey, StateValue, StorageError, WriteBatch, WriteOp};

use super::Examiner;
use scheduled::Scheduled;

/// One way of being wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canary {
    /// Two neighbouring receipts trade places.
    ReceiptsSwapped,
    /// A task panics while it reads an account.
    TaskPanics,
    /// A storage read fails.
    ReadFails,
    /// A balance is written one unit too high.
    BalanceTooHigh,
    /// A version links to itself.
    SelfLink,
    /// A loaded but unchanged value is written as a version.
    SurplusVersion,
    /// The metadata counts one unit of fees too many.
    FeesMiscounted,
    /// A transaction is not linked to its block.
    LinkLost,
    /// One unit is created from nothing, and the reference believes it too.
    MintedInAgreement,
    /// Two writes trade places.
    WritesUnsorted,
    /// One of two runs writes something without effect.
    RunsDiffer,
    /// The sequential path answers in the parallel one's name.
    SilentFallback,
    /// More tasks in flight than allowed.
    TooManyTasks,
    /// Tasks run one after another.
    OneByOne,
    /// A subject that runs everything and reports no ledger.
    ReportsNothing,
    /// A read that nobody ever wakes.
    NeverWoken,
    /// A read that yields for ever.
    NeverEnding,
    /// Reads that take two locks in the order of the account's first bit.
    OppositeLocks,
    /// Reads that are counted by a load and a store; what is lost is added to the fees.
    CountsByLoadAndStore,
}

/// A canary was not rejected, or not by the oracle meant for it, though the executors themselves are right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("canary {canary:?} was not caught by the oracle {} in {CANARY_PLANS} plans: a campaign would prove nothing", .canary.oracle().name())]
pub struct CanaryMissed {
    pub canary: Canary,
}

/// Plans on which a canary may show. Not every plan has, say, two executed transactions in one block.
pub const CANARY_PLANS: u64 = 16;

/// Checks that every canary is caught by the oracle meant for it. Returns those for which that cannot be told, because
/// the executors themselves are wrong on the canaries' plans; a campaign then has a violation to find.
///
/// # Errors
/// The first that is not caught, if the executors agree on every plan.
pub fn check_canaries(examiner: &Examiner) -> Result<Vec<Canary>, CanaryMissed> {
    let plans: Vec<_> = (0..CANARY_PLANS).map(|seed| build(&Plan::from_seed(seed), SignatureScheme::Tagged)).collect();
    let caught = |canary: &Canary| {
        plans.iter().any(|built| {
            let verdict = canary.judge(examiner, &built.scenario, &built.expectation);
            verdict.into_violation().is_some_and(|violation| violation.oracle == canary.oracle())
        })
    };
    let missed: Vec<Canary> = Canary::ALL.into_iter().filter(|canary| !caught(canary)).collect();
    let agree = |built: &Built| {
        let verdict = examiner.examine(&built.scenario, &built.expectation, 0, false);
        matches!(verdict, Verdict::Agree(_))
    };
    match missed.first() {
        Some(&canary) if plans.iter().all(agree) => Err(CanaryMissed { canary }),
        _ => Ok(missed),
    }
}

impl Canary {
    pub const ALL: [Self; 19] = [
        Self::ReceiptsSwapped,
        Self::TaskPanics,
        Self::ReadFails,
        Self::BalanceTooHigh,
        Self::SelfLink,
        Self::SurplusVersion,
        Self::FeesMiscounted,
        Self::LinkLost,
        Self::MintedInAgreement,
        Self::WritesUnsorted,
        Self::RunsDiffer,
        Self::SilentFallback,
        Self::TooManyTasks,
        Self::OneByOne,
        Self::ReportsNothing,
        Self::NeverWoken,
        Self::NeverEnding,
        Self::OppositeLocks,
        Self::CountsByLoadAndStore,
    ];

    /// The oracle meant to reject it.
    pub fn oracle(self) -> Oracle {
        match self {
            Self::TaskPanics => Oracle::Panic,
            Self::ReceiptsSwapped | Self::ReadFails | Self::ReportsNothing => Oracle::Receipts,
            Self::NeverWoken => Oracle::LostWakeup,
            Self::NeverEnding => Oracle::Livelock,
            Self::OppositeLocks => Oracle::Deadlock,
            Self::BalanceTooHigh => Oracle::State,
            Self::SelfLink | Self::SurplusVersion => Oracle::Versions,
            Self::FeesMiscounted | Self::CountsByLoadAndStore => Oracle::Figures,
            Self::LinkLost => Oracle::Marks,
            Self::MintedInAgreement => Oracle::Invariants,
            Self::WritesUnsorted => Oracle::Writes,
            Self::RunsDiffer => Oracle::Determinism,
            Self::SilentFallback | Self::TooManyTasks | Self::OneByOne => Oracle::Parallelism,
        }
    }

    /// Runs the wrong subject and judges it as a campaign would.
    pub fn judge(self, examiner: &Examiner, scenario: &Scenario, expectation: &Expectation) -> Verdict {
        if self.is_scheduled() {
            // Let loose under shuttle only.
            return self.judge_interleavings(scenario);
        }
        let right = ChainSubject::parallel(examiner.engine(), 2, 0);
        let mut wrong = right.clone().with_layer(Wrong(self)).run(scenario);
        match self {
            Self::MintedInAgreement => {
                let believing = Expectation { ledgers: wrong.ledgers.clone(), ..expectation.clone() };
                judge(scenario, &believing, &[wrong])
            }
            Self::RunsDiffer => judge(scenario, expectation, &[right.run(scenario), wrong]),
            Self::SilentFallback => {
                let sequential = ChainSubject::sequential(examiner.engine()).run(scenario);
                let mut posing = Observation { max_parallelism: Some(2), ..sequential };
                blocks_mut(&mut posing).for_each(|block| block.made_of = Some(Tasks::Transactions));
                judge(scenario, expectation, &[posing])
            }
            Self::OneByOne => {
                for block in blocks_mut(&mut wrong) {
                    block.tasks.peak_in_flight = block.tasks.peak_in_flight.min(1);
                }
                judge(scenario, expectation, &[wrong])
            }
            Self::ReportsNothing => {
                wrong.ledgers.clear();
                judge(scenario, expectation, &[wrong])
            }
            Self::TooManyTasks => {
                wrong.max_parallelism = Some(1);
                judge(scenario, expectation, &[wrong])
            }
            Self::ReceiptsSwapped => {
                swap_receipts(&mut wrong);
                judge(scenario, expectation, &[wrong])
            }
            Self::TaskPanics
            | Self::ReadFails
            | Self::BalanceTooHigh
            | Self::SelfLink
            | Self::SurplusVersion
            | Self::FeesMiscounted
            | Self::LinkLost
            | Self::WritesUnsorted
            | Self::NeverWoken
            | Self::NeverEnding
            | Self::OppositeLocks
            | Self::CountsByLoadAndStore => judge(scenario, expectation, &[wrong]),
        }
    }
}

impl Canary {
    /// Whether its fault is one of the schedule: such a canary runs under shuttle.
    pub fn is_scheduled(self) -> bool {
        matches!(self, Self::NeverWoken | Self::NeverEnding | Self::OppositeLocks | Self::CountsByLoadAndStore)
    }

    /// The parallel path with the fault.
    pub(crate) fn on_experiment(self, experiment: ChainExperiment) -> ChainExperiment {
        experiment.with_layer(Scheduled::new(self))
    }

    /// Some interleavings; the first violation.
    fn judge_interleavings(self, scenario: &Scenario) -> Verdict {
        let interleaver = self.on_experiment(ChainExperiment::v3(scenario)).ready();
        let settings = ModelSettings { workers: None, shards: 4, placement_seed: 0 };
        let config =
            InterleaveConfig { strategy: Strategy::Random, seed: 0, executions: 4, max_parallelism: 8, settings };
        let mut verdict = Verdict::Agree(Evidence::default());
        interleaver.explore(&config, |interleaved| {
            verdict = interleaved.verdict;
            if matches!(verdict, Verdict::Agree(_)) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        verdict
    }
}

fn blocks_mut(observation: &mut Observation) -> impl Iterator<Item = &mut ObservedBlock> {
    observation.steps.iter_mut().flat_map(|step| match step {
        ObservedStep::Run(blocks) => blocks.as_mut_slice(),
        ObservedStep::Rewind => &mut [],
    })
}

fn swap_receipts(observation: &mut Observation) {
    for ObservedBlock { outcome, .. } in blocks_mut(observation) {
        if let Ok(receipts) = outcome
            && receipts.len() > 1
        {
            receipts.swap(0, 1);
            return;
        }
    }
}

/// The fault itself, around the storage.
#[derive(Clone, Copy, Debug)]
struct Wrong(Canary);

impl Layer for Wrong {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        match (self.0, read) {
            (Canary::TaskPanics, Read::ExecutedBy(_)) => panic!("a canary panics"),
            (Canary::ReadFails, Read::Account(_)) => Err(StorageError::Failed("a canary's fault".to_owned())),
            _ => Ok(()),
        }
    }

    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        let ops = &mut batch.ops;
        match self.0 {
            Canary::BalanceTooHigh | Canary::MintedInAgreement => {
                let amounts = ops.iter_mut().filter_map(|op| match op {
                    WriteOp::Put { key: StateKey::Balance(..), version, .. } => match &mut version.value {
                        StateValue::Amount(amount) => Some(amount),
                        _ => None,
                    },
                    _ => None,
                });
                if let Some(amount) = amounts.last() {
                    *amount ^= 1;
                }
            }
            Canary::SelfLink => {
                let links = ops.iter_mut().filter_map(|op| match op {
                    WriteOp::Put { topoheight, version, .. } => Some((*topoheight, &mut version.previous)),
                    _ => None,
                });
                if let Some((topoheight, previous)) = links.last() {
                    *previous = Some(topoheight);
                }
            }
            Canary::SurplusVersion => {
                // The same value once more, one topoheight lower: newest values stay right.
                let put = ops.iter().find(|op| {
                    matches!(op, WriteOp::Put { topoheight, version, .. }
                    if *topoheight > 1 && version.previous != Some(topoheight - 1))
                });
                if let Some(WriteOp::Put { key, topoheight, version }) = put.cloned() {
                    ops.insert(0, WriteOp::Put { key, topoheight: topoheight - 1, version });
                }
            }
            Canary::FeesMiscounted => {
                for op in ops {
                    if let WriteOp::Metadata { metadata, .. } = op {
                        metadata.fees ^= 1;
                    }
                }
            }
            Canary::LinkLost => ops.retain(|op| !matches!(op, WriteOp::Link { .. })),
            Canary::WritesUnsorted => {
                let puts = |op: &WriteOp| matches!(op, WriteOp::Put { .. });
                if let Some(first) = ops.windows(2).position(|pair| pair.iter().all(puts)) {
                    ops.swap(first, first + 1);
                }
            }
            Canary::RunsDiffer => {
                if let Some(first) = ops.iter().position(|op| matches!(op, WriteOp::Metadata { .. })) {
                    ops.insert(first, WriteOp::RemoveOrphan(Hash::ZERO));
                }
            }
            Canary::ReceiptsSwapped
            | Canary::TaskPanics
            | Canary::ReadFails
            | Canary::SilentFallback
            | Canary::TooManyTasks
            | Canary::OneByOne
            | Canary::ReportsNothing
            | Canary::NeverWoken
            | Canary::NeverEnding
            | Canary::OppositeLocks
            | Canary::CountsByLoadAndStore => {}
        }
        Ok(())
    }
}
