//! `crossbeam::sync`. The sharded lock is that of [`crate::sync`], which is asked for in the same way.

mod parker;
mod wait_group;

pub use crate::sync::{
    RwLock as ShardedLock, RwLockReadGuard as ShardedLockReadGuard, RwLockWriteGuard as ShardedLockWriteGuard,
};
pub use parker::{Parker, Unparker};
pub use wait_group::WaitGroup;

mod real {
    pub use ::crossbeam::sync::{Parker, Unparker, WaitGroup};
}
