//! A block of a live chain as a scenario of its own, and as a file.

mod artifacts;
mod exact;
#[path = "../tos/test_mode/node.rs"]
#[expect(dead_code, reason = "the test mode's own facts use the rest")]
mod node;
