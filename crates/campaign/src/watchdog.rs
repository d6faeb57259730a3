//! Executions that hang. Under a model a stuck execution is an ending like others; on tokio, and on a subject's own threads,
//! nothing watches over tasks, and a time limit alone can tell. A thread that hangs cannot be ended: it is left behind, or the
//! process ends with it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread::Thread;
use std::time::Duration;

use seriatim_lab::compare::{Difference, Oracle, Value, Violation};

use super::Control;

/// A time limit for one execution.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use seriatim_campaign::{Hang, Watchdog};
///
/// let limit = Duration::from_millis(20);
/// assert_eq!(Watchdog { limit }.run(|| 7), Ok(7));
/// let hangs = Watchdog { limit }.run(|| loop { std::thread::park() });
/// assert_eq!(hangs, Err(Hang { limit }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watchdog {
    pub limit: Duration,
}

/// An execution that did not end in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no end within {limit:?}")]
pub struct Hang {
    pub limit: Duration,
}

/// How often the watchdog of a campaign looks.
const INTERVAL: Duration = Duration::from_millis(50);

/// No execution of any campaign takes a hundredth of this limit.
impl Default for Watchdog {
    fn default() -> Self {
        Self { limit: Duration::from_secs(30) }
    }
}

impl Watchdog {
    /// Runs `work` on a thread of its own, which is left behind if it hangs.
    ///
    /// # Errors
    /// `work` does not end within the limit.
    ///
    /// # Panics
    /// If `work` does.
    pub fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Hang> {
        let (done, result) = mpsc::channel();
        #[expect(clippy::disallowed_methods, reason = "joined by the channel, or left behind by a process that ends")]
        let thread = std::thread::spawn(move || {
            // Nobody listens any more once the limit has passed.
            let _ = done.send(work());
        });
        match (result.recv_timeout(self.limit), thread) {
            (Ok(result), _) => Ok(result),
            (Err(mpsc::RecvTimeoutError::Timeout), _) => Err(Hang { limit: self.limit }),
            (Err(mpsc::RecvTimeoutError::Disconnected), thread) => match thread.join() {
                Err(payload) => std::panic::resume_unwind(payload),
                Ok(()) => unreachable!("a thread that ends well has sent its result"),
            },
        }
    }

    /// Runs a campaign beside a thread that calls `look` every so often. If one of its executions hangs, that thread calls
    /// `report` with its index, and then ends the process with exit code 1.
    pub fn watch<T>(
        self,
        control: &Control,
        mut look: impl FnMut() + Send,
        report: impl FnOnce(u64, Hang) + Send,
        campaign: impl FnOnce() -> T,
    ) -> T {
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                while !done.load(Relaxed) {
                    look();
                    if let Some(index) = control.overdue(self.limit) {
                        report(index, Hang { limit: self.limit });
                        std::process::exit(1);
                    }
                    std::thread::park_timeout(INTERVAL);
                }
            });
            let _released = Release { done: &done, watcher: watcher.thread().clone() };
            campaign()
        })
    }
}

impl Hang {
    /// The violation of built-in executors; `what` took so long.
    pub fn violation(self, what: &'static str) -> Violation {
        Violation::new(Oracle::Livelock, "one of those on tokio", self.difference(what))
    }

    /// The difference; `what` took so long.
    pub fn difference(self, what: &'static str) -> Difference {
        let (limit, more) = (Value::debug(self.limit), Value::debug("more, and it still runs"));
        Difference::of_values(what, limit, more)
    }
}

/// Lets the watcher go at the end of a campaign, also at that of one that panics.
struct Release<'a> {
    done: &'a AtomicBool,
    watcher: Thread,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.done.store(true, Relaxed);
        self.watcher.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn park_for_ever() {
        loop {
            std::thread::park();
        }
    }

    #[test]
    fn what_ends_in_time_gives_its_result_and_what_does_not_is_left_behind() {
        let watchdog = Watchdog { limit: Duration::from_millis(50) };
        assert_eq!(Watchdog::default().run(|| 7), Ok(7));
        let hang = watchdog.run(park_for_ever).unwrap_err();
        assert_eq!(hang.violation("time of the replay").oracle, Oracle::Livelock);
    }

    #[test]
    fn a_campaign_that_ends_or_panics_lets_its_watcher_go() {
        let control = Control::default();
        let watch = |campaign: fn() -> u8| {
            Watchdog::default().watch(&control, || {}, |_, _| unreachable!("nothing is under way"), campaign)
        };
        assert_eq!(watch(|| 7), 7);
        let panicking = std::panic::AssertUnwindSafe(|| watch(|| panic!("on purpose")));
        assert!(std::panic::catch_unwind(panicking).is_err());
    }
}
