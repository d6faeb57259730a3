//! Real futures with a gate before each of their polls.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::steps::{Action, Effect, Label, Mode, Place, Shared, control};

/// A real future. One that is dropped while it waits is dropped in a step: others may then get what it waited for.
struct Gate<'a, F: Future> {
    shared: &'a Shared,
    /// None: it was ready.
    future: Option<Pin<Box<F>>>,
    waits: bool,
}

impl<'a, F: Future> Gate<'a, F> {
    fn new(shared: &'a Shared, future: F) -> Self {
        Self { shared, future: Some(Box::pin(future)), waits: false }
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        step: impl FnOnce(&Shared, &mut dyn FnMut() -> Poll<F::Output>) -> Poll<F::Output>,
    ) -> Poll<F::Output> {
        let future = self.future.as_mut().expect("a future is polled until it is ready");
        let polled = step(self.shared, &mut || future.as_mut().poll(context));
        self.waits = polled.is_pending();
        if polled.is_ready() {
            self.future = None;
        }
        polled
    }
}

impl<F: Future> Drop for Gate<'_, F> {
    fn drop(&mut self) {
        if self.waits {
            self.shared.touch(Effect::Write, || self.future = None);
            control::give_up();
        }
    }
}

/// Waits for what an operation needs.
pub(super) async fn wait_for<F: Future>(
    shared: &Shared,
    call: &'static str,
    place: Place,
    future: F,
    told: impl FnOnce(Label, &F::Output) -> Action,
) -> F::Output {
    let (mut gate, mut told) = (Gate::new(shared, future), Some(told));
    poll_fn(|context| {
        gate.poll(context, |shared, poll| {
            let told = |object, result: &F::Output| told.take().expect("it is ready once")(object, result);
            shared.poll(call, place, poll, told)
        })
    })
    .await
}

/// Waits for a lock.
pub(super) async fn lock<F: Future>(shared: &Shared, mode: Mode, place: Place, future: F) -> F::Output {
    let mut gate = Gate::new(shared, future);
    poll_fn(|context| gate.poll(context, |shared, poll| shared.poll_lock(mode, place, poll))).await
}

/// Gives a lock back. It is a step, since others ask in steps that never wait whether they can have it.
pub(super) fn unlock<G>(shared: &Shared, place: Place, guard: &mut Option<G>) {
    if let Some(guard) = guard.take() {
        shared.touch(Effect::Write, || drop(guard));
        shared.unlock(place);
    }
}

/// What a thread waits for that is no task.
pub(super) fn block_on<R>(future: impl Future<Output = R>, real: impl FnOnce() -> R) -> R {
    if crate::steps::is_controlled() { control::block_on(future) } else { real() }
}
