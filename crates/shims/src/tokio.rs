//! `tokio`: tasks, their runtimes, and what they share.
//!
//! Every task of an execution is a thread, and others may run before each of its operations. A runtime of one thread
//! polls one task at a time, and any other runtime as many as there are. Outside an execution, tasks and runtimes are
//! the real ones.
//!
//! Time stands still: what waits for a moment lets others run once. [`select!`] looks at its branches in their order.
//! Input and output, signals, processes, and tasks that are not `Send` are left out.

mod gate;
pub mod runtime;
pub mod sync;
pub mod task;
pub mod time;

pub use ::tokio::{join, pin, try_join};
pub use task::spawn;

pub use crate::__tokio_select as select;

/// What the macros here stand on.
#[doc(hidden)]
pub mod __private {
    pub use crate::steps::is_controlled;
    pub use ::tokio::select;
}

/// `tokio::select!`. Under control, the branches are looked at in their order, as if it were `biased`.
#[doc(hidden)]
#[macro_export]
macro_rules! __tokio_select {
    (biased; $($branches:tt)*) => {
        $crate::tokio::__private::select! { biased; $($branches)* }
    };
    ($($branches:tt)*) => {
        if $crate::tokio::__private::is_controlled() {
            $crate::tokio::__private::select! { biased; $($branches)* }
        } else {
            $crate::tokio::__private::select! { $($branches)* }
        }
    };
}
