//! External executors: what they must say of themselves, what they are asked, and what they answer.
//!
//! A subject executes one block on one state. It says what it supports, reports and assumes ([`Capabilities`]); the
//! generator stays inside what it supports and assumes, the oracles compare only what it reports, and the report says
//! what was therefore not checked. The reference gives each block's state and what should come of it, so one wrong
//! block does not spoil those after it.
//!
//! There are three kinds: [`Subject`], any code that can answer a request, on real threads; [`RuntimeSubject`], code
//! that is generic over its [`Runtime`], which runs on tokio and under the engines that control interleavings; and
//! processes in any language ([`process`]).
//!
//! Stable, as far as version 0.x allows: [`check()`], [`Check`], [`Subject`], [`RuntimeSubject`], the sources
//! [`OverRuntime`], [`Plain`] and [`Process`], [`Capabilities`], [`Request`], [`Answer`] and [`SubjectError`]. The JSON
//! of question and answer is the protocol (`docs/book/reference/subject-protocol.md`), and
//! [`process::PROTOCOL_VERSION`] is its version. Internal, and free to change at any release: [`ask()`], [`wrong`],
//! [`rerun()`], [`check_answers`] and what else serves the campaign.
//!
//! ```
//! use seriatim_subject::{Answer, Capabilities, Check, CheckError, Outcome, Plain, Request, Subject, SubjectError};
//!
//! /// Refuses every transaction.
//! struct Refuses;
//!
//! impl Subject for Refuses {
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities::new("refuses")
//!     }
//!
//!     fn execute(&mut self, request: &Request) -> Result<Answer, SubjectError> {
//!         let outcomes = request.block.transactions.iter().map(|_| Outcome::Failed).collect();
//!         Ok(Answer { id: request.id, outcomes, state: request.state.clone().into(), ..Answer::default() })
//!     }
//! }
//!
//! let folder = tempfile::tempdir()?;
//! let judged = Check::of(Plain(|| Refuses)).scenarios(20).regressions(folder.path()).judge();
//! assert!(matches!(judged, Err(CheckError::Violation(_))), "the reference executes most transactions");
//! # Ok::<(), std::io::Error>(())
//! ```

mod answers;
mod ask;
mod builtin;
mod campaign;
mod canary;
mod capabilities;
mod check;
mod exchange;
mod experiment;
mod fit;
mod judge;
pub mod process;
mod rate;
mod rerun;
mod shims;
mod source;
mod vectors;

pub use answers::Answers;
pub use ask::{Asked, Asking, REPEATS, Wrong, ask, scenario_for};
pub use builtin::{BuiltinPath, OnTokio, answer_by_reference};
pub use campaign::{SubjectCampaign, SubjectCampaignError, SubjectReport, run};
pub use canary::{SubjectCanary, check_answers, right_answer};
pub use capabilities::{Assumption, Capabilities, Figure, OutcomeDetail, Part, Reports, Supports, TransactionType};
pub use check::{Check, CheckError, REGRESSIONS, check};
pub use exchange::{
    Account, Answer, Figures, Outcome, PostState, PreState, Request, RequestBlock, RequestTransaction, Reward,
};
pub use process::{ProcessConfig, ProcessSubject};

pub use fit::fit;
pub use judge::{unanswered, unequal, wrong};
pub use rerun::{MinimiseExternalError, Reruns, minimise_external, replay_external, rerun};
pub use shims::ShuttleSubject;
pub use source::{OverRuntime, OverShims, Plain, Process, SubjectSource};
pub use vectors::{TestVector, vectors};

use std::future::Future;

use seriatim_runtime::Runtime;

/// An executor that is asked, block by block.
pub trait Subject {
    /// What it is called, and what can be asked of it. The same at every call.
    fn capabilities(&self) -> Capabilities;

    /// Executes one block. It may panic: the panic is a violation.
    ///
    /// # Errors
    /// Why there is no answer; a violation of the named kind.
    fn execute(&mut self, request: &Request) -> Result<Answer, SubjectError>;

    /// How often it had to be started again.
    fn restarts(&self) -> u64 {
        0
    }
}

/// An executor written over [`Runtime`]: its tasks, locks, maps and atomics come from the engine it is run on.
pub trait RuntimeSubject: Send + Sync + 'static {
    /// See [`Subject::capabilities`].
    fn capabilities(&self) -> Capabilities;

    /// Executes one block on `runtime`, with as many tasks at a time as the request has workers. No task may be left
    /// running.
    fn execute<R: Runtime>(&self, runtime: &R, request: &Request) -> impl Future<Output = Answer> + Send;
}

/// Why a subject gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// It did not answer in time.
    #[error("no answer within {limit_ms} ms")]
    Hang { limit_ms: u64 },
    /// It ended: how, and the last lines of its standard error.
    #[error("it ended with {status}{stderr}", stderr = if .stderr.is_empty() { String::new() } else { format!(" after {:?}", .stderr) })]
    Crash { status: String, stderr: String },
    /// It answered something that is no answer.
    #[error("{0}")]
    Protocol(String),
    /// Its tasks can never go on, or go on for ever, under the schedule that the request's seed chooses.
    #[error("its tasks do not come to their end: {0}")]
    Unended(String),
    /// It panicked, in this process.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// It cannot be started, by no fault of its own answers.
    #[error("cannot start {command}: {reason}")]
    Start { command: String, reason: String },
}
