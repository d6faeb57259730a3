//! The models of tokio and dashmap, and the engines that explore them. Nothing here knows a ledger.

mod conformance;
mod dpor;
mod engines_agree;
mod fixtures;
mod map_model;
