//! What a chain tells of itself: figures for Prometheus, and their endpoint.

#[path = "metrics/endpoint.rs"]
mod endpoint;
#[path = "metrics/figures.rs"]
mod figures;
#[path = "test_mode/node.rs"]
#[expect(dead_code, reason = "the test mode's own facts use the rest")]
mod node;
#[path = "metrics/text.rs"]
mod text;
#[path = "metrics/waiting.rs"]
mod waiting;
