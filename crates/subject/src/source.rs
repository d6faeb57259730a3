//! Where subjects come from: one for each job of a campaign, and one for each replay.

use std::sync::Arc;

use super::experiment::interleaver;
use super::process::{ProcessConfig, ProcessSubject};
use super::shims::{Shimmed, UnderControl};
use super::{Answer, Capabilities, OnTokio, Request, RuntimeSubject, ShuttleSubject, Subject, SubjectError};
use seriatim_explore::Interleaver;
use seriatim_lab::workload::Scenario;

/// Makes subjects, all of them alike.
///
/// # Examples
/// ```
/// use seriatim_subject::{BuiltinPath, Capabilities, OnTokio, OverRuntime, Plain, SubjectSource, scenario_for};
/// use seriatim_tos::chain::ExecutionPath;
///
/// let (scenario, _) = scenario_for(&Capabilities::everything("all"), 7);
/// let over_runtime = OverRuntime::new(BuiltinPath(ExecutionPath::Parallel));
/// assert!(over_runtime.explorer(&scenario).is_some(), "its interleavings can be chosen");
///
/// let path = || std::sync::Arc::new(BuiltinPath(ExecutionPath::Parallel));
/// let plain = Plain(move || OnTokio::new(path()).unwrap());
/// assert!(plain.explorer(&scenario).is_none(), "of the same executor on real threads they cannot");
/// assert_eq!(plain.start()?.capabilities().name, "parallel");
/// # Ok::<(), seriatim_subject::SubjectError>(())
/// ```
pub trait SubjectSource: Sync {
    /// A fresh one.
    ///
    /// # Errors
    /// It cannot be started, or says nothing of itself that can be used.
    fn start(&self) -> Result<Box<dyn Subject>, SubjectError>;

    /// The subject on `scenario` under engines that choose its interleavings. None: it has real threads only.
    fn explorer(&self, scenario: &Scenario) -> Option<Interleaver> {
        let _ = scenario;
        None
    }

    /// Whether its tasks can also run on real threads. If not, every scenario is explored, and what [`start`](Self::start)
    /// gives is controlled too.
    fn has_real_threads(&self) -> bool {
        true
    }

    /// Whether it is a process, started by a command, whose answers that do not come end as [`SubjectError::Hang`].
    fn is_process(&self) -> bool {
        self.command().is_some()
    }

    /// The command that starts it, as one word of a shell. None: it is no process.
    fn command(&self) -> Option<String> {
        None
    }
}

/// A subject over a runtime.
#[derive(Debug)]
pub struct OverRuntime<S>(pub Arc<S>);

impl<S: RuntimeSubject> OverRuntime<S> {
    /// The source of `subject`, which all engines share.
    pub fn new(subject: S) -> Self {
        Self(Arc::new(subject))
    }
}

impl<S: RuntimeSubject> SubjectSource for OverRuntime<S> {
    fn start(&self) -> Result<Box<dyn Subject>, SubjectError> {
        Ok(Box::new(OnTokio::new(Arc::clone(&self.0))?))
    }

    fn explorer(&self, scenario: &Scenario) -> Option<Interleaver> {
        Some(interleaver(Arc::clone(&self.0), scenario))
    }
}

/// A subject built on the shims.
#[derive(Debug)]
pub struct OverShims<S>(pub Arc<S>);

impl<S: ShuttleSubject> OverShims<S> {
    /// The source of `subject`, which all executions share.
    pub fn new(subject: S) -> Self {
        Self(Arc::new(subject))
    }
}

impl<F: Fn(&Request) -> Answer + Send + Sync + 'static> OverShims<(Capabilities, F)> {
    /// The source of an executor that is a function.
    pub fn function(capabilities: Capabilities, execute: F) -> Self {
        Self::new((capabilities, execute))
    }
}

impl<S: ShuttleSubject> SubjectSource for OverShims<S> {
    fn start(&self) -> Result<Box<dyn Subject>, SubjectError> {
        Ok(Box::new(UnderControl::new(&self.0)))
    }

    fn explorer(&self, scenario: &Scenario) -> Option<Interleaver> {
        Some(interleaver(Arc::new(Shimmed(Arc::clone(&self.0))), scenario))
    }

    fn has_real_threads(&self) -> bool {
        false
    }
}

/// A process, started by a command.
///
/// # Examples
/// An adapter in another language is judged as an executor in Rust is. The example is compiled and not run, because it
/// starts a process.
///
/// ```no_run
/// use seriatim_subject::{Check, Process, ProcessConfig};
///
/// let config = ProcessConfig::parse("python3 adapter.py")?;
/// Check::of(Process(config)).scenarios(100).run(); // In a test: it panics with the whole report.
/// # Ok::<(), seriatim_subject::process::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Process(pub ProcessConfig);

impl SubjectSource for Process {
    fn start(&self) -> Result<Box<dyn Subject>, SubjectError> {
        Ok(Box::new(ProcessSubject::start(self.0.clone())?))
    }

    fn command(&self) -> Option<String> {
        let words = shlex::try_join(self.0.command.iter().map(String::as_str)).ok()?;
        Some(shlex::try_quote(&words).ok()?.into_owned())
    }
}

/// A subject of plain Rust: the function makes one.
#[derive(Debug)]
pub struct Plain<F>(pub F);

impl<S: Subject + 'static, F: Fn() -> S + Sync> SubjectSource for Plain<F> {
    fn start(&self) -> Result<Box<dyn Subject>, SubjectError> {
        Ok(Box::new((self.0)()))
    }
}
