//! The machine contract: `docs/book/reference/machine.md` and what the commands write name the same keys; JUnit XML reads back.

use std::collections::BTreeSet;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use seriatim::report::Artifact;
use seriatim::workload::Plan;
use seriatim_testkit::python::python3;

use crate::fixtures::{PYTHON, seriatim};

const CONTRACT: &str = include_str!("../../docs/book/reference/machine.md");

/// What a command prints with `--json -`: one object and nothing else, with the exit code of the process.
fn json(folder: &Path, args: &[&str]) -> Value {
    let output = seriatim(folder, &[args, &["--json", "-"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"));
    assert_eq!(value["exit_code"], output.status.code().unwrap(), "{args:?}");
    value
}

fn section(heading: &str) -> &'static str {
    let start = CONTRACT.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let text = &CONTRACT[start + 4..];
    &text[..text.find("\n## ").unwrap_or(text.len())]
}

/// The keys of a section's table, paths included.
fn documented(heading: &str) -> BTreeSet<&'static str> {
    section(heading).lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The document and the output have the same keys at the top, a documented path leads somewhere, and so does the example.
fn agrees_with_the_document(value: &Value) {
    let command = value["command"].as_str().unwrap();
    let heading = format!("`{command}`");
    let paths = documented(&heading);
    let top = paths.iter().copied().filter(|path| !path.contains('.')).chain(documented("Head")).collect();
    assert_eq!(keys(value), top, "{command}");
    assert!(section(&heading).contains(&format!("Version {}.", value["version"])), "{command}");
    for path in paths.iter().filter(|path| path.contains('.')) {
        let (parent, key) = path.rsplit_once('.').unwrap();
        let parent = &value[parent];
        assert!(parent.is_null() || keys(parent).contains(key), "{command}: {path}");
    }
    if let Some(violation) = value.get("violation").filter(|violation| !violation.is_null()) {
        assert_eq!(keys(violation), documented("Violations"), "{command}");
    }
    let example = section(&heading).split("```json").nth(1).unwrap().split("```").next().unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    assert_eq!(keys(&example), top, "example of {command}");
    assert_eq!(example["version"], value["version"], "example of {command}");
}

/// A folder with a plan and the artifact of a canary's violation.
fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan"), Plan::from_seed(5).to_bytes()).unwrap();
    let subject = ["--subject", "canary:CountsByLoadAndStore", "--seed", "1", "--executions", "100", "--no-minimise"];
    let found = json(folder.path(), &[&["campaign"], &subject[..]].concat());
    assert_eq!((&found["exit_code"], &found["verdict"]), (&1.into(), &"violation".into()));
    agrees_with_the_document(&found);
    let artifact = found["counterexamples"][0]["path"].as_str().unwrap().to_owned();
    (folder, artifact)
}

#[test]
fn every_command_writes_what_the_document_says() {
    let (folder, artifact) = folder();
    // The right executor does not follow a wrong one's schedule.
    let found = Artifact::from_json(&std::fs::read_to_string(folder.path().join(&artifact)).unwrap()).unwrap();
    let mended = Artifact { subject: "parallel".to_owned(), ..found }.sealed();
    std::fs::write(folder.path().join("mended.json"), mended.to_json()).unwrap();
    let canary = ["--subject", "canary:CountsByLoadAndStore"];
    let artifact = artifact.as_str();
    let mut commands: Vec<(Vec<&str>, i64, Option<&str>)> = vec![
        (vec!["campaign", "--plans", "--executions", "1"], 3, Some("inconclusive")),
        (vec!["run", "plan"], 0, Some("agree")),
        (vec!["explore", "plan", "--executions", "40"], 0, Some("agree")),
        (vec!["explore", "plan", "--executions", "2", "--engine", "native"], 0, Some("agree")),
        (vec!["explore", "plan", "--executions", "3", "--scheduler", "dpor"], 3, Some("inconclusive")),
        ([&["explore", artifact], &canary[..]].concat(), 1, Some("violation")),
        (vec!["replay", artifact, "--times", "3"], 1, Some("violation")),
        (vec!["replay", "mended.json"], 3, Some("inconclusive")),
        (vec!["minimise", artifact, "--out", "min.json"], 0, Some("violation")),
        (vec!["prove", "--transactions", "1"], 0, Some("agree")),
        (vec!["prove", "--transactions", "1", "--engine", "loom", "--preemptions", "1"], 0, Some("agree")),
        (vec!["node", "--db", "ledger", "--blocks", "2", "--mode", "rollout", "--content", "plans"], 0, Some("agree")),
        (vec!["node", "--until", "0", "--content", "plans"], 3, Some("inconclusive")),
        (vec!["node", "rollout", "hold", "--db", "ledger"], 0, None),
        (vec!["report", artifact], 0, None),
        (vec!["promote", artifact, "--corpus", "kept"], 0, None),
        (vec!["review", "artifacts", "--corpus", "kept"], 0, None),
        (vec!["waive", artifact, "--because", "issue 7"], 0, None),
        (vec!["drop", artifact], 0, None),
        (vec!["seeds", "plans", "--count", "2"], 0, None),
        (vec!["list"], 0, None),
        (vec!["demo"], 0, None),
        (vec!["campaign", "--subject-cmd", PYTHON, "--executions", "40"], 0, Some("agree")),
        (vec!["subject", "check", "--subject-cmd", PYTHON], 0, Some("agree")),
        (vec!["corpus", "minimise", "plans"], 0, Some("agree")),
    ];
    let mut seen = BTreeSet::new();
    if python3().is_none() {
        commands.retain(|(args, ..)| !args.contains(&PYTHON));
        seen.insert("subject check".to_owned());
    }
    for (args, code, verdict) in commands {
        let value = json(folder.path(), &args);
        agrees_with_the_document(&value);
        assert_eq!(value["exit_code"], code, "{args:?}");
        assert_eq!(value["verdict"].as_str(), verdict, "{args:?}");
        assert_eq!(value["reason"].is_string(), code == 3, "{args:?}");
        let command = value["command"].as_str().unwrap();
        assert!(args.join(" ").starts_with(command), "{args:?}: {command}");
        if args[0] == "replay" {
            let diverged = code == 3;
            assert_eq!((value["divergence"].is_object(), value["near"].is_object()), (diverged, diverged), "{args:?}");
        }
        if verdict == Some("violation") {
            assert_eq!(value["violation"]["oracle"], "Figures", "{args:?}");
        }
        seen.insert(command.to_owned());
    }
    let sections = CONTRACT.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'));
    assert_eq!(seen, sections.map(str::to_owned).collect());
}

#[test]
fn operations_have_the_keys_that_the_document_says() {
    let (folder, artifact) = folder();
    let artifact: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(artifact)).unwrap()).unwrap();
    let steps = artifact["schedule"]["steps"].as_array().unwrap();
    assert!(steps.len() > 100, "{}", steps.len());
    for step in steps {
        assert_eq!(keys(step), ["action", "at", "task"].into());
        let action = &step["action"];
        let named = format!("`{}`", action["operation"].as_str().unwrap());
        let mut rows = section("Operations").lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
        let (_, documented) = rows.find(|(names, _)| names.contains(&named)).unwrap_or_else(|| panic!("no {named}"));
        for key in keys(action).into_iter().filter(|key| *key != "operation") {
            assert!(documented.contains(&format!("`{key}`")), "{named}: {key}");
        }
    }
}

/// A file holds what standard output would, and standard output then has the text.
#[test]
fn a_file_is_written_beside_the_text() {
    let (folder, artifact) = folder();
    let output = seriatim(folder.path(), &["replay", &artifact, "--json", "found.json", "--junit", "found.xml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("VIOLATION"));
    let text = std::fs::read_to_string(folder.path().join("found.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json(folder.path(), &["replay", &artifact]));
    let suite = Suite::read(&std::fs::read_to_string(folder.path().join("found.xml")).unwrap());
    assert_eq!(suite.cases, [(artifact, Some("figures".to_owned()))]);
}

/// The names of a suite's test cases, each with the type of its failure, or `skipped`.
#[derive(Debug, Default)]
struct Suite {
    totals: Vec<(String, String)>,
    properties: Vec<(String, String)>,
    cases: Vec<(String, Option<String>)>,
}

impl Suite {
    fn read(xml: &str) -> Self {
        let mut suite = Self::default();
        let mut reader = Reader::from_str(xml);
        loop {
            let element = match reader.read_event().unwrap_or_else(|error| panic!("{error}: {xml}")) {
                Event::Start(element) | Event::Empty(element) => element,
                Event::Eof => return suite,
                _ => continue,
            };
            match element.name().as_ref() {
                "testsuite" => {
                    let names = ["name", "tests", "failures", "errors", "skipped"];
                    suite.totals = names.map(|name| (name.to_owned(), attribute(&element, name))).into();
                }
                "property" => suite.properties.push((attribute(&element, "name"), attribute(&element, "value"))),
                "testcase" => {
                    assert!(attribute(&element, "time").parse::<f64>().is_ok(), "{xml}");
                    suite.cases.push((attribute(&element, "name"), None));
                }
                "failure" => suite.cases.last_mut().unwrap().1 = Some(attribute(&element, "type")),
                "skipped" => suite.cases.last_mut().unwrap().1 = Some("skipped".to_owned()),
                _ => {}
            }
        }
    }

    /// How many cases have such an outcome, by the totals and by counting.
    fn count(&self, total: &str, outcome: impl Fn(&str) -> bool) -> usize {
        let stated: usize = self.totals.iter().find(|(name, _)| name == total).unwrap().1.parse().unwrap();
        let counted = self.cases.iter().filter(|(_, found)| found.as_deref().is_some_and(&outcome)).count();
        assert_eq!(counted, stated, "{total}");
        counted
    }

    fn has_property(&self, name: &str, value: &str) -> bool {
        self.properties.contains(&(name.to_owned(), value.to_owned()))
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let attribute = element.try_get_attribute(name).unwrap().unwrap_or_else(|| panic!("no attribute {name}"));
    quick_xml::escape::unescape(&attribute.value).unwrap().into_owned()
}

#[test]
fn a_campaign_is_a_suite_of_oracles_and_floors() {
    let folder = tempfile::tempdir().unwrap();
    let suite = |args: &[&str]| {
        let output = seriatim(folder.path(), &[args, &["--junit", "-"]].concat());
        (output.status.code(), Suite::read(&String::from_utf8(output.stdout).unwrap()))
    };
    let is_failure = |outcome: &str| outcome != "skipped";

    let (code, agreed) = suite(&["--executions", "1500", "--seed", "3"]);
    assert_eq!((code, agreed.cases.len()), (Some(0), 14));
    assert_eq!((agreed.count("failures", is_failure), agreed.count("skipped", |outcome| outcome == "skipped")), (0, 0));
    assert!(agreed.has_property("seed", "3") && agreed.has_property("statistics.executions", "1500"));

    // Inconclusive is not green.
    let (code, missed) = suite(&["--executions", "1", "--plans"]);
    assert_eq!((code, missed.count("failures", is_failure)), (Some(3), 1));
    assert_eq!(missed.cases.last().unwrap(), &("floors".to_owned(), Some("inconclusive".to_owned())));

    let (code, wrong) = suite(&["--subject", "canary:NeverWoken", "--executions", "50", "--no-minimise"]);
    assert_eq!((code, wrong.count("failures", is_failure)), (Some(1), 1));
    assert_eq!(wrong.count("skipped", |outcome| outcome == "skipped"), 13);
    assert!(wrong.cases.contains(&("lost-wakeup".to_owned(), Some("lost-wakeup".to_owned()))));
}

#[test]
fn the_other_commands_are_suites_of_one_case() {
    let (folder, artifact) = folder();
    for (args, failure) in [
        (vec!["run", "plan"], None),
        (vec!["replay", artifact.as_str()], Some("figures")),
        (vec!["explore", "plan", "--executions", "40"], None),
        (vec!["explore", "plan", "--executions", "3", "--scheduler", "dpor"], Some("inconclusive")),
        (vec!["prove", "--transactions", "1"], None),
    ] {
        let output = seriatim(folder.path(), &[&args[..], &["--junit", "-"]].concat());
        let suite = Suite::read(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(suite.totals[0].1, format!("seriatim {}", args[0]));
        let [(_, outcome)] = suite.cases.as_slice() else { panic!("{args:?}: {suite:?}") };
        assert_eq!(outcome.as_deref(), failure, "{args:?}");
        assert_eq!(suite.count("failures", |_| true), usize::from(failure.is_some()));
    }
}

#[test]
fn nothing_is_written_where_a_command_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let forms = ["--json", "found.json", "--junit", "found.xml"];
    for args in [
        [&["run", "absent"], &forms[..]].concat(),
        [&["explore", "absent"], &forms[..]].concat(),
        [&["replay", "absent"], &forms[..]].concat(),
        [&["prove", "--preemptions", "1"], &forms[..]].concat(),
        vec!["minimise", "absent", "--json", "found.json"],
        vec!["report", "absent", "--json", "found.json"],
        vec!["seeds", "plans", "--json", "no/such/folder/found.json"],
        vec!["prove", "--json", "no/such/folder/found.json"],
        vec!["run", "absent", "--json", "-", "--junit", "-"],
        vec!["run", "absent", "--json", "same", "--junit", "same"],
        vec!["run", "absent", "--json", "absent"],
        vec!["explore", "absent", "--save", "./absent"],
        vec!["replay", "absent", "--junit", "absent"],
        vec!["minimise", "absent", "--out", "absent"],
        vec!["minimise", "absent.json", "--json", "absent.min.json"],
        vec!["promote", "absent", "--json", "absent"],
        vec!["report", "absent", "--html", "absent"],
        vec!["report", "absent", "--html", "page", "--json", "page"],
    ] {
        let output = seriatim(folder.path(), &args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{args:?}: {error}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{args:?}");
    }
}

#[test]
fn what_is_read_is_not_written_over() {
    let (folder, artifact) = folder();
    let before = std::fs::read(folder.path().join(&artifact)).unwrap();
    let (artifact, again) = (artifact.as_str(), format!("./{artifact}"));
    let again = again.as_str();
    for (args, named) in [
        (["run", artifact, "--json", again], "--json and FILE are both"),
        (["explore", artifact, "--save", again], "SCENARIO and --save are both"),
        (["replay", artifact, "--junit", again], "--junit and ARTIFACT are both"),
        (["minimise", artifact, "--out", again], "ARTIFACT and --out are both"),
        (["promote", artifact, "--json", again], "--json and ARTIFACT are both"),
        (["report", artifact, "--html", again], "ARTIFACT and --html are both"),
    ] {
        let output = seriatim(folder.path(), &args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(named) && error.contains(artifact) && error.lines().count() == 1, "{error}");
        assert_eq!(std::fs::read(folder.path().join(artifact)).unwrap(), before, "{args:?}");
    }
}
