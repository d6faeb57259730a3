//! The modes in which a node runs blocks. Whatever the parallel side does, the ledger is that of the sequential path, the block
//! comes to its end in time, and what was wrong is told by its kind.

#[path = "test_mode/config.rs"]
mod config;
#[path = "test_mode/faults.rs"]
mod faults;
#[path = "test_mode/hanging.rs"]
mod hanging;
#[path = "test_mode/modes.rs"]
mod modes;
#[path = "test_mode/node.rs"]
mod node;
#[path = "test_mode/rollout.rs"]
mod rollout;
#[path = "test_mode/scenarios.rs"]
mod scenarios;
#[path = "test_mode/wrong_sides.rs"]
mod wrong_sides;
