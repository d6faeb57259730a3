//! `parking_lot`. No lock is poisoned here.
//!
//! A lock is fair to nobody: whoever runs first gets it, and a writer that waits keeps no reader out. A time limit lets
//! others run once, and then ends.

mod condvar;
mod guard;
mod mutex;
mod once;
mod reentrant;
mod rw_lock;

pub use ::parking_lot::OnceState;
pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard, const_mutex};
pub use once::Once;
pub use reentrant::{ReentrantMutex, ReentrantMutexGuard, const_reentrant_mutex};
pub use rw_lock::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard,
    RwLockWriteGuard, const_rwlock,
};

pub(crate) use guard::Gate;
