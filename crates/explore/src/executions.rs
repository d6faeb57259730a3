//! One shuttle execution at a time. shuttle's own runner makes new stacks for each of its runs and throws them away, which
//! costs as much as a small block; here they stay with the thread, and whoever explores looks at each execution before the next.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

use shuttle::Config;
use shuttle::scheduler::{Schedule, Scheduler};
use shuttle_engine::runtime::execution::Execution;
use shuttle_engine::runtime::thread::continuation::{CONTINUATION_POOL, ContinuationPool};

/// A task of a debug build fits easily; memory is only mapped where it is used.
const STACK_BYTES: usize = 1 << 20;

thread_local! {
    /// Stacks of tasks that came to their end, for the next ones. A stack holds nothing of the task that had it before.
    static STACKS: ContinuationPool = ContinuationPool::new();
}

/// Runs `body` under a scheduler that has begun an execution with `schedule`.
pub(super) fn execute<S: Scheduler + 'static>(
    scheduler: Rc<RefCell<S>>,
    schedule: Schedule,
    config: &Config,
    body: impl FnOnce() + Send + 'static,
) {
    let execution = Execution::new(scheduler, schedule);
    STACKS.with(|stacks| CONTINUATION_POOL.set(stacks, || execution.run(config, body, Location::caller())));
}

/// What every execution has in common.
pub(super) fn shuttle_config() -> Config {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.failure_persistence = shuttle::FailurePersistence::None;
    // The recorder has a bound of its own, which is no failure to shuttle.
    config.max_steps = shuttle::MaxSteps::None;
    config.silence_warnings = true;
    config
}
