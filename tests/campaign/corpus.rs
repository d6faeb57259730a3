//! A corpus made smaller: nothing that it shows is lost, and no file is.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output};

use seriatim::campaign::{Canary, Examiner, ExploredSubject};
use seriatim::corpus::{Feature, Input, Judged, Minimised, minimise, plans, read, schedules};
use seriatim::workload::{Plan, PlanError};

type Judge<'a> = dyn FnMut(&[u8]) -> Result<Judged, PlanError> + 'a;

fn committed(folder: &str) -> Vec<Input> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let (inputs, left_alone) = read(&folder).unwrap();
    assert!(left_alone.is_empty(), "{left_alone:?}");
    inputs
}

fn divide(inputs: Vec<Input>, judge: &mut Judge<'_>) -> Minimised {
    minimise(inputs, judge, &mut |_, _| ControlFlow::Continue(())).unwrap()
}

fn features_of(inputs: &[Input], judge: &mut Judge<'_>) -> BTreeSet<Feature> {
    inputs.iter().flat_map(|input| judge(&input.bytes).unwrap().features).collect()
}

/// Every feature is kept, a second pass changes nothing, and each input that stays is needed.
fn is_sound(inputs: Vec<Input>, judge: &mut Judge<'_>) -> Minimised {
    let minimised = divide(inputs.clone(), judge);
    assert_eq!(minimised.kept.len() + minimised.removed.len(), inputs.len());
    assert_eq!(features_of(&minimised.kept, judge), features_of(&inputs, judge));
    assert_eq!(minimised.features, minimised.kept_features);

    let again = divide(minimised.kept.clone(), judge);
    assert_eq!((&again.kept, again.removed.as_slice()), (&minimised.kept, &[][..]));
    for left_out in 0..minimised.kept.len() {
        let mut others = minimised.kept.clone();
        let input = others.remove(left_out);
        let needed = judge(&input.bytes).unwrap().violates || features_of(&others, judge) != minimised.features;
        assert!(needed, "{} could be left out", input.name.display());
    }
    minimised
}

#[test]
fn plans_keep_every_feature_and_a_second_pass_changes_nothing() {
    let examiner = Examiner::new().unwrap();
    let mut judge = plans(&examiner);
    // Each is judged once; leaving out one after the other would judge them a hundred times.
    let mut known: BTreeMap<Vec<u8>, Judged> = BTreeMap::new();
    let mut remembered = |bytes: &[u8]| {
        let judged = known.entry(bytes.to_vec()).or_insert_with(|| judge(bytes).unwrap());
        Ok(judged.clone())
    };
    let minimised = is_sound(committed("seeds").into_iter().take(80).collect(), &mut remembered);
    let kinds = minimised.features_by_kind();
    for kind in ["outcomes", "classes", "neighbours", "batches", "blocks", "rewinds"] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
    assert!(!minimised.removed.is_empty() && minimised.violations.is_empty());
}

#[test]
fn plans_with_schedules_keep_every_feature_and_a_second_pass_changes_nothing() {
    let mut judge = schedules(ExploredSubject::Parallel);
    let minimised = is_sound(committed("seeds-interleave"), &mut judge);
    let kinds = minimised.features_by_kind();
    for kind in ["outcomes", "orders", "preemptions", "meetings"] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
    assert!(!minimised.removed.is_empty() && minimised.violations.is_empty());
}

#[test]
fn of_inputs_that_show_the_same_the_smallest_stays_whatever_their_names_and_order() {
    let input = |name: &str, length| Input { name: name.into(), bytes: vec![0; length] };
    let mut judge = |_: &[u8]| Ok(Judged { features: [Feature::Blocks(1)].into(), violates: false });
    let inputs = vec![input("c", 3), input("a", 5), input("b", 3)];
    let reversed: Vec<_> = inputs.iter().rev().cloned().collect();
    assert_eq!(divide(inputs, &mut judge).kept, [input("b", 3)]);
    assert_eq!(divide(reversed, &mut judge).kept, [input("b", 3)]);
}

#[test]
fn an_input_with_a_violation_is_kept_even_if_it_adds_nothing() {
    let mut inputs = committed("seeds-interleave");
    for input in inputs.clone() {
        let mut name = OsString::from("twin-");
        name.push(&input.name);
        inputs.push(Input { name, ..input });
    }
    let mut judge = schedules(ExploredSubject::Canary(Canary::CountsByLoadAndStore));
    let violating = inputs.iter().filter(|input| judge(&input.bytes).unwrap().violates).cloned().collect::<Vec<_>>();
    assert!((2..inputs.len()).contains(&violating.len()), "{} violations", violating.len());
    let minimised = is_sound(inputs, &mut judge);
    assert_eq!(minimised.violations.len(), violating.len());
    assert!(violating.iter().all(|input| minimised.kept.contains(input)));
}

#[test]
fn without_a_violation_a_twin_is_not_kept() {
    let mut inputs = committed("seeds-interleave");
    inputs.truncate(1);
    inputs.push(Input { name: "twin".into(), ..inputs[0].clone() });
    let minimised = divide(inputs, &mut schedules(ExploredSubject::Parallel));
    assert_eq!((minimised.kept.len(), minimised.removed.len()), (1, 1));
}

#[test]
fn breaking_off_gives_nothing_to_write() {
    let mut judge = schedules(ExploredSubject::Parallel);
    let stopped = minimise(committed("seeds-interleave"), &mut judge, &mut |position, _| match position {
        0..3 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    assert!(stopped.is_none());
}

fn seriatim(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seriatim"));
    command.current_dir(folder).args(["corpus", "minimise"]).args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
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
    let output = seriatim(folder.path(), &["plans/", "--json", "result.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(files(&corpus), before);
    let kept = files(&target);
    assert!(kept.iter().all(|(name, bytes)| before[name] == *bytes));
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("result.json")).unwrap()).unwrap();
    assert_eq!((&json["version"], &json["before"]["inputs"]), (&1.into(), &13.into()));
    assert_eq!(json["after"]["inputs"], kept.len());
    assert_eq!(json["after"]["features"], json["before"]["features"]);

    let again = seriatim(folder.path(), &["plans.min", "--out", "again"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert_eq!(files(&folder.path().join("again")), kept);
}

#[test]
fn what_is_no_input_is_named_and_left_alone() {
    let folder = workplace();
    let output = seriatim(folder.path(), &["plans", "--json", "result.json"]);
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
    let output = seriatim(folder.path(), &["plans", "--in-place"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let (kept, moved) = (files(&corpus), files(&removed));
    assert!(!moved.is_empty() && kept.contains_key(&OsString::from("README")));
    assert_eq!(kept.into_iter().chain(moved).collect::<BTreeMap<_, _>>(), before);

    let (after, moved) = (files(&corpus), files(&removed));
    let again = seriatim(folder.path(), &["plans", "--in-place"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert_eq!((files(&corpus), files(&removed)), (after, moved));
}

#[test]
fn in_place_nothing_moves_onto_a_file_of_an_earlier_pass() {
    let folder = workplace();
    let (corpus, removed) = (folder.path().join("plans"), folder.path().join("plans.removed"));
    seriatim(folder.path(), &["plans", "--in-place"]);
    let name = files(&removed).into_keys().next().unwrap();
    fs::copy(removed.join(&name), corpus.join(&name)).unwrap();
    fs::write(removed.join(&name), "something else").unwrap();
    let before = (files(&corpus), files(&removed));
    let output = seriatim(folder.path(), &["plans", "--in-place"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains(&name.display().to_string()), "{}", text(&output));
    assert_eq!((files(&corpus), files(&removed)), before);
}

#[test]
fn a_folder_with_something_in_it_is_no_target_and_an_empty_one_is() {
    let folder = workplace();
    let target = folder.path().join("target");
    fs::create_dir(&target).unwrap();
    let output = seriatim(folder.path(), &["plans", "--out", "target"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let before = files(&target);
    for target in ["target", "plans"] {
        let output = seriatim(folder.path(), &["plans", "--out", target]);
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
        let output = seriatim(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(part) && text(&output).lines().count() == 1, "{}", text(&output));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
