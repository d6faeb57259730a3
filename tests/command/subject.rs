//! External subjects as their authors meet them: the commands of the README, bad input, and the example program.

use std::path::Path;
use std::process::Command;

use seriatim::report::Artifact;
use seriatim_testkit::python::python3;

use crate::fixtures::{PYTHON, seriatim, text};

/// The only file of `folder/artifacts`.
fn kept(folder: &Path) -> (String, Artifact) {
    let files: Vec<_> = std::fs::read_dir(folder.join("artifacts")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let artifact = Artifact::from_json(&std::fs::read_to_string(&files[0]).unwrap()).unwrap();
    (files[0].display().to_string(), artifact)
}

#[test]
fn an_adapter_in_python_is_right_and_its_report_says_what_was_not_checked() {
    let Some(_) = python3() else { return };
    let folder = tempfile::tempdir().unwrap();
    let args =
        ["campaign", "--subject-cmd", PYTHON, "--executions", "60", "--json", "report.json", "--junit", "report.xml"];
    let output = seriatim(folder.path(), &args);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("AGREE: ledger.py, 60 scenarios")
            && said.contains("not checked  (not supported) burn transactions; "),
        "{said}"
    );
    let json = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&report["verdict"], &report["asked"]["scenarios"]), (&"agree".into(), &60.into()));
    assert!(report["asked"]["repeated"].as_u64().unwrap() > 50, "{report}");
    assert!(std::fs::read_to_string(folder.path().join("report.xml")).unwrap().contains("name=\"protocol\""));
}

#[test]
fn its_planted_fault_is_found_made_smaller_replayed_with_a_rate_and_shown() {
    let Some(_) = python3() else { return };
    let folder = tempfile::tempdir().unwrap();
    let command = format!("{PYTHON} --fault");
    let output = seriatim(folder.path(), &["--subject-cmd", &command, "--executions", "1000"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let (file, artifact) = kept(folder.path());
    let (rate, smaller) = (artifact.rate.unwrap(), artifact.smaller.as_ref().unwrap());
    assert_eq!((smaller.transactions.1, smaller.is_one_minimal), (2, true), "{}", text(&output));
    // Its chance comes from the seed, and the recorded one shows the fault each time.
    assert!(rate.shown == rate.times && artifact.asked.is_some(), "{rate:?}");

    let replayed = seriatim(folder.path(), &["replay", &file, "--subject-cmd", &command, "--times", "100"]);
    let said = text(&replayed);
    assert_eq!(replayed.status.code(), Some(1), "{said}");
    assert!(said.contains("fails 20 of 20") && said.contains("that are recorded: 20 of 20"), "{said}");
    let right = seriatim(folder.path(), &["replay", &file, "--subject-cmd", PYTHON, "--times", "20"]);
    assert_eq!(right.status.code(), Some(0), "{}", text(&right));
    assert!(text(&right).contains("fails 0 of 20"), "{}", text(&right));

    let args = ["minimise", &file, "--subject-cmd", &command, "--out", "less.json"];
    let minimised = seriatim(folder.path(), &args);
    assert_eq!(minimised.status.code(), Some(0), "{}", text(&minimised));
    let shown = seriatim(folder.path(), &["report", &file, "--html", "page.html"]);
    assert!(text(&shown).contains("balance of") && folder.path().join("page.html").exists(), "{}", text(&shown));
}

#[test]
fn a_process_that_is_wrong_in_form_is_told_by_line() {
    let folder = tempfile::tempdir().unwrap();
    if python3().is_some() {
        let right = seriatim(folder.path(), &["subject", "check", "--subject-cmd", PYTHON]);
        assert_eq!(right.status.code(), Some(0), "{}", text(&right));
    }
    let wrong = seriatim(folder.path(), &["subject", "check", "--subject-cmd", "echo hello"]);
    assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong));
    assert!(text(&wrong).contains("line 1 (hello)"), "{}", text(&wrong));
}

#[test]
fn bad_input_is_one_line_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let own = seriatim(folder.path(), &["--executions", "60", "--subject", "canary:CountsByLoadAndStore"]);
    assert_eq!(own.status.code(), Some(1));
    let (own_file, _) = kept(folder.path());
    let source = std::fs::read_to_string(&own_file).unwrap();
    let foreign = Artifact { subject: "process: mine".to_owned(), ..Artifact::from_json(&source).unwrap() }.sealed();
    std::fs::write(folder.path().join("foreign.json"), foreign.to_json()).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["--subject-cmd", ""], "the command is empty"),
        (&["--subject-cmd", "a 'b"], "not closed"),
        (&["--subject-cmd", "/no/such/program", "--executions", "1"], "cannot start /no/such/program"),
        (&["--subject-cmd", PYTHON, "--shapes"], "--shapes does not fit --subject-cmd"),
        (&["replay", "foreign.json"], "it needs --subject-cmd"),
        (&["minimise", "foreign.json"], "it needs --subject-cmd"),
    ];
    for (args, part) in cases {
        let output = seriatim(folder.path(), args);
        let error = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
        assert!(error.contains(part), "{args:?}: {error}");
    }
}

/// The example with a command line of its own.
#[test]
fn the_race_of_the_foreign_subject_is_found_cut_to_two_payments_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let profile = std::env::current_exe().unwrap();
    let profile = profile.parent().unwrap().parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--example", "foreign_subject", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).env("CARGO_TARGET_DIR", profile.parent().unwrap());
    assert!(cargo.status().unwrap().success());
    let program = |args: &[&str]| {
        Command::new(profile.join("examples/foreign_subject")).current_dir(folder.path()).args(args).output().unwrap()
    };
    let found = program(&["campaign", "--executions", "1000"]);
    assert_eq!(found.status.code(), Some(1), "{}", text(&found));
    let (file, artifact) = kept(folder.path());
    assert_eq!(artifact.scenario.tx_count(), 2, "{}", text(&found));
    assert!(artifact.schedule.is_some());
    let replayed = text(&program(&["replay", &file, "--times", "50"]));
    assert!(replayed.contains("the same violation in 50 of 50 replays"), "{replayed}");
    let shown = text(&program(&["report", &file]));
    assert!(shown.contains("Why: lost update") && shown.contains("every oracle agrees"), "{shown}");
    let elsewhere = seriatim(folder.path(), &["replay", &file]);
    assert_eq!(elsewhere.status.code(), Some(2));
}
