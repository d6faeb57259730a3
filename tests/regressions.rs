//! Every kept case agrees on the right executor under all engines.

use std::path::{Path, PathBuf};
use std::process::Command;

use seriatim::campaign::{Examiner, check_regression};
use seriatim::compare::PlainViolation;
use seriatim::report::Regression;

/// Cases that were kept when this was last changed; fewer mean that somebody gutted the corpus.
const KEPT: usize = 16;

fn kept() -> Vec<(PathBuf, Regression)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/regressions");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let regression = Regression::from_json(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, regression)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_kept_case_agrees_under_all_engines() {
    let examiner = Examiner::new().unwrap();
    let kept = kept();
    assert!(kept.len() >= KEPT, "{} cases, there were {KEPT}", kept.len());
    let (mut complete, mut under_loom) = (0, 0);
    for (path, regression) in &kept {
        assert!(!regression.note.is_empty(), "{} does not say what it showed", path.display());
        match check_regression(regression, &examiner) {
            Ok(evidence) => {
                complete += usize::from(evidence.every_interleaving);
                under_loom += usize::from(evidence.loom_executions > 0);
            }
            Err(violation) => panic!("{}, once {}: {violation}", path.display(), regression.once),
        }
    }
    assert!(2 * complete > kept.len(), "only {complete} of {} under every interleaving", kept.len());
    assert!(2 * under_loom > kept.len(), "only {under_loom} of {} under loom", kept.len());
}

/// They are of version 1, and what they once showed is the same in the present form.
#[test]
fn every_kept_case_says_what_its_file_says() {
    for (path, regression) in kept() {
        let old: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(serde_json::to_value(&regression.once).unwrap(), old["once"], "{}", path.display());
        let violation = serde_json::to_value(PlainViolation::from(&regression.violation)).unwrap();
        assert_eq!(violation, old["violation"], "{}", path.display());
        assert_eq!(regression.violation.signature(), regression.once, "{}", path.display());
        let written = serde_json::to_string(&regression).unwrap();
        assert_eq!(Regression::from_json(&written).unwrap(), regression, "{}", path.display());
    }
}

#[test]
fn regressions_of_another_version_and_damaged_ones_are_refused() {
    let (path, _) = kept().swap_remove(0);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(Regression::from_json(&text.replacen("\"version\": 1", "\"version\": 2", 1)).is_err());
    assert!(Regression::from_json(&text[..text.len() / 2]).is_err());
    assert!(Regression::from_json(&text.replacen("\"note\"", "\"notes\"", 1)).is_err());
}

#[test]
fn an_artifact_is_promoted_once_under_a_plain_name() {
    let folder = tempfile::tempdir().unwrap();
    let seriatim =
        |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_seriatim")).current_dir(&folder).args(args).output().unwrap();
    // Campaigns exit with 1 at a violation.
    let found = seriatim(&["--subject", "canary:CountsByLoadAndStore", "--executions", "3", "--jobs", "1"]);
    assert_eq!(found.status.code(), Some(1));
    let artifact = std::fs::read_dir(folder.path().join("artifacts")).unwrap().next().unwrap().unwrap().path();
    let artifact = artifact.to_str().unwrap();
    let promoted = seriatim(&["promote", artifact, "--corpus", "kept"]);
    let text = String::from_utf8(promoted.stdout).unwrap();
    assert_eq!(promoted.status.code(), Some(0), "{text}");
    assert!(text.contains("figures-metadata-fees.json") && text.contains("agrees on it now"), "{text}");
    let path = folder.path().join("kept/figures-metadata-fees.json");
    assert!(Regression::from_json(&std::fs::read_to_string(path).unwrap()).unwrap().note.contains("canary"));

    for (args, part) in [
        (vec!["promote", artifact, "--corpus", "kept"], "there already"),
        (vec!["promote", artifact, "--corpus", "kept", "--name", "../x"], "../x"),
        (vec!["promote", "absent.json"], "absent.json"),
    ] {
        let refused = seriatim(&args);
        let error = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.lines().count() == 1 && error.contains(part), "{args:?}: {error}");
    }
    assert_eq!(std::fs::read_dir(folder.path().join("kept")).unwrap().count(), 1);
}

#[test]
fn a_kept_case_is_an_artifact_to_the_other_commands() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/regressions/fees-added-by-load-and-store.json");
    let folder = tempfile::tempdir().unwrap();
    for (command, code, part) in
        [("run", 0, "AGREE"), ("report", 0, "Planted"), ("explore", 0, "AGREE"), ("replay", 0, "AGREE")]
    {
        let mut args = vec![command, kept.to_str().unwrap()];
        if command == "explore" {
            args.extend(["--executions", "60"]);
        }
        let output = Command::new(env!("CARGO_BIN_EXE_seriatim")).current_dir(&folder).args(&args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // The right executor does other steps than the wrong one did, at the latest where the fault was.
        let followed = output.status.code() == Some(code) && text.contains(part);
        let parted = command == "replay" && output.status.code() == Some(3) && text.contains("DIVERGED");
        assert!(followed || parted, "{command}: {:?} {text}", output.status.code());
    }
}
