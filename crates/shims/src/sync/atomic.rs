//! `std::sync::atomic`. Each operation is one step, and memory is sequentially consistent, whatever ordering is asked for.

use std::fmt;
use std::sync::atomic as real;

pub use std::sync::atomic::Ordering;

use crate::steps::{Action, Effect, Label, Place, Shared, Shown, call, is_controlled, named, yield_now};

/// `std::sync::atomic::fence`: there is nothing to order.
pub fn fence(_: Ordering) {}

/// `std::sync::atomic::compiler_fence`: there is nothing to order.
pub fn compiler_fence(_: Ordering) {}

/// `std::sync::atomic::spin_loop_hint`.
#[track_caller]
pub fn spin_loop_hint() {
    if is_controlled() {
        yield_now(Place::here());
    }
}

/// A value as a number that a record compares. None: it is shown as it is.
fn number<V: Copy>(value: V) -> Option<u64>
where
    u64: TryFrom<V>,
{
    u64::try_from(value).ok()
}

/// The record of an operation that read or wrote a value.
fn single<V: Copy + fmt::Debug + 'static>(write: bool, atomic: Label, value: V) -> Action
where
    u64: TryFrom<V>,
{
    match (number(value), write) {
        (Some(value), false) => Action::Load { atomic, value },
        (Some(value), true) => Action::Store { atomic, value },
        (None, false) => Action::call(atomic, "load", Effect::Read, Some(Shown::of(&value))),
        (None, true) => Action::call(atomic, "store", Effect::Write, Some(Shown::of(&value))),
    }
}

/// The record of one that replaced a value.
fn replaced<V: Copy + fmt::Debug + 'static>(atomic: Label, found: V, new: V) -> Action
where
    u64: TryFrom<V>,
{
    match (number(found), number(new)) {
        (Some(found), Some(new)) => Action::Exchange { atomic, found, new },
        _ => Action::call(atomic, "exchange", Effect::Write, Some(Shown::of(&(found, new)))),
    }
}

/// The record of one that would have.
fn exchanged<V: Copy + fmt::Debug + 'static>(atomic: Label, expected: V, new: V, result: Result<V, V>) -> Action
where
    u64: TryFrom<V>,
{
    match result {
        Ok(found) => replaced(atomic, found, new),
        Err(found) => match (number(found), number(expected)) {
            (Some(found), Some(expected)) => Action::ExchangeFailed { atomic, found, expected },
            _ => Action::call(atomic, "failed exchange", Effect::Read, Some(Shown::of(&(found, expected)))),
        },
    }
}

/// What atomics of all values have.
macro_rules! atomic {
    ($name:ident, $value:ty) => {
        #[doc = concat!("`std::sync::atomic::", stringify!($name), "`.")]
        pub struct $name {
            shared: Shared,
            real: real::$name,
        }

        named!($name);

        impl $name {
            #[track_caller]
            pub const fn new(value: $value) -> Self {
                Self { shared: Shared::new(stringify!($name)), real: real::$name::new(value) }
            }

            #[track_caller]
            pub fn load(&self, ordering: Ordering) -> $value {
                let told = |atomic, value: &$value| single(false, atomic, *value);
                self.shared.operate(Effect::Read, Place::here(), || self.real.load(ordering), told)
            }

            #[track_caller]
            pub fn store(&self, value: $value, ordering: Ordering) {
                let told = |atomic, (): &()| single(true, atomic, value);
                self.shared.operate(Effect::Write, Place::here(), || self.real.store(value, ordering), told);
            }

            #[track_caller]
            pub fn swap(&self, value: $value, ordering: Ordering) -> $value {
                let told = |atomic, found: &$value| replaced(atomic, *found, value);
                self.shared.operate(Effect::Write, Place::here(), || self.real.swap(value, ordering), told)
            }

            /// # Errors
            /// The value, if it is another one than `current`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let exchange = || self.real.compare_exchange(current, new, success, failure);
                let told = |atomic, result: &Result<$value, $value>| exchanged(atomic, current, new, *result);
                self.shared.operate(Effect::Write, Place::here(), exchange, told)
            }

            /// Never fails where the value is the one expected.
            ///
            /// # Errors
            /// The value, if it is another one than `current`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            /// # Errors
            /// The value, if `update` makes nothing of it.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut found = self.load(fetch);
                while let Some(next) = update(found) {
                    match self.compare_exchange(found, next, set, fetch) {
                        Ok(found) => return Ok(found),
                        Err(other) => found = other,
                    }
                }
                Err(found)
            }

            pub fn get_mut(&mut self) -> &mut $value {
                self.real.get_mut()
            }

            pub fn into_inner(self) -> $value {
                self.real.into_inner()
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }

        impl From<$value> for $name {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.real.fmt(f)
            }
        }
    };
}

/// Operations that make a new value of the old one.
macro_rules! fetch {
    ($name:ident, $value:ty: $($fetch:ident by $make:expr),*) => {
        impl $name {$(
            #[track_caller]
            pub fn $fetch(&self, value: $value, ordering: Ordering) -> $value {
                let make: fn($value, $value) -> $value = $make;
                let told = |atomic, found: &$value| replaced(atomic, *found, make(*found, value));
                self.shared.operate(Effect::Write, Place::here(), || self.real.$fetch(value, ordering), told)
            }
        )*}
    };
}

macro_rules! integer {
    ($($name:ident $value:ty),*) => {$(
        atomic!($name, $value);
        fetch!(
            $name, $value:
            fetch_add by <$value>::wrapping_add,
            fetch_sub by <$value>::wrapping_sub,
            fetch_and by |found, value| found & value,
            fetch_nand by |found, value| !(found & value),
            fetch_or by |found, value| found | value,
            fetch_xor by |found, value| found ^ value,
            fetch_max by |found, value| found.max(value),
            fetch_min by |found, value| found.min(value)
        );
    )*};
}

integer!(
    AtomicU8 u8, AtomicU16 u16, AtomicU32 u32, AtomicU64 u64, AtomicUsize usize,
    AtomicI8 i8, AtomicI16 i16, AtomicI32 i32, AtomicI64 i64, AtomicIsize isize
);

atomic!(AtomicBool, bool);
fetch!(
    AtomicBool, bool:
    fetch_and by |found, value| found & value,
    fetch_nand by |found, value| !(found & value),
    fetch_or by |found, value| found | value,
    fetch_xor by |found, value| found ^ value
);

impl AtomicBool {
    #[track_caller]
    pub fn fetch_not(&self, ordering: Ordering) -> bool {
        self.fetch_xor(true, ordering)
    }
}

/// `std::sync::atomic::AtomicPtr`. Its values are not shown: an address tells nothing, and differs from run to run.
pub struct AtomicPtr<T> {
    shared: Shared,
    real: real::AtomicPtr<T>,
}

named!(AtomicPtr<T>);

impl<T> AtomicPtr<T> {
    #[track_caller]
    pub const fn new(value: *mut T) -> Self {
        Self { shared: Shared::new("AtomicPtr"), real: real::AtomicPtr::new(value) }
    }

    #[track_caller]
    pub fn load(&self, ordering: Ordering) -> *mut T {
        let told = call("load", Effect::Read);
        self.shared.operate(Effect::Read, Place::here(), || self.real.load(ordering), told)
    }

    #[track_caller]
    pub fn store(&self, value: *mut T, ordering: Ordering) {
        let told = call("store", Effect::Write);
        self.shared.operate(Effect::Write, Place::here(), || self.real.store(value, ordering), told);
    }

    #[track_caller]
    pub fn swap(&self, value: *mut T, ordering: Ordering) -> *mut T {
        let told = call("swap", Effect::Write);
        self.shared.operate(Effect::Write, Place::here(), || self.real.swap(value, ordering), told)
    }

    /// # Errors
    /// The value, if it is another one than `current`.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        let exchange = || self.real.compare_exchange(current, new, success, failure);
        let told = |atomic, result: &Result<_, _>| match result {
            Ok(_) => Action::call(atomic, "exchange", Effect::Write, None),
            Err(_) => Action::call(atomic, "failed exchange", Effect::Read, None),
        };
        self.shared.operate(Effect::Write, Place::here(), exchange, told)
    }

    /// Never fails where the value is the one expected.
    ///
    /// # Errors
    /// The value, if it is another one than `current`.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        self.compare_exchange(current, new, success, failure)
    }

    pub fn get_mut(&mut self) -> &mut *mut T {
        self.real.get_mut()
    }

    pub fn into_inner(self) -> *mut T {
        self.real.into_inner()
    }
}

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}

impl<T> fmt::Debug for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
