//! What long commands show while they run: one line, cut to the width of the terminal and cleared at its end, on Ctrl-C too.
//! Without a terminal nothing is drawn.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering::Relaxed;

use indicatif::{ProgressBar, ProgressStyle};

use seriatim_campaign::{Budget, Control, Hang, Watchdog};

use super::interrupt::{go_on, stopped_by_interrupt};

/// The line of a command that counts what it does. Ctrl-C makes [`Progress::at`] break off.
pub(super) struct Progress {
    bar: ProgressBar,
    control: std::sync::Arc<Control>,
}

impl Progress {
    /// A line for at most so many `units`. What is left is told as a bound: a search may end at any moment.
    pub(super) fn of(most: u64, units: &str) -> Self {
        Self::with(stopped_by_interrupt(), most, units)
    }

    /// The same where somebody listens to Ctrl-C already.
    pub(super) fn with(control: std::sync::Arc<Control>, most: u64, units: &str) -> Self {
        let bar = ProgressBar::new(most);
        let template = format!("{{bar:24}} {{pos}} of {{len}} {units}, at most {{eta}} left  {{wide_msg}}");
        bar.set_style(ProgressStyle::with_template(&template).expect("the template is right"));
        Self { bar, control }
    }

    /// So many are done. It breaks off after Ctrl-C.
    pub(super) fn at(&self, done: u64) -> ControlFlow<()> {
        self.bar.set_position(done);
        go_on(&self.control)
    }

    /// There are at most so many, which may become known only while they are done.
    pub(super) fn most(&self, most: u64) {
        self.bar.set_length(most);
    }

    /// What is under way, or how far it came.
    pub(super) fn say(&self, message: String) {
        self.bar.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Runs a campaign beside a thread that draws its line. The job that hangs cannot be ended, so the process is, after
/// `report_hang`.
pub(super) fn watched<T>(
    watchdog: Watchdog,
    budget: Budget,
    control: &Control,
    report_hang: impl FnOnce(u64, Hang) + Send,
    campaign: impl FnOnce() -> T,
) -> T {
    let bar = match budget {
        Budget::Executions(executions) => ProgressBar::new(executions),
        Budget::Time(time) => ProgressBar::new(time.as_secs()),
    };
    bar.set_style(bar_style());
    let report_hang = |index, hang| {
        bar.finish_and_clear();
        report_hang(index, hang);
    };
    let done = watchdog.watch(control, || draw(&bar, budget, control), report_hang, campaign);
    bar.finish_and_clear();
    done
}

/// How campaigns draw their bar.
pub(super) fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:24} {percent:>3} %  {wide_msg}").expect("the template is constant and right")
}

fn draw(bar: &ProgressBar, budget: Budget, control: &Control) {
    let (executions, transactions) = (control.executions.load(Relaxed), control.transactions.load(Relaxed));
    let elapsed = bar.elapsed();
    let rate = executions as f64 / elapsed.as_secs_f64().max(0.001);
    let left = match budget {
        Budget::Executions(most) => {
            bar.set_position(executions);
            (executions > 0).then(|| (most.saturating_sub(executions)) as f64 / rate)
        }
        Budget::Time(time) => {
            bar.set_position(elapsed.as_secs());
            Some(time.saturating_sub(elapsed).as_secs_f64())
        }
    };
    let left = match left {
        _ if control.stop.load(Relaxed) => "ending".to_owned(),
        Some(seconds) => format!("{seconds:.0} s left"),
        None => "starting".to_owned(),
    };
    bar.set_message(format!("{left}  {executions} executions, {rate:.0}/s, {transactions} transactions, all agree"));
}
