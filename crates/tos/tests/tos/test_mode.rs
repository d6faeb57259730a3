//! The modes in which a node runs blocks. Whatever the shadow does, the ledger is that of the sequential path, the block
//! ends in time, and the mismatch is reported by its kind.

mod config;
mod faults;
mod hanging;
mod modes;
mod rollout;
mod wrong_shadows;
