//! The one clock of the system half. It decides how long a block waits and is reported in figures; no result depends on it.

use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a budget of time needs a clock; the committed result never does")]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
