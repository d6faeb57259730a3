//! The commands that take an artifact: replay, run, explore, report, minimise, promote.

use std::path::Path;

use seriatim::campaign::{BuiltinSubject, Canary};
use seriatim::explore::Schedule;
use seriatim::report::{Artifact, Regression};
use seriatim_testkit::page::assert_balanced;

use crate::fixtures::{counterexample, seriatim};

fn scheduled() -> impl Iterator<Item = Canary> {
    Canary::ALL.iter().copied().filter(|canary| canary.is_scheduled())
}

#[test]
fn every_violation_replays_in_another_process_every_time() {
    let folder = tempfile::tempdir().unwrap();
    for canary in scheduled() {
        let artifact = counterexample(canary);
        let path = artifact.store(folder.path()).unwrap().path().to_owned();
        let path = path.to_str().unwrap();
        for _ in 0..2 {
            let output = seriatim(folder.path(), &["replay", path, "--times", "10"]);
            let text = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(1), "{canary:?}: {text}");
            assert!(text.contains("followed all") && text.contains("in 10 of 10 replays"), "{canary:?}: {text}");
        }
    }
}

#[test]
fn the_right_executor_diverges_from_a_wrong_ones_schedule_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = counterexample(Canary::CountsByLoadAndStore);
    let mended = Artifact { subject: BuiltinSubject::Parallel.to_string(), ..artifact }.sealed();
    let path = mended.store(folder.path()).unwrap().path().to_owned();
    let output = seriatim(folder.path(), &["replay", path.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    for part in ["DIVERGED at operation", "reads counted", "INCONCLUSIVE", "near the schedule"] {
        assert!(text.contains(part), "{text} lacks {part}");
    }
}

#[test]
fn wrong_artifacts_are_refused_by_the_command_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = counterexample(Canary::NeverWoken);
    let unknown = Artifact { subject: "somebody's".to_owned(), ..artifact.clone() }.sealed();
    let altered = Artifact { build: "another".to_owned(), ..artifact.clone() };
    for (name, text, part) in [
        ("absent.json", None, "absent.json"),
        ("cut.json", Some(artifact.to_json()[..500].to_owned()), "line"),
        ("unknown.json", Some(unknown.to_json()), "somebody's"),
        ("altered.json", Some(altered.to_json()), "altered"),
    ] {
        if let Some(text) = text {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let output = seriatim(folder.path(), &["replay", name]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(error.lines().count() == 1 && error.contains(part), "{name}: {error}");
    }
}

#[test]
fn an_artifact_is_a_scenario_to_the_other_commands() {
    let folder = tempfile::tempdir().unwrap();
    let path = counterexample(Canary::CountsByLoadAndStore).store(folder.path()).unwrap().path().to_owned();
    let path = path.to_str().unwrap();
    for args in [vec!["run", path], vec!["explore", path, "--executions", "50"]] {
        let output = seriatim(folder.path(), &args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn the_command_reports_with_and_without_steps_and_of_unknown_subjects() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = counterexample(Canary::CountsByLoadAndStore);
    let bare = artifact.schedule.clone().map(|schedule| Schedule { steps: Vec::new(), ..schedule });
    let unknown = Artifact { subject: "another build's".to_owned(), ..artifact.clone() };
    let cases = [
        (artifact.clone(), "Why: lost update"),
        (Artifact { schedule: bare, ..artifact.clone() }, "Why: lost update"),
        (Artifact { schedule: None, ..artifact }, "goes on for as long as it can"),
        (unknown, "does not know the subject"),
    ];
    for (artifact, expected) in cases {
        std::fs::write(folder.path().join("case.json"), artifact.sealed().to_json()).unwrap();
        let output = seriatim(folder.path(), &["report", "case.json", "--html", "page.html"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains(expected) && text.contains("seriatim replay case.json"), "{text}");
        assert!(!text.contains('\u{1b}'), "colour is for terminals");
        assert_balanced(&std::fs::read_to_string(folder.path().join("page.html")).unwrap());
    }
}

#[test]
fn a_file_that_is_no_artifact_is_refused_in_one_line_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = counterexample(Canary::CountsByLoadAndStore);
    std::fs::write(folder.path().join("case.json"), artifact.to_json().replace("campaign, ", "a lie, ")).unwrap();
    let missing_folder = ["report", "good.json", "--html", "nowhere/page.html"];
    std::fs::write(folder.path().join("good.json"), artifact.to_json()).unwrap();
    for args in [
        &["report", "case.json", "--html", "page.html"],
        &["report", "absent.json", "--html", "page.html"],
        &missing_folder,
    ] {
        let output = seriatim(folder.path(), args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{error}");
        assert!(output.stdout.is_empty());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}

#[test]
fn the_command_writes_a_smaller_artifact_beside_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = counterexample(Canary::CountsByLoadAndStore);
    std::fs::write(folder.path().join("found.json"), first.to_json()).unwrap();
    let output = seriatim(folder.path(), &["minimise", "found.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("SMALLER") && text.contains("found.min.json"), "{text}");
    let json = std::fs::read_to_string(folder.path().join("found.min.json")).unwrap();
    let smaller = Artifact::from_json(&json).unwrap();
    let figures = smaller.smaller.clone().unwrap();
    assert_eq!(figures.transactions, (first.scenario.tx_count(), smaller.scenario.tx_count()));
    assert!(figures.is_one_minimal && smaller.scenario.tx_count() <= 2, "{figures:?}");
    assert_eq!((smaller.origin.clone(), smaller.subject.clone()), (first.origin.clone(), first.subject.clone()));
    // Made smaller again, it stays as it is.
    let output = seriatim(folder.path(), &["minimise", "found.min.json", "--out", "again.json"]);
    assert_eq!(output.status.code(), Some(0));
    let again = Artifact::from_json(&std::fs::read_to_string(folder.path().join("again.json")).unwrap()).unwrap();
    assert_eq!(again.scenario.tx_count(), smaller.scenario.tx_count());
}

#[test]
fn the_command_writes_nothing_when_the_violation_does_not_show_or_the_file_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let artifact = counterexample(Canary::CountsByLoadAndStore);
    let not_shown = Artifact { subject: "parallel".to_owned(), ..artifact.clone() }.sealed();
    std::fs::write(folder.path().join("right.json"), not_shown.to_json()).unwrap();
    let unknown = Artifact { subject: "canary Unheard".to_owned(), ..artifact }.sealed();
    std::fs::write(folder.path().join("unknown.json"), unknown.to_json()).unwrap();
    std::fs::write(folder.path().join("altered.json"), not_shown.to_json().replace("campaign, ", "a jest, ")).unwrap();
    let before = files();
    let refused = |file: &str, code: i32, part: &str| {
        let output = seriatim(folder.path(), &["minimise", file]);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{file}: {text}");
        assert_eq!(text.lines().count(), 1, "{file}: {text}");
        assert!(text.contains(part), "{file}: {text} lacks {part}");
    };
    refused("right.json", 3, "does not show any more");
    refused("unknown.json", 2, "canary Unheard");
    refused("altered.json", 2, "altered");
    refused("absent.json", 2, "absent.json");
    assert_eq!(files(), before);
}

#[test]
fn an_artifact_is_promoted_once_under_a_plain_name() {
    let folder = tempfile::tempdir().unwrap();
    let seriatim = |args: &[&str]| seriatim(folder.path(), args);
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
    // The right executor does other steps than the wrong one did, so it cannot follow the schedule to its end.
    for (command, code, part) in
        [("run", 0, "AGREE"), ("report", 0, "Planted"), ("explore", 0, "AGREE"), ("replay", 3, "DIVERGED")]
    {
        let mut args = vec![command, kept.to_str().unwrap()];
        if command == "explore" {
            args.extend(["--executions", "60"]);
        }
        let output = seriatim(folder.path(), &args);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{command}: {text}");
        assert!(text.contains(part), "{command}: {text}");
    }
}
