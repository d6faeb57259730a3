//! One scenario run many times, up to its first violation: under shuttle by a strategy or exhaustively, or on tokio, where chance
//! alone chooses interleavings.

use std::ops::ControlFlow;

use seriatim_explore::{Exhaustion, InterleaveConfig, Interleaved, Interleaver, InterleavingEvidence, Schedule};
use seriatim_lab::compare::{Evidence, Verdict, Violation};
use seriatim_lab::workload::{Expectation, Scenario};
use seriatim_lab::{BuiltinSubject, Examiner};

/// How schedules are chosen.
#[derive(Clone, Debug)]
pub enum Schedules {
    /// The strategy of each configuration chooses, one after the other.
    Chosen(Vec<InterleaveConfig>),
    /// Partial order reduction runs every one that can matter.
    Every(InterleaveConfig),
    /// Those with the fewest switches come first, up to so many switches.
    Fewest(InterleaveConfig, usize),
}

/// What a search under shuttle saw.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub evidence: InterleavingEvidence,
    /// How far a search for every schedule came.
    pub exhaustion: Option<Exhaustion>,
    pub found: Option<(Violation, Schedule)>,
}

/// What runs on tokio saw.
#[derive(Clone, Debug, Default)]
pub struct Repeated {
    pub executions: u64,
    pub evidence: Evidence,
    pub found: Option<Violation>,
}

/// Searches for a violation. Its schedule comes with its steps.
///
/// # Examples
/// ```
/// use seriatim_campaign::{Schedules, search};
/// use seriatim_explore::{InterleaveConfig, Schedule, Strategy};
/// use seriatim_lab::workload::{Plan, build};
/// use seriatim_lab::{BuiltinSubject, Canary};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let scenario = build(&Plan::sized(7, 6), SignatureScheme::Tagged).scenario;
/// let explorer = BuiltinSubject::Canary(Canary::CountsByLoadAndStore).explorer(&scenario);
/// let config = InterleaveConfig::like(&Schedule::straight(), Strategy::Random, 1_000);
/// let search = search(&explorer, &Schedules::Fewest(config, 2));
/// let (violation, schedule) = search.found.expect("a read is lost after two switches at most");
/// assert_eq!(explorer.replay(&schedule).0.verdict.into_violation().unwrap().signature(), violation.signature());
/// ```
pub fn search(explorer: &Interleaver, schedules: &Schedules) -> Search {
    let mut search = Search::default();
    match schedules {
        Schedules::Every(config) => {
            let (evidence, exhaustion) = explorer.explore_all(config, until_found(&mut search.found));
            search.evidence = evidence;
            search.exhaustion = Some(exhaustion);
        }
        Schedules::Fewest(config, switches) => {
            search.evidence = explorer.explore_fewest(config, *switches, until_found(&mut search.found));
        }
        Schedules::Chosen(configs) => {
            for config in configs {
                search.evidence.merge(&explorer.explore(config, until_found(&mut search.found)));
                if search.found.is_some() {
                    break;
                }
            }
        }
    }
    search.found = search.found.map(|(violation, schedule)| (violation, explorer.with_steps(&schedule)));
    search
}

fn until_found(found: &mut Option<(Violation, Schedule)>) -> impl FnMut(Interleaved) -> ControlFlow<()> {
    |interleaved| match interleaved.verdict {
        Verdict::Agree(_) => ControlFlow::Continue(()),
        Verdict::Violation(violation) => {
            *found = Some((*violation, interleaved.schedule));
            ControlFlow::Break(())
        }
    }
}

/// Runs a scenario so many times on tokio, each time with another seed.
pub fn repeat(
    examiner: &Examiner,
    subject: BuiltinSubject,
    (scenario, expectation): (&Scenario, &Expectation),
    seed: u64,
    times: u64,
) -> Repeated {
    let mut repeated = Repeated::default();
    while repeated.executions < times && repeated.found.is_none() {
        let seed = seed.wrapping_add(repeated.executions);
        repeated.executions += 1;
        match examiner.examine_on(subject.paths(), scenario, expectation, seed, true) {
            Verdict::Agree(more) => repeated.evidence.merge(&more),
            Verdict::Violation(violation) => repeated.found = Some(*violation),
        }
    }
    repeated
}
