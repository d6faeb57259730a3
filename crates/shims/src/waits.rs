//! The waits of a condition variable: who waits first is notified first.

use std::sync::{Mutex as Real, MutexGuard, PoisonError};

/// Waits, by their number. Its lock is held for moments in which nobody is switched out.
#[derive(Debug)]
pub struct Waits(Real<Numbers>);

#[derive(Debug)]
struct Numbers {
    next: u64,
    /// Not notified yet, in order.
    waiting: Vec<u64>,
}

impl Waits {
    pub const fn new() -> Self {
        Self(Real::new(Numbers { next: 0, waiting: Vec::new() }))
    }

    pub fn begin(&self) -> u64 {
        let mut numbers = self.lock();
        let wait = numbers.next;
        numbers.next += 1;
        numbers.waiting.push(wait);
        wait
    }

    pub fn is_notified(&self, wait: u64) -> bool {
        !self.lock().waiting.contains(&wait)
    }

    /// Ends a wait. Whether nobody had notified it.
    pub fn give_up(&self, wait: u64) -> bool {
        let mut numbers = self.lock();
        let before = numbers.waiting.len();
        numbers.waiting.retain(|other| *other != wait);
        numbers.waiting.len() < before
    }

    /// Notifies at most so many. How many it were.
    pub fn notify(&self, most: usize) -> usize {
        let mut numbers = self.lock();
        let notified = most.min(numbers.waiting.len());
        numbers.waiting.drain(..notified).count()
    }

    fn lock(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
