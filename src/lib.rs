//! Seriatim: a parallel block executor, and the harness that proves it equal to sequential execution.
//!
//! This crate is the command and the facade of the workspace: every module here is another crate, or a part of one.
//! What a node embeds is `seriatim-tos` alone. ARCHITECTURE.md has the map.
//!
//! # A tour
//!
//! An executor is right if it gives, on every block and under every interleaving, what the sequential one gives. These
//! are the parts with which the harness asks it:
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use seriatim::explore::{InterleaveConfig, Schedule, Strategy};
//! use seriatim::prelude::*;
//!
//! // A plan is a string of choices, which a seed, a fuzzer or proptest makes. A scenario is the plan materialised: a
//! // genesis, signed blocks, rewinds.
//! let built = build(&Plan::sized(7, 12), SignatureScheme::Tagged);
//! let scenario = &built.scenario;
//! assert_eq!(scenario.tx_count(), 12);
//!
//! // What the reference says is right: it is a plain program that executes one transaction after another.
//! let expectation = Expectation::of(scenario);
//! assert_eq!(expectation.receipts().count(), 12);
//!
//! // An examination runs the sequential and the parallel path on tokio, and the oracles compare everything.
//! let verdict = Examiner::new()?.examine(scenario, &expectation, 7, false);
//! assert!(matches!(verdict, Verdict::Agree(_)), "{verdict:?}");
//!
//! // On tokio, chance chooses the interleaving. Under a model of tokio, a strategy does, and the schedule is a value.
//! let explorer = BuiltinSubject::Parallel.explorer(scenario);
//! let config = InterleaveConfig::like(&Schedule::straight(), Strategy::Random, 1);
//! let mut explored = None;
//! explorer.explore(&config, |interleaved| {
//!     explored = Some(interleaved);
//!     ControlFlow::Break(())
//! });
//! let explored = explored.expect("one execution was asked for");
//! assert!(matches!(explored.verdict, Verdict::Agree(_)));
//! let (replayed, diverged_at) = explorer.replay(&explored.schedule);
//! assert_eq!((replayed.schedule.choices, diverged_at), (explored.schedule.choices, None));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`check()`] does all of this with an executor of your own, in a test of your own: it generates scenarios, explores
//! their interleavings, and panics with the smallest case that it finds and the reason. Its page has an example.
//! [`campaign`] does it for hours, [`minimise`] and [`explain`] are what becomes of a violation, and [`chain`] is what
//! a node embeds.
//!
//! # What is stable
//!
//! The version is 0.x, so a minor release may break anything. What a crate's page calls stable changes seldom: an
//! incompatible change of it raises the minor version, and `CHANGELOG.md` names it. What it calls internal is public
//! for the other crates, and changes at any release, without a word.
//!
//! Stable here: [`check()`], [`Check`], [`prelude`], the paths of the modules, and what
//! `docs/book/reference/machine.md` promises of the command: its exit codes, and the keys of its JSON within a version.
//! Its texts are for people and may be worded otherwise at any time. Internal: [`cli`], but for [`cli::subject_main`].

pub mod cli;

pub use seriatim_campaign::{corpus, prove};
pub use seriatim_explore as explore;
pub use seriatim_lab::{compare, drive, workload};
pub use seriatim_node as node;
pub use seriatim_subject::{self as subject, Check, check, shuttle_test};
pub use seriatim_tos::{chain, execution, ledger, storage};
pub use seriatim_triage::{explain, minimise, replay, report, retrace};
pub use seriatim_verdict as verdict;

/// Campaigns, and the subjects and canaries that they run.
pub mod campaign {
    pub use seriatim_campaign::*;
    pub use seriatim_lab::*;
}

/// The trait that executors are written against, tokio behind it, and the model of tokio that engines explore.
pub mod runtime {
    pub use seriatim_explore::{announce, model};
    pub use seriatim_runtime::*;
}

pub mod prelude {
    //! What nearly every user imports, for `use seriatim::prelude::*`.
    //!
    //! - An executor to be judged needs [`Runtime`], the question and the answer ([`Request`], [`Answer`] and their
    //!   parts), and the names of the ledger that stand in them.
    //! - An embedded executor needs [`Blockchain`] with what it is made of.
    //! - A test of either needs a [`Plan`], its scenario, the reference's [`Expectation`], and a [`Verdict`].
    //!
    //! The traits of a runtime's objects come without their names: their methods can be called, and `RwLock` and
    //! `Semaphore` still mean what you import. A bound names them by [`crate::runtime`]. Whatever one kind of user
    //! alone needs is left out.
    //!
    //! # Examples
    //! ```
    //! use seriatim::prelude::*;
    //!
    //! async fn count<R: Runtime>(runtime: &R, request: &Request) -> u64 {
    //!     let counted = runtime.rw_lock("counted", 0);
    //!     for _ in &request.block.transactions {
    //!         *counted.write().await += 1; // A method of the trait `RwLock`.
    //!     }
    //!     *counted.read().await
    //! }
    //!
    //! let built = build(&Plan::sized(7, 5), SignatureScheme::Tagged);
    //! let vector = seriatim::subject::vectors(&built.scenario).remove(0);
    //! let tokio = tokio::runtime::Builder::new_current_thread().build()?;
    //! let counted = tokio.block_on(count(&Native::with_hash_seed(7), &vector.request));
    //! assert_eq!(counted, vector.request.block.transactions.len() as u64);
    //! # Ok::<(), std::io::Error>(())
    //! ```

    pub use seriatim_lab::compare::Verdict;
    pub use seriatim_lab::workload::{Expectation, Plan, Scenario, build};
    pub use seriatim_lab::{BuiltinSubject, Examiner};
    pub use seriatim_runtime::{AtomicU64 as _, ConcurrentMap as _, JoinSet as _, RwLock as _, Semaphore as _};
    pub use seriatim_runtime::{Native, Ordering, Runtime};
    pub use seriatim_subject::{
        Account, Answer, Assumption, Capabilities, Check, Outcome, OverRuntime, Request, RuntimeSubject,
    };
    pub use seriatim_tos::chain::{Blockchain, ExecutionPath};
    pub use seriatim_tos::execution::ParallelExecutor;
    pub use seriatim_tos::ledger::{AccountKey, AssetId, Block, Payload, SignatureScheme, Transaction};
    pub use seriatim_tos::storage::MemoryStorage;
}
