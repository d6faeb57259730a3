//! Where workers sleep that have nothing to do. The paper lets them spin; a model engine would follow them round for ever,
//! and a node has better things to do.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use seriatim_runtime::{ConcurrentMap, Runtime};

/// Wakes all who sleep, whenever there may be something to do.
///
/// No ring is lost: whoever makes work makes it before it takes the sleepers, and a sleeper looks for work after it
/// lay down among them. Both go through one lock, so either the ringer finds the sleeper or the sleeper finds the work.
pub struct Bell<R: Runtime> {
    /// One entry, made by the first sleeper.
    sleepers: R::Map<(), Sleepers>,
}

/// Who sleeps, by number of the worker.
#[derive(Default)]
struct Sleepers(BTreeMap<usize, Waker>);

/// Who, and not at which address.
impl fmt::Debug for Sleepers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<R: Runtime> Bell<R> {
    /// Nobody sleeps.
    pub fn new(runtime: &R) -> Self {
        Self { sleepers: runtime.map("bell") }
    }

    /// Wakes all who sleep. Returns whether somebody did.
    pub fn ring(&self) -> bool {
        let sleepers = self.sleepers.get_mut(&()).map(|mut sleepers| std::mem::take(&mut sleepers.0));
        let sleepers = sleepers.unwrap_or_default();
        let somebody = !sleepers.is_empty();
        sleepers.into_values().for_each(Waker::wake);
        somebody
    }

    /// Sleeps until the bell is rung, unless there is something to do; it may also wake for nothing.
    pub async fn sleep(&self, worker: usize, is_work: impl Fn() -> bool) {
        let mut has_slept = false;
        poll_fn(|context| {
            if has_slept {
                return Poll::Ready(());
            }
            has_slept = true;
            self.sleepers.entry_or_insert((), Sleepers::default()).0.insert(worker, context.waker().clone());
            if is_work() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
