//! `crossbeam`, each operation with a gate before it.
//!
//! `epoch` is the real one: it has no gates, so only what the other modules do there is a step.

pub mod atomic;
pub mod channel;
pub mod deque;
pub mod queue;
pub mod sync;
pub mod thread;
pub mod utils;

pub use ::crossbeam::epoch;
pub use channel::select;
pub use thread::scope;

use crate::steps::{Action, Effect, Label, came_to};

/// The record of an operation that takes an item from a queue.
fn popped<T>() -> impl FnOnce(Label, &Option<T>) -> Action {
    came_to("pop", Effect::Write, |item: &Option<T>| if item.is_some() { "an item" } else { "nothing" })
}
