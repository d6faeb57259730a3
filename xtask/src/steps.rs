//! The steps of CI: what each runs, and in which order.

use std::path::{Path, PathBuf};

use crate::defects::found_by_every_seed;
use crate::documents;
use crate::graph::{self, GraphError};
use crate::package::{self, PackageError};
use crate::packages::{Packages, PackagesError};
use crate::pictures::{self, PictureError};
use crate::process::{Run, RunError};
use crate::shard::Shard;
use crate::tally::Tally;

/// What a step does.
type Action = fn(&mut Workplace) -> Result<Ended, StepError>;

pub struct Step {
    pub name: &'static str,
    pub about: &'static str,
    /// Whether it runs where no step is chosen.
    pub in_every_run: bool,
    pub run: Action,
}

pub enum Ended {
    Passed,
    /// Something that the step needs is not on this machine, and may be missing.
    Skipped(String),
}

/// What the steps share.
pub struct Workplace {
    root: PathBuf,
    /// `CI_SEED`, or 1: the seed of campaigns, nodes and fuzzers.
    seed: String,
    shard: Option<Shard>,
    /// The tests so far. None: no step has run tests.
    pub tally: Option<Tally>,
}

#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error(transparent)]
    Packages(#[from] PackagesError),
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{}", .0.join("\n"))]
    Lost(Vec<String>),
}

impl StepError {
    /// The code with which the whole run ends.
    pub fn code(&self) -> u8 {
        match self {
            Self::Run(error) | Self::Packages(PackagesError::Run(error)) | Self::Picture(PictureError::Run(error)) => {
                error.code()
            }
            Self::Package(error) => error.code(),
            Self::Picture(_) | Self::Graph(_) | Self::Packages(_) | Self::File { .. } | Self::Lost(_) => 1,
        }
    }
}

/// What needs no build comes first, what takes longest last.
pub const STEPS: [Step; 23] = [
    step("formatting", "rustfmt changes nothing", formatting),
    step("scripts", "the shell scripts pass shellcheck, if it is installed", scripts),
    step(
        "documents",
        "documents are short enough, their links and paths lead somewhere, their Rust is part of a file that compiles",
        documents_step,
    ),
    aside("book", "mdbook makes the book; it is installed if it is missing", book),
    step("graph", "crates and modules have no forbidden arrow and no cycle", graph_step),
    step("licences", "cargo-deny accepts licences, sources and versions of all dependencies", licences),
    aside("advisories", "cargo-deny knows of no advisory; it needs the network", advisories),
    step("package", "every published crate packs, says what a registry asks, and is below 10 MB", package_step),
    step("lints", "clippy has no warning, for all targets and for each set of the system's features", lints),
    step("docs", "rustdoc has no warning", docs),
    step(
        "minimum-rust",
        "the declared Rust version builds the workspace, if that toolchain is installed",
        minimum_rust,
    ),
    aside(
        "installed",
        "every crate builds from its package, and the command, installed from packages alone, runs",
        installed,
    ),
    aside("quick-tests", "the tests that need neither a campaign nor a process", quick_tests),
    step("tests", "all tests", tests),
    aside("models", "the models of models/ under loom and shuttle, which `tests` has too", models),
    step("campaign", "20 s of all lanes", campaign),
    step("pictures", "the pictures of terminal and page show what the commands make", pictures_step),
    step("faults", "20 s of faults, and every fault once in a small block", faults),
    step("node", "a node on disk, in test mode and then in parallel", node),
    step("proofs", "all sets of two transactions, a part of the sets of three, both engines", proofs),
    aside("whole-proof", "all sets of three transactions", whole_proof),
    step("defects", "every patch applies; the harness finds a sample of the known defects", defects),
    step("fuzzing", "each fuzz target for a short time", fuzzing),
];

const fn step(name: &'static str, about: &'static str, run: Action) -> Step {
    Step { name, about, in_every_run: true, run }
}

const fn aside(name: &'static str, about: &'static str, run: Action) -> Step {
    Step { name, about, in_every_run: false, run }
}

impl Workplace {
    pub fn new(root: &Path, shard: Option<Shard>) -> Self {
        let seed = std::env::var("CI_SEED").unwrap_or_else(|_| "1".to_owned());
        Self { root: root.to_owned(), seed, shard, tally: None }
    }

    fn run(&self, run: &Run) -> Result<(), RunError> {
        run.run(&self.root)
    }

    fn cargo(&self, words: &str) -> Result<(), RunError> {
        self.run(&cargo(words))
    }

    fn test(&mut self, run: &Run) -> Result<(), RunError> {
        run.run_tests(&self.root, self.tally.get_or_insert_default(), &mut std::io::stdout())
    }

    /// Installs a subcommand of cargo, unless it is there. It is not optimised: building it costs more than running it.
    fn need(&self, subcommand: &str) -> Result<(), RunError> {
        if Run::of("cargo").arg(subcommand).arg("--version").succeeds(&self.root) {
            return Ok(());
        }
        self.cargo(&format!("install cargo-{subcommand} --locked --debug"))
    }
}

/// Nothing is built twice here, so what an incremental build keeps for the next one would only cost time.
fn cargo(words: &str) -> Run {
    Run::of("cargo").args(words.split_whitespace()).variable("CARGO_INCREMENTAL", "0")
}

/// The command, as a release.
fn seriatim(words: &str) -> Run {
    cargo("run --release --locked --package seriatim --bin seriatim --").args(words.split_whitespace())
}

/// Each package of a list, as cargo takes it.
fn packages(names: Vec<String>) -> Vec<String> {
    names.into_iter().flat_map(|name| ["--package".to_owned(), name]).collect()
}

fn formatting(here: &mut Workplace) -> Result<Ended, StepError> {
    here.cargo("fmt --all --check")?;
    here.cargo("fmt --check --manifest-path fuzz/Cargo.toml")?;
    Ok(Ended::Passed)
}

fn scripts(here: &mut Workplace) -> Result<Ended, StepError> {
    if !Run::of("shellcheck --version").succeeds(&here.root) {
        return Ok(Ended::Skipped("shellcheck is not installed".to_owned()));
    }
    here.run(&Run::of("shellcheck .ci/run fuzz/run"))?;
    Ok(Ended::Passed)
}

fn documents_step(here: &mut Workplace) -> Result<Ended, StepError> {
    let documents = documents::check(&here.root).map_err(|(path, source)| StepError::File { path, source })?;
    println!("{documents}");
    if documents.findings.is_empty() { Ok(Ended::Passed) } else { Err(StepError::Lost(documents.findings)) }
}

/// mdbook is slow to build, and `documents` has looked at every link already.
fn book(here: &mut Workplace) -> Result<Ended, StepError> {
    if !Run::of("mdbook --version").succeeds(&here.root) {
        here.cargo("install mdbook --locked --no-default-features")?;
    }
    here.run(&Run::of("mdbook build docs/book"))?;
    Ok(Ended::Passed)
}

fn graph_step(here: &mut Workplace) -> Result<Ended, StepError> {
    println!("{}", graph::check(&here.root, false)?);
    Ok(Ended::Passed)
}

fn licences(here: &mut Workplace) -> Result<Ended, StepError> {
    here.need("deny")?;
    here.cargo("deny --locked --all-features check licenses bans sources")?;
    here.cargo("deny --locked --manifest-path fuzz/Cargo.toml --config deny.toml check licenses bans sources")?;
    Ok(Ended::Passed)
}

/// An aside of every run: an advisory of last night must not fail a commit of last year.
fn advisories(here: &mut Workplace) -> Result<Ended, StepError> {
    here.need("deny")?;
    here.cargo("deny --locked --all-features check advisories")?;
    Ok(Ended::Passed)
}

fn package_step(here: &mut Workplace) -> Result<Ended, StepError> {
    package::pack(&here.root, false)?;
    Ok(Ended::Passed)
}

/// An aside of every run: it builds everything twice.
fn installed(here: &mut Workplace) -> Result<Ended, StepError> {
    package::pack(&here.root, true)?;
    package::install(&here.root)?;
    Ok(Ended::Passed)
}

fn lints(here: &mut Workplace) -> Result<Ended, StepError> {
    here.cargo("clippy --locked --workspace --all-targets -- -D warnings")?;
    // What a node embeds, alone: other members would turn features on.
    for features in ["", "redb", "metrics"] {
        let system = cargo("clippy --locked --package seriatim-tos --lib --no-default-features --features");
        here.run(&system.arg(features).args(["--", "-D", "warnings"]))?;
    }
    Ok(Ended::Passed)
}

fn docs(here: &mut Workplace) -> Result<Ended, StepError> {
    here.run(&cargo("doc --locked --workspace --no-deps").variable("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Ended::Passed)
}

fn minimum_rust(here: &mut Workplace) -> Result<Ended, StepError> {
    let packages = Packages::read(&here.root)?;
    let Some(version) = packages.rust_version() else {
        return Ok(Ended::Skipped("no package declares a version".to_owned()));
    };
    let active = Run::of("rustc --version").output(&here.root)?;
    if is_release(version, active.split_whitespace().nth(1).unwrap_or_default()) {
        return Ok(Ended::Skipped(format!("the active toolchain is Rust {version}, so every other step checks it")));
    }
    // Without rustup there is no other toolchain.
    let listed = Run::of("rustup toolchain list").output(&here.root).unwrap_or_default();
    let toolchain = listed.lines().filter_map(|line| line.split_whitespace().next()).find(|toolchain| {
        let release = toolchain.split('-').next().unwrap_or_default();
        is_release(version, release)
    });
    let Some(toolchain) = toolchain else {
        return Ok(Ended::Skipped(format!("no toolchain of Rust {version} is installed")));
    };
    here.run(&Run::of("rustup run").arg(toolchain).args(["cargo", "check", "--locked", "--workspace"]))?;
    Ok(Ended::Passed)
}

/// Whether `found`, such as 1.95.2, is a release of `version`, such as 1.95.
fn is_release(version: &str, found: &str) -> bool {
    found.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Crates all of whose tests take seconds. Of the others the unit tests do.
const QUICK: [&str; 4] = ["seriatim-runtime", "seriatim-tos", "seriatim-verdict", "xtask"];

fn quick_tests(here: &mut Workplace) -> Result<Ended, StepError> {
    here.test(&cargo("test --locked").args(packages(QUICK.map(str::to_owned).to_vec())))?;
    let others = QUICK.iter().flat_map(|name| ["--exclude", name]);
    here.test(&cargo("test --locked --workspace --lib --bins").args(others))?;
    Ok(Ended::Passed)
}

/// The README's command, then the packages that it leaves out. With a shard, the packages of that part.
fn tests(here: &mut Workplace) -> Result<Ended, StepError> {
    let test = cargo("test --locked --no-fail-fast");
    let all = Packages::read(&here.root)?;
    if let Some(shard) = here.shard {
        here.test(&test.args(packages(shard.of(all.names()))))?;
        return Ok(Ended::Passed);
    }
    here.test(&test)?;
    let others = all.beside_the_default();
    if !others.is_empty() {
        here.test(&test.args(packages(others)))?;
    }
    Ok(Ended::Passed)
}

fn models(here: &mut Workplace) -> Result<Ended, StepError> {
    here.test(&cargo("test --locked --package seriatim-lab --test models"))?;
    Ok(Ended::Passed)
}

fn campaign(here: &mut Workplace) -> Result<Ended, StepError> {
    here.run(&seriatim("--seconds 20 --seed").arg(&here.seed))?;
    Ok(Ended::Passed)
}

fn pictures_step(here: &mut Workplace) -> Result<Ended, StepError> {
    pictures::make(&here.root, true)?;
    Ok(Ended::Passed)
}

fn faults(here: &mut Workplace) -> Result<Ended, StepError> {
    here.run(&seriatim("--faults --seconds 20 --seed").arg(&here.seed))?;
    // Without a package, it has the features with which `tests` has built it.
    here.cargo("run --locked --example every_fault -- 20")?;
    Ok(Ended::Passed)
}

fn node(here: &mut Workplace) -> Result<Ended, StepError> {
    let in_temp = |source| StepError::File { path: std::env::temp_dir(), source };
    let folder = tempfile::tempdir().map_err(in_temp)?;
    let place = |name: &str| folder.path().join(name).display().to_string();
    for mode in ["--budget-ms 60000", "--mode parallel"] {
        let node = seriatim("node --blocks 150 --seed").arg(&here.seed).args(mode.split_whitespace());
        here.run(&node.arg("--db").arg(place("ledger.redb")).arg("--artifacts").arg(place("artifacts")))?;
    }
    Ok(Ended::Passed)
}

fn proofs(here: &mut Workplace) -> Result<Ended, StepError> {
    for bounds in [
        "--transactions 2",
        "--transactions 3 --shard 1/500",
        "--subject sequential-ahead --transactions 2",
        "--subject sequential-ahead --transactions 3 --shard 1/500",
        "--transactions 2 --engine loom --shard 1/2",
        "--transactions 3 --engine loom --preemptions 1 --shard 1/300",
    ] {
        here.run(&seriatim("prove").args(bounds.split_whitespace()))?;
    }
    Ok(Ended::Passed)
}

fn whole_proof(here: &mut Workplace) -> Result<Ended, StepError> {
    here.run(&seriatim("prove --transactions 3"))?;
    Ok(Ended::Passed)
}

/// Another four with each commit, of those that the differential lane finds with every seed; the seeds stay.
fn defects(here: &mut Workplace) -> Result<Ended, StepError> {
    here.cargo("run --locked --package mutants -- --check")?;
    let path = here.root.join("mutants/SCORE.md");
    let score = std::fs::read_to_string(&path).map_err(|source| StepError::File { path, source })?;
    let turn = Run::of("git rev-list --count HEAD").output(&here.root)?;
    let sample = cargo("run --locked --package mutants -- --sample 4 --turn").arg(turn.trim());
    let lane = sample.args("--lanes differential --seeds 1 --jobs 1".split_whitespace());
    here.run(&lane.args(found_by_every_seed(&score)))?;
    Ok(Ended::Passed)
}

fn fuzzing(here: &mut Workplace) -> Result<Ended, StepError> {
    here.need("fuzz")?;
    for target in [
        "differential -max_total_time=30",
        "artifact -runs=50000",
        "interleave -max_total_time=30",
        "faults -max_total_time=30",
    ] {
        let fuzz = Run::of("fuzz/run").args(target.split_whitespace()).arg(format!("-seed={}", here.seed));
        // All targets then share one build, which costs more than what is run here.
        let quick_build = fuzz.variable("NO_TRACE_COMPARES", "1").variable("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
        here.run(&quick_build.variable("CARGO_INCREMENTAL", "0"))?;
    }
    Ok(Ended::Passed)
}

#[cfg(test)]
mod tests {
    use super::is_release;

    #[test]
    fn a_patch_release_is_of_its_version() {
        assert!(is_release("1.95", "1.95.0") && is_release("1.95.0", "1.95.0") && is_release("1.95", "1.95"));
    }

    #[test]
    fn another_version_is_not() {
        for found in ["1.9.5", "1.950.0", "1.97.0", "nightly", "stable", ""] {
            assert!(!is_release("1.95", found), "{found}");
        }
    }
}
