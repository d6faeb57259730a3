//! The figures of a chain for Prometheus, and their endpoint.

mod endpoint;
mod figures;
mod waiting;
