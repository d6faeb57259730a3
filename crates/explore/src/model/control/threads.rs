//! Threads of an execution.

use shuttle_engine::runtime::execution::ExecutionState;

use super::super::action::{Action, TaskEnd};
use super::super::meetings;
use super::super::shuttle_engine::task;
use super::super::steps::{Place, trace_at};
use super::super::waiting::{self, Awaited};
use super::point;
use crate::announce::{self, Access, ObjectId};

/// What the spawning of threads is as an access: threads are numbered in the order in which they are spawned, so two of them
/// do not commute. No other object has this number.
const SPAWNING: ObjectId = ObjectId(u64::MAX);

/// Spawns a thread, the `index`-th of the threads of this name, and returns its number. The body says how it ended.
pub fn spawn(set: &'static str, index: usize, place: Place, body: impl FnOnce() -> TaskEnd + Send + 'static) -> u64 {
    announce::announce(Access::Write(SPAWNING));
    let thread = shuttle::thread::spawn(move || run(set, index, place, body));
    spawned(set, index, place, usize::from(thread.thread().id()) as u64)
}

/// What a thread does around its body.
fn run(set: &'static str, index: usize, place: Place, body: impl FnOnce() -> TaskEnd) {
    let end = body();
    trace_at(place, task, || Action::End { set: set.into(), index, end });
}

fn spawned(set: &'static str, index: usize, place: Place, thread: u64) -> u64 {
    trace_at(place, task, || Action::Spawn { set: set.into(), index, task: thread });
    announce::spawned(thread as usize);
    thread
}

/// The caller's number among the tasks of its execution.
pub fn number() -> u64 {
    task()
}

/// Lets others run, and says that the caller can do nothing useful before they did.
pub fn yield_now(place: Place) {
    trace_at(place, task, || Action::Suspend);
    if std::thread::panicking() {
        return;
    }
    ExecutionState::request_yield();
    point();
}

/// Threads that may borrow from their caller, since it waits for them.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'scope, 'env: 'scope> {
    scope: &'scope shuttle::thread::Scope<'scope, 'env>,
}

impl<'scope> Scope<'scope, '_> {
    /// See [`spawn`].
    pub fn spawn(
        self,
        set: &'static str,
        index: usize,
        place: Place,
        body: impl FnOnce() -> TaskEnd + Send + 'scope,
    ) -> u64 {
        announce::announce(Access::Write(SPAWNING));
        let thread = self.scope.spawn(move || run(set, index, place, body));
        spawned(set, index, place, usize::from(thread.thread().id()) as u64)
    }
}

/// Runs `body` and waits until every thread has ended that was spawned; `threads` then says who they are. Only where the
/// caller [is controlled](super::is_controlled).
pub fn scope<'env, R>(
    set: &'static str,
    place: Place,
    body: impl for<'scope> FnOnce(Scope<'scope, 'env>) -> R,
    threads: impl FnOnce() -> Vec<u64>,
) -> R {
    let result = shuttle::thread::scope(|scope| {
        let done = body(Scope { scope });
        waiting::begin(task(), Awaited::Task { set: set.into() }, place);
        done
    });
    waiting::end(task());
    for (index, thread) in threads().into_iter().enumerate() {
        announce::joined(thread as usize);
        trace_at(place, task, || Action::Join { set: set.into(), index });
    }
    meetings::all_joined();
    result
}
