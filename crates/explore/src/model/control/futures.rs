//! Futures on the threads of an execution. What such a future waits for is a real object, whose wakers wake the thread.

use std::task::Poll;

use shuttle_engine::runtime::execution::ExecutionState;

use super::super::action::{Action, Effect};
use super::super::object::Mode;
use super::super::shown::Label;
use super::super::shuttle_engine::task;
use super::super::steps::{Place, trace_at};
use super::super::waiting::{self, Awaited};
use super::{Shared, is_controlled};

/// Polls a future on the calling thread, which sleeps while it is pending.
pub fn block_on<F: Future>(future: F) -> F::Output {
    shuttle::future::block_on(future)
}

/// Lets others run when the calling thread next comes to a step. It can do nothing useful before they did.
pub fn suspend(place: Place) {
    trace_at(place, task, || Action::Suspend);
    ExecutionState::request_yield();
}

/// The calling thread no longer waits for what it waited for: it has given up.
pub fn give_up() {
    if is_controlled() {
        waiting::end(task());
    }
}

impl Shared {
    /// One poll of something that may not be ready yet, as one step. It is recorded once it is ready.
    pub fn poll<R>(
        &self,
        call: &'static str,
        place: Place,
        poll: impl FnOnce() -> Poll<R>,
        action: impl FnOnce(Label, &R) -> Action,
    ) -> Poll<R> {
        let polled = self.touch(Effect::Write, poll);
        if !is_controlled() {
            return polled;
        }
        if let Poll::Ready(result) = &polled {
            waiting::end(task());
            trace_at(place, task, || action(self.label(), result));
        } else {
            waiting::begin(task(), Awaited::Call { object: self.label(), call: call.into() }, place);
        }
        polled
    }

    /// One poll of what takes it as a lock.
    pub fn poll_lock<G>(&self, mode: Mode, place: Place, poll: impl FnOnce() -> Poll<G>) -> Poll<G> {
        if !is_controlled() {
            return poll();
        }
        let polled = self.try_lock(mode, place, || match poll() {
            Poll::Ready(guard) => Some(guard),
            Poll::Pending => None,
        });
        if let Some(guard) = polled {
            waiting::end(task());
            return Poll::Ready(guard);
        }
        waiting::begin(task(), Awaited::Lock { label: self.label(), mode }, place);
        Poll::Pending
    }
}
