//! What the harness knows of the ledger: [`workload`] makes scenarios, [`drive`] takes a chain through them,
//! [`compare`] has the oracles. Canaries are executors that are wrong on purpose, and faults are injected into right
//! ones.
//!
//! Stable, as far as version 0.x allows: [`workload::Plan`] with its bytes, whose first one is a version,
//! [`workload::Scenario`] with its JSON, which has a version, [`workload::build`], [`workload::Expectation`],
//! [`workload::Shape`], [`Examiner`], and [`BuiltinSubject`] with its names. Whoever changes what a plan's bytes mean
//! raises [`workload::PLAN_VERSION`]. Internal, and free to change at any release: [`drive`] with its observations, the
//! functions of [`compare`], [`crashes`], canaries, fault injection and [`capture`].
//!
//! ```
//! use seriatim_lab::Examiner;
//! use seriatim_lab::compare::Verdict;
//! use seriatim_lab::workload::{Plan, build};
//! use seriatim_tos::ledger::SignatureScheme;
//!
//! let built = build(&Plan::sized(7, 20), SignatureScheme::Tagged);
//! let verdict = Examiner::new()?.examine(&built.scenario, &built.expectation, 7, false);
//! let Verdict::Agree(evidence) = verdict else { panic!("{verdict:?}") };
//! assert_eq!(evidence.observations, 4, "the sequential path, and V3 with 1, 2 and 8 tasks at a time");
//! # Ok::<(), std::io::Error>(())
//! ```

mod alphabet;
mod anatomy;
mod canary;
mod capture;
pub mod compare;
pub mod crashes;
pub mod drive;
mod examiner;
mod experiment;
mod faults;
mod interleavings;
mod last_block;
mod subjects;
pub mod workload;

pub use alphabet::{Genesis, Letter, scenario, transaction_sets};
pub use canary::{CANARY_PLANS, Canary, CanaryMissed, check_canaries};
pub use capture::capture;
pub use examiner::Examiner;
pub use experiment::{ChainExperiment, LastObservation};
pub use faults::{
    FaultBudget, FaultCanary, FaultCanaryMissed, FaultFigures, FaultFound, FaultReplay, FaultSubject, InjectionResult,
    SMALL_BLOCK, check_fault_canaries, fault_points, inject, inject_at, inject_bytes, replay_fault, search_fault,
    small_blocks,
};
pub use interleavings::{
    Interleavings, bytes_config, interleave, interleave_on, interleave_with, portfolio, small_portfolio,
};
pub use last_block::{LastBlock, cut};
pub use subjects::{BuiltinSubject, UnknownSubject};
