//! Panics of tasks: whoever catches one judges it, so it is not printed, and it is known where it was.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use seriatim_runtime::panic_message;

use super::is_controlled;

thread_local! {
    /// How many calls of [`catch`] are under way on this thread of the system, in all tasks.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
    /// Where the last panic was that is or will be caught, as `file:line`.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `body`; a panic of it is not printed where the caller [is controlled](is_controlled).
///
/// # Errors
/// The panic.
pub fn catch<R>(body: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    CATCHING.set(CATCHING.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(body));
    CATCHING.set(CATCHING.get() - 1);
    result
}

/// What a panic says that [`catch`] has caught, and where it was, if that is known. The place is then forgotten.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic_message(panic);
    match LAST.take() {
        Some(place) => format!("{text}, at {place}"),
        None => text,
    }
}

/// Notes a panic that will be caught. False: nobody will, and it is to be printed.
pub(crate) fn note_panic(info: &PanicHookInfo<'_>) -> bool {
    let is_caught = CATCHING.get() > 0 && is_controlled();
    if is_caught {
        LAST.set(info.location().map(|location| format!("{}:{}", location.file(), location.line())));
    }
    is_caught
}
