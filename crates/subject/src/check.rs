//! The whole harness as one call in a test of one's own: what was found before runs first, then comes a campaign; what
//! it finds is made smaller, kept, explained, and told by a panic.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread::{available_parallelism, current};

use seriatim_campaign::{Budget, Conclusion, Control, Counterexample, Waivers, Watchdog};
use seriatim_lab::compare::Oracle;
use seriatim_triage::report::{Artifact, ArtifactError, Report, Style, write_whole};
use seriatim_triage::retrace::retrace;

use super::{
    OverRuntime, RuntimeSubject, SubjectCampaign, SubjectCampaignError, SubjectError, SubjectReport, SubjectSource,
    minimise_external, replay_external, run,
};

/// The folder of kept cases, beside the `Cargo.toml` of the crate under test.
pub const REGRESSIONS: &str = "seriatim-regressions";
/// Scenarios of one check.
const SCENARIOS: u64 = 400;
/// Executions after which making a case smaller ends with what it has.
const TRIES: u64 = 20_000;
/// How often a kept case without a schedule is asked.
const REPLAYS: u32 = 40;

/// Judges an executor that is written over [`Runtime`](seriatim_runtime::Runtime), with the defaults of [`Check`].
///
/// # Panics
/// The executor is wrong, or too little of it was seen to say that it is right. The message is the whole report.
///
/// # Examples
/// An executor that adds up the block's fees with a load and a store. When two tasks load before one of them stores, a
/// fee is lost.
///
/// ```
/// # use std::sync::Arc;
/// use seriatim_runtime::{AtomicU64, JoinSet, Ordering, Runtime};
/// use seriatim_subject::{Answer, Assumption, Capabilities, Figure, Outcome, Request, RuntimeSubject};
/// # use seriatim_subject::{Check, OverRuntime, PreState};
/// # use seriatim_tos::ledger::{AssetId, Payload};
///
/// struct LosesFees;
///
/// impl RuntimeSubject for LosesFees {
///     fn capabilities(&self) -> Capabilities {
///         let mut capabilities = Capabilities::new("loses fees");
///         capabilities.assumes.insert(Assumption::AllValid);
///         capabilities.reports.figures.insert(Figure::Fees);
///         capabilities
///     }
///
///     async fn execute<R: Runtime>(&self, runtime: &R, request: &Request) -> Answer {
///         let fees = Arc::new(runtime.atomic_u64("fees", 0));
///         let mut tasks = runtime.join_set("transactions");
///         for given in &request.block.transactions {
///             let (fees, fee) = (Arc::clone(&fees), given.transaction.body.fee);
///             tasks.spawn(async move {
///                 let before = fees.load(Ordering::SeqCst);
///                 fees.store(before + fee, Ordering::SeqCst);
///             });
///         }
///         while tasks.join_next().await.is_some() {}
///         // What is paid is right.
/// #       let mut state = request.state.clone();
/// #       pay(&mut state, request);
///         let mut answer = Answer { id: request.id, state: state.into(), ..Answer::default() };
///         answer.outcomes = vec![Outcome::Executed; request.block.transactions.len()];
///         answer.figures.fees = Some(fees.load(Ordering::SeqCst).into());
///         answer
///     }
/// }
/// # fn pay(state: &mut PreState, request: &Request) {
/// #     for given in &request.block.transactions {
/// #         let body = &given.transaction.body;
/// #         let Payload::Transfers(transfers) = &body.data else { unreachable!() };
/// #         let spent = body.fee + transfers.iter().map(|transfer| transfer.amount).sum::<u64>();
/// #         let source = state.accounts.get_mut(&body.source).unwrap();
/// #         source.nonce = source.nonce.max(body.nonce + 1);
/// #         *source.balances.get_mut(&AssetId::TOS).unwrap() -= spent;
/// #         for transfer in transfers {
/// #             let account = state.accounts.get_mut(&transfer.destination).unwrap();
/// #             *account.balances.entry(AssetId::TOS).or_default() += transfer.amount;
/// #         }
/// #     }
/// # }
///
/// # let folder = tempfile::tempdir()?;
/// # let check = |subject| Check::of(OverRuntime::new(subject)).regressions(folder.path()).run();
/// let panic = std::panic::catch_unwind(|| {
/// #   return check(LosesFees);
///     seriatim_subject::check(LosesFees);
/// });
/// let report = panic.unwrap_err().downcast::<String>().unwrap();
/// assert!(report.contains("smaller  2 of"), "two transactions are left: {report}");
/// assert!(report.contains("Why: lost update"), "{report}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn check(subject: impl RuntimeSubject) {
    Check::of(OverRuntime::new(subject)).run();
}

/// A test that judges an executor built on the shims, with the defaults of [`Check`](crate::Check): its name, what the
/// executor says of itself, and the function that executes a request.
///
/// # Examples
/// ```
/// use seriatim_subject::{Answer, Capabilities, Request, shuttle_test};
///
/// fn execute(request: &Request) -> Answer {
///     Answer::unchanged(request) // Here your executor is called.
/// }
///
/// shuttle_test!(my_executor_agrees, Capabilities::new("mine"), execute);
/// ```
#[macro_export]
macro_rules! shuttle_test {
    ($name:ident, $capabilities:expr, $execute:expr) => {
        #[test]
        fn $name() {
            $crate::Check::of($crate::OverShims::function($capabilities, $execute)).run();
        }
    };
}

/// A check that is set up: the executor, where choices come from, how much is tried, where cases are kept.
#[derive(Debug)]
pub struct Check<S> {
    source: S,
    seed: u64,
    scenarios: u64,
    folder: PathBuf,
}

/// Why a check did not agree. Its text is the whole report.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A case that was found before still fails, or a new one was found.
    #[error("{0}")]
    Violation(String),
    #[error("INCONCLUSIVE: too little was seen to mean anything:\n{0}")]
    Inconclusive(String),
    #[error("the kept case {path}: {source}", path = .path.display())]
    Kept { path: PathBuf, source: ArtifactError },
    #[error("{path}: {source}", path = .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Subject(#[from] SubjectError),
    #[error(transparent)]
    Campaign(#[from] SubjectCampaignError),
}

impl<S: SubjectSource> Check<S> {
    /// A check of an executor: [`OverRuntime`], [`Plain`](super::Plain) Rust, or a [`Process`](super::Process).
    pub fn of(source: S) -> Self {
        let home = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
        Self { source, seed: 0, scenarios: SCENARIOS, folder: home.join(REGRESSIONS) }
    }

    /// Where all choices come from; 0 if nothing else is said.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// How many generated scenarios are tried.
    #[must_use]
    pub fn scenarios(self, scenarios: u64) -> Self {
        Self { scenarios, ..self }
    }

    /// Where cases are kept, instead of [`REGRESSIONS`] in the crate under test. Each executor has a folder of its own
    /// there.
    #[must_use]
    pub fn regressions(self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// Judges, and panics where that does not end in agreement.
    ///
    /// # Panics
    /// See [`check`].
    #[track_caller]
    pub fn run(&self) {
        if let Err(error) = self.judge() {
            panic!("{error}");
        }
    }

    /// Judges. A hang of the executor's own threads ends the process, because nothing else can end it.
    ///
    /// # Errors
    /// The executor is wrong, too little was seen, or it could not be judged.
    pub fn judge(&self) -> Result<SubjectReport, CheckError> {
        let name = self.source.start()?.capabilities().name;
        let folder = self.folder.join(file_name(&name));
        self.replay_kept(&folder)?;
        let config = SubjectCampaign {
            seed: self.seed,
            budget: Budget::Executions(self.scenarios),
            jobs: available_parallelism().map_or(1, NonZeroUsize::get),
            keep_going: false,
            waivers: Waivers::default(),
        };
        let control = Control::default();
        let watchdog =
            if self.source.is_process() { Watchdog { limit: std::time::Duration::MAX } } else { Watchdog::default() };
        let report_hang = |index, hang| {
            eprintln!("{name}: VIOLATION in scenario {index} of seed {}: {hang}. The process ends.", self.seed);
        };
        let campaign = || run(&config, &self.source, &control);
        let mut report = watchdog.watch(&control, || {}, report_hang, campaign)?;
        match report.conclusion {
            Conclusion::Agree => Ok(report),
            Conclusion::Inconclusive => Err(CheckError::Inconclusive(report.to_string())),
            Conclusion::Violation => {
                let found = &mut report.counterexamples[0];
                // A test that runs long says what it does.
                eprintln!("{name}: a violation in execution {}; it is made smaller now", found.index + 1);
                self.shrink(found);
                let path = keep(found, &folder).map_err(|source| CheckError::File { path: folder.clone(), source })?;
                Err(CheckError::Violation(self.tell(&found.to_string(), &found.artifact, &path)))
            }
        }
    }

    /// Every case that was found before, in the order of their names.
    fn replay_kept(&self, folder: &Path) -> Result<(), CheckError> {
        let in_file = |path: &Path, source| CheckError::File { path: path.to_owned(), source };
        let mut kept = Vec::new();
        match std::fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(in_file(folder, error)),
            Ok(entries) => {
                for entry in entries {
                    kept.push(entry.map_err(|error| in_file(folder, error))?.path());
                }
            }
        }
        kept.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        kept.sort();
        for path in kept {
            let text = std::fs::read_to_string(&path).map_err(|error| in_file(&path, error))?;
            let artifact =
                Artifact::from_json(&text).map_err(|source| CheckError::Kept { path: path.clone(), source })?;
            let rerun = replay_external(&artifact, &self.source, REPLAYS, &mut |_| ControlFlow::Continue(()))?;
            if let Some(violation) = rerun.shown() {
                let head =
                    format!("VIOLATION of a kept case, in {} of {} replays\n  {violation}\n", rerun.same, rerun.times);
                return Err(CheckError::Violation(self.tell(&head, &artifact, &path)));
            }
        }
        Ok(())
    }

    /// What cannot be made smaller stays as it was met.
    fn shrink(&self, found: &mut Counterexample) {
        if found.signature.oracle == Oracle::Hang {
            return;
        }
        let mut watch = |_, _| ControlFlow::Continue(());
        if let Ok(smaller) = minimise_external(&found.artifact, &self.source, TRIES, &mut watch) {
            found.shrink(smaller);
        }
    }

    /// The report, and what to do next.
    fn tell(&self, head: &str, artifact: &Artifact, path: &Path) -> String {
        let retraced = retrace(artifact, &|scenario| self.source.explorer(scenario));
        let report = Report::new(artifact, path.display().to_string(), &retraced);
        // Only a test that runs on a thread of its own has its name there.
        let again = match current().name() {
            Some("main") | None => String::new(),
            Some(test) => format!(" {test}"),
        };
        let package = std::env::var("CARGO_PKG_NAME").map_or_else(|_| String::new(), |name| format!(" -p {name}"));
        let again = format!("cargo test{package}{again}    # with the same features");
        let report = report.again(&*again);
        let mut text = format!("{head}\n{}\n", report.text(Style::Plain));
        let mut line =
            |text_of_line: std::fmt::Arguments<'_>| writeln!(text, "{text_of_line}").expect("a string takes all");
        line(format_args!("The case is kept in {}: this test runs it first until it agrees.", path.display()));
        let page = pages().join(path.file_name().unwrap_or_default()).with_extension("html");
        let written =
            page.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| write_whole(&page, &report.html()));
        match written {
            Ok(()) => line(format_args!("The report as a page: {}", page.display())),
            Err(error) => {
                line(format_args!("The report as a page could not be written to {}: {error}", page.display()));
            }
        }
        text
    }
}

/// Stores a case. Another one of the same signature may be there, which agrees by now: both are kept.
fn keep(found: &mut Counterexample, folder: &Path) -> std::io::Result<PathBuf> {
    found.store(folder)?;
    let stored = found.path.clone().unwrap_or_default();
    if !found.known {
        return Ok(stored);
    }
    let name = stored.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut number = 2;
    let mut path = folder.join(format!("{name}-{number}.json"));
    while path.exists() {
        number += 1;
        path.set_file_name(format!("{name}-{number}.json"));
    }
    write_whole(&path, &found.artifact.to_json())?;
    (found.path, found.known) = (Some(path.clone()), false);
    Ok(path)
}

/// Where pages go: the target folder of the running test, or the system's folder for temporary files.
fn pages() -> PathBuf {
    let of_test = std::env::current_exe().ok();
    let target =
        of_test.as_deref().and_then(|test| test.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()));
    target.map_or_else(std::env::temp_dir, Path::to_owned).join("seriatim")
}

/// A name as a folder: letters and digits, everything else a hyphen.
fn file_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}
