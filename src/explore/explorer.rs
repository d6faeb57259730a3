//! A subject made ready for executions: what minimising and explaining work with.

use std::ops::ControlFlow;

use super::{Exhaustion, InterleaveConfig, Interleaved, Interleaver, InterleavingEvidence, OtherStep, Schedule};

/// What [`Interleaver`] does, for whoever puts something else in its place.
pub trait Explorer {
    /// See [`Interleaver::explore`].
    fn explore(
        &self,
        config: &InterleaveConfig,
        judge: &mut dyn FnMut(Interleaved) -> ControlFlow<()>,
    ) -> InterleavingEvidence;

    /// See [`Interleaver::explore_all`].
    fn explore_all(
        &self,
        config: &InterleaveConfig,
        judge: &mut dyn FnMut(Interleaved) -> ControlFlow<()>,
    ) -> (InterleavingEvidence, Exhaustion);

    /// See [`Interleaver::explore_fewest`].
    fn explore_fewest(
        &self,
        config: &InterleaveConfig,
        most_switches: usize,
        judge: &mut dyn FnMut(Interleaved) -> ControlFlow<()>,
    ) -> InterleavingEvidence;

    /// See [`Interleaver::straight`].
    fn straight(&self, like: &Schedule) -> Interleaved;

    /// See [`Interleaver::replay`].
    fn replay(&self, schedule: &Schedule) -> (Interleaved, Option<usize>);

    /// See [`Interleaver::with_steps`].
    fn with_steps(&self, schedule: &Schedule) -> Schedule;

    /// See [`Interleaver::first_other_step`].
    fn first_other_step(&self, schedule: &Schedule) -> Option<OtherStep>;
}

impl Explorer for Interleaver {
    fn explore(
        &self,
        config: &InterleaveConfig,
        judge: &mut dyn FnMut(Interleaved) -> ControlFlow<()>,
    ) -> InterleavingEvidence {
        Self::explore(self, config, judge)
    }

    fn explore_all(
        &self,
        config: &InterleaveConfig,
        judge: &mut dyn FnMut(Interleaved) -> ControlFlow<()>,
    ) -> (InterleavingEvidence, Exhaustion) {
        Self::explore_all(self, config, judge)
    }

    fn explore_fewest(
        &self,
        config: &InterleaveConfig,
        most_switches: usize,
        judge: &mut dyn FnMut(Interleaved) -> ControlFlow<()>,
    ) -> InterleavingEvidence {
        Self::explore_fewest(self, config, most_switches, judge)
    }

    fn straight(&self, like: &Schedule) -> Interleaved {
        Self::straight(self, like)
    }

    fn replay(&self, schedule: &Schedule) -> (Interleaved, Option<usize>) {
        Self::replay(self, schedule)
    }

    fn with_steps(&self, schedule: &Schedule) -> Schedule {
        Self::with_steps(self, schedule)
    }

    fn first_other_step(&self, schedule: &Schedule) -> Option<OtherStep> {
        Self::first_other_step(self, schedule)
    }
}
