//! The usual libraries for concurrent Rust, such that a test can decide who runs when.
//!
//! With the feature `controlled` off, every module here is a plain re-export, and a release pays nothing. With it on,
//! each object is the real one with a gate before every operation. Inside an execution of the harness, the gate lets
//! other tasks run, puts a task to sleep that would have to wait, and records what was done, where, and by whom.
//! Outside of one, the gate is open: the same program runs on real threads.
//!
//! | use | instead of |
//! |---|---|
//! | [`sync`], [`thread`], [`thread_local!`], [`hint`] | those of `std` |
//! | `parking_lot`, `dashmap`, `crossbeam`, `rayon`, `tokio`, by the features of these names | the libraries |
//!
//! What is not modelled: time (a wait with a limit may end at any moment), memory orderings (all are the strongest),
//! and reference counts (`Arc` is the real one, and dropping it is no step). A static keeps its value from one
//! execution to the next, so a replay may differ; the harness says so when it does.
//!
//! Stable, as far as version 0.x allows: the modules, which follow the libraries that they stand for, [`Named`] and
//! [`works_on`]. Internal: whatever begins with two underscores.

#[cfg(feature = "controlled")]
pub mod hint;
#[cfg(feature = "controlled")]
mod steps;
#[cfg(feature = "controlled")]
pub mod sync;
#[cfg(feature = "controlled")]
pub mod thread;
#[cfg(feature = "controlled")]
mod waits;

#[cfg(not(feature = "controlled"))]
pub use std::{hint, sync, thread, thread_local};

#[cfg(all(feature = "controlled", feature = "crossbeam"))]
pub mod crossbeam;
#[cfg(all(feature = "controlled", feature = "dashmap"))]
pub mod dashmap;
#[cfg(all(feature = "controlled", feature = "parking_lot"))]
pub mod parking_lot;
#[cfg(all(feature = "controlled", feature = "rayon"))]
pub mod rayon;
#[cfg(all(feature = "controlled", feature = "tokio"))]
pub mod tokio;

#[cfg(all(not(feature = "controlled"), feature = "crossbeam"))]
pub use ::crossbeam;
#[cfg(all(not(feature = "controlled"), feature = "dashmap"))]
pub use ::dashmap;
#[cfg(all(not(feature = "controlled"), feature = "parking_lot"))]
pub use ::parking_lot;
#[cfg(all(not(feature = "controlled"), feature = "rayon"))]
pub use ::rayon;
#[cfg(all(not(feature = "controlled"), feature = "tokio"))]
pub use ::tokio;

/// Whether the gates are there: whether the feature `controlled` is on.
pub const CONTROLLED: bool = cfg!(feature = "controlled");

/// Something whose name in records its user chooses.
pub trait Named: Sized {
    /// Says what it is called in records, instead of the name that it has where it is made.
    ///
    /// # Examples
    /// ```
    /// use seriatim_shims::Named;
    /// use seriatim_shims::sync::Mutex;
    ///
    /// let accounts: Vec<Mutex<u64>> = (0..2).map(|n| Mutex::new(0).named(|| format!("accounts[{n}]"))).collect();
    /// # assert_eq!(accounts.len(), 2);
    /// ```
    #[must_use]
    fn named(self, name: impl FnOnce() -> String) -> Self;
}

#[cfg(not(feature = "controlled"))]
impl<T> Named for T {
    #[inline]
    fn named(self, _: impl FnOnce() -> String) -> Self {
        self
    }
}

/// Says that the calling task works on this transaction of its block from here on, for whoever reads a report.
#[inline]
#[track_caller]
pub fn works_on(transaction: usize) {
    #[cfg(feature = "controlled")]
    steps::works_on(transaction);
    #[cfg(not(feature = "controlled"))]
    let _ = transaction;
}
