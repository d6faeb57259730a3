//! The bars of campaigns. Without a terminal nothing is drawn.

use std::sync::atomic::Ordering::Relaxed;

use indicatif::{ProgressBar, ProgressStyle};

use seriatim_campaign::{Budget, Control, Hang, Watchdog};

/// Runs a campaign beside a thread that draws the bar. Without a terminal nothing is drawn. The job that hangs cannot be ended, so
/// the process is, after `report_hang`.
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
    bar.set_position(match budget {
        Budget::Executions(_) => executions,
        Budget::Time(_) => elapsed.as_secs(),
    });
    let rate = executions as f64 / elapsed.as_secs_f64().max(0.001);
    let ending = if control.stop.load(Relaxed) { ", ending" } else { "" };
    bar.set_message(format!("{executions} executions, {rate:.0}/s, {transactions} transactions, all agree{ending}"));
}
