//! What the shims have in common.

pub use seriatim_explore::model::control::{
    self, Shared, TaskLocal, execution, is_controlled, number, spawn, yield_now,
};
pub use seriatim_explore::model::{Action, Effect, Label, Mode, Place, Shown, TaskEnd};

/// A call whose result is not shown.
pub fn call<R>(name: &'static str, effect: Effect) -> impl FnOnce(Label, &R) -> Action {
    move |object, _| Action::call(object, name, effect, None)
}

/// A call, and whether it came to something.
pub fn came_to<R>(
    name: &'static str,
    effect: Effect,
    words: impl FnOnce(&R) -> &'static str,
) -> impl FnOnce(Label, &R) -> Action {
    move |object, result| Action::call(object, name, effect, Some(Shown::text(words(result))))
}

/// The record of an operation that moves a message or does not.
pub fn moved<M, E>(name: &'static str) -> impl FnOnce(Label, &Result<M, E>) -> Action {
    came_to(name, Effect::Write, |result: &Result<M, E>| if result.is_ok() { "a message" } else { "no message" })
}

#[track_caller]
pub fn works_on(item: usize) {
    if is_controlled() {
        control::record(Place::here(), || Action::WorkOn { item });
    }
}

/// Gives a shim the name of [`crate::Named`].
macro_rules! named {
    ($($of:ident $(<$($parameter:ident),+>)?),*) => {$(
        impl $(<$($parameter),+>)? $crate::Named for $of $(<$($parameter),+>)? {
            fn named(mut self, name: impl FnOnce() -> String) -> Self {
                self.shared.name(name());
                self
            }
        }
    )*};
}

pub(crate) use named;
