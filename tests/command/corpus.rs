//! `corpus minimise` on folders.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Output;

use seriatim::workload::Plan;

use crate::fixtures::{seriatim, text};

fn minimise(folder: &Path, args: &[&str]) -> Output {
    seriatim(folder, &[&["corpus", "minimise"], args].concat())
}

/// Names and contents.
fn files(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
        .collect()
}

/// A folder `plans` with twelve plans, a copy of the first, a folder, and two files that are no plans.
fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let plans = folder.path().join("plans");
    fs::create_dir_all(plans.join("inner")).unwrap();
    for seed in 0..12 {
        fs::write(plans.join(format!("plan-{seed:02}")), Plan::sized(seed, 24).to_bytes()).unwrap();
    }
    fs::copy(plans.join("plan-00"), plans.join("twin")).unwrap();
    fs::write(plans.join("README"), "not a plan, but long enough to have a header").unwrap();
    fs::write(plans.join("short"), [1, 2, 3]).unwrap();
    folder
}

#[test]
fn what_is_kept_is_copied_under_its_name_and_the_corpus_stays() {
    let folder = workplace();
    let (corpus, target) = (folder.path().join("plans"), folder.path().join("plans.min"));
    let before = files(&corpus);
    let output = minimise(folder.path(), &["plans/", "--json", "result.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(files(&corpus), before);
    let kept = files(&target);
    assert!(kept.iter().all(|(name, bytes)| before[name] == *bytes));
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("result.json")).unwrap()).unwrap();
    assert_eq!((&json["version"], &json["before"]["inputs"]), (&1.into(), &13.into()));
    assert_eq!(json["after"]["inputs"], kept.len());
    assert_eq!(json["after"]["features"], json["before"]["features"]);

    let again = minimise(folder.path(), &["plans.min", "--out", "again"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert_eq!(files(&folder.path().join("again")), kept);
}

#[test]
fn what_is_no_input_is_named_and_left_alone() {
    let folder = workplace();
    let output = minimise(folder.path(), &["plans", "--json", "result.json"]);
    let text = text(&output);
    assert!(text.contains("left alone 3, the first is README: plan version 110"), "{text}");
    let json = fs::read_to_string(folder.path().join("result.json")).unwrap();
    for name in ["README", "inner", "short"] {
        assert!(json.contains(&format!("\"name\": \"{name}\"")), "{json}");
        assert!(folder.path().join("plans").join(name).exists());
        assert!(!folder.path().join("plans.min").join(name).exists());
    }
}

#[test]
fn in_place_the_others_are_moved_and_none_is_deleted() {
    let folder = workplace();
    let (corpus, removed) = (folder.path().join("plans"), folder.path().join("plans.removed"));
    let before = files(&corpus);
    let output = minimise(folder.path(), &["plans", "--in-place"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let (kept, moved) = (files(&corpus), files(&removed));
    assert!(!moved.is_empty() && kept.contains_key(&OsString::from("README")));
    assert_eq!(kept.into_iter().chain(moved).collect::<BTreeMap<_, _>>(), before);

    let (after, moved) = (files(&corpus), files(&removed));
    let again = minimise(folder.path(), &["plans", "--in-place"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert_eq!((files(&corpus), files(&removed)), (after, moved));
}

#[test]
fn in_place_nothing_moves_onto_a_file_of_an_earlier_pass() {
    let folder = workplace();
    let (corpus, removed) = (folder.path().join("plans"), folder.path().join("plans.removed"));
    minimise(folder.path(), &["plans", "--in-place"]);
    let name = files(&removed).into_keys().next().unwrap();
    fs::copy(removed.join(&name), corpus.join(&name)).unwrap();
    fs::write(removed.join(&name), "something else").unwrap();
    let before = (files(&corpus), files(&removed));
    let output = minimise(folder.path(), &["plans", "--in-place"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains(&name.display().to_string()), "{}", text(&output));
    assert_eq!((files(&corpus), files(&removed)), before);
}

#[test]
fn a_folder_with_something_in_it_is_no_target_and_an_empty_one_is() {
    let folder = workplace();
    let target = folder.path().join("target");
    fs::create_dir(&target).unwrap();
    let output = minimise(folder.path(), &["plans", "--out", "target"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let before = files(&target);
    for target in ["target", "plans"] {
        let output = minimise(folder.path(), &["plans", "--out", target]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(&format!("{target} is not empty")), "{}", text(&output));
    }
    assert_eq!(files(&target), before);
}

#[test]
fn a_corpus_that_cannot_be_read_or_has_no_input_is_refused_and_nothing_written() {
    let folder = workplace();
    let plans = folder.path().join("plans");
    for name in files(&plans).into_keys().filter(|name| name.display().to_string().starts_with("plan")) {
        fs::remove_file(plans.join(name)).unwrap();
    }
    fs::remove_file(plans.join("twin")).unwrap();
    for (args, part) in [
        (&["absent"][..], "absent"),
        (&["plans"], "no input in plans; 3 others, the first is README"),
        (&["plans", "--out", "no/such/target"], "no/such/target"),
        (&["plans", "--out", "target", "--in-place"], "--in-place"),
    ] {
        let output = minimise(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(part) && text(&output).lines().count() == 1, "{}", text(&output));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
