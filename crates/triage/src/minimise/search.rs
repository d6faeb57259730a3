//! The search: the smallest case so far, the attempts at a smaller one, and the order in which they come.

use std::collections::BTreeSet;
use std::ops::Range;

use seriatim_explore::{InterleavingEvidence, Schedule};
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::workload::Scenario;
use seriatim_tos::ledger::SignatureScheme;

use super::script::Script;
use super::{Case, Effort, Minimised, NotShown, Probe, names};

/// Steps of an attempt that may fail by bad luck, because it is made again later.
const FIRST_STEPS: usize = 10_000;
/// Steps of an attempt whose failure counts.
const LAST_STEPS: usize = 40_000;
/// Steps of the search for the case itself: without it there is nothing.
const CASE_STEPS: usize = 4_000_000;
/// Executions for the schedule where the limit was reached before.
const FOR_THE_SCHEDULE: u64 = 10_000;
/// The bound for a case that no schedule makes smaller.
const FEW_TRANSACTIONS: usize = 2;
/// Random schedules that show a violation which needs none.
const ALWAYS: Effort = Effort::Always { executions: 4 };

/// Minimising under way.
pub(super) struct Search<'a> {
    probe: &'a mut dyn Probe,
    wanted: &'a Signature,
    limit: u64,
    tries: u64,
    /// The smallest so far.
    pub script: Script,
    scenario: Scenario,
    pub schedule: Option<Schedule>,
    violation: Violation,
    /// Digests of what did not show it, with the effort.
    rejected: BTreeSet<(Effort, [u8; 32])>,
    /// Digests of what was accepted: no way leads back to it.
    accepted_before: BTreeSet<[u8; 32]>,
    /// Attempts that succeeded.
    pub accepted: u64,
    /// Steps that an attempt under a schedule may take.
    steps: usize,
}

impl<'a> Search<'a> {
    pub(super) fn begin(
        case: &Case,
        wanted: &'a Signature,
        probe: &'a mut dyn Probe,
        limit: u64,
    ) -> Result<Self, NotShown> {
        let mut tries = 0;
        let mut shown = None;
        let straight = Case { schedule: None, ..case.clone() };
        let efforts = [(&straight, ALWAYS), (case, Effort::Follow), (case, Effort::Search { steps: CASE_STEPS })];
        for (case, effort) in efforts.into_iter().take(if case.schedule.is_some() { 3 } else { 1 }) {
            let probed = probe.probe(case, wanted, effort);
            tries += probed.executions;
            shown = shown.or(probed.shown);
            if shown.is_some() {
                break;
            }
        }
        let Some((violation, schedule)) = shown else { return Err(NotShown { signature: wanted.clone(), tries }) };
        let script = Script::of(&case.scenario);
        Ok(Self {
            probe,
            wanted,
            limit,
            tries,
            script,
            scenario: case.scenario.clone(),
            schedule,
            violation,
            rejected: BTreeSet::new(),
            accepted_before: BTreeSet::new(),
            accepted: 0,
            steps: FIRST_STEPS,
        })
    }

    /// Whether it came to an end by itself, every removal having been tried in vain.
    pub(super) fn run(&mut self) -> bool {
        if self.script.parameters.signature_scheme != SignatureScheme::Tagged {
            // Else nobody can sign, and only what needs no signature can change.
            self.attempt(self.script.clone().tagged());
        }
        self.shrink_to_the_failing_block();
        self.rounds();
        self.shrink_under_a_schedule();
        let is_through = self.tries < self.limit;
        self.allow_for_the_schedule();
        self.keep_a_schedule_if_needed();
        self.shortest_schedule();
        is_through
    }

    /// Raises the limit: the schedule is what a reader follows, step by step, so it gets shorter in any case.
    pub(super) fn allow_for_the_schedule(&mut self) {
        self.limit = self.limit.max(self.tries.saturating_add(FOR_THE_SCHEDULE));
    }

    /// Searches until nothing gets smaller any more, first with little effort, then with more.
    fn rounds(&mut self) {
        for steps in [FIRST_STEPS, LAST_STEPS] {
            self.steps = steps;
            loop {
                self.shorten_schedule(steps);
                if !self.round() {
                    break;
                }
            }
        }
    }

    /// What needs no schedule with many transactions may be shown by few under one.
    fn shrink_under_a_schedule(&mut self) {
        if self.schedule.is_some() || self.script.tx_count() <= FEW_TRANSACTIONS {
            return;
        }
        let Some((_, schedule, _)) = self.try_schedule(&Schedule::straight(), Effort::Fewest { steps: FIRST_STEPS })
        else {
            return;
        };
        let before = (self.script.clone(), self.scenario.clone(), self.violation.clone());
        self.schedule = Some(schedule);
        self.rounds();
        if self.script.tx_count() >= before.0.tx_count() {
            (self.script, self.scenario, self.violation) = before;
            self.schedule = None;
        }
    }

    /// A case that was made small under the straight schedule alone may show nothing under others any more.
    fn keep_a_schedule_if_needed(&mut self) {
        if self.schedule.is_some() || self.tries >= self.limit {
            return;
        }
        let case = Case { scenario: self.scenario.clone(), schedule: None };
        let probed = self.probe.probe(&case, self.wanted, ALWAYS);
        self.tries += probed.executions;
        if probed.shown.is_none()
            && let Some((violation, schedule, _)) =
                self.try_schedule(&Schedule::straight(), Effort::Fewest { steps: 1 })
        {
            self.take_schedule(violation, schedule);
        }
    }

    fn round(&mut self) -> bool {
        let before = self.accepted;
        self.shrink_structure();
        self.shrink_content();
        self.shrink_settings();
        self.rename();
        self.accepted > before && self.tries < self.limit
    }

    /// Tries a case; it becomes the smallest if it shows the violation.
    pub(super) fn attempt(&mut self, script: Script) -> bool {
        self.attempt_under(script, self.schedule.clone())
    }

    /// The same with another schedule to begin with.
    pub(super) fn attempt_under(&mut self, script: Script, schedule: Option<Schedule>) -> bool {
        if self.tries >= self.limit {
            return false;
        }
        let Some(scenario) = script.play() else { return false };
        let settings = |schedule: &Option<Schedule>| {
            schedule.as_ref().map(|schedule| (schedule.settings(), schedule.max_parallelism))
        };
        let same_settings = settings(&schedule) == settings(&self.schedule);
        if scenario == self.scenario && same_settings {
            return false;
        }
        let effort = if schedule.is_none() { Effort::Straight } else { Effort::Search { steps: self.steps } };
        let text = serde_json::to_vec(&scenario).expect("plain data with text keys");
        let mut hasher = blake3::Hasher::new();
        hasher.update(&text);
        hasher.update(format!("{:?}", settings(&schedule)).as_bytes());
        let digest = *hasher.finalize().as_bytes();
        if self.rejected.contains(&(effort, digest)) || self.accepted_before.contains(&digest) {
            return false;
        }
        let case = Case { scenario, schedule };
        let probed = self.probe.probe(&case, self.wanted, effort);
        self.tries += probed.executions;
        let Some((violation, schedule)) = probed.shown else {
            self.rejected.insert((effort, digest));
            return false;
        };
        self.accepted_before.insert(digest);
        self.script = script;
        self.scenario = case.scenario;
        self.violation = violation;
        self.schedule = schedule;
        self.accepted += 1;
        true
    }

    /// Tries an edit of the smallest case.
    pub(super) fn edit(&mut self, edit: impl FnOnce(&mut Script)) -> bool {
        let mut script = self.script.clone();
        edit(&mut script);
        self.attempt(script)
    }

    /// Tries to take out everything, then halves, quarters and so on down to single ones, from the last to the first.
    /// `remove` gives None where a range cannot be taken out.
    pub(super) fn sweep(
        &mut self,
        length: impl Fn(&Script) -> usize,
        remove: impl Fn(Script, Range<usize>) -> Option<Script>,
    ) {
        let mut chunk = length(&self.script);
        while chunk > 0 {
            let mut end = length(&self.script);
            while end > 0 {
                let start = end.saturating_sub(chunk);
                if let Some(script) = remove(self.script.clone(), start..end) {
                    self.attempt(script);
                }
                end = start.min(length(&self.script));
            }
            chunk /= 2;
        }
    }

    /// Where the violation shows first, if it says so: block and transactions.
    pub(super) fn place(&self) -> Option<(usize, Vec<usize>)> {
        let place = &self.violation.difference.place;
        Some((place.block?, place.transactions.clone()))
    }

    /// Looks for the violation of the smallest case under another schedule, which does not become its own.
    pub(super) fn try_schedule(
        &mut self,
        schedule: &Schedule,
        effort: Effort,
    ) -> Option<(Violation, Schedule, InterleavingEvidence)> {
        if self.tries >= self.limit {
            return None;
        }
        let case = Case { scenario: self.scenario.clone(), schedule: Some(schedule.clone()) };
        let probed = self.probe.probe(&case, self.wanted, effort);
        self.tries += probed.executions;
        let (violation, schedule) = probed.shown?;
        Some((violation, schedule?, probed.figures))
    }

    /// Takes over what [`Self::try_schedule`] found.
    pub(super) fn take_schedule(&mut self, violation: Violation, schedule: Schedule) {
        self.violation = violation;
        self.schedule = Some(schedule);
    }

    pub(super) fn end(mut self, case: &Case, is_one_minimal: bool) -> Minimised {
        let mut figures = InterleavingEvidence::default();
        self.limit = u64::MAX;
        if let Some(schedule) = self.schedule.clone()
            && let Some((violation, followed, of_schedule)) = self.try_schedule(&schedule, Effort::Follow)
        {
            figures = of_schedule;
            self.violation = violation;
            self.schedule = Some(self.probe.with_steps(&self.scenario, &followed));
        }
        Minimised {
            signature: self.violation.signature(),
            transactions: (case.scenario.tx_count(), self.scenario.tx_count()),
            accounts: (names::count(&Script::of(&case.scenario)), names::count(&self.script)),
            scenario: self.scenario,
            schedule: self.schedule,
            violation: self.violation,
            tries: self.tries,
            preemptions: figures.preemptions,
            context_switches: figures.context_switches,
            is_one_minimal,
        }
    }
}

impl Script {
    /// Steps taken out, by their position.
    pub(super) fn without_steps(mut self, range: Range<usize>) -> Self {
        self.steps.drain(range);
        self.forget();
        self
    }
}
