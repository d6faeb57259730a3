//! Ctrl-C ends what a command does, with its report.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use seriatim_campaign::Control;

/// A control whose `stop` Ctrl-C sets.
pub(super) fn stopped_by_interrupt() -> Arc<Control> {
    let control = Arc::new(Control::default());
    let stopped = Arc::clone(&control);
    on_interrupt(move || stopped.stop.store(true, Relaxed));
    control
}

/// Breaks after Ctrl-C.
pub(super) fn go_on(control: &Control) -> ControlFlow<()> {
    if control.stop.load(Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// Ctrl-C calls `stop`. A second one does not wait for what is under way and ends the process; without a handler the first one
/// does not wait either.
pub(super) fn on_interrupt(stop: impl Fn() + Send + 'static) {
    let interrupted = AtomicBool::new(false);
    let _ = ctrlc::set_handler(move || {
        stop();
        if interrupted.swap(true, Relaxed) {
            seriatim_subject::process::kill_all();
            std::process::exit(2);
        }
    });
}
