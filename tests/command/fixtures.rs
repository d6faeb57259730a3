//! Runs of the built command, and artifacts for it.

use std::path::Path;
use std::process::{Command, Output};

use seriatim::campaign::{Budget, BuiltinSubject, CampaignConfig, Canary, Control, Lanes, Waivers, run};
use seriatim::report::Artifact;
use seriatim::workload::real_shapes;

/// Runs the command in a folder.
pub fn seriatim(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seriatim")).current_dir(folder).args(args).output().unwrap()
}

/// The subject that is written in Python, as a command line.
pub const PYTHON: &str = concat!("python3 ", env!("CARGO_MANIFEST_DIR"), "/examples/subjects/ledger.py");

/// Standard output and standard error of a command.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The first violation that a campaign over a canary meets.
pub fn counterexample(canary: Canary) -> Artifact {
    let config = CampaignConfig {
        seed: 1,
        budget: Budget::Executions(100),
        lanes: Lanes::Interleavings,
        subject: BuiltinSubject::Canary(canary),
        keep_going: false,
        waivers: Waivers::default(),
        jobs: 1,
    };
    let mut report = run(&config, real_shapes(), &Control::default()).unwrap();
    report.counterexamples.pop().expect("a canary is caught").artifact
}
