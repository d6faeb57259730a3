//! `crossbeam::atomic`. Only integers and booleans are shown in records: another type may have nothing to show.

use std::fmt;
use std::panic::RefUnwindSafe;

use crate::steps::{Action, Effect, Label, Place, Shared, Shown, call, named};

mod real {
    pub use ::crossbeam::atomic::AtomicCell;
}

/// `crossbeam::atomic::AtomicCell`.
pub struct AtomicCell<T> {
    shared: Shared,
    real: real::AtomicCell<T>,
}

named!(AtomicCell<T>);

impl<T> RefUnwindSafe for AtomicCell<T> {}

impl<T> AtomicCell<T> {
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { shared: Shared::new("AtomicCell"), real: real::AtomicCell::new(value) }
    }

    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }

    pub const fn is_lock_free() -> bool {
        real::AtomicCell::<T>::is_lock_free()
    }

    #[track_caller]
    pub fn store(&self, value: T) {
        let told = call("store", Effect::Write);
        drop(self.shared.operate(Effect::Write, Place::here(), || self.real.swap(value), told));
    }

    #[track_caller]
    pub fn swap(&self, value: T) -> T {
        let told = call("swap", Effect::Write);
        self.shared.operate(Effect::Write, Place::here(), || self.real.swap(value), told)
    }
}

impl<T: Default> AtomicCell<T> {
    #[track_caller]
    pub fn take(&self) -> T {
        let told = call("take", Effect::Write);
        self.shared.operate(Effect::Write, Place::here(), || self.real.take(), told)
    }
}

impl<T: Copy> AtomicCell<T> {
    #[track_caller]
    pub fn load(&self) -> T {
        self.shared.operate(Effect::Read, Place::here(), || self.real.load(), call("load", Effect::Read))
    }
}

impl<T: Copy + Eq> AtomicCell<T> {
    /// # Errors
    /// The value, if it is another one than `current`.
    #[track_caller]
    pub fn compare_exchange(&self, current: T, new: T) -> Result<T, T> {
        let told = |atomic, result: &Result<T, T>| match result {
            Ok(_) => Action::call(atomic, "exchange", Effect::Write, None),
            Err(_) => Action::call(atomic, "failed exchange", Effect::Read, None),
        };
        let exchange = || self.real.compare_exchange(current, new);
        self.shared.operate(Effect::Write, Place::here(), exchange, told)
    }

    /// # Errors
    /// The value, if `update` makes nothing of it.
    #[track_caller]
    pub fn fetch_update(&self, mut update: impl FnMut(T) -> Option<T>) -> Result<T, T> {
        let mut found = self.load();
        while let Some(next) = update(found) {
            match self.compare_exchange(found, next) {
                Ok(found) => return Ok(found),
                Err(other) => found = other,
            }
        }
        Err(found)
    }
}

/// Operations that make a new value of the old one.
macro_rules! fetch {
    ($($value:ty: $($fetch:ident)*;)*) => {$(
        impl AtomicCell<$value> {$(
            #[track_caller]
            pub fn $fetch(&self, value: $value) -> $value {
                let told = |atomic: Label, found: &$value| {
                    Action::call(atomic, stringify!($fetch), Effect::Write, Some(Shown::of(found)))
                };
                self.shared.operate(Effect::Write, Place::here(), || self.real.$fetch(value), told)
            }
        )*}
    )*};
}

macro_rules! integer {
    ($($value:ty)*) => {
        fetch!($($value: fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min;)*);
    };
}

integer!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
fetch!(bool: fetch_and fetch_nand fetch_or fetch_xor;);

impl<T: Default> Default for AtomicCell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for AtomicCell<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for AtomicCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
