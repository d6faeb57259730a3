//! `std::hint`, with a loop that spins as one that lets others run.

pub use std::hint::{assert_unchecked, black_box, unreachable_unchecked};

use crate::steps::{Place, is_controlled, yield_now};

/// Says that the caller waits for somebody in a loop.
#[track_caller]
pub fn spin_loop() {
    if is_controlled() {
        yield_now(Place::here());
    } else {
        std::hint::spin_loop();
    }
}
