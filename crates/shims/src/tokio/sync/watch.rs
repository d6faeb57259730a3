//! `tokio::sync::watch`.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

use ::tokio::sync::watch as real;
pub use ::tokio::sync::watch::error;
use error::{RecvError, SendError};

use super::oneshot::end;
use crate::steps::{Effect, Place, Shared, call, is_controlled};
use crate::tokio::gate;

/// `tokio::sync::watch::channel`.
#[track_caller]
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let place = Place::here();
    let both = Arc::new(Both { shared: Shared::new("watch"), borrows: AtomicIsize::new(0) });
    let (sender, receiver) = real::channel(value);
    let sender = Sender { both: Arc::clone(&both), place, real: Some(sender) };
    (sender, Receiver { both, place, real: Some(receiver) })
}

/// What both ends know. The real one has a lock that blocks its thread, so it is only called where that lock is free.
struct Both {
    shared: Shared,
    /// Borrows of the value that are there; -1: it is changed.
    borrows: AtomicIsize,
}

impl Both {
    /// Changes the value when nobody borrows it.
    fn change<R>(&self, name: &'static str, place: Place, change: impl FnOnce() -> R) -> R {
        /// The change may panic.
        struct Changing<'a>(&'a Both);

        impl Drop for Changing<'_> {
            fn drop(&mut self) {
                self.0.borrows.store(0, Relaxed);
                self.0.shared.wake();
            }
        }

        if !is_controlled() {
            return change();
        }
        let attempt = || (self.borrows.load(Relaxed) == 0).then(|| self.borrows.store(-1, Relaxed));
        self.shared.wait_for(name, place, attempt, call(name, Effect::Write));
        let changing = Changing(self);
        let result = change();
        drop(changing);
        result
    }

    /// Keeps changes from happening for as long as it is there.
    fn keep(&self, place: Place) -> Option<Kept<'_>> {
        is_controlled().then(|| {
            let attempt = || (self.borrows.load(Relaxed) >= 0).then(|| self.borrows.fetch_add(1, Relaxed));
            self.shared.wait_for("borrow", place, attempt, call("borrow", Effect::Write));
            Kept(self)
        })
    }

    fn borrow<'a, T>(&'a self, place: Place, borrow: impl FnOnce() -> real::Ref<'a, T>) -> Ref<'a, T> {
        let kept = self.keep(place);
        Ref { real: borrow(), _kept: kept }
    }
}

struct Kept<'a>(&'a Both);

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        self.0.borrows.fetch_sub(1, Relaxed);
        self.0.shared.wake();
    }
}

/// `tokio::sync::watch::Ref`.
pub struct Ref<'a, T> {
    // Is dropped first.
    real: real::Ref<'a, T>,
    _kept: Option<Kept<'a>>,
}

impl<T> Ref<'_, T> {
    pub fn has_changed(&self) -> bool {
        self.real.has_changed()
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.real
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// `tokio::sync::watch::Sender`.
pub struct Sender<T> {
    both: Arc<Both>,
    place: Place,
    /// None: it is dropped.
    real: Option<real::Sender<T>>,
}

impl<T> Sender<T> {
    #[track_caller]
    pub fn new(value: T) -> Self {
        channel(value).0
    }

    fn real(&self) -> &real::Sender<T> {
        self.real.as_ref().expect("a sender is there until it is dropped")
    }

    /// # Errors
    /// The value, if there is no receiver.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.both.change("send", Place::here(), || self.real().send(value))
    }

    #[track_caller]
    pub fn send_modify<F: FnOnce(&mut T)>(&self, modify: F) {
        self.both.change("send modify", Place::here(), || self.real().send_modify(modify));
    }

    #[track_caller]
    pub fn send_if_modified<F: FnOnce(&mut T) -> bool>(&self, modify: F) -> bool {
        self.both.change("send if modified", Place::here(), || self.real().send_if_modified(modify))
    }

    #[track_caller]
    pub fn send_replace(&self, value: T) -> T {
        self.both.change("send replace", Place::here(), || self.real().send_replace(value))
    }

    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.both.borrow(Place::here(), || self.real().borrow())
    }

    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        let (place, subscribe) = (Place::here(), || self.real().subscribe());
        let real = self.both.shared.operate(Effect::Write, place, subscribe, call("subscribe", Effect::Write));
        Receiver { both: Arc::clone(&self.both), place, real: Some(real) }
    }

    #[track_caller]
    pub fn is_closed(&self) -> bool {
        let told = call("is closed", Effect::Read);
        self.both.shared.operate(Effect::Read, Place::here(), || self.real().is_closed(), told)
    }

    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        let told = call("receiver count", Effect::Read);
        self.both.shared.operate(Effect::Read, Place::here(), || self.real().receiver_count(), told)
    }

    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        self.closed_at(Place::here())
    }

    async fn closed_at(&self, place: Place) {
        let told = call("closed", Effect::Write);
        gate::wait_for(&self.both.shared, "closed", place, self.real().closed(), told).await;
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { both: Arc::clone(&self.both), place: self.place, real: self.real.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        end(&self.both.shared, self.place, self.real.take());
    }
}

/// `tokio::sync::watch::Receiver`.
pub struct Receiver<T> {
    both: Arc<Both>,
    place: Place,
    /// None: it is dropped.
    real: Option<real::Receiver<T>>,
}

impl<T> Receiver<T> {
    fn real(&self) -> &real::Receiver<T> {
        self.real.as_ref().expect("a receiver is there until it is dropped")
    }

    fn parts(&mut self) -> (&Both, &mut real::Receiver<T>) {
        (&self.both, self.real.as_mut().expect("a receiver is there until it is dropped"))
    }

    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.both.borrow(Place::here(), || self.real().borrow())
    }

    #[track_caller]
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let (place, (both, real)) = (Place::here(), self.parts());
        both.borrow(place, || real.borrow_and_update())
    }

    /// # Errors
    /// There is no sender any more.
    #[track_caller]
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let told = call("has changed", Effect::Read);
        self.both.shared.operate(Effect::Read, Place::here(), || self.real().has_changed(), told)
    }

    pub fn mark_changed(&mut self) {
        self.parts().1.mark_changed();
    }

    #[track_caller]
    pub fn mark_unchanged(&mut self) {
        let (place, (both, real)) = (Place::here(), self.parts());
        both.shared.operate(Effect::Read, place, || real.mark_unchanged(), call("mark unchanged", Effect::Read));
    }

    #[track_caller]
    pub fn changed(&mut self) -> impl Future<Output = Result<(), RecvError>> {
        self.changed_at(Place::here())
    }

    async fn changed_at(&mut self, place: Place) -> Result<(), RecvError> {
        let (both, real) = self.parts();
        let told = call("changed", Effect::Write);
        gate::wait_for(&both.shared, "changed", place, real.changed(), told).await
    }

    #[track_caller]
    pub fn wait_for<F: FnMut(&T) -> bool>(
        &mut self,
        condition: F,
    ) -> impl Future<Output = Result<Ref<'_, T>, RecvError>> {
        self.wait_for_at(condition, Place::here())
    }

    async fn wait_for_at<F: FnMut(&T) -> bool>(
        &mut self,
        mut condition: F,
        place: Place,
    ) -> Result<Ref<'_, T>, RecvError> {
        let (both, real) = self.parts();
        if !is_controlled() {
            return Ok(Ref { real: real.wait_for(condition).await?, _kept: None });
        }
        loop {
            let kept = both.keep(place);
            if condition(&real.borrow_and_update()) {
                return Ok(Ref { real: real.borrow(), _kept: kept });
            }
            drop(kept);
            gate::wait_for(&both.shared, "wait for", place, real.changed(), call("changed", Effect::Write)).await?;
        }
    }

    pub fn same_channel(&self, other: &Self) -> bool {
        self.real().same_channel(other.real())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self { both: Arc::clone(&self.both), place: self.place, real: self.real.clone() }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        end(&self.both.shared, self.place, self.real.take());
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
