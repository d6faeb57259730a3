//! `cargo run --release -p mutants`: the score.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use mutants::results::Results;
use mutants::run::{Plan, Progress, RunError};
use mutants::score::Score;
use mutants::sizes::Sizes;
use mutants::{Lane, Mutant, MutantError, Tree, TreeError, tree};
use seriatim::report::write_whole;

/// Applies each patch to a copy of this tree, builds it, runs the lanes, and writes SCORE.md and score.json.
///
/// Outcomes are kept under the target folder, so a run that was broken off goes on where it stopped; a change of the
/// sources, of a patch or of the budget makes them void. SCORE.md keeps the rows of what was not run again. Exit code 0: every mutant of the run was found, as what it is; 1: one
/// was missed, or shows as another kind; 2: a patch does not apply or build, or the command is wrong.
#[derive(Debug, Parser)]
#[command(about, long_about)]
struct Args {
    /// Ids, such as P05; a letter stands for all that begin with it [default: all]
    ids: Vec<String>,
    /// Lanes, separated by commas; `announced`: those of each patch's head; `own`, `baselines`, `all`
    #[arg(long, value_name = "LANES", default_value = "own", value_parser = lanes)]
    lanes: Lanes,
    /// Seeds of each lane that knows seeds
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Executions of each search
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    executions: u64,
    /// Seconds of each search
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Mutants at a time [default: one a core]
    #[arg(long, value_name = "J")]
    jobs: Option<NonZeroUsize>,
    /// Only so many of them: the ones whose turn it is
    #[arg(long, value_name = "N", requires = "turn")]
    sample: Option<NonZeroUsize>,
    /// Whose turn it is, as a number that grows by one each time
    #[arg(long, value_name = "K")]
    turn: Option<usize>,
    /// Only check that every patch has a whole head and applies
    #[arg(long)]
    check: bool,
    /// Instead of a score: a table of the seconds that the lane `differential` needs with plans of these sizes
    #[arg(long, value_name = "N,...", value_delimiter = ',', conflicts_with_all = ["lanes", "control", "check"])]
    sizes: Vec<usize>,
    /// Run the lanes on the tree as it is: any violation is an error of the harness or the executor
    #[arg(long, conflicts_with_all = ["ids", "sample", "check"])]
    control: bool,
}

#[derive(Clone, Debug)]
enum Lanes {
    Announced,
    These(Vec<Lane>),
}

fn lanes(text: &str) -> Result<Lanes, String> {
    let these = match text {
        "announced" => return Ok(Lanes::Announced),
        "own" => Lane::OWN.to_vec(),
        "baselines" => Lane::BASELINES.to_vec(),
        "all" => [Lane::OWN.as_slice(), &Lane::BASELINES].concat(),
        names => names
            .split(',')
            .map(|name| Lane::named(name).ok_or_else(|| format!("no lane {name:?}")))
            .collect::<Result<_, _>>()?,
    };
    Ok(Lanes::These(these))
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Mutant(#[from] MutantError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("no mutant {0}")]
    NoMutant(String),
    #[error("{}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{0} mutants could not be scored")]
    NotScored(usize),
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("mutants: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<ExitCode, Failure> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = home.parent().expect("the package lies in the tree");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("mutants");
    let all = if args.control { vec![control()] } else { Mutant::read_all(home)? };
    let mutants = chosen(&all, args)?;
    if args.check {
        check(&mutants, root, &folder)?;
        println!("{} patches apply", mutants.len());
        return Ok(ExitCode::SUCCESS);
    }
    let plan = Plan {
        lanes: match &args.lanes {
            Lanes::Announced => None,
            Lanes::These(lanes) => Some(lanes.clone()),
        },
        seeds: args.seeds,
        executions: args.executions,
        seconds: args.seconds,
        is_control: args.control,
        jobs: args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from),
        root: root.to_owned(),
        folder: folder.clone(),
        stop: stopped_by_interrupt(),
    };
    if !args.sizes.is_empty() {
        let sizes = Sizes { plan, sizes: args.sizes.clone() };
        let rows = sizes.run(&mutants, &bar(mutants.len() as u64))?;
        print!("{}", sizes.to_markdown(&rows));
        return Ok(ExitCode::SUCCESS);
    }
    let sources = tree::digest(root)?;
    let results = Results::new(&folder.join("results"), &sources, args.executions, args.seconds);
    let errors = plan.run(&mutants, &results, &bar(mutants.len() as u64));
    if args.control {
        return Ok(report_control(&mutants[0], &plan, &results, &errors));
    }
    let of = |mutants: &[Mutant]| Score::of(mutants, &results, &sources, args.executions, args.seconds);
    if args.sample.is_none() {
        let path = home.join("score.json");
        let earlier = std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
        let whole = of(&all);
        let whole = if let Some(earlier) = earlier { whole.or_earlier(earlier) } else { whole };
        write(&home.join("SCORE.md"), &whole.to_markdown())?;
        write(&path, &whole.to_json())?;
    }
    if !errors.is_empty() {
        return Err(Failure::NotScored(errors.len()));
    }
    if plan.is_stopped() {
        eprintln!("mutants: stopped; the outcomes that are there are kept, and the next run goes on from them");
        return Ok(ExitCode::from(2));
    }
    Ok(conclude(&of(&mutants)))
}

/// A flag that Ctrl-C sets. A second Ctrl-C ends the process.
fn stopped_by_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    // Without a handler Ctrl-C ends the process, as it always did.
    let _ = ctrlc::set_handler(move || {
        if stopped.swap(true, Relaxed) {
            std::process::exit(2);
        }
    });
    stop
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    write_whole(path, text).map_err(|source| Failure::Write { path: path.to_owned(), source })
}

fn chosen(all: &[Mutant], args: &Args) -> Result<Vec<Mutant>, Failure> {
    let is_named =
        |mutant: &Mutant, id: &String| mutant.id == *id || id.len() == 1 && mutant.id.starts_with(id.as_str());
    if let Some(unknown) = args.ids.iter().find(|id| !all.iter().any(|mutant| is_named(mutant, id))) {
        return Err(Failure::NoMutant(unknown.clone()));
    }
    let named = |mutant: &&Mutant| args.ids.is_empty() || args.ids.iter().any(|id| is_named(mutant, id));
    let mut mutants: Vec<Mutant> = all.iter().filter(named).cloned().collect();
    if let (Some(sample), Some(turn)) = (args.sample, args.turn) {
        // A sample must be found, so only what its head announces for these lanes is in it.
        if let Lanes::These(lanes) = &args.lanes {
            mutants.retain(|mutant| lanes.iter().any(|lane| mutant.lanes.contains(lane)));
        }
        // Neighbours by number are alike; a stride takes one of each neighbourhood.
        let sample = sample.get().min(mutants.len());
        let stride = mutants.len() / sample.max(1);
        let turn = turn % stride.max(1);
        mutants = mutants.into_iter().skip(turn).step_by(stride.max(1)).take(sample).collect();
    }
    Ok(mutants)
}

/// The tree as it is, in the place of a mutant.
fn control() -> Mutant {
    Mutant {
        id: "control".to_owned(),
        name: "the tree as it is".to_owned(),
        lived: String::new(),
        source: String::new(),
        class: mutants::mutant::Class::AnySchedule,
        depth: mutants::mutant::Depth::Shallow,
        block: String::new(),
        sees: String::new(),
        oracles: [].into(),
        lanes: Lane::OWN.into(),
        path: PathBuf::new(),
        patch: String::new(),
    }
}

fn check(mutants: &[Mutant], root: &Path, folder: &Path) -> Result<(), Failure> {
    let tree = Tree::new(root, folder, 0);
    let mut failures = 0;
    for mutant in mutants {
        tree.restore()?;
        if let Err(error) = tree.apply(mutant) {
            eprintln!("mutants: {error}");
            failures += 1;
        }
    }
    if failures == 0 { Ok(()) } else { Err(Failure::NotScored(failures)) }
}

/// A bar on a terminal, a line for each finding elsewhere.
fn bar(mutants: u64) -> impl Fn(Progress<'_>) + Sync {
    let bar = ProgressBar::new(mutants);
    let style = ProgressStyle::with_template("{bar:24} {pos} of {len}, about {eta} left  {wide_msg}");
    bar.set_style(style.expect("the template is constant and right"));
    let line = move |bar: &ProgressBar, text: String| {
        if bar.is_hidden() { eprintln!("{text}") } else { bar.println(text) }
    };
    move |progress| match progress {
        Progress::Building(mutant) => bar.set_message(format!("{}: building", mutant.id)),
        Progress::Searching(mutant, lane, seed) => bar.set_message(format!("{}: {lane}, seed {seed}", mutant.id)),
        Progress::Found(mutant, lane, seed, outcome) => {
            let (id, executions, seconds) = (&mutant.id, outcome.executions, outcome.seconds);
            let text = match &outcome.found {
                Some(found) => format!("found after {executions}, {seconds:.1} s: {}", short(&found.violation)),
                None => format!("not found in {executions}, {seconds:.1} s"),
            };
            line(&bar, format!("{id:<5} {lane:<12} {seed}  {text}"));
        }
        Progress::Failed(error) => line(&bar, format!("ERROR {error}")),
        Progress::Done => bar.inc(1),
    }
}

fn short(text: &str) -> String {
    const MOST: usize = 110;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).collect::<String>() + "..." }
}

fn conclude(score: &Score) -> ExitCode {
    let rows = &score.mutants;
    let missed: Vec<&str> = rows.iter().filter(|row| !row.is_found()).map(|row| row.id.as_str()).collect();
    let other: Vec<&str> = rows.iter().filter(|row| row.is_another_kind()).map(|row| row.id.as_str()).collect();
    println!("{} of {} mutants found", rows.len() - missed.len(), rows.len());
    for (what, ids) in [("missed", &missed), ("reported as another kind", &other)] {
        if !ids.is_empty() {
            println!("{what}: {}", ids.join(", "));
        }
    }
    if missed.is_empty() && other.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn report_control(control: &Mutant, plan: &Plan, results: &Results, errors: &[RunError]) -> ExitCode {
    if !errors.is_empty() {
        return ExitCode::from(2);
    }
    let outcomes: Vec<_> =
        plan.searches(control).into_iter().filter_map(|(lane, seed)| results.get(control, lane, seed)).collect();
    let executions: u64 = outcomes.iter().map(|outcome| outcome.executions).sum();
    let violations = outcomes.iter().filter(|outcome| outcome.found.is_some()).count();
    println!("control: {violations} violations in {executions} executions of {} searches", outcomes.len());
    if violations == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
