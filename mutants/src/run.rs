//! Lanes on mutants: one tree a worker, one process a search.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::mutant::Class;
use crate::results::Results;
use crate::tree::Target;
use crate::{Found, Lane, Mutant, Outcome, Tree, TreeError};

/// What to run on each mutant.
#[derive(Clone, Debug)]
pub struct Plan {
    /// None: those that a mutant's head announces.
    pub lanes: Option<Vec<Lane>>,
    /// Seeds 1 to this.
    pub seeds: u64,
    /// Executions of each search.
    pub executions: u64,
    pub seconds: u64,
    /// The tree as it is, searched for long.
    pub is_control: bool,
    /// Mutants at a time.
    pub jobs: usize,
    /// The tree that is copied.
    pub root: PathBuf,
    /// Where copies and build output are.
    pub folder: PathBuf,
    /// Set, it ends the run with the outcomes that are there.
    pub stop: Arc<AtomicBool>,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("{id}: the lane {lane} cannot be run: {source}")]
    Start { id: String, lane: Lane, source: std::io::Error },
    #[error("{id}: the lane {lane} ended with {status}, and this is no outcome: {output:?}")]
    Lane { id: String, lane: Lane, status: String, output: String },
    #[error("{id}: the outcome cannot be kept: {source}")]
    Keep { id: String, source: std::io::Error },
}

/// Baselines get this part of the executions, and twice this part of the time.
const BASELINE_SHARE: u64 = 20;
/// A lane that the head does not announce gets this part of both.
const UNANNOUNCED_SHARE: u64 = 4;
/// A lane minds its budget by itself; one that does not end for so much longer is ended.
const GRACE: Duration = Duration::from_mins(4);
/// The models have no budget. The right ones take a minute and a half in this profile, on a busy machine.
const MODELS_LIMIT: Duration = Duration::from_mins(10);

impl Plan {
    /// The searches of a mutant, in order.
    pub fn searches(&self, mutant: &Mutant) -> Vec<(Lane, u64)> {
        let lanes = self.lanes.clone().unwrap_or_else(|| mutant.lanes.iter().copied().collect());
        let of_lane = |lane: Lane| (1..=if lane.has_seeds() { self.seeds } else { 1 }).map(move |seed| (lane, seed));
        // Models are built apart, loom takes long, and most defects are none of theirs.
        let wanted = |&lane: &Lane| !matches!(lane, Lane::Models | Lane::Loom) || mutant.lanes.contains(&lane);
        lanes.into_iter().filter(wanted).flat_map(of_lane).collect()
    }

    /// Whether somebody wants the run to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// Runs what has no outcome yet. `progress` is told of each mutant and search that begins, and ends.
    pub fn run(
        &self,
        mutants: &[Mutant],
        results: &Results,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Vec<RunError> {
        // What is found soon comes first: a run that is broken off then has most of the rows.
        let mut order: Vec<&Mutant> = mutants.iter().collect();
        order.sort_by_key(|mutant| (mutant.depth, mutant.class != Class::AnySchedule));
        let queue = Mutex::new(order.into_iter());
        let errors = Mutex::new(Vec::new());
        let worker = |number: usize| {
            let make = if self.is_control { Tree::released } else { Tree::new };
            let tree = make(&self.root, &self.folder, number);
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(mutant) = next.filter(|_| !self.is_stopped()) else { return };
                // What a build or a search says that was interrupted with the run is no finding.
                if let Err(error) = self.score(&tree, mutant, results, progress)
                    && !self.is_stopped()
                {
                    progress(Progress::Failed(&error));
                    errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                }
                progress(Progress::Done);
            }
        };
        std::thread::scope(|scope| {
            for number in 0..self.jobs.min(mutants.len()) {
                let worker = &worker;
                scope.spawn(move || worker(number));
            }
        });
        errors.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn score(
        &self,
        tree: &Tree,
        mutant: &Mutant,
        results: &Results,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<(), RunError> {
        let searches: Vec<_> = self
            .searches(mutant)
            .into_iter()
            .filter(|&(lane, seed)| results.get(mutant, lane, seed).is_none())
            // Known now already, they are no reason to build.
            .filter(|&(lane, seed)| !is_futile(mutant, lane, seed, results))
            .collect();
        if searches.is_empty() {
            return Ok(());
        }
        progress(Progress::Building(mutant));
        tree.restore()?;
        if !mutant.patch.is_empty() {
            tree.apply(mutant)?;
        }
        let program = tree.build(Target::Lane, &mutant.id)?;
        let queue = Mutex::new(searches.into_iter());
        let work = || {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((lane, seed)) = next.filter(|_| !self.is_stopped()) else { return Ok(()) };
                if is_futile(mutant, lane, seed, results) {
                    continue;
                }
                progress(Progress::Searching(mutant, lane, seed));
                let outcome = match lane {
                    Lane::Models => models(&tree.build(Target::Models, &mutant.id)?, mutant)?,
                    _ => self.search(&program, mutant, lane, seed, None)?,
                };
                progress(Progress::Found(mutant, lane, seed, &outcome));
                let kept = results.put(mutant, lane, seed, &outcome);
                kept.map_err(|source| RunError::Keep { id: mutant.id.clone(), source })?;
            }
        };
        // Mutants are searched side by side, each by one process at a time. The control is alone.
        let processes = if self.is_control { self.jobs } else { 1 };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..processes).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
        })
    }

    /// One search by one process; `size`: transactions of each plan, where the lane knows sizes.
    pub(crate) fn search(
        &self,
        program: &Path,
        mutant: &Mutant,
        lane: Lane,
        seed: u64,
        size: Option<usize>,
    ) -> Result<Outcome, RunError> {
        let mut command = Command::new(program);
        command.args([lane.name(), "--seed", &seed.to_string(), "--subject", &mutant.subject().to_string()]);
        // What a baseline has not found by then, it finds hundreds of times later than a lane of the harness.
        let (of_executions, of_time) = match (Lane::BASELINES.contains(&lane), mutant.lanes.contains(&lane)) {
            (true, _) => (BASELINE_SHARE, BASELINE_SHARE / 2),
            (false, false) => (UNANNOUNCED_SHARE, UNANNOUNCED_SHARE),
            (false, true) => (1, 1),
        };
        let (executions, seconds) = (self.executions.div_ceil(of_executions), self.seconds.div_ceil(of_time));
        command.args(["--executions", &executions.to_string(), "--seconds", &seconds.to_string()]);
        match size {
            Some(size) => _ = command.args(["--transactions", &size.to_string()]),
            // One case is as small as another: the first seed's tells how small they get.
            None if seed == 1 => _ = command.arg("--minimise"),
            None => {}
        }
        let limit = Duration::from_secs(self.seconds) + GRACE;
        let start = |source| RunError::Start { id: mutant.id.clone(), lane, source };
        let ended = run_within(&mut command, limit).map_err(start)?;
        serde_json::from_str(ended.output.trim()).map_err(|_| RunError::Lane {
            id: mutant.id.clone(),
            lane,
            status: ended.status,
            output: ended.output,
        })
    }
}

/// A lane that no head announces gets its further seeds only if the first one found something.
fn is_futile(mutant: &Mutant, lane: Lane, seed: u64, results: &Results) -> bool {
    let missed = || results.get(mutant, lane, 1).is_some_and(|first| first.found.is_none());
    seed > 1 && !mutant.lanes.contains(&lane) && missed()
}

/// The models fail, all of them pass, or one of them does not end.
fn models(program: &Path, mutant: &Mutant) -> Result<Outcome, RunError> {
    #[expect(clippy::disallowed_methods, reason = "seconds are part of the score")]
    let begun = Instant::now();
    let start = |source| RunError::Start { id: mutant.id.clone(), lane: Lane::Models, source };
    let ended = run_within(Command::new(program).arg("--quiet"), MODELS_LIMIT).map_err(start)?;
    let failing: Vec<&str> =
        ended.output.lines().filter_map(|line| line.strip_prefix("test ")?.split(' ').next()).collect();
    let violation = match (ended.success, ended.in_time) {
        (true, _) => None,
        (false, true) => Some(format!("fails: {}", names_of_failures(&ended.output, &failing))),
        (false, false) => Some(format!("no end within {} s", MODELS_LIMIT.as_secs())),
    };
    let found = violation.map(|violation| Found { oracle: "model".to_owned(), violation, smallest: None });
    Ok(Outcome { executions: 0, seconds: begun.elapsed().as_secs_f64(), found })
}

/// The harness lists failures under `--quiet`, four blanks before each, at the end.
fn names_of_failures(output: &str, failing: &[&str]) -> String {
    let after = output.rsplit("failures:").next().unwrap_or_default();
    let names: Vec<&str> = after.lines().filter_map(|line| line.strip_prefix("    ")).map(str::trim).collect();
    if names.is_empty() { failing.join(", ") } else { names.join(", ") }
}

struct Ended {
    success: bool,
    in_time: bool,
    status: String,
    output: String,
}

/// Runs a program that may hang, for so long at most.
fn run_within(command: &mut Command, limit: Duration) -> std::io::Result<Ended> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut stdout = child.stdout.take().expect("it is piped");
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut output = Vec::new();
            // What could be read until then is all there is.
            let _ = stdout.read_to_end(&mut output);
            let _ = sender.send(output);
        });
        let output = receiver.recv_timeout(limit);
        let in_time = output.is_ok();
        if !in_time {
            child.kill()?;
        }
        let status = child.wait()?;
        let output = output.or_else(|_| receiver.recv()).unwrap_or_default();
        Ok(Ended {
            success: in_time && status.success(),
            in_time,
            status: if in_time { status.to_string() } else { format!("a kill after {} s", limit.as_secs()) },
            output: String::from_utf8_lossy(&output).into_owned(),
        })
    })
}

/// What happens, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    Building(&'a Mutant),
    Searching(&'a Mutant, Lane, u64),
    Found(&'a Mutant, Lane, u64, &'a Outcome),
    Failed(&'a RunError),
    /// One mutant more.
    Done,
}
