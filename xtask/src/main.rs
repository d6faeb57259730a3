//! Chores of the project: what CI runs, the quick tests, and the check of the dependency graph.
//!
//! CI and a developer run the same steps: `.ci/run` and the workflows call this program and add nothing to it.

mod changelog;
mod ci;
mod defects;
mod documents;
mod graph;
mod package;
mod packages;
mod pictures;
mod process;
mod release;
mod shard;
mod steps;
mod tally;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use shard::Shard;

/// Chores of the project.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Run the steps of CI; the first failure ends the run with its exit code
    Ci {
        /// Only these steps, in the order of the list
        #[arg(long, value_name = "STEPS", value_delimiter = ',')]
        only: Vec<String>,
        /// List the steps and end
        #[arg(long)]
        list: bool,
        /// Test only the packages of part I of N, in the step `tests`
        #[arg(long, value_name = "I/N")]
        shard: Option<Shard>,
    },
    /// Run the quick tests: those that need neither a campaign nor a process
    Test,
    /// Count the documents, and check their lines, links, paths and Rust, and all doc comments
    Docs,
    /// Make the pictures of the terminal that the documents show
    Pictures {
        /// Change nothing; fail if one is not what its command prints now
        #[arg(long)]
        check: bool,
    },
    /// Compare the tag of a release with the version of the packages and the changelog
    #[command(group(clap::ArgGroup::new("what").required(true)))]
    Release {
        /// Such as v1.2.3
        tag: String,
        /// Say whether they agree
        #[arg(long, group = "what")]
        check: bool,
        /// Print the notes of the release, if they agree: the changelog's section
        #[arg(long, group = "what")]
        notes: bool,
    },
    /// Check crates and modules: arrows, cycles, pins
    Graph {
        /// Print also the cycles among nested modules, which are not errors
        #[arg(long)]
        nested: bool,
    },
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the tree");
    match Args::parse().chore {
        Chore::Ci { list: true, .. } => {
            ci::list();
            ExitCode::SUCCESS
        }
        Chore::Ci { only, shard, .. } => ci::run(root, &only, shard),
        Chore::Docs => match documents::check(root) {
            Ok(documents) => {
                println!("{documents}");
                documents.findings.iter().for_each(|finding| eprintln!("{finding}"));
                if documents.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err((path, error)) => {
                eprintln!("{}: {error}", path.display());
                ExitCode::FAILURE
            }
        },
        Chore::Pictures { check } => match pictures::make(root, check) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        Chore::Release { tag, notes, .. } => match release::check(root, &tag) {
            Ok(section) => {
                println!("{}", if notes { section } else { format!("{tag}: packages and changelog agree") });
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("xtask: {error}");
                ExitCode::FAILURE
            }
        },
        Chore::Test => ci::run(root, &["quick-tests".to_owned()], None),
        Chore::Graph { nested } => match graph::check(root, nested) {
            Ok(summary) => {
                println!("{summary}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
    }
}
