//! Many generated scenarios against an external subject, up to the first violation. Which scenario comes at which index
//! depends on the seed and on what the subject says of itself.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{
    Asked, Asking, Capabilities, Part, Subject, SubjectCanary, SubjectError, SubjectSource, TestVector, Wrong, ask,
    check_answers, scenario_for, vectors,
};
use seriatim_campaign::{
    Budget, Conclusion, Control, Counterexample, Done, Execution, First, Hang, Job, Jobs, Sums, Waived, Waivers,
};
use seriatim_explore::{Interleaver, InterleavingEvidence, Schedule};
use seriatim_lab::compare::{Oracle, Violation};
use seriatim_lab::workload::{Plan, Scenario, mix};
use seriatim_lab::{interleave_on, portfolio, small_portfolio};
use seriatim_triage::report::{Artifact, AskedWith, Origin, PROCESS, PROGRAM};

/// What to run.
#[derive(Clone, Debug)]
pub struct SubjectCampaign {
    pub seed: u64,
    pub budget: Budget,
    /// Threads, each with a subject of its own; at least 1.
    pub jobs: usize,
    /// Whether to go on after a violation, counting those of the same signature.
    pub keep_going: bool,
    /// What does not end the campaign and does not count.
    pub waivers: Waivers,
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
    /// What ran under shuttle, if the subject runs there.
    pub interleavings: InterleavingEvidence,
    /// Because of what the subject says of itself.
    pub not_checked: Vec<String>,
    /// Subjects that had to be started again.
    pub restarts: u64,
    pub counterexamples: Vec<Counterexample>,
    /// The same of what is waived: the conclusion does not depend on it.
    pub waived: Vec<Waived>,
}

/// A violation as a scenario shows it.
struct Found {
    seed: u64,
    violation: Violation,
    scenario: Scenario,
    schedule: Option<Schedule>,
    /// What a subject was asked with that has no schedule.
    with: Option<AskedWith>,
}

/// What was counted.
#[derive(Default)]
struct Figures {
    asked: Asked,
    interleavings: InterleavingEvidence,
    restarts: u64,
}

impl Sums for Figures {
    fn merge(&mut self, other: Self) {
        let Self { asked, interleavings, restarts } = other;
        self.asked.merge(&asked);
        self.interleavings.merge(&interleavings);
        self.restarts += restarts;
    }
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
    let capabilities = source.start()?.capabilities();
    capabilities.check().map_err(SubjectCampaignError::Capabilities)?;
    let unseen = check_answers(&capabilities)?.into_iter().map(|what| format!("no block would show another {what}"));
    let mut missed: Vec<String> = unseen.collect();
    let start = || -> Result<_, SubjectError> {
        let subject = source.start()?;
        Ok(Examination { seed: config.seed, source, capabilities: &capabilities, subject, figures: Figures::default() })
    };
    let SubjectCampaign { seed: _, budget, jobs, keep_going, waivers } = config;
    let jobs = Jobs { budget: *budget, jobs: *jobs, keep_going: *keep_going, waivers };
    let Done { sums, found, waived, time } = jobs.run(control, start)?;
    let waived = Waived::of(&waived, |found| found.violation.signature(), waivers);
    let found = found.into_iter().map(|first| counterexample(config, source, &capabilities, first)).collect();
    if !source.has_real_threads() && sums.interleavings.context_switches == 0 {
        missed.push("no task ran beside another: is the feature `controlled` of seriatim-shims on?".to_owned());
    }
    let report = SubjectReport::new(config, capabilities, sums, missed, found, time);
    Ok(SubjectReport { waived, ..report })
}

/// One job: a subject of its own, and what was counted.
struct Examination<'a> {
    seed: u64,
    source: &'a dyn SubjectSource,
    capabilities: &'a Capabilities,
    subject: Box<dyn Subject>,
    figures: Figures,
}

impl Job for Examination<'_> {
    type Found = Found;
    type Sums = Figures;

    /// One scenario.
    fn execute(&mut self, index: u64) -> Execution<Found> {
        let before = self.figures.asked.transactions;
        let found = self.examine(index);
        let transactions = self.figures.asked.transactions - before;
        Execution { transactions, found: found.map(|found| (found.violation.signature(), found)) }
    }

    fn end(self) -> Figures {
        Figures { restarts: self.subject.restarts(), ..self.figures }
    }
}

impl Examination<'_> {
    /// Asks on real threads, and at every other index also under shuttle, if the subject runs there. One that has no real
    /// threads runs there alone, at every index.
    fn examine(&mut self, index: u64) -> Option<Found> {
        let seed = mix(self.seed, index);
        let (scenario, taken_out) = scenario_for(self.capabilities, seed);
        self.figures.asked.scenarios += 1;
        self.figures.asked.taken_out += taken_out;
        let vectors = vectors(&scenario);
        let has_real_threads = self.source.has_real_threads();
        // Under shuttle first: what is found there comes with its schedule.
        if (index.is_multiple_of(2) || !has_real_threads)
            && let Some(explorer) = self.source.explorer(&scenario)
            && let Some((violation, schedule)) = self.explore(&explorer, seed, &vectors)
        {
            return Some(Found { seed, violation, scenario, schedule, with: None });
        }
        if !has_real_threads {
            return None;
        }
        let asking = Asking::Seed(mix(self.seed, !index));
        let asked = &mut self.figures.asked;
        let Wrong { violation, with } = ask(&mut *self.subject, self.capabilities, &vectors, asking, asked)?;
        Some(Found { seed, violation, scenario, schedule: None, with: Some(with) })
    }

    fn explore(
        &mut self,
        explorer: &Interleaver,
        seed: u64,
        vectors: &[TestVector],
    ) -> Option<(Violation, Option<Schedule>)> {
        let explored = if self.source.has_real_threads() {
            interleave_on(explorer, portfolio(seed))
        } else {
            // Where no block has two transactions, one schedule is as good as another.
            let meet = vectors.iter().any(|vector| vector.request.block.transactions.len() > 1);
            let explored = interleave_on(explorer, small_portfolio(seed).take(if meet { usize::MAX } else { 1 }));
            self.figures.asked.count_explored(vectors, explored.evidence.interleavings);
            explored
        };
        self.figures.interleavings.merge(&explored.evidence);
        Some((*explored.verdict.into_violation()?, explored.schedule))
    }
}

fn counterexample(
    config: &SubjectCampaign,
    source: &dyn SubjectSource,
    capabilities: &Capabilities,
    first: First<Found>,
) -> Counterexample {
    let First { index, times, found } = first;
    let Found { seed, violation, scenario, schedule, with } = found;
    let how = if schedule.is_some() { ", interleaved" } else { "" };
    let words = format!("plan of seed {seed}, as far as it fits{how}");
    let plan = Some(hex::encode(Plan::from_seed(seed).to_bytes()));
    let origin = Origin { found_by: format!("campaign, {words}"), seed: config.seed, index, plan };
    let kind = if source.is_process() { PROCESS } else { PROGRAM };
    let subject = format!("{kind}{}", capabilities.name);
    let artifact = Artifact { asked: with, ..Artifact::new(subject, origin, violation, scenario, schedule) }.sealed();
    Counterexample { command: source.command(), ..Counterexample::of(index, times, words, artifact) }
}

impl SubjectReport {
    /// The report of a campaign that a hang ended after so many executions, of which nothing else was counted.
    ///
    /// # Errors
    /// The subject, which must say of itself what it can be asked, cannot be started once more.
    pub fn of_hang(
        config: &SubjectCampaign,
        source: &dyn SubjectSource,
        index: u64,
        hang: Hang,
        executions: u64,
        time: Duration,
    ) -> Result<Self, SubjectError> {
        let capabilities = source.start()?.capabilities();
        let seed = mix(config.seed, index);
        let (scenario, _) = scenario_for(&capabilities, seed);
        let difference = hang.difference("time of the execution");
        let violation = Violation::new(Oracle::Hang, capabilities.name.clone(), difference);
        let first = First { index, times: 1, found: Found { seed, violation, scenario, schedule: None, with: None } };
        let counterexample = counterexample(config, source, &capabilities, first);
        let figures = Figures { asked: Asked { scenarios: executions, ..Asked::default() }, ..Figures::default() };
        let report = Self::new(config, capabilities, figures, Vec::new(), vec![counterexample], time);
        Ok(Self { missed_floors: Vec::new(), ..report })
    }

    fn new(
        config: &SubjectCampaign,
        subject: Capabilities,
        figures: Figures,
        missed: Vec<String>,
        counterexamples: Vec<Counterexample>,
        time: Duration,
    ) -> Self {
        let Figures { asked, interleavings, restarts } = figures;
        let missed_floors = missed_floors(&subject, &asked, missed);
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
            seconds: time.as_secs_f64(),
            conclusion,
            missed_floors,
            asked,
            interleavings,
            not_checked,
            restarts,
            counterexamples,
            waived: Vec::new(),
        }
    }
}

/// Why an agreement would mean little.
fn missed_floors(subject: &Capabilities, asked: &Asked, further: Vec<String>) -> Vec<String> {
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
    missed.extend(further);
    missed
}

/// The verdict, the counterexamples, what was asked, and the verdict again. The alternate form (`{:#}`) has colours.
impl fmt::Display for SubjectReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verdict(f)?;
        for counterexample in &self.counterexamples {
            writeln!(f, "\n{counterexample}")?;
        }
        self.summary(f)?;
        self.verdict(f)
    }
}

impl SubjectReport {
    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, asked, seed, .. } = self;
        let text = format_args!("{}, {} scenarios, seed {seed}", subject.name, asked.scenarios);
        self.conclusion.write_line(f, text)
    }

    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Asked { blocks, requests, repeated, transactions, conflicts, taken_out, .. } = &self.asked;
        let rate = *requests as f64 / self.seconds.max(0.001);
        writeln!(
            f,
            "  asked        {requests} times about {blocks} blocks, {repeated} of them repeatedly ({rate:.0}/s)"
        )?;
        let executed = self.asked.executed();
        writeln!(f, "  transactions {transactions}, {executed} executed, {conflicts} in conflict with an earlier one")?;
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
        for waived in &self.waived {
            writeln!(f, "  waived       {waived}")?;
        }
        for line in &self.missed_floors {
            writeln!(f, "  floor missed {line}")?;
        }
        for (reason, what) in by_reason(&self.not_checked) {
            writeln!(f, "  not checked  ({reason}) {}", what.join("; "))?;
        }
        Ok(())
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
