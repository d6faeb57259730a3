//! The built command, as its users meet it.

mod artifacts;
mod book;
mod corpus;
mod faults;
mod first_look;
mod fixtures;
mod machine;
mod mismatches;
mod node;
mod options;
mod own_executor;
mod review;
mod subject;
