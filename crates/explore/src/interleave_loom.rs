//! An experiment under loom: every schedule that a bound on preemptions leaves, and every value that
//! the ordering of an atomic lets a load see.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Model, ModelSettings, TASKS_OF_LOOM, abandon_loom_execution, is_endless, is_stuck, take_waiting};
use seriatim_runtime::panic_message;

use super::under_loom::{Checked, check};
use super::{Interleaver, Judged, LoomBounds};

/// A search's inputs beside the scenario.
#[derive(Clone, Copy, Debug)]
pub struct LoomConfig {
    pub bounds: LoomBounds,
    pub max_parallelism: usize,
    pub settings: ModelSettings,
}

/// How far a search went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoomSearch<B> {
    pub executions: usize,
    /// Everything that the bound on preemptions leaves was run. False: another bound cut the search, or it broke off.
    pub complete: bool,
    /// What the judge broke off with; it was the last execution.
    pub found: Option<B>,
}

/// An engine has too few tasks for the scenario: each transaction of each block is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} transactions, but {engine} runs at most {most} in all blocks together")]
pub struct TooManyTasks {
    pub engine: &'static str,
    pub found: usize,
    pub most: usize,
}

impl Interleaver {
    /// Runs every execution that the bounds allow, until `judge` breaks off. It is asked inside the execution, on the
    /// stack of loom's thread; an execution that cannot end is the last one.
    ///
    /// # Errors
    /// `TooManyTasks`; nothing ran then.
    ///
    /// # Panics
    /// If `judge` does, or if loom fails for a reason of its own.
    pub fn explore_loom<B: Send + 'static>(
        &self,
        config: &LoomConfig,
        judge: impl FnMut(Judged) -> ControlFlow<B> + Send + 'static,
    ) -> Result<LoomSearch<B>, TooManyTasks> {
        let found = self.experiment.tasks();
        if found > TASKS_OF_LOOM {
            return Err(TooManyTasks { engine: "loom", found, most: TASKS_OF_LOOM });
        }
        let judging = Arc::new(Mutex::new(Judging { judge, found: None }));
        let Checked { begun, panic } = check(config.bounds, self.execution(config, &judging));
        let stopped = panic.is_some();
        let mut judging = judging.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(payload) = panic
            && judging.found.is_none()
        {
            judging.ask(unended(&self.under_loom(), payload, config.bounds));
        }
        let executions = begun.min(config.bounds.executions);
        Ok(LoomSearch { executions, complete: !stopped && begun == executions, found: judging.found.take() })
    }

    /// What the executor is called under loom.
    fn under_loom(&self) -> String {
        format!("{} under loom", self.experiment.name())
    }

    /// What loom runs again and again. The search is broken off by a panic, for loom knows no other way.
    fn execution<B: Send + 'static, J: FnMut(Judged) -> ControlFlow<B> + Send + 'static>(
        &self,
        config: &LoomConfig,
        judging: &Arc<Mutex<Judging<B, J>>>,
    ) -> impl Fn() + Send + Sync + 'static {
        let (experiment, judging) = (Arc::clone(&self.experiment), Arc::clone(judging));
        let subject = format!("{} ({} at a time)", self.under_loom(), config.max_parallelism);
        let LoomConfig { bounds: _, max_parallelism, settings } = *config;
        move || {
            let verdict = experiment.run(Model::loom(settings), max_parallelism, &subject);
            let mut judging = judging.lock().unwrap_or_else(PoisonError::into_inner);
            judging.ask(Judged::complete(verdict));
            if judging.found.is_some() {
                drop(judging);
                abandon_loom_execution();
            }
        }
    }
}

/// An execution of `subject` that loom gave up.
fn unended(subject: &str, payload: Box<dyn Any + Send>, bounds: LoomBounds) -> Judged {
    let message = panic_message(&*payload);
    if is_stuck(&message) {
        Judged::stuck(subject, take_waiting())
    } else if is_endless(&message) {
        Judged::endless(subject, bounds.choices)
    } else {
        resume_unwind(payload)
    }
}

struct Judging<B, J> {
    judge: J,
    found: Option<B>,
}

impl<B, J: FnMut(Judged) -> ControlFlow<B>> Judging<B, J> {
    fn ask(&mut self, judged: Judged) {
        self.found = (self.judge)(judged).break_value();
    }
}
