//! A body of code under loom: every schedule and every value a load may see, within bounds that the result names.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::interleave::quieten_shuttle;
use crate::model::{begin_loom_execution, take_waiting};
use seriatim_runtime::panic_message;

/// Where loom stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoomBounds {
    /// Switches away from a thread that could go on, in one execution. Once there were so many, loom tries no other thread
    /// at any point: executions with fewer are all run, of those with as many only some, and none with more. None: any.
    pub preemptions: Option<usize>,
    /// Choices in one execution; more are a failure.
    pub choices: usize,
    /// Executions in all.
    pub executions: usize,
}

impl LoomBounds {
    /// So many preemptions, and room for everything that ends within seconds.
    pub fn preemptions(preemptions: usize) -> Self {
        Self { preemptions: Some(preemptions), choices: 10_000, executions: 1_000_000 }
    }
}

/// What loom did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoomRun {
    pub executions: usize,
    /// Everything that the bound on preemptions leaves was run. False: another bound cut the search short, or it failed.
    pub complete: bool,
    pub preemption_bound: Option<usize>,
    /// The first execution that failed, with its number, the panic, and who waited for what.
    pub failure: Option<String>,
}

/// Runs `body` once an execution, each time from the start, on a thread of loom's. A panic fails the execution and ends
/// the search.
///
/// # Examples
/// Loom finds the value that an ordering lets a load see, where every schedule of steps is right.
///
/// ```
/// use std::sync::Arc;
/// use seriatim_explore::model::{Model, ModelSettings};
/// use seriatim_explore::{LoomBounds, under_loom};
/// use seriatim_runtime::{AtomicU64, JoinSet, Ordering, Runtime};
///
/// let settings = ModelSettings { workers: None, shards: 1, placement_seed: 0 };
/// let hands_over = |store, load| under_loom(LoomBounds::preemptions(2), move || {
///     let runtime = Model::loom(settings);
///     runtime.block_on(async {
///         let shared = Arc::new([runtime.atomic_u64("data", 0), runtime.atomic_u64("is ready", 0)]);
///         let [data, is_ready] = &*shared;
///         let (writer, mut tasks) = (Arc::clone(&shared), runtime.join_set("writer"));
///         tasks.spawn(async move {
///             writer[0].store(7, Ordering::Relaxed);
///             writer[1].store(1, store);
///         });
///         if is_ready.load(load) == 1 {
///             assert_eq!(data.load(Ordering::Relaxed), 7);
///         }
///         while tasks.join_next().await.is_some() {}
///     });
/// });
/// assert!(hands_over(Ordering::Relaxed, Ordering::Relaxed).failure.is_some(), "the flag may be seen before the data");
/// assert!(hands_over(Ordering::Release, Ordering::Acquire).complete);
/// ```
pub fn under_loom(bounds: LoomBounds, body: impl Fn() + Send + Sync + 'static) -> LoomRun {
    let Checked { begun, panic } = check(bounds, body);
    let failure = panic.map(|payload| {
        let waiting = take_waiting().into_iter().map(|waiting| format!("; {waiting}"));
        format!("execution {begun}: {}{}", panic_message(&*payload), waiting.collect::<String>())
    });
    LoomRun {
        executions: begun.min(bounds.executions),
        complete: failure.is_none() && begun <= bounds.executions,
        preemption_bound: bounds.preemptions,
        failure,
    }
}

/// A search that ended, by itself or by a panic.
pub(super) struct Checked {
    /// More than the bound, by one: it was cut.
    pub begun: usize,
    pub panic: Option<Box<dyn Any + Send>>,
}

/// The search itself. Who waited for what, after a panic, is still to be taken.
pub(super) fn check(bounds: LoomBounds, body: impl Fn() + Send + Sync + 'static) -> Checked {
    // loom's coroutines install a hook, too, at their first panic, which silences the panics they end by. Were shuttle's to be
    // replaced later, that one would go with it.
    quieten_shuttle();
    let LoomBounds { preemptions, choices, executions: limit } = bounds;
    // The builder takes its defaults from the environment: each one that bounds the search is set here.
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = choices;
    // loom looks at this before each execution, which it counts from 1. With one execution more than allowed, more than
    // `limit` executions mean a cut and `limit` of them do not.
    builder.max_permutations = Some(limit.saturating_add(2));
    builder.max_duration = None;
    builder.checkpoint_file = None;
    builder.checkpoint_interval = 1;
    builder.expect_explicit_explore = false;
    builder.location = false;
    builder.log = false;

    // Seen by loom as little as anything else of the standard library.
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let body = Arc::new(body);
    let execution = move || {
        counted.fetch_add(1, Relaxed);
        let body = Arc::clone(&body);
        begin_loom_execution(move || body());
    };
    take_waiting();
    let checked = catch_unwind(AssertUnwindSafe(|| builder.check(execution)));
    Checked { begun: count.load(Relaxed), panic: checked.err() }
}
