//! An artifact's case again: from its scenario and schedule, step by step; and, if the code has changed and the schedule no
//! longer fits, a search near it.

use std::ops::ControlFlow;

use serde::Serialize;

use crate::report::Artifact;
use seriatim_explore::{InterleaveConfig, Interleaved, Interleaver, OtherStep, Schedule, Strategy};
use seriatim_lab::compare::{Verdict, Violation};

/// What replaying came to.
#[derive(Clone, Debug)]
pub struct Replay {
    pub times: u64,
    /// How often among them a violation of the same signature showed, and how often another one.
    pub same: u64,
    pub other: u64,
    /// The last violation of either kind.
    pub violation: Option<Violation>,
    pub divergence: Option<Divergence>,
}

/// Where a schedule stops to fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// The first choice that could not be followed. None: all could, but tasks did something else.
    pub at_choice: Option<usize>,
    pub choices: usize,
    /// The first operation that is another. None: none was recorded, or all are the same.
    pub other_step: Option<OtherStep>,
}

/// What a search near a schedule came to.
#[derive(Clone, Debug)]
pub struct Near {
    pub executions: u64,
    /// A schedule on which the violation still shows.
    pub found: Option<(Schedule, Violation)>,
}

/// Executions of each of the searches near a schedule.
const NEAR_EXECUTIONS: usize = 400;
/// Switches of those that start from the straight way.
const NEAR_SWITCHES: usize = 2;

impl Artifact {
    /// Runs the case so many times on its subject, or until `told`, which hears how many there were, breaks off.
    pub fn replay(&self, explorer: &Interleaver, times: u64, told: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Replay {
        let mut replay = Replay { times: 0, same: 0, other: 0, violation: None, divergence: None };
        for time in 0..times {
            let (interleaved, at_choice) = match &self.schedule {
                Some(schedule) => explorer.replay(schedule),
                None => (explorer.straight(&Schedule::straight()), None),
            };
            if let Verdict::Violation(violation) = interleaved.verdict {
                let same = violation.signature() == self.signature;
                replay.same += u64::from(same);
                replay.other += u64::from(!same);
                replay.violation = Some(*violation);
            }
            // What the tasks do at the same choices is the same each time, so once is enough.
            if let Some(schedule) = &self.schedule
                && replay.divergence.is_none()
                && (time == 0 || at_choice.is_some())
            {
                replay.divergence = divergence(explorer, schedule, at_choice);
            }
            replay.times += 1;
            if told(replay.times).is_break() {
                break;
            }
        }
        replay
    }

    /// Looks for the violation near the schedule: shorter and shorter parts of it are kept and the rest is free, then
    /// schedules with few switches.
    pub fn search_near(&self, explorer: &Interleaver, divergence: &Divergence) -> Near {
        let schedule = self.schedule.clone().unwrap_or_else(Schedule::straight);
        let mut near = Near { executions: 0, found: None };
        let mut judge = |interleaved: Interleaved| {
            near.executions += 1;
            match interleaved.verdict {
                Verdict::Violation(violation) if self.signature.covers(&violation.signature()) => {
                    near.found = Some((interleaved.schedule, *violation));
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        };
        let config = |strategy| InterleaveConfig::like(&schedule, strategy, NEAR_EXECUTIONS);
        // A changed operation comes after the last choice that fitted.
        let changed = divergence.other_step.as_ref().and_then(|other| other.expected.as_ref()).map(|step| step.at);
        let fits = divergence.at_choice.into_iter().chain(changed).min().unwrap_or(schedule.choices.0.len());
        let mut found = false;
        for keep in [fits, fits / 4 * 3, fits / 2, fits / 4, 0] {
            if !found {
                let strategy = Strategy::Near { recorded: schedule.choices.clone(), keep };
                explorer.explore(&config(strategy), |interleaved| {
                    let flow = judge(interleaved);
                    found = flow.is_break();
                    flow
                });
            }
        }
        if !found {
            explorer.explore_fewest(&config(Strategy::Random), NEAR_SWITCHES, &mut judge);
        }
        near
    }
}

fn divergence(explorer: &Interleaver, schedule: &Schedule, at_choice: Option<usize>) -> Option<Divergence> {
    // Of a schedule without steps only the choices can be compared.
    let told = !schedule.steps.is_empty();
    let other_step = told.then(|| explorer.first_other_step(schedule)).flatten();
    let diverged = at_choice.is_some() || other_step.is_some();
    let choices = schedule.choices.0.len();
    diverged.then_some(Divergence { at_choice, choices, other_step })
}
