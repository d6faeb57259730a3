//! The built command, as its users meet it.

mod lines;
mod machine;
mod node;
mod subject;
