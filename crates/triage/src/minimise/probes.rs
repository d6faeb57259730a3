//! Two ways to run a case: under shuttle, where the schedule is chosen, and by any function that judges a scenario.

use std::ops::ControlFlow;

use seriatim_explore::{InterleaveConfig, Interleaved, Interleaver, InterleavingEvidence, Schedule, Strategy};
use seriatim_lab::compare::{Oracle, Signature, Verdict, Violation};
use seriatim_lab::workload::{Expectation, Scenario};

use super::{Case, Effort, Probe, Probed};

/// Most switches that are looked for in order of their number: beyond, there are too many schedules.
const MOST_SWITCHES: usize = 3;
/// An attempt may take so many times the steps of the schedule before it, and so many more.
const LONGER: usize = 20;
const SLACK: usize = 2_000;

/// The subject under shuttle: `explorer` makes it ready for a scenario.
pub struct UnderShuttle<'a> {
    explorer: &'a dyn Fn(&Scenario) -> Interleaver,
}

impl<'a> UnderShuttle<'a> {
    /// A probe of the subject that `explorer` makes.
    pub fn new(explorer: &'a dyn Fn(&Scenario) -> Interleaver) -> Self {
        Self { explorer }
    }
}

impl Probe for UnderShuttle<'_> {
    fn probe(&mut self, case: &Case, wanted: &Signature, effort: Effort) -> Probed {
        let Case { scenario, schedule } = case;
        let mut explorer = (self.explorer)(scenario);
        // An attempt that goes on and on shows nothing else, and costs as much as hundreds of others.
        if wanted.oracle != Oracle::Livelock
            && let Some(schedule) = schedule
        {
            explorer = explorer.with_step_bound(LONGER * schedule.choices.0.len() + SLACK);
        }
        let mut hunt = Hunt { wanted, explorer, probed: Probed::default() };
        match (effort, schedule) {
            (Effort::Always { executions }, _) => hunt.always(executions),
            (Effort::Straight, _) | (_, None) => hunt.straight(),
            (Effort::Follow, Some(schedule)) => hunt.follow(schedule),
            (Effort::Search { steps }, Some(schedule)) => hunt.search(schedule, steps),
            (Effort::Calm { depth, steps }, Some(schedule)) => {
                hunt.explore(schedule, Strategy::Pct { depth }, hunt.executions(schedule, steps));
            }
            (Effort::Fewest { steps }, Some(schedule)) => {
                hunt.run(&InterleaveConfig::like(schedule, Strategy::Random, 1), Some(0));
                hunt.fewest(schedule, hunt.executions(schedule, steps));
            }
        }
        hunt.probed
    }

    fn with_steps(&mut self, scenario: &Scenario, schedule: &Schedule) -> Schedule {
        (self.explorer)(scenario).with_steps(schedule)
    }
}

/// One case on its way.
struct Hunt<'a> {
    wanted: &'a Signature,
    explorer: Interleaver,
    probed: Probed,
}

impl Hunt<'_> {
    fn straight(&mut self) {
        self.run(&InterleaveConfig::like(&Schedule::straight(), Strategy::Random, 1), Some(0));
        // The straight schedule is the same whenever it is asked for: nothing has to be kept of it.
        self.forget_schedule();
    }

    fn always(&mut self, executions: usize) {
        self.straight();
        let shown = self.probed.shown.take();
        let mut all = shown.is_some();
        for seed in 0..executions as u64 {
            if all {
                let random = InterleaveConfig::like(&Schedule::straight(), Strategy::Random, 1);
                self.run(&InterleaveConfig { seed, ..random }, None);
                all = self.probed.shown.take().is_some();
            }
        }
        self.probed.shown = shown.filter(|_| all);
    }

    fn follow(&mut self, schedule: &Schedule) {
        let config = InterleaveConfig::like(schedule, Strategy::Replay(schedule.choices.clone()), 1);
        self.run(&config, None);
    }

    /// Allows about so many steps, as executions as long as the one before, or the recorded one; always some. A recorded one may be
    /// much shorter than the case, if it ends in a deadlock.
    fn executions(&self, schedule: &Schedule, steps: usize) -> usize {
        let length = (self.probed.figures.steps as usize).max(schedule.choices.0.len());
        (steps / length.max(1)).max(4)
    }

    /// A quarter of the executions goes to schedules with few switches, the rest to those near the recorded one and to any.
    fn search(&mut self, schedule: &Schedule, steps: usize) {
        self.follow(schedule);
        let executions = self.executions(schedule, steps);
        let recorded = &schedule.choices;
        let near = |eighths: usize| {
            let keep = recorded.0.len() * eighths / 8;
            Strategy::Near { recorded: recorded.clone(), keep }
        };
        self.explore(schedule, near(8), executions / 16);
        self.explore(schedule, near(4), executions / 16);
        self.fewest(schedule, executions / 4);
        self.explore(schedule, Strategy::UniformWalk, executions / 4);
        self.explore(schedule, Strategy::Random, executions / 4);
        self.explore(schedule, Strategy::Pct { depth: 3 }, executions / 8);
    }

    fn explore(&mut self, schedule: &Schedule, strategy: Strategy, executions: usize) {
        if self.probed.shown.is_none() && executions > 0 {
            self.run(&InterleaveConfig::like(schedule, strategy, executions), None);
        }
    }

    fn fewest(&mut self, schedule: &Schedule, executions: usize) {
        if self.probed.shown.is_none() && executions > 0 {
            self.run(&InterleaveConfig::like(schedule, Strategy::Random, executions), Some(MOST_SWITCHES));
        }
    }

    /// Runs up to the first execution that shows what is wanted.
    fn run(&mut self, config: &InterleaveConfig, most_switches: Option<usize>) {
        let Self { wanted, explorer, probed } = self;
        let mut executions = 0;
        let mut shown: Option<(Violation, Schedule)> = None;
        let mut judge = |Interleaved { schedule, verdict, .. }: Interleaved| {
            executions += 1;
            match verdict {
                Verdict::Violation(violation) if wanted.covers(&violation.signature()) => {
                    shown = Some((*violation, schedule));
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        };
        let figures: InterleavingEvidence = match most_switches {
            Some(most) => explorer.explore_fewest(config, most, &mut judge),
            None => explorer.explore(config, &mut judge),
        };
        probed.executions += executions;
        probed.figures = figures;
        if let Some((violation, schedule)) = shown {
            probed.shown = Some((violation, Some(schedule)));
        }
    }

    fn forget_schedule(&mut self) {
        if let Some((_, schedule)) = &mut self.probed.shown {
            *schedule = None;
        }
    }
}

/// A subject that no schedule is chosen for: a function that runs and judges a scenario.
pub struct ByVerdict<F>(pub F);

impl<F: FnMut(&Scenario, &Expectation) -> Verdict> Probe for ByVerdict<F> {
    fn probe(&mut self, case: &Case, wanted: &Signature, _effort: Effort) -> Probed {
        let scenario = &case.scenario;
        let violation = self.0(scenario, &Expectation::of(scenario)).into_violation();
        let shown = violation.filter(|violation| wanted.covers(&violation.signature()));
        let shown = shown.map(|violation| (*violation, None));
        Probed { shown, executions: 1, figures: InterleavingEvidence::default() }
    }

    fn with_steps(&mut self, _scenario: &Scenario, schedule: &Schedule) -> Schedule {
        schedule.clone()
    }
}
