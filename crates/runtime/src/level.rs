//! How many of something there are at one moment, and how many there were at most.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counted by tasks of any thread and read when none runs, so relaxed orderings do.
///
/// # Examples
/// ```
/// use seriatim_runtime::Level;
///
/// let reads = Level::default();
/// let (first, second) = (Level::enter(&reads), Level::enter(&reads));
/// drop(first);
/// let third = Level::enter(&reads);
/// assert_eq!(reads.take_most(), 2, "never more than two at one moment");
/// drop((second, third));
/// ```
#[derive(Debug, Default)]
pub struct Level {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Level {
    /// Counts one more, for as long as what is returned lives. `level` leads to the level: a reference or an `Arc`.
    pub fn enter<L: Deref<Target = Self>>(level: L) -> Inside<L> {
        let now = level.now.fetch_add(1, Relaxed) + 1;
        level.most.fetch_max(now, Relaxed);
        Inside(level)
    }

    /// Most that there were at one moment since the last call.
    pub fn take_most(&self) -> usize {
        self.most.swap(0, Relaxed)
    }
}

/// One of those that are counted. It may end by a panic, or be dropped where it waits.
#[derive(Debug)]
pub struct Inside<L: Deref<Target = Level>>(L);

impl<L: Deref<Target = Level>> Drop for Inside<L> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Relaxed);
    }
}
