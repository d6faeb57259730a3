//! What becomes of artifacts: the page of a folder, waivers and what campaigns make of them, dropping; and profiles of options.

use std::path::Path;

use serde_json::Value;

use crate::fixtures::seriatim;

/// Runs the command; its exit code, and what it said.
fn run(folder: &Path, words: &[&str]) -> (i32, String) {
    let output = seriatim(folder, words);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), said.into_owned())
}

/// A folder in which a campaign over a canary has left an artifact.
fn found() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run(folder.path(), &CAMPAIGN);
    assert_eq!(code, 1, "{said}");
    let mut files = std::fs::read_dir(folder.path().join("artifacts")).unwrap();
    let artifact = format!("artifacts/{}", files.next().unwrap().unwrap().file_name().display());
    (folder, artifact)
}

const CAMPAIGN: [&str; 5] = ["--interleavings", "--subject", "canary:CountsByLoadAndStore", "--executions", "40"];

#[test]
fn a_waived_violation_is_counted_and_ends_no_campaign() {
    let (folder, artifact) = found();
    let folder = folder.path();
    let (code, said) = run(folder, &["waive", &artifact, "--because", "issue 7"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(folder, &[&CAMPAIGN[..], &["--json", "-"]].concat());
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_ne!(code, 1, "{said}");
    assert_eq!(report["waived"][0]["because"], "issue 7");
    assert!(report["waived"][0]["times"].as_u64().unwrap() > 0);
    assert_eq!(report["statistics"]["executions"], 40);
    // Elsewhere nothing is waived.
    assert_eq!(run(folder, &[&CAMPAIGN[..], &["--artifacts", "others"]].concat()).0, 1);
    let named = ["--artifacts", "others", "--waived", "artifacts/waived.json"];
    assert_ne!(run(folder, &[&CAMPAIGN[..], &named[..]].concat()).0, 1);
}

#[test]
fn a_folder_has_one_page_that_leads_to_all_and_knows_what_was_decided() {
    let (folder, artifact) = found();
    let folder = folder.path();
    std::fs::write(folder.join("artifacts/other.json"), "{}").unwrap();
    let index = || std::fs::read_to_string(folder.join("artifacts/index.html")).unwrap();
    let (code, said) = run(folder, &["review"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 of 1 open") && said.contains("other.json: left alone"), "{said}");
    let page = Path::new(&artifact).with_extension("html");
    assert!(index().contains(page.file_name().unwrap().to_str().unwrap()));
    assert!(index().contains(&format!("seriatim promote {artifact}")));
    assert!(std::fs::read_to_string(folder.join(page)).unwrap().contains("lost update"));
    run(folder, &["waive", &artifact, "--because", "issue 7"]);
    assert!(run(folder, &["review"]).1.contains("waived: issue 7"));
    assert!(index().contains("issue 7"));
    run(folder, &["promote", &artifact, "--corpus", "kept", "--name", "lost"]);
    assert!(run(folder, &["review", "--corpus", "kept"]).1.contains("kept as kept/lost.json"));
}

#[test]
fn dropping_removes_an_artifact_with_its_page_and_nothing_else() {
    let (folder, artifact) = found();
    let folder = folder.path();
    run(folder, &["review"]);
    std::fs::write(folder.join("artifacts/notes.json"), "{}").unwrap();
    assert_eq!(run(folder, &["drop", "artifacts/notes.json"]).0, 2, "it is no artifact");
    assert_eq!(run(folder, &["drop", &artifact]).0, 0);
    let left: Vec<String> = std::fs::read_dir(folder.join("artifacts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().display().to_string())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().all(|name| name == "notes.json" || name == "index.html"), "{left:?}");
}

/// A folder with a file of profiles.
fn with_profiles(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("seriatim.toml"), text).unwrap();
    folder
}

fn executions(folder: &Path, words: &[&str]) -> u64 {
    let (_, said) = run(folder, &[words, &["--json", "-"]].concat());
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    report["statistics"]["executions"].as_u64().unwrap()
}

#[test]
fn a_profile_gives_options_and_what_is_typed_wins() {
    let folder = with_profiles(
        "[profile.default]\nplans = true\nexecutions = 3\n[profile.more]\nexecutions = 5\nverbose = false\n",
    );
    let folder = folder.path();
    assert_eq!(executions(folder, &[]), 3, "the profile `default` always counts");
    assert_eq!(executions(folder, &["--profile", "more"]), 5);
    assert_eq!(executions(folder, &["campaign", "--profile", "more", "--executions", "2"]), 2);
    assert_eq!(executions(folder, &["--shapes", "--executions", "4"]), 4, "another lane keeps that of a profile out");
    std::fs::rename(folder.join("seriatim.toml"), folder.join("other.toml")).unwrap();
    assert_eq!(executions(folder, &["--config", "other.toml"]), 3);
}

#[test]
fn a_wrong_profile_is_refused_with_its_place() {
    for (text, words, told) in [
        ("[profile.ci]\nsecnds = 3\n", "ci", "profile.ci.secnds: a campaign has no such option"),
        ("[profile.ci]\nplans = 3\n", "ci", "profile.ci.plans: only true or false"),
        ("[profile.ci]\nseed = true\n", "ci", "profile.ci.seed: a value is missing"),
        ("[profile.ci]\nseed = \"x\"\n", "ci", "invalid value 'x' for '--seed <S>'"),
        ("[profile.ci]\n", "night", "no profile \"night\"; it has ci"),
        ("[profiles.ci]\n", "ci", "unknown field `profiles`"),
    ] {
        let folder = with_profiles(text);
        let (code, said) = run(folder.path(), &["--profile", words]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(told), "{said}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(run(empty.path(), &["--profile", "ci"]).1.contains("needs a seriatim.toml"));
}

#[test]
fn shells_and_readers_of_manuals_get_what_they_want() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, told) in [("bash", "_seriatim()"), ("zsh", "#compdef seriatim"), ("fish", "complete -c seriatim")] {
        let (code, said) = run(folder.path(), &["completions", shell]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(told) && said.contains("interleavings"), "{shell}");
    }
    assert_eq!(run(folder.path(), &["man", "pages"]).0, 0);
    let page = std::fs::read_to_string(folder.path().join("pages/seriatim-minimise.1")).unwrap();
    assert!(page.contains("tries"), "{page}");
}

/// A command that is in no group would be missing from the help.
#[test]
fn every_command_is_in_one_group_of_the_help() {
    let folder = tempfile::tempdir().unwrap();
    let (_, help) = run(folder.path(), &["--help"]);
    let (_, completions) = run(folder.path(), &["completions", "fish"]);
    let named =
        completions.lines().filter(|line| line.contains("__fish_seriatim_needs_command") && line.contains("-a \""));
    let names: Vec<&str> = named.filter_map(|line| line.split("-a \"").nth(1)?.split('"').next()).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let lines =
            help.lines().filter(|line| line.split_whitespace().next() == Some(name) && line.starts_with("  ")).count();
        assert_eq!(lines, 1, "{name}");
    }
}
