//! What becomes of a violation: a file, a smaller case, an explanation, a report.

mod artifact;
mod explain;
mod fixtures;
mod minimise;
mod report;
