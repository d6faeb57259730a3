//! What is seen of a node while it runs: a bar, and on request its log, which does not write into the bar's line.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use indicatif::ProgressBar;
use tracing_subscriber::filter::LevelFilter;

use crate::cli::interrupt::on_interrupt;
use crate::cli::progress::bar_style;
use seriatim_node::NodeControl;

use super::args::LogLevel;

/// Ctrl-C ends the node after the block under way; a second one ends the process, which the ledger does not mind.
pub(super) fn stop_on_interrupt(control: &Arc<NodeControl>) {
    let control = Arc::clone(control);
    on_interrupt(move || control.stop.store(true, Relaxed));
}

/// Runs `node` beside a thread that draws its bar. Without a terminal nothing is drawn.
pub(super) fn watched<T>(bar: &ProgressBar, control: &NodeControl, from: u64, node: impl FnOnce() -> T) -> T {
    bar.set_style(bar_style());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                draw(bar, control, from);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let _ends = Ends(&done);
        node()
    })
}

/// Also where the node panics: the thread is waited for.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn draw(bar: &ProgressBar, control: &NodeControl, from: u64) {
    let (top, blocks) = (control.top.load(Relaxed), control.blocks.load(Relaxed));
    bar.set_position(top.saturating_sub(from));
    let rate = blocks as f64 / bar.elapsed().as_secs_f64().max(0.001);
    let transactions = control.transactions.load(Relaxed);
    let reorganisations = control.reorganisations.load(Relaxed);
    let mismatches = control.mismatches.load(Relaxed);
    let ending = if control.stop.load(Relaxed) { ", ending" } else { "" };
    bar.set_message(format!(
        "top {top}, {rate:.0} blocks/s, {transactions} transactions, {reorganisations} reorganisations, {mismatches} mismatches{ending}"
    ));
}

/// Sends what the chain tells to standard error, from now on.
pub(super) fn log(level: LogLevel, bar: &ProgressBar) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let bar = bar.clone();
    let writer = move || BesideBar { bar: bar.clone(), line: Vec::new() };
    tracing_subscriber::fmt().with_max_level(level).with_ansi(false).without_time().with_writer(writer).init();
}

/// Writes a whole line while the bar is away.
struct BesideBar {
    bar: ProgressBar,
    line: Vec<u8>,
}

impl Write for BesideBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        self.bar.suspend(|| io::stderr().write_all(&line))
    }
}

impl Drop for BesideBar {
    fn drop(&mut self) {
        // A log that nobody reads is no reason to end.
        let _ = self.flush();
    }
}
