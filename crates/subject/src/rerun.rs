//! A violation of an external subject, run again: how often it shows, and in how small a case.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{Asked, Capabilities, Subject, SubjectError, SubjectSource, Wrong, ask, fit, vectors};
use seriatim_campaign::{Means, MinimiseError, Rerun, Told, Watch, minimise_by, under_shuttle};
use seriatim_explore::{Interleaver, InterleavingEvidence, Schedule};
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::portfolio;
use seriatim_lab::workload::{Scenario, mix};
use seriatim_triage::minimise::{Case, Effort, Probe, Probed, UnderShuttle};
use seriatim_triage::report::{Artifact, Rate, Smaller};

/// How often the rate of a case is asked.
const RATE_TIMES: u32 = 20;
/// Portfolios that look for a schedule.
const HUNTS: u64 = 64;
/// Most repetitions of one attempt, however seldom the violation shows.
const MOST_REPEATS: u32 = 200;

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
}

/// Asks about a scenario so many times, each time with other seeds.
pub fn rerun(
    subject: &mut dyn Subject,
    scenario: &Scenario,
    wanted: &Signature,
    times: u32,
    watch: &mut Told<'_>,
) -> Reruns {
    let capabilities = subject.capabilities();
    let of_workers = capabilities.supports.workers.iter().map(|&workers| (workers, 0));
    let mut reruns = Reruns { by_workers: of_workers.collect(), ..Reruns::default() };
    let vectors = vectors(&fit(scenario, &capabilities));
    for time in 0..times {
        reruns.times += 1;
        let seed = mix(0, u64::from(time));
        if let Some(Wrong { violation, workers }) = ask(subject, &capabilities, &vectors, seed, &mut Asked::default()) {
            if violation.signature() == *wanted {
                if reruns.same == 0 {
                    reruns.violation = Some(violation);
                }
                reruns.same += 1;
                *reruns.by_workers.entry(workers).or_default() += 1;
            } else {
                reruns.violation.get_or_insert(violation);
                reruns.other += 1;
            }
        }
        if watch(reruns.times.into()).is_break() {
            break;
        }
    }
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
    let Reruns { times, same, other, violation, by_workers } =
        rerun(&mut *subject, &artifact.scenario, &artifact.signature, times, watch);
    let means = Means::Questions { subject: subject.capabilities().name, by_workers };
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
    let mut subject = source.start()?;
    let capabilities = subject.capabilities();
    let transactions = artifact.scenario.tx_count();
    let mut go_on = |_| watch(0, transactions);
    let first = rerun(&mut *subject, &artifact.scenario, &artifact.signature, RATE_TIMES, &mut go_on);
    let mut repeats = repeats(first.same, first.times);
    let mut made = artifact.clone();
    loop {
        let mut probe = Repeated { subject: &mut *subject, capabilities: capabilities.clone(), repeats };
        made = minimise_by(&made, &mut probe, tries, watch)?;
        let mut go_on = |_| ControlFlow::Continue(());
        let rated = rerun(&mut *subject, &made.scenario, &made.signature, RATE_TIMES, &mut go_on);
        if rated.same == 0 {
            // Chance made it look smaller. What was met stays, with the rate at which it showed.
            let rate = Some(Rate { shown: first.same, times: first.times, repeats: 0 });
            return Ok(Artifact { rate, ..artifact.clone() }.sealed());
        }
        let needed = self::repeats(rated.same, rated.times);
        if needed <= repeats {
            let from_first =
                |smaller: Smaller| Smaller { transactions: (transactions, smaller.transactions.1), ..smaller };
            let rate = Some(Rate { shown: rated.same, times: rated.times, repeats });
            return Ok(Artifact { rate, smaller: made.smaller.map(from_first), ..made }.sealed());
        }
        // A smaller case shows it more seldom: what was tried before may have been overlooked.
        repeats = needed;
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

/// So many that a violation which shows `shown` times in `times` is overlooked once in a hundred.
fn repeats(shown: u32, times: u32) -> u32 {
    // A rate that was never or always seen is taken for one a little off.
    let rate = (f64::from(shown) + 0.5) / (f64::from(times) + 1.0);
    let overlooked = |repeats: u32| (1.0 - rate).powf(f64::from(repeats));
    (1..MOST_REPEATS).find(|&repeats| overlooked(repeats) <= 0.01).unwrap_or(MOST_REPEATS)
}

/// A subject that is asked again until it shows the violation, or often enough.
struct Repeated<'a> {
    subject: &'a mut dyn Subject,
    capabilities: Capabilities,
    repeats: u32,
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
        for repeat in 0..self.repeats {
            probed.executions = u64::from(repeat) + 1;
            let seed = mix(1, u64::from(repeat));
            let wrong = ask(self.subject, &self.capabilities, &vectors, seed, &mut Asked::default());
            let violation = wrong.map(|wrong| wrong.violation);
            let wanted = violation.filter(|violation| wanted.covers(&violation.signature()));
            if let Some(violation) = wanted {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_seldom_is_asked_often() {
        assert_eq!(repeats(20, 20), 2);
        assert!((5..=10).contains(&repeats(10, 20)), "{}", repeats(10, 20));
        assert_eq!(repeats(0, 20), MOST_REPEATS.min(repeats(0, 20)));
        assert!(repeats(1, 20) > repeats(5, 20));
    }
}
