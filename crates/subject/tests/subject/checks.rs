//! The whole harness as one call in a test.

use std::path::Path;

use seriatim_subject::{Answer, Assumption, Check, CheckError, Outcome, Request};

use crate::questions::{Parrot, Spoil, payments};

fn judged(spoil: Spoil, folder: &Path) -> Result<(), CheckError> {
    let source = Parrot { capabilities: payments([]), spoil }.source();
    Check::of(source).seed(3).scenarios(30).regressions(folder).judge().map(drop)
}

fn right(_: &Request, _: &mut Answer) {}

fn third_fails(_: &Request, answer: &mut Answer) {
    if let Some(third) = answer.outcomes.get_mut(2) {
        *third = Outcome::Failed;
    }
}

/// The files below the folder of regressions.
fn kept(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder.join("payments")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_right_executor_passes_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    judged(right, folder.path()).unwrap();
    assert_eq!(kept(folder.path()), [""; 0]);
}

#[test]
fn a_wrong_executor_is_told_with_its_report_and_its_case_comes_first_until_it_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let Err(CheckError::Violation(first)) = judged(third_fails, folder.path()) else { panic!("it is wrong") };
    assert!(first.contains("VIOLATION in execution 1 "), "{first}");
    assert!(
        first.contains("smaller  3 of ")
            && first.contains("\n  cargo test -p seriatim-subject checks::a_wrong_executor"),
        "{first}"
    );
    let files = kept(folder.path());
    assert_eq!(files.len(), 1);
    assert!(first.contains(&files[0]), "{first}");

    let Err(CheckError::Violation(again)) = judged(third_fails, folder.path()) else { panic!("it is still wrong") };
    assert!(again.contains("VIOLATION of a kept case, in 20 of 20 replays"), "{again}");
    assert_eq!(kept(folder.path()), files);

    judged(right, folder.path()).unwrap();
    assert_eq!(kept(folder.path()), files, "a case that was found once stays");
}

#[test]
fn the_page_is_where_the_report_says() {
    let folder = tempfile::tempdir().unwrap();
    let Err(CheckError::Violation(report)) = judged(third_fails, folder.path()) else { panic!("it is wrong") };
    let page = report.lines().find_map(|line| line.strip_prefix("The report as a page: ")).unwrap();
    assert!(std::fs::read_to_string(page).unwrap().contains("<html"));
}

#[test]
fn too_little_to_mean_anything_is_no_agreement() {
    let folder = tempfile::tempdir().unwrap();
    let every_assumption = payments([Assumption::AllValid, Assumption::NoReceiveThenSpend]);
    let judge = |scenarios| {
        let source = Parrot::new(every_assumption.clone()).source();
        Check::of(source).scenarios(scenarios).regressions(folder.path()).judge()
    };
    assert!(matches!(judge(0), Err(CheckError::Inconclusive(_))));
    judge(60).unwrap();
}

#[test]
fn a_kept_case_that_was_altered_is_an_error_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    judged(third_fails, folder.path()).unwrap_err();
    let path = folder.path().join("payments").join(&kept(folder.path())[0]);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"nonce\": 0", "\"nonce\": 1", 1)).unwrap();
    let error = judged(right, folder.path()).unwrap_err();
    assert!(matches!(&error, CheckError::Kept { path: told, .. } if *told == path), "{error}");
}
