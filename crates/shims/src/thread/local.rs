//! `std::thread_local!`: all tasks of an execution share a thread of the system, so each has values of its own here.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;

pub use std::thread::AccessError;

use crate::steps::{TaskLocal, is_controlled};

/// `std::thread::LocalKey`.
pub struct LocalKey<T: 'static> {
    task: TaskLocal<T>,
    real: &'static std::thread::LocalKey<T>,
}

impl<T: 'static> LocalKey<T> {
    /// What [`crate::thread_local!`] makes.
    #[doc(hidden)]
    pub const fn __new(init: fn() -> T, real: &'static std::thread::LocalKey<T>) -> Self {
        Self { task: TaskLocal { init, _p: PhantomData }, real }
    }

    pub fn with<R>(&'static self, look: impl FnOnce(&T) -> R) -> R {
        if is_controlled() { self.task.with(look) } else { self.real.with(look) }
    }

    /// # Errors
    /// The value is gone already, since the thread ends. Under control, that is a panic.
    pub fn try_with<R>(&'static self, look: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        if is_controlled() { Ok(self.task.with(look)) } else { self.real.try_with(look) }
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    pub fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    pub fn with_borrow<R>(&'static self, look: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| look(&cell.borrow()))
    }

    pub fn with_borrow_mut<R>(&'static self, change: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| change(&mut cell.borrow_mut()))
    }

    pub fn set(&'static self, value: T) {
        self.with(|cell| *cell.borrow_mut() = value);
    }

    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// `std::thread_local!`.
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::__thread_local!($(#[$attr])* $vis $name, $type, $init);
        $($crate::thread_local!($($rest)*);)?
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr $(; $($rest:tt)*)?) => {
        $crate::__thread_local!($(#[$attr])* $vis $name, $type, $init);
        $($crate::thread_local!($($rest)*);)?
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __thread_local {
    ($(#[$attr:meta])* $vis:vis $name:ident, $type:ty, $init:expr) => {
        $(#[$attr])*
        $vis static $name: $crate::thread::LocalKey<$type> = {
            fn init() -> $type {
                $init
            }
            ::std::thread_local! {
                static REAL: $type = init();
            }
            $crate::thread::LocalKey::__new(init, &REAL)
        };
    };
}
