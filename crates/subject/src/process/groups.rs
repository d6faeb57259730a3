//! The process groups that are alive, so that a command can end them all at once.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, RawPid, Signal, kill_process_group};

static ALIVE: Mutex<BTreeSet<RawPid>> = Mutex::new(BTreeSet::new());

/// The set is whole at every step, so a panic elsewhere spoils nothing.
fn alive() -> MutexGuard<'static, BTreeSet<RawPid>> {
    ALIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every process of every subject in this process. Their requests end as crashes. For a command that is told to end at
/// once; not for a signal handler, since it takes a lock.
pub fn kill_all() {
    for group in alive().iter().copied().filter_map(Pid::from_raw) {
        kill(group);
    }
}

pub(super) fn add(group: Pid) {
    alive().insert(group.as_raw_pid());
}

/// Kills the group and forgets it. To be called before its leader is waited for: until then the number is not used again.
pub(super) fn end(group: Pid) {
    let mut alive = alive();
    kill(group);
    alive.remove(&group.as_raw_pid());
}

fn kill(group: Pid) {
    // It fails only when there is nobody left.
    let _ = kill_process_group(group, Signal::KILL);
}
