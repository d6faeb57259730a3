//! Many generated scenarios against a subject from outside, up to the first violation. Which scenario comes at which index
//! depends on the seed and on what the subject says of itself.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::{
    Asked, Capabilities, Part, Subject, SubjectCanary, SubjectError, SubjectSource, ask, cases, check_answers,
    scenario_for,
};
use seriatim_campaign::{Budget, Conclusion, Control, Counterexample, FirstOfEach, keep_first};
use seriatim_explore::{InterleavingEvidence, Schedule};
use seriatim_lab::compare::{Verdict, Violation};
use seriatim_lab::interleave_on;
use seriatim_lab::workload::{Plan, Scenario, mix};
use seriatim_triage::report::{Artifact, Origin, PROCESS, PROGRAM};

/// What to run.
#[derive(Clone, Debug)]
pub struct SubjectCampaign {
    pub seed: u64,
    pub budget: Budget,
    /// Threads, each with a subject of its own; at least 1.
    pub jobs: usize,
    /// Whether to go on after a violation, counting those of the same signature.
    pub keep_going: bool,
}

/// Why a campaign did not take place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectCampaignError {
    #[error("the subject cannot be asked: {0}")]
    Subject(#[from] SubjectError),
    #[error("capabilities: {0}")]
    Capabilities(String),
    #[error(transparent)]
    Canary(#[from] SubjectCanary),
}

/// What it came to.
#[derive(Debug, Serialize)]
pub struct SubjectReport {
    pub subject: Capabilities,
    pub seed: u64,
    pub jobs: usize,
    pub seconds: f64,
    #[serde(skip)]
    pub conclusion: Conclusion,
    pub missed_floors: Vec<String>,
    pub asked: Asked,
    /// Under shuttle, if the subject runs there.
    pub interleavings: InterleavingEvidence,
    /// Because of what the subject says of itself.
    pub not_checked: Vec<String>,
    /// Subjects that had to be started again.
    pub restarts: u64,
    pub counterexamples: Vec<Counterexample>,
}

/// A violation as a scenario shows it.
struct Found {
    index: u64,
    seed: u64,
    violation: Violation,
    scenario: Scenario,
    schedule: Option<Schedule>,
}

/// Sums of one job.
#[derive(Default)]
struct Sums {
    asked: Asked,
    interleavings: InterleavingEvidence,
    restarts: u64,
}

/// Runs a campaign. It looks at `control.stop` between scenarios.
///
/// # Errors
/// The subject cannot be started or cannot be asked anything, or the harness would not see its faults.
///
/// # Panics
/// If the harness itself does.
pub fn run(
    config: &SubjectCampaign,
    source: &dyn SubjectSource,
    control: &Control,
) -> Result<SubjectReport, SubjectCampaignError> {
    #[expect(clippy::disallowed_methods, reason = "the budget may be a time")]
    let begun = Instant::now();
    let capabilities = source.start()?.capabilities();
    capabilities.check().map_err(SubjectCampaignError::Capabilities)?;
    let unseen = check_answers(&capabilities)?;
    let next = AtomicU64::new(0);
    let limit = AtomicU64::new(match config.budget {
        Budget::Executions(executions) => executions,
        Budget::Time(_) => u64::MAX,
    });
    let found: FirstOfEach<Found> = Mutex::default();
    let job = |number: usize| -> Result<Sums, SubjectError> {
        let mut subject = source.start()?;
        let mut sums = Sums::default();
        loop {
            let out_of_time = matches!(config.budget, Budget::Time(time) if begun.elapsed() >= time);
            let index = next.fetch_add(1, Relaxed);
            if out_of_time || control.stop.load(Relaxed) || index >= limit.load(Relaxed) {
                sums.restarts = subject.restarts();
                return Ok(sums);
            }
            control.begin(number, index);
            if let Some(found_here) = examine(config, source, &capabilities, &mut *subject, index, &mut sums) {
                if !config.keep_going {
                    limit.fetch_min(index, Relaxed);
                }
                let signature = found_here.violation.signature();
                keep_first(&found, signature, found_here, |found| found.index);
            }
            control.end(number);
            control.executions.fetch_add(1, Relaxed);
        }
    };
    let results: Vec<Result<Sums, SubjectError>> = std::thread::scope(|scope| {
        let job = &job;
        let jobs: Vec<_> = (0..config.jobs.max(1)).map(|number| scope.spawn(move || job(number))).collect();
        jobs.into_iter().map(|job| job.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))).collect()
    });
    let mut sums = Sums::default();
    for result in results {
        let Sums { asked, interleavings, restarts } = result?;
        sums.asked.merge(&asked);
        sums.interleavings.merge(&interleavings);
        sums.restarts += restarts;
    }
    let mut found: Vec<_> = found.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect();
    found.sort_by_key(|(found, _)| found.index);
    if !config.keep_going {
        // Jobs that were ahead may have met others; which ones is chance.
        found.truncate(1);
    }
    let counterexamples =
        found.into_iter().map(|(found, times)| counterexample(config, source, &capabilities, found, times));
    Ok(SubjectReport::new(
        config,
        capabilities.clone(),
        sums,
        unseen,
        counterexamples.collect(),
        begun.elapsed().as_secs_f64(),
    ))
}

/// One scenario: asked on real threads, and every other one also under shuttle, if the subject runs there.
fn examine(
    config: &SubjectCampaign,
    source: &dyn SubjectSource,
    capabilities: &Capabilities,
    subject: &mut dyn Subject,
    index: u64,
    sums: &mut Sums,
) -> Option<Found> {
    let seed = mix(config.seed, index);
    let (scenario, taken_out) = scenario_for(capabilities, seed);
    sums.asked.scenarios += 1;
    sums.asked.taken_out += taken_out;
    // Under shuttle first: what is found there comes with its schedule.
    if let Some(explorer) = source.explorer(&scenario).filter(|_| index.is_multiple_of(2)) {
        let explored = interleave_on(&explorer, seed);
        sums.interleavings.merge(&explored.evidence);
        if let Verdict::Violation(violation) = explored.verdict {
            return Some(Found { index, seed, violation: *violation, scenario, schedule: explored.schedule });
        }
    }
    let wrong = ask(subject, capabilities, &cases(&scenario), mix(config.seed, !index), &mut sums.asked)?;
    Some(Found { index, seed, violation: wrong.violation, scenario, schedule: None })
}

fn counterexample(
    config: &SubjectCampaign,
    source: &dyn SubjectSource,
    capabilities: &Capabilities,
    found: Found,
    times: u64,
) -> Counterexample {
    let Found { index, seed, violation, scenario, schedule } = found;
    let how = if schedule.is_some() { ", interleaved" } else { "" };
    let words = format!("plan of seed {seed}, as far as it fits{how}");
    let plan = Some(hex::encode(Plan::from_seed(seed).to_bytes()));
    let origin = Origin { found_by: format!("campaign, {words}"), seed: config.seed, index, plan };
    let kind = if source.is_process() { PROCESS } else { PROGRAM };
    let subject = format!("{kind}{}", capabilities.name);
    Counterexample::of(index, times, words, Artifact::new(subject, origin, violation, scenario, schedule))
}

impl SubjectReport {
    fn new(
        config: &SubjectCampaign,
        subject: Capabilities,
        sums: Sums,
        unseen: Vec<String>,
        counterexamples: Vec<Counterexample>,
        seconds: f64,
    ) -> Self {
        let Sums { asked, interleavings, restarts } = sums;
        let missed_floors = missed_floors(&subject, &asked, unseen);
        let conclusion = match (counterexamples.is_empty(), missed_floors.is_empty()) {
            (false, _) => Conclusion::Violation,
            (true, true) => Conclusion::Agree,
            (true, false) => Conclusion::Inconclusive,
        };
        let (seed, jobs) = (config.seed, config.jobs);
        let not_checked = subject.unchecked();
        Self {
            subject,
            seed,
            jobs,
            seconds,
            conclusion,
            missed_floors,
            asked,
            interleavings,
            not_checked,
            restarts,
            counterexamples,
        }
    }
}

/// Why an agreement would mean little.
fn missed_floors(subject: &Capabilities, asked: &Asked, unseen: Vec<String>) -> Vec<String> {
    let mut missed = Vec::new();
    let generated = asked.transactions + asked.taken_out;
    if asked.requests == 0 {
        missed.push("nothing was asked".to_owned());
        return missed;
    }
    if asked.executed() == 0 {
        missed.push("no transaction was executed".to_owned());
    }
    if asked.transactions * 20 < generated {
        let (fit, generated) = (asked.transactions, generated);
        missed.push(format!("only {fit} of {generated} generated transactions fit what the subject supports and assumes, at least one in twenty should"));
    }
    if asked.conflicts == 0 {
        missed.push("no transaction conflicts with another".to_owned());
    }
    if asked.repeated == 0 {
        missed.push("no block was asked twice".to_owned());
    }
    if !subject.reports.state.contains(&Part::Balances) {
        missed.push("balances are not reported, so who owns what is not known".to_owned());
    }
    missed.extend(unseen.into_iter().map(|what| format!("no block would show another {what}")));
    missed
}

impl fmt::Display for SubjectReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Asked { scenarios, blocks, requests, repeated, transactions, conflicts, taken_out, .. } = &self.asked;
        for counterexample in &self.counterexamples {
            writeln!(f, "{counterexample}")?;
        }
        let word = match self.conclusion {
            Conclusion::Agree => "AGREE",
            Conclusion::Violation => "VIOLATION",
            Conclusion::Inconclusive => "INCONCLUSIVE",
        };
        let rate = *requests as f64 / self.seconds.max(0.001);
        writeln!(f, "{word}: {}, {scenarios} scenarios, seed {}", self.subject.name, self.seed)?;
        writeln!(
            f,
            "  asked        {requests} times about {blocks} blocks, {repeated} of them repeatedly ({rate:.0}/s)"
        )?;
        writeln!(
            f,
            "  transactions {transactions}, {} executed, {conflicts} in conflict with an earlier one",
            self.asked.executed()
        )?;
        if *taken_out > 0 {
            writeln!(f, "  left out     {taken_out} that the subject does not support or assumes away")?;
        }
        if self.interleavings.interleavings > 0 {
            let InterleavingEvidence { interleavings, preemptions, .. } = self.interleavings;
            writeln!(f, "  interleaved  {interleavings} times under shuttle, {preemptions} preemptions")?;
        }
        if self.restarts > 0 {
            writeln!(f, "  restarts     {}", self.restarts)?;
        }
        let mut text = String::new();
        for line in &self.missed_floors {
            writeln!(text, "  floor missed {line}")?;
        }
        for (reason, what) in by_reason(&self.not_checked) {
            writeln!(text, "  not checked  ({reason}) {}", what.join("; "))?;
        }
        f.write_str(&text)
    }
}

/// The lines of [`Capabilities::unchecked`], those with one reason together, in order of appearance.
fn by_reason(lines: &[String]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (what, reason) in lines.iter().filter_map(|line| line.rsplit_once(": ")) {
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, group)) => group.push(what),
            None => groups.push((reason, vec![what])),
        }
    }
    groups
}
