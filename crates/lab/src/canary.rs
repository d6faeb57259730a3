//! Subjects that are wrong on purpose, one for each oracle, all made outside the production code. A campaign that does
//! not catch every one of them proves nothing and does not start.

#[expect(clippy::ptr_arg, clippy::unnecessary_wraps, reason = "each has the form that the table of defects asks for")]
mod defects;
mod scheduled;

use std::ops::ControlFlow;

use crate::ChainExperiment;
use crate::compare::{Evidence, Oracle, Verdict, judge};
use crate::drive::{ChainSubject, Observation};
use crate::workload::{Built, Expectation, Plan, Scenario, build};
use seriatim_explore::model::ModelSettings;
use seriatim_explore::{InterleaveConfig, Strategy};
use seriatim_tos::ledger::SignatureScheme;
use seriatim_tos::storage::{Layer, Read, StorageError, WriteBatch, WriteOp};

use strum::{EnumMessage, VariantArray};

use super::Examiner;
use defects::*;
use scheduled::{ScheduleDefect, Scheduled};

/// One way of being wrong.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{Plan, build};
/// use seriatim_lab::{Canary, Examiner};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let built = build(&Plan::sized(7, 12), SignatureScheme::Tagged);
/// let verdict = Canary::FeesMiscounted.judge(&Examiner::new()?, &built.scenario, &built.expectation);
/// let violation = verdict.into_violation().expect("a campaign that misses a canary does not start");
/// assert_eq!(violation.oracle, Canary::FeesMiscounted.oracle());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumMessage, VariantArray)]
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

/// Checks that every canary is caught by the oracle meant for it. Returns those that cannot be judged, because
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
    let missed: Vec<Canary> = Canary::ALL.iter().copied().filter(|canary| !caught(canary)).collect();
    let agree = |built: &Built| {
        let verdict = examiner.examine(&built.scenario, &built.expectation, 0, false);
        matches!(verdict, Verdict::Agree(_))
    };
    match missed.first() {
        Some(&canary) if plans.iter().all(agree) => Err(CanaryMissed { canary }),
        _ => Ok(missed),
    }
}

/// What a canary does wrong, and where: each kind has another part of the run to be wrong in.
#[derive(Clone, Copy)]
enum Defect {
    /// Storage reads fail or panic.
    Reads(fn(Read) -> Result<(), StorageError>),
    /// The writes of a commit are changed.
    Writes(fn(&mut Vec<WriteOp>)),
    /// The writes are changed, and the reference is made to agree.
    BelievedWrites(fn(&mut Vec<WriteOp>)),
    /// The writes are changed in one of two runs.
    WritesOfOneRun(fn(&mut Vec<WriteOp>)),
    /// A right run is reported wrongly.
    Report(fn(&mut Observation)),
    /// The sequential path runs, and this turns its observation into that of a parallel one.
    Pose(fn(&mut Observation)),
    /// Tasks wait for each other wrongly, or interleave wrongly. Only shuttle runs such a canary.
    Schedule(ScheduleDefect),
}

impl Canary {
    /// Each of them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// How it is wrong, in a sentence.
    pub fn about(self) -> &'static str {
        self.get_documentation().expect("every variant has a doc comment")
    }

    /// The oracle meant to reject it, and what is wrong.
    fn design(self) -> (Oracle, Defect) {
        use Defect::*;
        match self {
            Self::ReceiptsSwapped => (Oracle::Receipts, Report(swap_receipts)),
            Self::TaskPanics => (Oracle::Panic, Reads(panic_in_a_task)),
            Self::ReadFails => (Oracle::Receipts, Reads(fail_accounts)),
            Self::BalanceTooHigh => (Oracle::State, Writes(change_a_balance)),
            Self::SelfLink => (Oracle::Versions, Writes(link_a_version_to_itself)),
            Self::SurplusVersion => (Oracle::Versions, Writes(repeat_a_version)),
            Self::FeesMiscounted => (Oracle::Figures, Writes(miscount_fees)),
            Self::LinkLost => (Oracle::Marks, Writes(lose_links)),
            Self::MintedInAgreement => (Oracle::Invariants, BelievedWrites(change_a_balance)),
            Self::WritesUnsorted => (Oracle::Writes, Writes(swap_writes)),
            Self::RunsDiffer => (Oracle::Determinism, WritesOfOneRun(write_without_effect)),
            Self::SilentFallback => (Oracle::Parallelism, Pose(pose_as_parallel)),
            Self::TooManyTasks => (Oracle::Parallelism, Report(claim_one_task)),
            Self::OneByOne => (Oracle::Parallelism, Report(deny_parallelism)),
            Self::ReportsNothing => (Oracle::Receipts, Report(forget_ledgers)),
            Self::NeverWoken => (Oracle::LostWakeup, Schedule(ScheduleDefect::NeverWoken)),
            Self::NeverEnding => (Oracle::Livelock, Schedule(ScheduleDefect::NeverEnding)),
            Self::OppositeLocks => (Oracle::Deadlock, Schedule(ScheduleDefect::OppositeLocks)),
            Self::CountsByLoadAndStore => (Oracle::Figures, Schedule(ScheduleDefect::CountsByLoadAndStore)),
        }
    }

    /// The oracle meant to reject it.
    pub fn oracle(self) -> Oracle {
        self.design().0
    }

    /// Whether its defect shows only under a schedule: such a canary runs under shuttle.
    pub fn is_scheduled(self) -> bool {
        self.schedule_defect().is_some()
    }

    fn schedule_defect(self) -> Option<ScheduleDefect> {
        match self.design().1 {
            Defect::Schedule(defect) => Some(defect),
            _ => None,
        }
    }

    /// Runs the wrong subject and judges it as a campaign would.
    pub fn judge(self, examiner: &Examiner, scenario: &Scenario, expectation: &Expectation) -> Verdict {
        let (_, defect) = self.design();
        let right = || ChainSubject::parallel(examiner.runtimes(), 2, 0);
        let wrong = || right().with_layer(Wrong(defect)).run(scenario);
        let tampered = |mut observation: Observation, tamper: fn(&mut Observation)| {
            tamper(&mut observation);
            judge(scenario, expectation, &[observation])
        };
        match defect {
            Defect::Reads(_) | Defect::Writes(_) => judge(scenario, expectation, &[wrong()]),
            Defect::BelievedWrites(_) => {
                let wrong = wrong();
                let believing = Expectation { ledgers: wrong.ledgers.clone(), ..expectation.clone() };
                judge(scenario, &believing, &[wrong])
            }
            Defect::WritesOfOneRun(_) => judge(scenario, expectation, &[right().run(scenario), wrong()]),
            Defect::Report(tamper) => tampered(right().run(scenario), tamper),
            Defect::Pose(tamper) => tampered(ChainSubject::sequential(examiner.runtimes()).run(scenario), tamper),
            Defect::Schedule(defect) => judge_interleavings(defect, scenario),
        }
    }

    /// The parallel path with the defect.
    ///
    /// # Panics
    /// If the canary is not [scheduled](Self::is_scheduled): no other can be explored.
    pub(crate) fn on_experiment(self, experiment: ChainExperiment) -> ChainExperiment {
        experiment.with_layer(Scheduled::new(self.schedule_defect().expect("only scheduled canaries are explored")))
    }
}

/// The first violation in a few interleavings.
fn judge_interleavings(defect: ScheduleDefect, scenario: &Scenario) -> Verdict {
    let interleaver = ChainExperiment::v3(scenario).with_layer(Scheduled::new(defect)).ready();
    let settings = ModelSettings { workers: None, shards: 4, placement_seed: 0 };
    let config = InterleaveConfig { strategy: Strategy::Random, seed: 0, executions: 4, max_parallelism: 8, settings };
    let mut verdict = Verdict::Agree(Evidence::default());
    interleaver.explore(&config, |interleaved| {
        verdict = interleaved.verdict;
        if matches!(verdict, Verdict::Agree(_)) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    verdict
}

/// The defect as a layer around the storage.
#[derive(Clone, Copy)]
struct Wrong(Defect);

impl Layer for Wrong {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        if let Defect::Reads(fail) = self.0 { fail(read) } else { Ok(()) }
    }

    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        if let Defect::Writes(tamper) | Defect::BelievedWrites(tamper) | Defect::WritesOfOneRun(tamper) = self.0 {
            tamper(&mut batch.ops);
        }
        Ok(())
    }
}
