//! The protocol's document and its schema: real lines satisfy the schema, broken ones do not, and the example exchange in
//! `docs/subject-protocol.md` is what the harness and the Python example say to each other.

mod schema;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use schema::Schema;
use seriatim::ledger::TransactionError;
use seriatim::subject::process::{Hello, sample_requests};
use seriatim::subject::{Answer, Capabilities, Outcome, Request};

const DOCUMENT: &str = include_str!("../../docs/subject-protocol.md");

fn valid(name: &str, value: &Value) -> bool {
    let schema = Schema::new(include_str!("../../docs/subject-protocol.schema.json"));
    schema.check(&format!("#/$defs/{name}"), value).map_err(|fault| println!("{fault}")).is_ok()
}

fn requests() -> Vec<Request> {
    sample_requests(&Capabilities::everything("all")).into_iter().map(|(_, request)| request).collect()
}

/// What the Python example writes when it reads that.
fn ledger_py(input: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/subjects/ledger.py");
    let mut command = Command::new("python3");
    let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
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
    let said = ledger_py(&format!("{request}\n"));
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
    let said = ledger_py(&lines.join("\n"));
    assert_eq!(said.lines().count(), 1 + requests().len());
    for (number, line) in said.lines().enumerate() {
        let value = serde_json::from_str(line).unwrap();
        assert!(valid(if number == 0 { "hello" } else { "answer" }, &value), "{line}");
    }
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
    let schema = Schema::new(include_str!("../../docs/subject-protocol.schema.json"));
    for name in schema.names() {
        assert!(DOCUMENT.contains(&format!("`{name}`")), "{name}");
    }
}
