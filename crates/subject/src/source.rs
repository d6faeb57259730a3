//! Where subjects come from: one for each job of a campaign, and one for each replay.

use std::sync::Arc;

use super::experiment::interleaver;
use super::process::{ProcessConfig, ProcessSubject};
use super::{OnTokio, RuntimeSubject, Subject, SubjectError};
use seriatim_explore::Interleaver;
use seriatim_lab::workload::Scenario;

/// Makes subjects, all of them alike.
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

    /// Whether it is a process, started by a command, whose answers that do not come end as [`SubjectError::Hang`].
    fn is_process(&self) -> bool {
        false
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

/// A process, started by a command.
#[derive(Debug)]
pub struct Process(pub ProcessConfig);

impl SubjectSource for Process {
    fn start(&self) -> Result<Box<dyn Subject>, SubjectError> {
        Ok(Box::new(ProcessSubject::start(self.0.clone())?))
    }

    fn is_process(&self) -> bool {
        true
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
