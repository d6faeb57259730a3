//! Pairs of conflicting accesses that an execution brought together: two accesses in a row to one object, by two tasks that
//! were there at the same time, at least one of them for writing. In another order each such pair could have meant
//! something else, so their number says how much of an agreement is about concurrency. Permits and workers are no data
//! and do not count.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

thread_local! {
    static MEETINGS: Cell<u64> = const { Cell::new(0) };
    /// Grows whenever a join set has seen all its tasks end: what comes later cannot meet what was before.
    static PERIOD: Cell<u64> = const { Cell::new(0) };
}

/// Pairs since the last call.
pub(crate) fn take_meetings() -> u64 {
    MEETINGS.take()
}

/// Every task of a join set has ended.
pub(super) fn all_joined() {
    PERIOD.set(PERIOD.get() + 1);
}

/// The last access of a task to an object: period, task and whether it wrote, in one word, so that it needs no lock. No
/// engine takes it for a step.
#[derive(Debug, Default)]
pub(super) struct LastAccess(AtomicU64);

impl LastAccess {
    /// Nobody has accessed it.
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// An access of `task`, at the moment it takes effect. The execution's own thread, task 0, waits while tasks run.
    pub(super) fn next(&self, task: u64, writes: bool) {
        if task == 0 {
            return;
        }
        let this = PERIOD.get() << 32 | task << 1 | u64::from(writes);
        let last = self.0.swap(this, Relaxed);
        let same_period = last >> 32 == this >> 32;
        let other_task = last >> 1 != this >> 1 && last != 0;
        if same_period && other_task && (last | this) & 1 == 1 {
            MEETINGS.set(MEETINGS.get() + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tasks_meet_where_one_of_them_writes() {
        take_meetings();
        let object = LastAccess::default();
        for (task, writes) in [(1, false), (2, false), (2, true), (1, false), (1, true), (0, true), (2, true)] {
            object.next(task, writes);
        }
        // 2's write and 1's read; 1's write and 2's.
        assert_eq!(take_meetings(), 2);
    }

    #[test]
    fn tasks_of_different_batches_do_not_meet() {
        take_meetings();
        let object = LastAccess::default();
        object.next(1, true);
        all_joined();
        object.next(2, true);
        assert_eq!(take_meetings(), 0);
    }
}
