//! A scenario under shuttle, with a portfolio of strategies and inputs of the model.

use std::ops::ControlFlow;

use super::BuiltinSubject;
use crate::compare::{Evidence, Verdict};
use crate::workload::{Built, Header};
use seriatim_explore::model::ModelSettings;
use seriatim_explore::{InterleaveConfig, Interleaver, InterleavingEvidence, Schedule, Strategy};

/// What a portfolio came to.
#[derive(Debug)]
pub struct Interleavings {
    pub verdict: Verdict,
    /// The schedule of the violation, if there is one.
    pub schedule: Option<Schedule>,
    pub evidence: InterleavingEvidence,
}

/// Executions of each member: the uniform walk first, which finds most bugs soonest; it learns from one execution for the
/// next, so it gets the most.
const MEMBERS: [(Strategy, usize); 3] =
    [(Strategy::UniformWalk, 4), (Strategy::Random, 2), (Strategy::Pct { depth: 3 }, 2)];

/// The explorations of a seed: each strategy with other workers, parallelism, shards and placement.
pub fn portfolio(seed: u64) -> impl Iterator<Item = InterleaveConfig> {
    MEMBERS.into_iter().enumerate().map(move |(member, (strategy, executions))| {
        let seed = seed.rotate_left(8 * member as u32);
        // Few workers starve, many let tasks meet; one shard makes keys share a lock, many keep them apart.
        let workers = [Some(1), Some(2), None, None][(seed % 4) as usize];
        let shards = [1, 2, 4, 64][(seed >> 2) as usize % 4];
        // Side by side tasks show what they do to each other; alone, now and then, what waits for itself.
        let alone = (seed >> 6).is_multiple_of(8);
        let max_parallelism = if alone { 1 } else { [2, 3, 4, 8][(seed >> 4) as usize % 4] };
        let settings = ModelSettings { workers, shards, placement_seed: seed };
        InterleaveConfig { strategy, seed, executions, max_parallelism, settings }
    })
}

/// One execution of each strategy, where another scenario is worth more than another schedule of the same.
pub fn small_portfolio(seed: u64) -> impl Iterator<Item = InterleaveConfig> {
    portfolio(seed).map(|config| InterleaveConfig { executions: 1, ..config })
}

/// Runs the portfolio up to the first violation.
///
/// # Examples
/// ```
/// use seriatim_lab::compare::Verdict;
/// use seriatim_lab::workload::{Plan, build};
/// use seriatim_lab::{BuiltinSubject, Canary, interleave};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let built = build(&Plan::sized(8, 12), SignatureScheme::Tagged);
/// let right = interleave(&built, BuiltinSubject::Parallel, 1_234);
/// assert!(matches!(right.verdict, Verdict::Agree(_)) && right.schedule.is_none());
/// assert!(right.evidence.preemptions > 0, "tasks were taken off where they could have gone on");
///
/// // The same executor, with a read counter that is a load and a store.
/// let wrong = interleave(&built, BuiltinSubject::Canary(Canary::CountsByLoadAndStore), 1_234);
/// assert!(matches!(wrong.verdict, Verdict::Violation(_)) && wrong.schedule.is_some());
/// ```
pub fn interleave(built: &Built, subject: BuiltinSubject, seed: u64) -> Interleavings {
    explore(built, subject, portfolio(seed))
}

/// One execution whose choices are bytes, with the inputs of the model that a plan's header names.
pub fn interleave_with(built: &Built, header: &Header, schedule: Vec<u8>) -> Interleavings {
    explore(built, BuiltinSubject::Parallel, [bytes_config(header, schedule)])
}

/// What [`interleave_with`] explores.
pub fn bytes_config(header: &Header, schedule: Vec<u8>) -> InterleaveConfig {
    let seed = u64::from(header.schedule_seed);
    let workers = match header.workers % 4 {
        0 => None,
        workers => Some(usize::from(workers)),
    };
    let settings = ModelSettings { workers, shards: 1 << (header.workers >> 2 & 7), placement_seed: seed };
    let max_parallelism = 2 + usize::from(header.workers >> 5);
    let strategy = Strategy::Bytes(schedule);
    InterleaveConfig { strategy, seed, executions: 1, max_parallelism, settings }
}

fn explore(
    built: &Built,
    subject: BuiltinSubject,
    configs: impl IntoIterator<Item = InterleaveConfig>,
) -> Interleavings {
    interleave_on(&subject.explorer_of(built), configs)
}

/// The same with any experiment and any explorations.
pub fn interleave_on(explorer: &Interleaver, configs: impl IntoIterator<Item = InterleaveConfig>) -> Interleavings {
    let mut evidence = InterleavingEvidence::default();
    let mut agreed = Evidence::default();
    for config in configs {
        let mut violation = None;
        let explored = explorer.explore(&config, |interleaved| match interleaved.verdict {
            Verdict::Agree(evidence) => {
                agreed.merge(&evidence);
                ControlFlow::Continue(())
            }
            verdict @ Verdict::Violation(_) => {
                violation = Some((verdict, interleaved.schedule));
                ControlFlow::Break(())
            }
        });
        evidence.merge(&explored);
        if let Some((verdict, schedule)) = violation {
            let schedule = explorer.with_steps(&schedule);
            return Interleavings { verdict, schedule: Some(schedule), evidence };
        }
    }
    Interleavings { verdict: Verdict::Agree(agreed), schedule: None, evidence }
}
