//! One scenario on a parallel path under loom: every schedule that a bound on preemptions leaves, and every value that
//! the ordering of an atomic lets a load see.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use crate::runtime::model::{
    Model, ModelSettings, TASKS_OF_LOOM, abandon_loom_execution, is_endless, is_stuck, take_waiting,
};
use crate::runtime::panic_message;

use super::under_loom::{Checked, check};
use super::{Ending, Interleaver, LoomBounds};

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
        judge: impl FnMut(Ending) -> ControlFlow<B> + Send + 'static,
    ) -> Result<LoomSearch<B>, TooManyTasks> {
        let found = self.program.transactions();
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
            judging.ask(ending(payload, config.bounds));
        }
        let executions = begun.min(config.bounds.executions);
        Ok(LoomSearch { executions, complete: !stopped && begun == executions, found: judging.found.take() })
    }

    /// What loom runs again and again. The search is broken off by a panic, for loom knows no other way.
    fn execution<B: Send + 'static, J: FnMut(Ending) -> ControlFlow<B> + Send + 'static>(
        &self,
        config: &LoomConfig,
        judging: &Arc<Mutex<Judging<B, J>>>,
    ) -> impl Fn() + Send + Sync + 'static {
        let (program, judging) = (Arc::clone(&self.program), Arc::clone(judging));
        let LoomConfig { bounds: _, max_parallelism, settings } = *config;
        move || {
            let mut observation = program.run(Model::loom(settings), max_parallelism);
            let path = &observation.subject;
            observation.subject = format!("{path} under loom ({max_parallelism} at a time)");
            let mut judging = judging.lock().unwrap_or_else(PoisonError::into_inner);
            judging.ask(Ending::Complete(Box::new(observation)));
            if judging.found.is_some() {
                drop(judging);
                abandon_loom_execution();
            }
        }
    }
}

/// How an execution ended that loom gave up.
fn ending(payload: Box<dyn Any + Send>, bounds: LoomBounds) -> Ending {
    let message = panic_message(&*payload);
    if is_stuck(&message) {
        Ending::Stuck(take_waiting())
    } else if is_endless(&message) {
        Ending::Endless(bounds.choices)
    } else {
        resume_unwind(payload)
    }
}

struct Judging<B, J> {
    judge: J,
    found: Option<B>,
}

impl<B, J: FnMut(Ending) -> ControlFlow<B>> Judging<B, J> {
    fn ask(&mut self, ending: Ending) {
        self.found = (self.judge)(ending).break_value();
    }
}
