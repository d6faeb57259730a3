//! The command that the line of a mismatch names.

use std::path::Path;

use seriatim::campaign::capture;
use seriatim::chain::{Mismatch, MismatchKind};
use seriatim::compare::Oracle;
use seriatim::execution::PreparedBlock;
use seriatim::node::{Kept, KeptWhere, MismatchArtifacts};
use seriatim::report::Artifact;
use seriatim::workload::Scenario;
use seriatim_testkit::ledger::parameters;
use seriatim_testkit::test_mode::mismatch_in_a_run;
use seriatim_testkit::wait;

use crate::fixtures::seriatim;

/// A mismatch in the second block of a run, and the run up to it, captured when all was over.
fn mismatch_of(fault: fn(&mut PreparedBlock)) -> (Mismatch, Scenario) {
    let (node, blocks, mismatch) = mismatch_in_a_run(fault);
    let scenario = wait(capture(&*node.memory, &parameters(), 0, &blocks[..2])).unwrap();
    (mismatch, scenario)
}

/// The file of a mismatch that was kept.
fn path_of(kept: &Kept) -> &Path {
    match &kept.at {
        KeptWhere::New { path, .. } => path,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_command_of_the_line_shows_the_violation_of_a_subject_that_it_knows() {
    let (mismatch, scenario) = mismatch_of(|prepared| prepared.receipts.swap(0, 1));
    let mismatch = Mismatch { kind: MismatchKind::Late, found: None, ..mismatch };
    let folder = tempfile::tempdir().unwrap();
    let mut artifacts = MismatchArtifacts::open(folder.path().join("a b"), 4, 1 << 20).unwrap();
    let kept = artifacts.keep("canary:NeverWoken", scenario, &mismatch).unwrap();
    let command = kept.line.rsplit_once("; ").unwrap().1;
    let words = shlex::split(command).unwrap();
    assert_eq!(words[..2], ["seriatim", "replay"]);
    assert_eq!(Path::new(&words[2]), path_of(&kept), "quoted as a shell needs it");
    assert_eq!(
        Artifact::from_json(&std::fs::read_to_string(path_of(&kept)).unwrap()).unwrap().signature.oracle,
        Oracle::Livelock
    );
    let output = seriatim(folder.path(), &["replay", &words[2]]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn the_replay_of_a_mismatch_agrees_where_the_executor_itself_is_right() {
    let (mismatch, scenario) = mismatch_of(|prepared| prepared.receipts.swap(0, 1));
    let folder = tempfile::tempdir().unwrap();
    let mut artifacts = MismatchArtifacts::open(folder.path(), 4, 1 << 20).unwrap();
    let kept = artifacts.keep("parallel", scenario, &mismatch).unwrap();
    let output = seriatim(folder.path(), &["replay", path_of(&kept).to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
