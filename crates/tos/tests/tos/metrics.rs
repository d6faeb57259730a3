//! The figures of a chain for Prometheus.

mod figures;
mod waiting;
