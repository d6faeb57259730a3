//! `tokio::sync::Barrier`.

use ::tokio::sync as real;
pub use ::tokio::sync::BarrierWaitResult;

use crate::Named;
use crate::steps::{Effect, Place, Shared, call};
use crate::tokio::gate;

/// `tokio::sync::Barrier`.
#[derive(Debug)]
pub struct Barrier {
    shared: Shared,
    real: real::Barrier,
}

impl Named for Barrier {
    fn named(mut self, name: impl FnOnce() -> String) -> Self {
        self.shared.name(name());
        self
    }
}

impl Barrier {
    #[track_caller]
    pub fn new(size: usize) -> Self {
        Self { shared: Shared::new("Barrier"), real: real::Barrier::new(size) }
    }

    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = BarrierWaitResult> {
        self.wait_at(Place::here())
    }

    async fn wait_at(&self, place: Place) -> BarrierWaitResult {
        gate::wait_for(&self.shared, "wait", place, self.real.wait(), call("wait", Effect::Write)).await
    }
}
