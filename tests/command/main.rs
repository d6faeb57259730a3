//! The built command, as its users meet it.

mod artifacts;
mod corpus;
mod faults;
mod fixtures;
mod machine;
mod mismatches;
mod node;
mod options;
mod subject;
