//! `std::sync::Barrier`.

use std::sync::{Mutex as Real, PoisonError};

use crate::steps::{Effect, Place, Shared, call, is_controlled};

/// `std::sync::Barrier`.
#[derive(Debug)]
pub struct Barrier {
    shared: Shared,
    size: usize,
    arrivals: Real<Arrivals>,
    real: std::sync::Barrier,
}

#[derive(Debug)]
struct Arrivals {
    count: usize,
    generation: u64,
}

impl Barrier {
    #[track_caller]
    pub const fn new(size: usize) -> Self {
        let arrivals = Real::new(Arrivals { count: 0, generation: 0 });
        Self { shared: Shared::new("Barrier"), size, arrivals, real: std::sync::Barrier::new(size) }
    }

    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let place = Place::here();
        if !is_controlled() {
            return BarrierWaitResult(self.real.wait().is_leader());
        }
        let arrive = || {
            let mut arrivals = self.arrivals();
            let generation = arrivals.generation;
            arrivals.count += 1;
            if arrivals.count >= self.size {
                *arrivals = Arrivals { count: 0, generation: generation + 1 };
            }
            (generation, arrivals.generation != generation)
        };
        let (generation, is_last) = self.shared.operate(Effect::Write, place, arrive, call("arrive", Effect::Write));
        if is_last {
            self.shared.wake();
        } else {
            let all_arrived = || (self.arrivals().generation != generation).then_some(());
            self.shared.wait_for("wait", place, all_arrived, call("go on", Effect::Read));
        }
        BarrierWaitResult(is_last)
    }

    fn arrivals(&self) -> std::sync::MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `std::sync::BarrierWaitResult`, which nobody else can make.
#[derive(Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether the caller came last: of those who wait together, one is.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}
