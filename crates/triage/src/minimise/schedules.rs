//! Schedules and what they were recorded under: fewer switches, then fewer steps; fewer tasks at a time, plainer maps.

use seriatim_explore::model::ModelSettings;
use seriatim_explore::{Choices, InterleavingEvidence, Schedule};

use super::Effort;
use super::search::Search;

/// Steps of the search for the schedule with the fewest switches, at the end.
const FEWEST_STEPS: usize = 1_500_000;
/// Steps of the search for a schedule with few preemptions, and the numbers of points at which a task may be preempted.
const CALM_STEPS: usize = 300_000;
const DEPTHS: [usize; 4] = [1, 2, 3, 4];

impl Search<'_> {
    /// Two at a time, no lack of workers, shards that nothing or everything shares: all at once, then each.
    pub(super) fn shrink_settings(&mut self) {
        let Some(schedule) = self.schedule.clone() else { return };
        let ModelSettings { workers, shards, placement_seed } = schedule.settings();
        let parallelism = schedule.max_parallelism;
        let plain = Schedule::straight().settings();
        let one_shard = ModelSettings { shards: 1, ..plain };
        let all = [(2, plain), (2, one_shard)];
        if all.contains(&(parallelism, schedule.settings())) {
            return;
        }
        if all.into_iter().any(|(parallelism, settings)| self.try_settings(parallelism, settings)) {
            return;
        }
        let each = [
            (2, schedule.settings()),
            (parallelism.min(3), schedule.settings()),
            (parallelism.min(4), schedule.settings()),
            (parallelism, ModelSettings { workers: None, shards, placement_seed }),
            (
                parallelism,
                ModelSettings { workers, shards: if shards == 1 { 1 } else { plain.shards }, placement_seed },
            ),
            (parallelism, ModelSettings { workers, shards, placement_seed: 0 }),
        ];
        for (parallelism, settings) in each {
            if self.schedule.as_ref() == Some(&schedule) {
                self.try_settings(parallelism, settings);
            }
        }
    }

    fn try_settings(&mut self, max_parallelism: u32, settings: ModelSettings) -> bool {
        let Some(schedule) = &self.schedule else { return false };
        let ModelSettings { workers, shards, placement_seed } = settings;
        let workers = workers.unwrap_or(0) as u32;
        let schedule = Schedule { max_parallelism, workers, shards, placement_seed, ..schedule.clone() };
        self.attempt_under(self.script.clone(), Some(schedule))
    }

    /// Takes the schedule with the fewest switches, if it is found in so many steps: what follows is then followed more
    /// often.
    pub(super) fn shorten_schedule(&mut self, steps: usize) -> bool {
        let Some(schedule) = self.schedule.clone() else { return false };
        match self.try_schedule(&schedule, Effort::Fewest { steps }) {
            Some((violation, shorter, _)) => {
                self.take_schedule(violation, shorter);
                true
            }
            None => false,
        }
    }

    /// The fewest switches, or, if they are too many to be found in order, as few as removing one after the other leaves.
    pub(super) fn shortest_schedule(&mut self) {
        if !self.shorten_schedule(FEWEST_STEPS) {
            self.allow_for_the_schedule();
            self.calmer_schedule();
            while self.join_runs() {}
        }
    }

    /// A schedule with fewer preemptions, if chance finds one among those that have few.
    fn calmer_schedule(&mut self) {
        let Some(schedule) = self.schedule.clone() else { return };
        let Some((_, _, figures)) = self.try_schedule(&schedule, Effort::Follow) else { return };
        let mut fewest = figures.preemptions;
        for depth in DEPTHS {
            self.allow_for_the_schedule();
            if let Some((violation, calmer, _)) =
                self.try_schedule(&schedule, Effort::Calm { depth, steps: CALM_STEPS })
                && let Some((_, _, fewer)) = self.try_schedule(&calmer, Effort::Follow)
                && fewer.preemptions < fewest
            {
                fewest = fewer.preemptions;
                self.take_schedule(violation, calmer);
            }
        }
        self.allow_for_the_schedule();
    }

    /// Joins two runs of one task by letting the first go on, wherever that leaves fewer preemptions and switches.
    fn join_runs(&mut self) -> bool {
        let Some(schedule) = self.schedule.clone() else { return false };
        let Some((_, _, figures)) = self.try_schedule(&schedule, Effort::Follow) else { return false };
        let cost = |figures: &InterleavingEvidence| (figures.preemptions, figures.context_switches);
        let runs = runs(&schedule.choices);
        for first in 0..runs.len() {
            let task = runs[first].0;
            let Some(second) = (first + 1..runs.len()).find(|run| runs[*run].0 == task) else { continue };
            let mut joined = runs.clone();
            joined[first].1 += runs[second].1;
            joined.remove(second);
            let choices = joined.iter().flat_map(|&(task, count)| std::iter::repeat_n(task, count)).collect();
            let candidate = Schedule { choices: Choices(choices), ..schedule.clone() };
            if let Some((violation, followed, fewer)) = self.try_schedule(&candidate, Effort::Follow)
                && cost(&fewer) < cost(&figures)
            {
                self.take_schedule(violation, followed);
                return true;
            }
        }
        false
    }
}

/// Runs of one task each.
fn runs(choices: &Choices) -> Vec<(u32, usize)> {
    choices.0.chunk_by(|left, right| left == right).map(|run| (run[0], run.len())).collect()
}
