//! What all guards have in common.

use std::fmt;
use std::ops::Deref;

use crate::steps::{Mode, Place, Shared, is_controlled, yield_now};

/// The gate before a lock, and where somebody goes through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gate<'a> {
    pub shared: &'a Shared,
    pub place: Place,
}

impl Gate<'_> {
    /// The real guard of a lock that is waited for.
    pub fn lock<G>(self, mode: Mode, attempt: impl FnMut() -> Option<G>, blocking: impl FnOnce() -> G) -> G {
        if is_controlled() { self.shared.lock(mode, self.place, attempt) } else { blocking() }
    }

    /// The real guard of a lock that is not waited for.
    pub fn try_lock<G>(self, mode: Mode, attempt: impl FnOnce() -> Option<G>) -> Option<G> {
        if is_controlled() { self.shared.try_lock(mode, self.place, attempt) } else { attempt() }
    }

    /// The real guard of a lock that is waited for with a limit.
    pub fn try_lock_later<G>(
        self,
        mode: Mode,
        attempt: impl FnOnce() -> Option<G>,
        blocking: impl FnOnce() -> Option<G>,
    ) -> Option<G> {
        if !is_controlled() {
            return blocking();
        }
        yield_now(self.place);
        self.shared.try_lock(mode, self.place, attempt)
    }

    /// A real guard for another access to a lock that is held, in one step: nobody else gets it between.
    pub fn trade<G>(self, mode: Mode, change: impl FnOnce() -> G) -> G {
        if !is_controlled() {
            return change();
        }
        let changed = self.shared.try_lock(mode, self.place, || Some(change()));
        self.shared.unlock(self.place);
        changed.expect("who holds a lock needs not wait for it")
    }

    pub fn unlock(self) {
        self.shared.unlock(self.place);
    }
}

/// Shows a lock as the real one is shown, which does not wait for it.
pub(super) fn show<G>(f: &mut fmt::Formatter<'_>, name: &str, guard: Option<G>) -> fmt::Result
where
    G: Deref<Target: fmt::Debug>,
{
    let mut shown = f.debug_struct(name);
    match guard {
        Some(guard) => shown.field("data", &&*guard).finish(),
        None => shown.field("data", &format_args!("<locked>")).finish(),
    }
}

/// A guard that keeps the real one of the same name inside.
macro_rules! guard {
    ($name:ident $(, $mutable:ident)?) => {
        #[doc = concat!("`parking_lot::", stringify!($name), "`.")]
        #[must_use]
        pub struct $name<'a, T: ?Sized> {
            pub(in crate::parking_lot) gate: Gate<'a>,
            /// None: it was given back already.
            pub(in crate::parking_lot) real: Option<::parking_lot::$name<'a, T>>,
        }

        impl<'a, T: ?Sized> $name<'a, T> {
            pub(crate) fn of(gate: Gate<'a>, real: ::parking_lot::$name<'a, T>) -> Self {
                Self { gate, real: Some(real) }
            }

            /// The real guard, which does not give back what it holds before it is dropped.
            pub(in crate::parking_lot) fn into_real(mut self) -> (Gate<'a>, ::parking_lot::$name<'a, T>) {
                (self.gate, self.real.take().expect("a guard has the lock until it is dropped"))
            }

            pub(crate) fn real(&self) -> &::parking_lot::$name<'a, T> {
                self.real.as_ref().expect("a guard has the lock until it is dropped")
            }

            /// Gives it back as dropping it does: nothing is fair here.
            pub fn unlock_fair(guard: Self) {
                drop(guard);
            }
        }

        impl<T: ?Sized> Drop for $name<'_, T> {
            fn drop(&mut self) {
                if let Some(real) = self.real.take() {
                    self.gate.shared.give_back(self.gate.place, || drop(real));
                }
            }
        }

        impl<T: ?Sized> std::ops::Deref for $name<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                self.real()
            }
        }

        $(impl<'a, T: ?Sized> $name<'a, T> {
            pub(in crate::parking_lot) fn real_mut(&$mutable self) -> &mut ::parking_lot::$name<'a, T> {
                self.real.as_mut().expect("a guard has the lock until it is dropped")
            }
        }

        impl<T: ?Sized> std::ops::DerefMut for $name<'_, T> {
            fn deref_mut(&$mutable self) -> &mut T {
                self.real_mut()
            }
        })?

        impl<T: ?Sized + std::fmt::Debug> std::fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: ?Sized + std::fmt::Display> std::fmt::Display for $name<'_, T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

/// Makes a guard of a part of what another guards.
macro_rules! map {
    ($from:ident -> $to:ident, $($reference:tt)+) => {
        impl<'a, T: ?Sized> $from<'a, T> {
            pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce($($reference)+ T) -> $($reference)+ U) -> $to<'a, U> {
                let (gate, real) = guard.into_real();
                $to::of(gate, ::parking_lot::$from::map(real, part))
            }

            /// # Errors
            /// The guard, if there is no such part.
            pub fn try_map<U: ?Sized>(
                guard: Self,
                part: impl FnOnce($($reference)+ T) -> Option<$($reference)+ U>,
            ) -> Result<$to<'a, U>, Self> {
                let (gate, real) = guard.into_real();
                match ::parking_lot::$from::try_map(real, part) {
                    Ok(real) => Ok($to::of(gate, real)),
                    Err(real) => Err(Self::of(gate, real)),
                }
            }
        }
    };
}

/// Lets others have the lock for a while.
macro_rules! unlocked {
    ($guard:ident, $lock:ident, $mode:ident, $attempt:ident, $blocking:ident) => {
        impl<T: ?Sized> $guard<'_, T> {
            #[track_caller]
            pub fn unlocked<R>(guard: &mut Self, work: impl FnOnce() -> R) -> R {
                let lock = ::parking_lot::$guard::$lock(guard.real());
                let real = guard.real.take();
                guard.gate.shared.give_back(guard.gate.place, || drop(real));
                let result = work();
                let gate = Gate { place: Place::here(), ..guard.gate };
                guard.real = Some(gate.lock(Mode::$mode, || lock.$attempt(), || lock.$blocking()));
                result
            }

            #[track_caller]
            pub fn bump(guard: &mut Self) {
                Self::unlocked(guard, || ());
            }
        }
    };
}

pub(super) use {guard, map, unlocked};
