//! What somebody meets who runs the command for the first time: the demonstration, the lists, the help, the summary.

use std::path::Path;

use seriatim::campaign::BuiltinSubject;

use crate::fixtures::{seriatim, text};

fn said(args: &[&str]) -> String {
    let output = seriatim(Path::new("."), args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_demonstration_finds_the_race_makes_it_smaller_and_explains_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = seriatim(folder.path(), &["demo", "--html", "page.html"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in ["VIOLATION: found", "2 of 5 transactions are left", "Why: lost update"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.contains("lost update"));
}

/// The same every time, so a recorded session cannot go stale without a test that says so.
#[test]
fn the_demonstration_is_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let run = || seriatim(folder.path(), &["demo"]).stdout;
    assert_eq!(run(), run());
}

#[test]
fn every_listed_subject_is_one_that_the_option_takes() {
    let listed = said(&["list", "subjects"]) + &said(&["list", "canaries"]);
    for subject in BuiltinSubject::all() {
        assert!(listed.contains(&format!("  {subject}  ")) || listed.contains(&format!("  {subject} ")), "{subject}");
    }
}

#[test]
fn lists_and_help_fit_80_columns() {
    for args in [["list"].as_slice(), &["--help"], &["demo", "--help"]] {
        for line in said(args).lines() {
            assert!(line.chars().count() <= 100, "{args:?}: {line}");
        }
    }
    for line in said(&["list"]).lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_list_that_is_none_is_refused_with_those_that_are() {
    let output = seriatim(Path::new("."), &["list", "oracle"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("oracles"), "{}", text(&output));
}

#[test]
fn a_slip_in_an_option_names_the_one_that_was_meant() {
    let output = seriatim(Path::new("."), &["--sead", "3"]);
    let said = text(&output);
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("'--seed'"), "{said}");
}

/// What 30 seconds come to is read on one screen: the verdict first and last, at most 20 lines of at most 80 columns.
#[test]
fn a_summary_fits_the_screen_and_has_the_verdict_first_and_last() {
    let summary = said(&["--executions", "900", "--seed", "3"]);
    let lines: Vec<_> = summary.lines().collect();
    assert!(lines.len() <= 20, "{} lines: {summary}", lines.len());
    assert!(lines[0].starts_with("AGREE: ") && lines.last() == lines.first(), "{summary}");
    for line in lines {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn distributions_are_shown_where_they_are_asked_for() {
    let args = ["--executions", "900", "--seed", "3", "--verbose"];
    let whole = said(&args);
    assert!(whole.contains("conflict classes of generated transactions"), "{whole}");
    assert!(!said(&args[..4]).contains("conflict classes of generated transactions"));
}

/// No terminal, no escape sequences.
#[test]
fn colours_are_for_terminals_alone() {
    assert!(!said(&["--executions", "900", "--seed", "3"]).contains('\u{1b}'));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_seriatim"))
        .args(["--executions", "900", "--seed", "3"])
        .env("CLICOLOR_FORCE", "1")
        .output()
        .unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("\u{1b}[1m\u{1b}[32mAGREE\u{1b}[0m"));
}
