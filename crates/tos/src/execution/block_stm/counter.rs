//! An atomic number with the operations that the paper asks for.

use seriatim_runtime::{AtomicU64, Ordering, Runtime};

/// Every change acquires and releases, every load acquires: who sees a value sees all that was done before it was set.
pub(super) struct Counter<R: Runtime> {
    value: R::AtomicU64,
}

impl<R: Runtime> Counter<R> {
    pub fn new(runtime: &R, label: &'static str) -> Self {
        Self { value: runtime.atomic_u64(label, 0) }
    }

    pub fn load(&self) -> u64 {
        // Pairs with the release in `update`.
        self.value.load(Ordering::Acquire)
    }

    /// Each returns the value before.
    pub fn fetch_increment(&self) -> u64 {
        // Release for `load`; acquire, because whoever got a number goes on from what was done before it.
        self.value.fetch_add(1, Ordering::AcqRel)
    }

    pub fn decrement(&self) {
        self.update(|value| value.checked_sub(1).expect("decremented once for each increment"));
    }

    pub fn fetch_min(&self, target: u64) -> u64 {
        self.update(|value| value.min(target))
    }

    fn update(&self, change: impl Fn(u64) -> u64) -> u64 {
        let mut current = self.load();
        loop {
            // Release for `load`; acquire on failure, because the value found is the base of the next try.
            match self.value.compare_exchange(current, change(current), Ordering::AcqRel, Ordering::Acquire) {
                Ok(before) => return before,
                Err(found) => current = found,
            }
        }
    }
}
