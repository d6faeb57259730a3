//! `crossbeam::deque`. Under control, no thief is ever asked to retry. A batch is stolen in one step, and arrives in
//! the next.

mod injector;
mod stealer;
mod worker;

pub use ::crossbeam::deque::Steal;

pub use injector::Injector;
pub use stealer::Stealer;
pub use worker::Worker;

use crate::steps::{Action, Effect, Label, came_to};

mod real {
    pub use ::crossbeam::deque::{Injector, Stealer, Worker};
}

/// The record of a theft.
fn theft<T>(name: &'static str) -> impl FnOnce(Label, &Steal<T>) -> Action {
    let words = |theft: &Steal<T>| if theft.is_success() { "stolen" } else { "nothing" };
    came_to(name, Effect::Write, words)
}
