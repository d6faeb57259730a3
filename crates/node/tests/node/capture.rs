//! A block of a live chain as a scenario of its own, and as a file.

mod artifacts;
mod exact;
