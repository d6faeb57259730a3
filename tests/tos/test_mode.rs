//! The modes in which a node runs blocks. Whatever the parallel side does, the ledger is that of the sequential path, the block
//! comes to its end in time, and what was wrong is told by its kind.

mod config;
mod faults;
mod hanging;
mod modes;
mod rollout;
mod wrong_sides;
