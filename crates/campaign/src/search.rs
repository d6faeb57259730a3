//! One scenario run many times, up to its first violation: under shuttle by a strategy or exhaustively, or on tokio, where chance
//! alone chooses interleavings.

use std::ops::ControlFlow;

use seriatim_explore::{Exhaustion, InterleaveConfig, Interleaved, Interleaver, InterleavingEvidence, Schedule};
use seriatim_lab::compare::{Evidence, Verdict, Violation};
use seriatim_lab::workload::{Expectation, Scenario};
use seriatim_lab::{BuiltinSubject, Examiner};

use super::Told;

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

/// Searches for a violation, until one is found or `told` breaks off. Its schedule comes with its steps.
///
/// # Examples
/// ```
/// use std::ops::ControlFlow;
///
/// use seriatim_campaign::{Schedules, search};
/// use seriatim_explore::{InterleaveConfig, Schedule, Strategy};
/// use seriatim_lab::workload::{Plan, build};
/// use seriatim_lab::{BuiltinSubject, Canary};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let scenario = build(&Plan::sized(7, 6), SignatureScheme::Tagged).scenario;
/// let explorer = BuiltinSubject::Canary(Canary::CountsByLoadAndStore).explorer(&scenario);
/// let config = InterleaveConfig::like(&Schedule::straight(), Strategy::Random, 1_000);
/// let search = search(&explorer, &Schedules::Fewest(config, 2), &mut |_| ControlFlow::Continue(()));
/// let (violation, schedule) = search.found.expect("a read is lost after two switches at most");
/// assert_eq!(explorer.replay(&schedule).0.verdict.into_violation().unwrap().signature(), violation.signature());
/// ```
pub fn search(explorer: &Interleaver, schedules: &Schedules, told: &mut Told<'_>) -> Search {
    let mut search = Search::default();
    let mut watch = Watch { executions: 0, is_over: false, told };
    match schedules {
        Schedules::Every(config) => {
            let (evidence, exhaustion) = explorer.explore_all(config, watch.until_found(&mut search.found));
            search.evidence = evidence;
            search.exhaustion = Some(exhaustion);
        }
        Schedules::Fewest(config, switches) => {
            search.evidence = explorer.explore_fewest(config, *switches, watch.until_found(&mut search.found));
        }
        Schedules::Chosen(configs) => {
            for config in configs {
                search.evidence.merge(&explorer.explore(config, watch.until_found(&mut search.found)));
                if watch.is_over {
                    break;
                }
            }
        }
    }
    search.found = search.found.map(|(violation, schedule)| (violation, explorer.with_steps(&schedule)));
    search
}

/// Whoever is told of the executions, and whether the search is over.
struct Watch<'a, 'b> {
    executions: u64,
    is_over: bool,
    told: &'a mut Told<'b>,
}

impl Watch<'_, '_> {
    fn until_found(&mut self, found: &mut Option<(Violation, Schedule)>) -> impl FnMut(Interleaved) -> ControlFlow<()> {
        |interleaved| {
            self.executions += 1;
            let flow = match interleaved.verdict {
                Verdict::Agree(_) => (self.told)(self.executions),
                Verdict::Violation(violation) => {
                    *found = Some((*violation, interleaved.schedule));
                    ControlFlow::Break(())
                }
            };
            self.is_over |= flow.is_break();
            flow
        }
    }
}

/// Runs a scenario so many times on tokio, each time with another seed, or until `told` breaks off.
pub fn repeat(
    examiner: &Examiner,
    subject: BuiltinSubject,
    (scenario, expectation): (&Scenario, &Expectation),
    seed: u64,
    times: u64,
    told: &mut Told<'_>,
) -> Repeated {
    let mut repeated = Repeated::default();
    while repeated.executions < times && repeated.found.is_none() {
        let seed = seed.wrapping_add(repeated.executions);
        repeated.executions += 1;
        match examiner.examine_on(subject.paths(), scenario, expectation, seed, true) {
            Verdict::Agree(more) => repeated.evidence.merge(&more),
            Verdict::Violation(violation) => repeated.found = Some(*violation),
        }
        if told(repeated.executions).is_break() {
            break;
        }
    }
    repeated
}
