//! Executors from outside: what they are asked, how the answers are judged, the protocol, and their processes.

mod process;
mod protocol;
mod questions;
