//! A sum that many tasks add to at once and that never wraps.

use seriatim_runtime::{AtomicU64, Ordering, Runtime};

/// A checked concurrent sum.
pub struct Accumulator<R: Runtime> {
    sum: R::AtomicU64,
}

/// The sum would not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumOverflow;

impl<R: Runtime> Accumulator<R> {
    /// Starts at `value`.
    pub fn new(runtime: &R, label: &'static str, value: u64) -> Self {
        Self { sum: runtime.atomic_u64(label, value) }
    }

    /// The sum as of now; final once every task has been joined.
    pub fn get(&self) -> u64 {
        // Pairs with the release in `add`. Joining a task orders its additions before this load on its own.
        self.sum.load(Ordering::Acquire)
    }

    /// Adds, or leaves the sum as it is.
    ///
    /// # Errors
    /// `SumOverflow`.
    pub fn add(&self, amount: u64) -> Result<(), SumOverflow> {
        let mut current = self.get();
        loop {
            let sum = current.checked_add(amount).ok_or(SumOverflow)?;
            // Release for `get`; acquire on failure, because the value found is the base of the next try.
            match self.sum.compare_exchange(current, sum, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(()),
                Err(found) => current = found,
            }
        }
    }
}
