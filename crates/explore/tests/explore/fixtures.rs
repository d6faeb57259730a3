//! What the tests of every engine share.

use seriatim_explore::{Strategy, under_shuttle};

/// Keeps panics that are made on purpose off the screen: thousands of executions would each print a backtrace.
pub fn quieten() {
    // The first runner of shuttle sets a panic hook, which the hook of the fixtures has to wrap.
    under_shuttle(Strategy::Random, 0, 1, || ());
    seriatim_testkit::quieten();
}
