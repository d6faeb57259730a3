//! `tokio::sync`: the real objects, each with a gate before its operations. What is made in a constant is left out.

mod barrier;
pub mod broadcast;
pub mod mpsc;
mod mutex;
mod notify;
mod once_cell;
pub mod oneshot;
mod rw_lock;
mod semaphore;
pub mod watch;

pub use ::tokio::sync::{AcquireError, SetError, TryAcquireError, TryLockError};
pub use barrier::{Barrier, BarrierWaitResult};
pub use mutex::{Mutex, MutexGuard, OwnedMutexGuard};
pub use notify::{Notified, Notify};
pub use once_cell::OnceCell;
pub use rw_lock::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// What a guard of a lock is: a real guard, which it gives back when it is dropped.
macro_rules! guards {
    ($($name:ident<$($lifetime:lifetime)?> of $shared:ty, $real:ty;)*) => {$(
        #[doc = concat!("`tokio::sync::", stringify!($name), "`.")]
        #[must_use]
        pub struct $name<$($lifetime,)? T: ?Sized> {
            shared: $shared,
            place: Place,
            /// None: it was given back already.
            real: Option<$real>,
        }

        impl<$($lifetime,)? T: ?Sized> Drop for $name<$($lifetime,)? T> {
            fn drop(&mut self) {
                gate::unlock(&self.shared, self.place, &mut self.real);
            }
        }

        impl<$($lifetime,)? T: ?Sized> Deref for $name<$($lifetime,)? T> {
            type Target = T;

            fn deref(&self) -> &T {
                self.real.as_ref().expect("a guard has the lock until it is dropped")
            }
        }

        impl<$($lifetime,)? T: ?Sized + fmt::Debug> fmt::Debug for $name<$($lifetime,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($lifetime,)? T: ?Sized + fmt::Display> fmt::Display for $name<$($lifetime,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    )*};
}

/// Those through which the value can be changed.
macro_rules! changing {
    ($($name:ident<$($lifetime:lifetime)?>),*) => {$(
        impl<$($lifetime,)? T: ?Sized> DerefMut for $name<$($lifetime,)? T> {
            fn deref_mut(&mut self) -> &mut T {
                self.real.as_mut().expect("a guard has the lock until it is dropped")
            }
        }
    )*};
}

use {changing, guards};
