//! The protocol's document and its schema: real lines satisfy the schema, broken ones do not, and the example exchange in
//! `docs/book/reference/subject-protocol.md` is what the harness and the Python example say to each other.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};

use jsonschema::Validator;
use seriatim_subject::process::{Hello, sample_requests};
use seriatim_subject::{Answer, Capabilities, Outcome, Request};
use seriatim_testkit::python::python3;
use seriatim_tos::ledger::TransactionError;

const DOCUMENT: &str = include_str!("../../../../docs/book/reference/subject-protocol.md");

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../docs/book/reference/subject-protocol.schema.json")).unwrap()
});

/// A validator of one definition of the schema.
fn validator(name: &str) -> Validator {
    let mut schema = SCHEMA.clone();
    let root = schema.as_object_mut().unwrap();
    assert!(root["$defs"].get(name).is_some(), "no definition of {name}");
    // The root says which of the lines a value may be; here the test says it.
    root.retain(|keyword, _| keyword.starts_with('$'));
    root.insert("$ref".to_owned(), format!("#/$defs/{name}").into());
    jsonschema::draft202012::new(&schema).unwrap()
}

fn valid(name: &str, value: &Value) -> bool {
    validator(name).validate(value).map_err(|fault| println!("{}: {fault}", fault.instance_path())).is_ok()
}

/// Names of properties, and words of enumerations.
fn gather(schema: &Value, names: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        names.extend(properties.keys().cloned());
    }
    let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    names.extend(words.filter_map(Value::as_str).map(str::to_owned));
    match schema {
        Value::Object(object) => object.values().for_each(|value| gather(value, names)),
        Value::Array(array) => array.iter().for_each(|value| gather(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn requests() -> Vec<Request> {
    sample_requests(&Capabilities::everything("all")).into_iter().map(|(_, request)| request).collect()
}

/// The answer of the Python example to this input, where Python is installed.
fn ledger_py(input: &str) -> Option<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/subjects/ledger.py");
    let mut command = Command::new(python3()?);
    let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Some(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap())
}

/// `value` with what stands at the pointer replaced.
fn with(value: &Value, pointer: &str, new: Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = new;
    value
}

#[test]
fn the_example_in_the_document_is_a_real_exchange() {
    let block = DOCUMENT.split("```jsonl\n").nth(1).unwrap().split("```").next().unwrap();
    let shown: Vec<_> = block.lines().collect();
    let request = &sample_requests(&Capabilities::new("any"))[1].1;
    let request = serde_json::to_string(request).unwrap();
    let Some(said) = ledger_py(&format!("{request}\n")) else { return };
    let said: Vec<_> = said.lines().collect();
    let real = [said[0], &request, said[1]];
    assert_eq!(shown, real, "the exchange is now:\n{}", real.join("\n"));
}

#[test]
fn real_lines_satisfy_the_schema() {
    for capabilities in [Capabilities::new("plain"), Capabilities::everything("all")] {
        assert!(valid("hello", &json!(Hello { protocol: 1, capabilities })));
    }
    for request in requests() {
        assert!(valid("request", &json!(request)));
        let state = request.state.clone().into();
        let outcomes = vec![Outcome::Executed; request.block.transactions.len()];
        assert!(valid("answer", &json!(Answer { id: request.id, outcomes, state, ..Answer::default() })));
    }
    let lines: Vec<_> = requests().iter().map(|request| json!(request).to_string()).collect();
    let Some(said) = ledger_py(&lines.join("\n")) else { return };
    assert_eq!(said.lines().count(), 1 + requests().len());
    for (number, line) in said.lines().enumerate() {
        let value = serde_json::from_str(line).unwrap();
        assert!(valid(if number == 0 { "hello" } else { "answer" }, &value), "{line}");
    }
}

/// The keywords of a schema and of all schemas in it.
fn gather_keywords<'a>(schema: &'a Value, keywords: &mut BTreeSet<&'a str>) {
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        keywords.insert(keyword);
        match (keyword.as_str(), value) {
            ("$defs" | "properties", Value::Object(named)) => {
                named.values().for_each(|it| gather_keywords(it, keywords));
            }
            (_, Value::Array(schemas)) => schemas.iter().for_each(|it| gather_keywords(it, keywords)),
            (_, schema) => gather_keywords(schema, keywords),
        }
    }
}

/// A validator passes over a keyword that it does not know, so a misspelt one would check nothing.
#[test]
fn the_schema_is_valid_and_has_no_keyword_that_is_passed_over() {
    jsonschema::draft202012::meta::validate(&SCHEMA).unwrap();
    let known = [
        "$defs",
        "$ref",
        "$schema",
        "additionalProperties",
        "const",
        "description",
        "enum",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "oneOf",
        "pattern",
        "properties",
        "propertyNames",
        "required",
        "title",
        "type",
        "uniqueItems",
    ];
    let mut keywords = BTreeSet::new();
    gather_keywords(&SCHEMA, &mut keywords);
    keywords.retain(|keyword| !known.contains(keyword));
    assert_eq!(keywords, BTreeSet::new());
}

#[test]
fn every_word_for_an_outcome_satisfies_the_schema() {
    let names = TransactionError::NAMES.iter().chain(&Outcome::CLASSES);
    let orphaned = names.map(|name| Outcome::Orphaned((*name).to_owned()));
    for outcome in [Outcome::Executed, Outcome::Skipped, Outcome::Failed].into_iter().chain(orphaned) {
        assert!(valid("outcome", &json!(outcome)), "{outcome:?}");
    }
    assert!(!valid("outcome", &json!("done")));
    assert!(!valid("outcome", &json!({"orphaned": "Unlucky"})));
}

#[test]
fn broken_lines_do_not_satisfy_the_schema_and_are_not_read() {
    let hello = json!(Hello { protocol: 1, capabilities: Capabilities::new("mine") });
    for (pointer, value) in [
        ("/protocol", json!(2)),
        ("/capabilities/name", json!("")),
        ("/capabilities/supports/transactions", json!([])),
        ("/capabilities/supports/transactions", json!(["transfers"])),
        ("/capabilities/supports/workers", json!([0])),
        ("/capabilities/reports/outcomes", json!("all")),
        ("/capabilities/assumes", json!({})),
    ] {
        let broken = with(&hello, pointer, value);
        assert!(!valid("hello", &broken), "{broken}");
        let read = serde_json::from_value::<Hello>(broken);
        assert!(read.is_err() || read.is_ok_and(|hello| hello.protocol != 1 || hello.capabilities.check().is_err()));
    }
    let request = json!(requests()[1]);
    for (pointer, value) in [
        ("/id", json!(-1)),
        ("/block/hash", json!("00")),
        ("/block/transactions/0/body/data", json!({"Send": []})),
        ("/block/transactions/0/body/fee", json!("20000")),
        ("/state/accounts", json!({"alice": {}})),
    ] {
        let broken = with(&request, pointer, value);
        assert!(!valid("request", &broken), "{broken}");
        assert!(serde_json::from_value::<Request>(broken).is_err());
    }
    let answer = json!({"id": 1, "outcomes": ["executed"], "state": {"accounts": {}}, "figures": {"fees": 1}});
    assert!(valid("answer", &answer));
    for broken in [
        with(&answer, "/id", json!("1")),
        with(&answer, "/outcomes/0", json!("done")),
        with(&answer, "/figures", json!({"fee": 1})),
        with(&answer, "/figures/fees", json!(1.5)),
        json!({"id": 1, "outcome": []}),
        json!({"outcomes": []}),
        json!({"id": 1, "state": {"accounts": {"00": {}}}}),
    ] {
        assert!(!valid("answer", &broken), "{broken}");
        assert!(serde_json::from_value::<Answer>(broken).is_err());
    }
}

#[test]
fn every_field_is_in_the_document() {
    let mut names = BTreeSet::new();
    gather(&SCHEMA["$defs"], &mut names);
    assert!(names.contains("outcomes") && names.contains("executed"), "{names:?}");
    for name in names {
        assert!(DOCUMENT.contains(&format!("`{name}`")), "{name}");
    }
}
