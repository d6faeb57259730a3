//! A body of code under shuttle: so many executions, each with a schedule that a strategy chooses.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

use super::STEP_BOUND;
use super::Strategy;
use super::executions::shuttle_config;
use super::interleave::quieten_shuttle;
use super::schedulers::Chooser;
use crate::model::take_waiting;
use seriatim_runtime::panic_message;

/// What shuttle did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShuttleRun {
    pub executions: usize,
    /// Schedules that differ. Many of them are the same interleaving of steps that matter.
    pub distinct: usize,
    /// The first execution that failed, with its number, the panic, and who waited for what. It ended the run.
    pub failure: Option<String>,
}

/// Runs `body` so many times, each time from the start, on shuttle's first thread. A panic fails the execution and ends
/// the run; so does an execution of more than [`STEP_BOUND`] steps.
///
/// # Examples
/// Two payments take the locks of their accounts in opposite order.
///
/// ```
/// use std::sync::Arc;
/// use seriatim_explore::model::{Model, ModelSettings};
/// use seriatim_explore::{Strategy, under_shuttle};
/// use seriatim_runtime::{JoinSet, Runtime, RwLock};
///
/// let settings = ModelSettings { workers: None, shards: 1, placement_seed: 0 };
/// let run = under_shuttle(Strategy::Random, 7, 1_000, move || {
///     let runtime = Model::shuttle(settings);
///     runtime.block_on(async {
///         let accounts = Arc::new([runtime.rw_lock("alice", 5_u64), runtime.rw_lock("bob", 5_u64)]);
///         let mut tasks = runtime.join_set("payments");
///         for (from, to) in [(0, 1), (1, 0)] {
///             let accounts = Arc::clone(&accounts);
///             tasks.spawn(async move {
///                 let mut from = accounts[from].write().await;
///                 *accounts[to].write().await += 1;
///                 *from -= 1;
///             });
///         }
///         while tasks.join_next().await.is_some() {}
///     });
/// });
/// let failure = run.failure.expect("each task holds one lock and waits for the other");
/// assert!(failure.contains("alice") && failure.contains("bob"), "{failure}");
/// ```
pub fn under_shuttle(
    strategy: Strategy,
    seed: u64,
    executions: usize,
    body: impl Fn() + Send + Sync + 'static,
) -> ShuttleRun {
    quieten_shuttle();
    let counted = Counted(Arc::new(Mutex::new(Counts {
        chooser: Chooser::new(strategy, seed),
        left: executions,
        begun: 0,
        choices: None,
        distinct: BTreeSet::new(),
    })));
    let mut config = shuttle_config();
    config.max_steps = shuttle::MaxSteps::FailAfter(STEP_BOUND);
    take_waiting();
    let runner = shuttle::Runner::new(counted.clone(), config);
    let ran = catch_unwind(AssertUnwindSafe(|| runner.run(body)));
    counted.with(|counts| {
        counts.end_execution();
        let failure = ran.err().map(|payload| {
            let waiting = take_waiting().into_iter().map(|waiting| format!("; {waiting}"));
            format!("execution {}: {}{}", counts.begun, panic_message(&*payload), waiting.collect::<String>())
        });
        ShuttleRun { executions: counts.begun, distinct: counts.distinct.len(), failure }
    })
}

/// A strategy, with its executions counted. A clone is the same one: the runner keeps the other, also when it panics.
#[derive(Clone)]
struct Counted(Arc<Mutex<Counts>>);

struct Counts {
    chooser: Chooser,
    left: usize,
    begun: usize,
    /// The choices of the execution under way.
    choices: Option<DefaultHasher>,
    distinct: BTreeSet<u64>,
}

impl Counts {
    fn end_execution(&mut self) {
        self.distinct.extend(self.choices.take().map(|choices| choices.finish()));
    }
}

impl Counted {
    fn with<T>(&self, access: impl FnOnce(&mut Counts) -> T) -> T {
        access(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Scheduler for Counted {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.with(|counts| {
            counts.end_execution();
            counts.left = counts.left.checked_sub(1)?;
            counts.begun += 1;
            counts.choices = Some(DefaultHasher::new());
            counts.chooser.new_execution()
        })
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        self.with(|counts| {
            let chosen = counts.chooser.next_task(runnable, current, is_yielding)?;
            if let Some(choices) = &mut counts.choices {
                choices.write_usize(chosen.into());
            }
            Some(chosen)
        })
    }

    fn next_u64(&mut self) -> u64 {
        self.with(|counts| counts.chooser.next_u64())
    }
}
