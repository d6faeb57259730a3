//! `seriatim campaign`: a progress bar while it runs, the report at its end, also after Ctrl-C.

use std::borrow::Cow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::campaign::{
    Budget, CampaignConfig, CampaignReport, Canary, Conclusion, Control, Counterexample, Examiner, ExploredSubject,
    Lanes, check_canaries, interleave_canary_plans, run as run_campaign,
};
use crate::report::write_whole;
use crate::workload::{Shape, real_shapes};

use super::minimise::with_bar;
use super::{CampaignArgs, CliError, TRIES};

/// No execution of any campaign takes a hundredth of it.
pub(super) const HANG_LIMIT: Duration = Duration::from_secs(30);

/// Without `--seconds` and `--executions`.
const DEFAULT_SECONDS: u64 = 30;

pub(super) fn run(args: &CampaignArgs) -> Result<ExitCode, CliError> {
    let shapes = shapes(args)?;
    let config = CampaignConfig {
        seed: args.seed,
        budget: match (args.executions, args.seconds) {
            (Some(executions), _) => Budget::Executions(executions),
            (None, seconds) => Budget::Time(Duration::from_secs(seconds.unwrap_or(DEFAULT_SECONDS))),
        },
        lanes: match (args.shapes, args.plans, args.interleavings || args.subject != ExploredSubject::Parallel) {
            (true, _, _) => Lanes::Shapes,
            (_, true, _) => Lanes::Plans,
            (_, _, true) => Lanes::Interleavings,
            (false, false, false) => Lanes::All,
        },
        subject: args.subject,
        keep_going: args.keep_going,
        jobs: args.jobs.map_or_else(available_jobs, usize::from),
    };
    if let Some(path) = &args.json {
        check_writable(path)?;
    }
    let missed_canaries = match canaries() {
        Err(CliError::CanariesHang(_)) if let Some(mut found) = interleave_canary_plans(&config) => {
            if !args.no_minimise {
                shrink(&mut found, &Control::default());
            }
            report_counterexample(&mut found, &args.artifacts);
            return Ok(ExitCode::from(1));
        }
        checked => checked?,
    };

    let control = Arc::new(Control::default());
    stop_on_interrupt(&control);
    let mut report = watched(&config, &shapes, &control, &args.artifacts)?;
    report.add_missed_canaries(&missed_canaries);
    for counterexample in &mut report.counterexamples {
        if !args.no_minimise {
            shrink(counterexample, &control);
        }
        store(counterexample, &args.artifacts);
    }
    print!("{report}");
    if let Some(path) = &args.json
        && let Err(source) = write_whole(path, &(report.to_json() + "\n"))
    {
        let error = CliError::Write { path: path.clone(), source };
        if report.conclusion != Conclusion::Violation {
            return Err(error);
        }
        eprintln!("seriatim: {error}");
    }
    Ok(exit_code(report.conclusion))
}

/// Checks the canaries, on a thread that may hang.
fn canaries() -> Result<Vec<Canary>, CliError> {
    let (done, outcome) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "joined by the channel, or left behind by a process that ends")]
    std::thread::spawn(move || {
        let checked = Examiner::new().map_err(CliError::Start).and_then(|examiner| Ok(check_canaries(&examiner)?));
        // Nobody listens any more once the limit has passed.
        let _ = done.send(checked);
    });
    outcome.recv_timeout(HANG_LIMIT).unwrap_or(Err(CliError::CanariesHang(HANG_LIMIT)))
}

/// The job that hangs cannot be ended, so the process is, with what it would have reported.
fn report_hang(config: &CampaignConfig, shapes: &[Shape], index: u64, artifacts: &Path) -> ! {
    report_counterexample(&mut Counterexample::hang(config, shapes, index, HANG_LIMIT), artifacts);
    std::process::exit(1)
}

fn report_counterexample(counterexample: &mut Counterexample, artifacts: &Path) {
    store(counterexample, artifacts);
    print!("{counterexample}");
}

/// What cannot be made smaller is kept as it is; Ctrl-C ends the attempt, too.
fn shrink(counterexample: &mut Counterexample, control: &Control) {
    match with_bar(&counterexample.artifact, TRIES, control) {
        Ok(smaller) => counterexample.shrink(smaller),
        Err(error) => eprintln!("seriatim: not made smaller: {error}"),
    }
}

/// A violation is one whether or not the disk has room for it: a failure is told, and the report goes on.
fn store(counterexample: &mut Counterexample, artifacts: &Path) {
    if let Err(source) = counterexample.store(artifacts) {
        eprintln!("seriatim: {}", CliError::Write { path: artifacts.to_owned(), source });
    }
}

pub(super) fn exit_code(conclusion: Conclusion) -> ExitCode {
    match conclusion {
        Conclusion::Agree => ExitCode::SUCCESS,
        Conclusion::Violation => ExitCode::from(1),
        Conclusion::Inconclusive => ExitCode::from(3),
    }
}

fn shapes(args: &CampaignArgs) -> Result<Cow<'static, [Shape]>, CliError> {
    let Some(path) = &args.shapes_file else { return Ok(Cow::Borrowed(real_shapes())) };
    let text = std::fs::read_to_string(path).map_err(|source| CliError::Read { path: path.clone(), source })?;
    let shapes = Shape::parse_lines(&text).map_err(|source| CliError::Shapes { path: path.clone(), source })?;
    Ok(Cow::Owned(shapes))
}

fn available_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A campaign may take hours; a report that cannot be written should be known before it.
pub(super) fn check_writable(path: &std::path::Path) -> Result<(), CliError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    if path.is_dir() {
        let source = std::io::Error::from(std::io::ErrorKind::IsADirectory);
        return Err(CliError::Write { path: path.to_owned(), source });
    }
    let probe = tempfile::NamedTempFile::new_in(folder);
    probe.map(drop).map_err(|source| CliError::Write { path: path.to_owned(), source })
}

pub(super) fn stop_on_interrupt(control: &Arc<Control>) {
    let control = Arc::clone(control);
    let interrupted = AtomicBool::new(false);
    // A second Ctrl-C does not wait for the executions under way. Without a handler the first one does not either.
    let _ = ctrlc::set_handler(move || {
        control.stop.store(true, Relaxed);
        if interrupted.swap(true, Relaxed) {
            std::process::exit(2);
        }
    });
}

/// Runs the campaign beside a thread that draws the bar. Without a terminal nothing is drawn.
fn watched(
    config: &CampaignConfig,
    shapes: &[Shape],
    control: &Control,
    artifacts: &Path,
) -> Result<CampaignReport, CliError> {
    let bar = match config.budget {
        Budget::Executions(executions) => ProgressBar::new(executions),
        Budget::Time(time) => ProgressBar::new(time.as_secs()),
    };
    bar.set_style(
        ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}").expect("the template is constant and right"),
    );
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                draw(&bar, config, control);
                if let Some(index) = control.overdue(HANG_LIMIT) {
                    bar.finish_and_clear();
                    report_hang(config, shapes, index, artifacts);
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let report = run_campaign(config, shapes, control);
        done.store(true, Relaxed);
        report
    })
    .map_err(CliError::Start)
    .inspect(|_| bar.finish_and_clear())
}

fn draw(bar: &ProgressBar, config: &CampaignConfig, control: &Control) {
    let (executions, transactions) = (control.executions.load(Relaxed), control.transactions.load(Relaxed));
    let elapsed = bar.elapsed();
    bar.set_position(match config.budget {
        Budget::Executions(_) => executions,
        Budget::Time(_) => elapsed.as_secs(),
    });
    let rate = executions as f64 / elapsed.as_secs_f64().max(0.001);
    let ending = if control.stop.load(Relaxed) { ", ending" } else { "" };
    bar.set_message(format!("{executions} executions, {rate:.0}/s, {transactions} transactions, all agree{ending}"));
}
