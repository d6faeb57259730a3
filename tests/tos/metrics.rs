//! What a chain tells of itself: figures for Prometheus, and their endpoint.

mod endpoint;
mod figures;
mod waiting;
