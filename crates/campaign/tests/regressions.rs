//! Every kept case agrees on the right executor under all engines. These tests have a binary of their own, small and quick to
//! build, which `cargo mutants` runs on each changed program.

use std::path::{Path, PathBuf};

use seriatim_campaign::check_regression;
use seriatim_lab::Examiner;
use seriatim_lab::compare::PlainViolation;
use seriatim_triage::report::Regression;

/// The number of kept cases when this was last changed. Fewer mean that cases were lost.
const KEPT: usize = 16;

fn kept() -> Vec<(PathBuf, Regression)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/regressions");
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
