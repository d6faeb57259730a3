//! External executors: what they are asked, how their answers are judged, and the protocol.

mod checks;
mod protocol;
mod questions;
mod seldom;
