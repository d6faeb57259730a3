//! A violation of an external subject, run again: how often it shows, and in how small a case.

use std::collections::BTreeMap;
use std::iter::repeat_n;
use std::ops::ControlFlow;

use super::{
    Asked, Asking, Capabilities, Subject, SubjectError, SubjectSource, TestVector, Wrong, ask, fit, rate, vectors,
};
use seriatim_campaign::{Means, MinimiseError, Rerun, Told, Watch, minimise_by, under_shuttle};
use seriatim_explore::{Interleaver, InterleavingEvidence, Schedule};
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::portfolio;
use seriatim_lab::workload::{Scenario, mix};
use seriatim_triage::minimise::{Case, Effort, Probe, Probed, UnderShuttle};
use seriatim_triage::report::{Artifact, AskedWith, Rate, Smaller};

/// How often a case is asked at most for its rate.
const MOST_ASKED: u32 = 10_000;
/// How often the recorded request is asked alone, before others are.
const RECORDED: u32 = 20;
/// Seeds that an attempt tries of a subject that draws its schedule from them.
const SCHEDULES: u32 = 200;
/// Portfolios that look for a schedule.
const HUNTS: u64 = 64;

/// Why an artifact was not made smaller.
#[derive(Debug, thiserror::Error)]
pub enum MinimiseExternalError {
    #[error(transparent)]
    Subject(#[from] SubjectError),
    #[error(transparent)]
    Minimise(#[from] MinimiseError),
}

/// What came of a case that was asked again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reruns {
    pub times: u32,
    /// Reruns with a violation of the wanted signature.
    pub same: u32,
    /// Reruns with another one.
    pub other: u32,
    /// The first of the wanted ones, else of the others.
    pub violation: Option<Violation>,
    /// The wanted ones, by the number of workers that showed them.
    pub by_workers: BTreeMap<u32, u32>,
    /// Reruns with the recorded request, and how many of them showed a wanted one.
    pub recorded: u32,
    pub with_recorded: u32,
}

/// Asks about a scenario so many times: first with the request that is recorded, if there is one, and if that does not show
/// the violation each time, then with others.
pub fn rerun(
    subject: &mut dyn Subject,
    scenario: &Scenario,
    wanted: &Signature,
    recorded: Option<AskedWith>,
    times: u32,
    watch: &mut Told<'_>,
) -> Reruns {
    let capabilities = subject.capabilities();
    let of_workers = capabilities.supports.workers.iter().map(|&workers| (workers, 0));
    let mut reruns = Reruns { by_workers: of_workers.collect(), ..Reruns::default() };
    let vectors = vectors(&fit(scenario, &capabilities));
    let own = recorded.map_or(0, |_| times.min(RECORDED));
    for time in 0..times {
        if own > 0 && time == own && reruns.same == own {
            break;
        }
        let asking = match recorded {
            Some(with) if time < own => Asking::With(with),
            _ => Asking::Seed(mix(0, u64::from(time))),
        };
        reruns.times += 1;
        if let Some(Wrong { violation, with }) = ask(subject, &capabilities, &vectors, asking, &mut Asked::default()) {
            if violation.signature() == *wanted {
                if reruns.same == 0 {
                    reruns.violation = Some(violation);
                }
                reruns.same += 1;
                reruns.with_recorded += u32::from(time < own);
                *reruns.by_workers.entry(with.workers).or_default() += 1;
            } else {
                reruns.violation.get_or_insert(violation);
                reruns.other += 1;
            }
        }
        if watch(reruns.times.into()).is_break() {
            break;
        }
    }
    reruns.recorded = reruns.times.min(own);
    reruns
}

/// Runs an artifact's case again: under shuttle, where there is a schedule to follow and the subject runs there; else by asking,
/// with a rate.
///
/// # Errors
/// The subject cannot be started.
pub fn replay_external(
    artifact: &Artifact,
    source: &dyn SubjectSource,
    times: u32,
    watch: &mut Told<'_>,
) -> Result<Rerun, SubjectError> {
    if artifact.schedule.is_some()
        && let Some(explorer) = source.explorer(&artifact.scenario)
    {
        return Ok(under_shuttle(artifact, &explorer, times.into(), watch));
    }
    let mut subject = source.start()?;
    let Reruns { times, same, other, violation, by_workers, recorded, with_recorded } =
        rerun(&mut *subject, &artifact.scenario, &artifact.signature, artifact.asked, times, watch);
    let recorded = (recorded > 0).then_some((with_recorded, recorded));
    let means = Means::Questions { subject: subject.capabilities().name, by_workers, recorded };
    Ok(Rerun { times: times.into(), same: same.into(), other: other.into(), violation, means })
}

/// The artifact of a smaller case, with the rate at which that shows the violation. Under shuttle, where the subject runs
/// there and the violation shows; else by asking each attempt so often that what shows as often as the whole case is
/// overlooked in one attempt of a hundred.
///
/// # Errors
/// `NotShown` if the violation does not show any more, `Stopped` if `watch` broke off; the subject cannot be started.
pub fn minimise_external(
    artifact: &Artifact,
    source: &dyn SubjectSource,
    tries: u64,
    watch: &mut Watch<'_>,
) -> Result<Artifact, MinimiseExternalError> {
    if let Some(explorer) = source.explorer(&artifact.scenario) {
        let hunted = hunt(artifact, &explorer);
        let explorer = |scenario: &Scenario| source.explorer(scenario).expect("a source has explorers or has none");
        match minimise_by(&hunted, &mut UnderShuttle::new(&explorer), tries, watch) {
            Err(MinimiseError::NotShown(_)) if hunted.schedule.is_none() => {}
            made => return Ok(made?),
        }
    }
    minimise_by_asking(artifact, &mut *source.start()?, tries, watch)
}

/// The recorded request first, then others: their schedules are chance, so each attempt is repeated.
fn minimise_by_asking(
    artifact: &Artifact,
    subject: &mut dyn Subject,
    tries: u64,
    watch: &mut Watch<'_>,
) -> Result<Artifact, MinimiseExternalError> {
    let transactions = artifact.scenario.tx_count();
    let mut probe = Repeated::of(subject, artifact.asked);
    let first = probe.measure(&artifact.scenario, &artifact.signature, &mut || watch(0, transactions));
    probe.ask_often_enough_for(&first);
    let mut made = artifact.clone();
    loop {
        // An attempt is one try, however often it is repeated.
        made = minimise_by(&made, &mut probe, tries, watch)?;
        made.asked = probe.recorded;
        let rated = probe.measure(&made.scenario, &made.signature, &mut || ControlFlow::Continue(()));
        if rated.shown == 0 {
            // Chance made it look smaller. What was met stays, with the rate at which it showed.
            return Ok(Artifact { rate: Some(first), ..artifact.clone() }.sealed());
        }
        let repeats = probe.repeats;
        if !probe.ask_often_enough_for(&rated) {
            let from_first =
                |smaller: Smaller| Smaller { transactions: (transactions, smaller.transactions.1), ..smaller };
            let rate = Some(Rate { repeats, ..rated });
            return Ok(Artifact { rate, smaller: made.smaller.map(from_first), ..made }.sealed());
        }
        // A smaller case shows it more seldom: what was tried before may have been overlooked.
    }
}

/// Adds a schedule that shows the violation, if a short search finds one: what was seen on real threads is then seen at
/// every replay.
fn hunt(artifact: &Artifact, explorer: &Interleaver) -> Artifact {
    let mut hunted = artifact.clone();
    if hunted.schedule.is_some() {
        return hunted;
    }
    for config in (0..HUNTS).flat_map(|seed| portfolio(mix(seed, artifact.origin.index))) {
        explorer.explore(&config, |interleaved| match interleaved.verdict.into_violation() {
            Some(violation) if violation.signature() == artifact.signature => {
                hunted.schedule = Some(interleaved.schedule);
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        });
        if hunted.schedule.is_some() {
            break;
        }
    }
    hunted
}

/// A subject that is asked again until it shows the violation, or often enough.
struct Repeated<'a> {
    subject: &'a mut dyn Subject,
    capabilities: Capabilities,
    /// The request that showed the violation last.
    recorded: Option<AskedWith>,
    /// Requests of one attempt with the recorded workers and seed, and with others.
    with_recorded: u32,
    repeats: u32,
}

impl<'a> Repeated<'a> {
    fn of(subject: &'a mut dyn Subject, recorded: Option<AskedWith>) -> Self {
        let capabilities = subject.capabilities();
        Self { subject, capabilities, recorded, with_recorded: 1, repeats: 1 }
    }

    fn is_deterministic(&self) -> bool {
        self.capabilities.deterministic_by_seed
    }

    /// The rate at which the recorded request shows the violation, or else any.
    fn measure(&mut self, scenario: &Scenario, wanted: &Signature, watch: &mut dyn FnMut() -> ControlFlow<()>) -> Rate {
        let vectors = vectors(&fit(scenario, &self.capabilities));
        if let Some(with) = self.recorded {
            let most = if self.is_deterministic() { 1 } else { RECORDED };
            let own = rate::measure(most, |_| {
                ControlFlow::Continue(self.shows(&vectors, wanted, Asking::With(with)).is_some())
            });
            // What always shows so needs no other request.
            if own.shown == own.times {
                return own;
            }
        }
        rate::measure(MOST_ASKED, |time| {
            watch()?;
            ControlFlow::Continue(self.shows(&vectors, wanted, Asking::Seed(mix(0, u64::from(time)))).is_some())
        })
    }

    /// Whether more repetitions are needed than so far, for a case of this rate.
    fn ask_often_enough_for(&mut self, rate: &Rate) -> bool {
        let (with_recorded, repeats) = match self.recorded {
            Some(_) if self.is_deterministic() => (1, SCHEDULES),
            Some(_) => (rate::repeats(rate).min(RECORDED), rate::repeats(rate)),
            None => (0, rate::repeats(rate)),
        };
        let are_more = repeats > self.repeats;
        self.with_recorded = with_recorded;
        self.repeats = self.repeats.max(repeats);
        are_more
    }

    fn shows(&mut self, vectors: &[TestVector], wanted: &Signature, asking: Asking) -> Option<Wrong> {
        let wrong = ask(self.subject, &self.capabilities, vectors, asking, &mut Asked::default());
        wrong.filter(|wrong| wanted.covers(&wrong.violation.signature()))
    }
}

impl Probe for Repeated<'_> {
    fn probe(&mut self, case: &Case, wanted: &Signature, _effort: Effort) -> Probed {
        let Case { scenario, .. } = case;
        let mut probed = Probed { executions: 1, figures: InterleavingEvidence::default(), ..Probed::default() };
        // A subject is asked only what fits it, and places are told of what was asked.
        if fit(scenario, &self.capabilities) != *scenario {
            return probed;
        }
        let vectors = vectors(scenario);
        let (with_recorded, repeats) = (self.with_recorded as usize, self.repeats);
        let own = self.recorded.into_iter().flat_map(|with| repeat_n(Asking::With(with), with_recorded));
        let others = (0..repeats).map(|repeat| Asking::Seed(mix(1, u64::from(repeat))));
        for asking in own.chain(others) {
            if let Some(Wrong { violation, with }) = self.shows(&vectors, wanted, asking) {
                self.recorded = Some(with);
                probed.shown = Some((violation, None));
                break;
            }
        }
        probed
    }

    fn with_steps(&mut self, _scenario: &Scenario, schedule: &Schedule) -> Schedule {
        schedule.clone()
    }
}
