//! Runs an experiment under schedules of our own and writes each of them down. An experiment is one case on one executor that
//! judges itself, so nothing here knows a ledger, an executor or an oracle.

pub mod announce;
pub mod dpor;
mod executions;
mod experiment;
mod fewest;
mod interleave;
mod interleave_loom;
mod interleaved;
pub mod model;
mod recorder;
mod schedule;
mod schedulers;
mod under_loom;
mod under_shuttle;

/// Tasks of an experiment whose every interleaving can be searched: beside them there are the execution's own thread and the
/// sentinel.
pub const DPOR_TASKS: usize = dpor::MOST_TASKS - 2;

pub use experiment::{Ending, Experiment, Judged, until_violation};
pub use interleave::{Exhaustion, Interleaver, InterleavingEvidence, OtherStep};
pub use interleave_loom::{LoomConfig, LoomSearch, TooManyTasks};
pub use interleaved::{InterleaveConfig, Interleaved, STEP_BOUND};
pub use schedule::{Choices, SCHEDULE_VERSION, Schedule, ScheduleError, ScheduleV2};
pub use schedulers::Strategy;
pub use under_loom::{LoomBounds, LoomRun, under_loom};
pub use under_shuttle::{ShuttleRun, under_shuttle};
