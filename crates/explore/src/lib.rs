//! Runs an experiment under schedules of our own and writes each of them down. An experiment is one case on one
//! executor that judges itself, so nothing here knows a ledger, an executor or an oracle.
//!
//! Stable, as far as version 0.x allows: [`Experiment`], [`Interleaver`], [`InterleaveConfig`], [`Schedule`] with its
//! JSON, whose version says what a build reads, [`Choices`] and [`Strategy`]. A kept schedule is good for one pinned
//! version of shuttle, and every other build refuses it. Internal, and free to change at any release: [`announce`],
//! [`dpor`], and the parts of [`model`] other than [`model::Model`] and [`model::ModelSettings`].
//!
//! ```
//! use std::ops::ControlFlow;
//! use std::sync::Arc;
//!
//! use seriatim_explore::model::Model;
//! use seriatim_explore::{Experiment, InterleaveConfig, Interleaver, Schedule, Strategy};
//! use seriatim_runtime::{AtomicU64, JoinSet, Ordering, Runtime};
//! use seriatim_verdict::{Difference, Evidence, Oracle, Verdict, Violation};
//!
//! /// Two tasks count by a load and a store.
//! struct Counts;
//!
//! impl Experiment for Counts {
//!     fn name(&self) -> String {
//!         "counts".to_owned()
//!     }
//!
//!     fn run(&self, runtime: Model, _most: usize, subject: &str) -> Verdict {
//!         let count = runtime.block_on(async {
//!             let count = Arc::new(runtime.atomic_u64("count", 0));
//!             let mut tasks = runtime.join_set("tasks");
//!             for _ in 0..2 {
//!                 let count = Arc::clone(&count);
//!                 tasks.spawn(async move {
//!                     let before = count.load(Ordering::SeqCst);
//!                     count.store(before + 1, Ordering::SeqCst);
//!                 });
//!             }
//!             while tasks.join_next().await.is_some() {}
//!             count.load(Ordering::SeqCst)
//!         });
//!         if count == 2 {
//!             return Verdict::Agree(Evidence::default());
//!         }
//!         Violation::new(Oracle::Figures, subject, Difference::new("count", 2, count)).into()
//!     }
//!
//!     fn tasks(&self) -> usize {
//!         2
//!     }
//! }
//!
//! let explorer = Interleaver::of(Counts);
//! let config = InterleaveConfig::like(&Schedule::straight(), Strategy::Random, 1_000);
//! let mut found = None;
//! explorer.explore(&config, |interleaved| match interleaved.verdict.into_violation() {
//!     None => ControlFlow::Continue(()),
//!     Some(_) => {
//!         found = Some(interleaved.schedule);
//!         ControlFlow::Break(())
//!     }
//! });
//! let schedule = found.expect("some schedule loses a count");
//!
//! // The schedule is a value: followed again, it shows the same.
//! let (replayed, diverged_at) = explorer.replay(&schedule);
//! assert_eq!(diverged_at, None);
//! let difference = replayed.verdict.into_violation().unwrap().difference;
//! assert_eq!(difference.to_string(), "count: expected 2, got 1");
//! ```

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
