//! The node as its users meet it: exit codes, refusals, what one process leaves to the next.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use seriatim::storage::RedbStorage;

const SMALL: [&str; 5] = ["node", "--content", "plans", "--signatures", "tagged"];
/// Right sides are waited for on any machine.
const AMPLE: [&str; 2] = ["--budget-ms", "120000"];

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seriatim"));
    command.current_dir(folder).args(args);
    for variable in
        ["PARALLEL_EXECUTION_ENABLED", "PARALLEL_TEST_MODE", "MIN_TXS_FOR_PARALLEL", "PARALLEL_TEST_BUDGET_MS"]
    {
        command.env_remove(format!("TOS_{variable}"));
    }
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

/// What a node writes as JSON, with the expected exit code.
fn report(folder: &Path, args: &[&str], code: i32) -> Value {
    let output = run(folder, &[&SMALL, args, &AMPLE, &["--json", "-"]].concat());
    let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}{error}");
    serde_json::from_str(&text).unwrap()
}

/// The content of a ledger, or the bytes of any other file. The bytes of a database change when it is opened and closed.
fn content(path: &Path) -> Vec<u8> {
    let Ok(bytes) = std::fs::read(path) else { return Vec::new() };
    if !bytes.starts_with(b"redb") {
        return bytes;
    }
    let ledger = RedbStorage::open(path).unwrap();
    [ledger.digest().unwrap().0.to_vec(), ledger.note().unwrap().unwrap()].concat()
}

/// Exit code 2 and one line with all of `parts`; the folder has what it had.
fn refuses(folder: &Path, mut command: Command, parts: &[&str]) {
    let files = || -> Vec<_> {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = paths.map(|path| (content(&path), path)).collect();
        files.sort_by(|a, b| a.1.cmp(&b.1));
        files
    };
    let before = files();
    let output = command.output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{parts:?}: {error}");
    assert!(output.stdout.is_empty() && parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    assert!(files() == before, "{parts:?}: something was written");
}

#[test]
fn a_file_is_gone_on_with_and_knows_what_it_was_made_with() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let whole = report(folder, &["--seed", "5", "--until", "70", "--mode", "sequential"], 0);
    let first = report(folder, &["--seed", "5", "--db", "ledger", "--blocks", "30"], 0);
    assert_eq!((&first["from"], &first["top"], &first["mode"]), (&0.into(), &30.into(), &"test".into()));
    let again = run(
        folder,
        &["node", "--db", "ledger", "--until", "70", "--mode", "parallel", "--executor", "block-stm", "--json", "-"],
    );
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&again["from"], &again["exit_code"]), (&30.into(), &0.into()));
    assert_eq!(again["ledger_digest"], whole["ledger_digest"]);
    assert!(again["paths"]["parallel"].as_u64().unwrap() > 20, "{again}");
    // It is there already: nothing was looked at.
    let nothing = report(folder, &["--db", "ledger", "--until", "70"], 3);
    assert_eq!((&nothing["reason"], &nothing["blocks"]), (&"no block was added".into(), &0.into()));
    // Sequential blocks agree with the reference, and say nothing of what was asked for.
    let sequential = report(folder, &["--mode", "parallel", "--min-txs", "1000", "--blocks", "5"], 3);
    assert_eq!(sequential["parallel_from"], 1000);
    assert_eq!(sequential["reason"], "no block had the 1000 transactions from which on blocks run in parallel");

    let with = |args: &[&str]| command(folder, &[&["node", "--db", "ledger"], args].concat());
    refuses(folder, with(&["--seed", "6"]), &["ledger", "--seed", "5", "6"]);
    refuses(folder, with(&["--content", "both"]), &["--content", "plans", "both"]);
    refuses(folder, with(&["--signatures", "ed25519"]), &["--signatures", "tagged", "ed25519"]);
    refuses(folder, with(&["--reorg-every", "7"]), &["--reorg-every", "50", "7"]);
    refuses(folder, with(&["--export", "lines"]), &["--export", "ledger", "70"]);
}

#[test]
fn what_contradicts_itself_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("foreign"), "no database").unwrap();
    let with = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(folder, &[&["node", "--db", "new"], args].concat());
        command.envs(variables.iter().copied());
        command
    };
    let (enabled, tested) = ("TOS_PARALLEL_EXECUTION_ENABLED", "TOS_PARALLEL_TEST_MODE");
    refuses(folder, with(&["--mode", "sequential"], &[(enabled, "1")]), &[enabled, "1"]);
    refuses(folder, with(&["--mode", "parallel"], &[(enabled, "0")]), &[enabled, "0"]);
    refuses(folder, with(&["--mode", "rollout"], &[(tested, "true")]), &[tested, "true"]);
    refuses(folder, with(&["--mode", "test"], &[(tested, "0")]), &[tested, "0"]);
    refuses(folder, with(&[], &[(enabled, "1"), (tested, "1")]), &[enabled, tested]);
    refuses(folder, with(&[], &[(enabled, "yes")]), &[enabled, "yes"]);
    refuses(
        folder,
        with(&["--min-txs", "5"], &[("TOS_MIN_TXS_FOR_PARALLEL", "6")]),
        &["TOS_MIN_TXS_FOR_PARALLEL", "6"],
    );
    refuses(
        folder,
        with(&["--budget-ms", "5"], &[("TOS_PARALLEL_TEST_BUDGET_MS", "6")]),
        &["TOS_PARALLEL_TEST_BUDGET_MS"],
    );
    refuses(folder, with(&["--stage-blocks", "5"], &[]), &["--stage-blocks"]);
    refuses(folder, with(&["--blocks", "0"], &[]), &["--blocks", "0"]);
    refuses(folder, with(&["--blocks", "1", "--until", "1"], &[]), &["--blocks", "--until"]);
    refuses(folder, with(&["--workers", "0"], &[]), &["--workers", "0"]);
    refuses(folder, with(&["--workers", "100000"], &[]), &["--workers", "100000"]);
    refuses(folder, with(&["--json", "new"], &[]), &["--db", "--json", "new"]);
    refuses(folder, with(&["--export", "./new"], &[]), &["--db", "--export", "new"]);
    refuses(folder, with(&["--input", "foreign", "--json", "foreign"], &[]), &["--input", "--json", "foreign"]);
    refuses(folder, with(&["--mode", "fast"], &[]), &["--mode", "fast"]);
    refuses(folder, with(&["--seed", "1", "--input", "lines"], &[]), &["--seed", "--input"]);
    refuses(folder, with(&["--genesis", "lines"], &[]), &["--input"]);
    refuses(folder, with(&["--input", "absent"], &[]), &["absent"]);
    refuses(folder, with(&["--input", "foreign"], &[]), &["foreign", "line 1"]);
    refuses(folder, with(&["--export", "no/such/folder/lines"], &[]), &["no/such/folder"]);
    refuses(folder, with(&["--artifacts", "./new"], &[]), &["--db", "--artifacts", "new"]);
    refuses(folder, with(&["--artifacts", "foreign"], &[]), &["--artifacts", "foreign", "exists"]);
    refuses(folder, with(&["--export", "-"], &[]), &["--export", "-", "makes a file"]);
    refuses(folder, with(&["--export", "/dev/null"], &[]), &["--export", "/dev/null", "makes a file"]);
    refuses(
        folder,
        with(&["--metrics", "9464"], &[]),
        &["--metrics", "9464", "127.0.0.1:9464", "see seriatim node --help"],
    );
    refuses(folder, command(folder, &["node", "--db", "foreign"]), &["foreign", "no redb database"]);
    refuses(folder, command(folder, &["node", "rollout", "show", "--db", "absent"]), &["absent"]);
}

#[test]
fn the_environment_counts_where_no_option_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |variables: &[(&str, &str)], args: &[&str]| {
        let mut command = command(folder.path(), &[&SMALL, args, &["--blocks", "5", "--json", "-"]].concat());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        (value["mode"].as_str().unwrap().to_owned(), value["paths"].clone())
    };
    let (enabled, tested, least) =
        ("TOS_PARALLEL_EXECUTION_ENABLED", "TOS_PARALLEL_TEST_MODE", "TOS_MIN_TXS_FOR_PARALLEL");
    assert_eq!(mode(&[], &[]).0, "test");
    assert_eq!(mode(&[(tested, "1")], &["--mode", "test"]).0, "test");
    assert_eq!(mode(&[(tested, "0")], &[]).0, "sequential");
    let (name, paths) = mode(&[(enabled, "1"), (least, "1000")], &[]);
    assert_eq!((name.as_str(), &paths["sequential"], &paths["parallel"]), ("parallel", &5.into(), &0.into()));
    let (_, paths) = mode(&[(enabled, "1"), (least, "1")], &[]);
    assert_eq!(paths["parallel"], 5);
}

#[test]
fn a_ledger_that_another_process_has_open_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    report(folder, &["--db", "ledger", "--blocks", "3"], 0);
    // A node that waits for its next line holds the file, for as long as this wants.
    report(folder, &["--blocks", "3", "--export", "lines"], 0);
    let text = std::fs::read_to_string(folder.join("lines")).unwrap();
    let head = text.lines().take(2).collect::<Vec<_>>().join(
        "
",
    ) + "
";
    let mut holder = command(folder, &["node", "--db", "held", "--input", "-", "--log", "debug"]);
    let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = holder.stdin.take().unwrap();
    input.write_all(head.as_bytes()).unwrap();
    input.flush().unwrap();
    let mut told = BufReader::new(holder.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(line.contains("block"), "{line}");
    for args in [&["node", "--db", "held", "--input", "lines"][..], &["node", "rollout", "hold", "--db", "held"]] {
        let output = run(folder, args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{error}");
        assert!(error.contains("held is open already, here or in another process"), "{error}");
    }
    drop(input);
    assert!(holder.wait().unwrap().success());
}

#[test]
fn a_chain_leaves_as_lines_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = report(folder, &["--blocks", "60", "--reorg-every", "10", "--export", "lines"], 0);
    let read = run(folder, &["node", "--input", "lines", "--db", "ledger", "--json", "-", "--budget-ms", "120000"]);
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!((&read["ledger_digest"], &read["verdict"]), (&made["ledger_digest"], &"agree".into()));
    assert_eq!(read["reorganisations"], made["reorganisations"]);
    // On one path, with the head apart, from standard input: nothing is judged.
    let text = std::fs::read_to_string(folder.join("lines")).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    std::fs::write(folder.join("head"), head).unwrap();
    let args = ["node", "--input", "-", "--genesis", "head", "--mode", "parallel", "--json", "-"];
    let mut child = command(folder, &args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(rest.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let piped: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &piped["verdict"]), (Some(0), &Value::Null));
    assert_eq!(piped["ledger_digest"], made["ledger_digest"]);

    refuses(folder, command(folder, &["node", "--db", "ledger"]), &["ledger", "--input"]);
    report(folder, &["--blocks", "2", "--seed", "9", "--export", "others"], 0);
    refuses(folder, command(folder, &["node", "--db", "ledger", "--input", "others"]), &["ledger", "others"]);
    std::fs::write(folder.join("cut"), &text[..text.len() - 9]).unwrap();
    let lines = text.lines().count().to_string();
    refuses(
        folder,
        command(folder, &["node", "--input", "cut"]),
        &["cut", &format!("line {lines}"), "neither a block nor a rewind"],
    );
}

#[test]
fn an_operator_holds_advances_and_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    report(folder, &["--db", "plain", "--blocks", "2"], 0);
    refuses(folder, command(folder, &["node", "rollout", "show", "--db", "plain"]), &["plain", "no rollout"]);
    let node = ["--db", "ledger", "--mode", "rollout", "--min-txs", "2", "--stage-blocks", "15"];
    let begun = report(folder, &[&node[..], &["--blocks", "10"]].concat(), 0);
    assert_eq!(begun["rollout"]["stage"], "TestMode");
    let say = |action: &str| {
        let output = run(folder, &["node", "rollout", action, "--db", "ledger", "--json", "-"]);
        assert_eq!(output.status.code(), Some(0), "{action}");
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        (
            value["changed"].as_bool().unwrap(),
            value["rollout"]["stage"].as_str().unwrap().to_owned(),
            value["rollout"]["held"].as_bool().unwrap(),
        )
    };
    let stage = |name: &str| name.to_owned();
    assert_eq!(say("show"), (false, stage("TestMode"), false));
    refuses(folder, command(folder, &["node", "rollout", "back", "--db", "ledger"]), &["ledger", "TestMode"]);
    assert_eq!(say("hold"), (true, stage("TestMode"), true));
    assert_eq!(say("hold"), (false, stage("TestMode"), true));
    let held = report(folder, &[&node[..], &["--blocks", "40"]].concat(), 0);
    assert_eq!((&held["rollout"]["stage"], &held["rollout"]["held"]), (&"TestMode".into(), &true.into()));
    assert_eq!(say("advance"), (true, stage("Below50"), true));
    assert_eq!(say("advance"), (true, stage("Below200"), true));
    assert_eq!(say("back"), (true, stage("Below50"), true));
    assert_eq!(say("release"), (true, stage("Below50"), false));
    let wrong = [&["node"], &node[..6], &["--stage-blocks", "16"]].concat();
    refuses(folder, command(folder, &wrong), &["--stage-blocks", "16", "15"]);
    let parallel = report(folder, &[&node[..], &["--blocks", "20"]].concat(), 0);
    assert!(parallel["paths"]["parallel"].as_u64().unwrap() > 10, "{parallel}");
    assert_eq!(say("advance"), (true, stage("Below200"), false));
    assert_eq!(say("advance"), (true, stage("All"), false));
    refuses(folder, command(folder, &["node", "rollout", "advance", "--db", "ledger"]), &["ledger", "All"]);
}

/// Ctrl-C ends the node after the block under way, with its report; figures and log are there meanwhile.
#[test]
#[cfg(unix)]
fn an_interrupted_node_reports_and_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let args =
        [&SMALL[..], &AMPLE, &["--db", "ledger", "--until", "1000000", "--metrics", "127.0.0.1:0", "--json", "-"]]
            .concat();
    let mut child = command(folder, &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("seriatim: figures at http://").unwrap().strip_suffix("/metrics").unwrap();
    let blocks = || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#') && line.contains("mode=\"test\""));
        let counts = lines
            .filter(|line| line.contains("blocks_total"))
            .filter_map(|line| line.split(' ').next_back()?.parse::<f64>().ok());
        counts.sum::<f64>()
    };
    while blocks() < 5.0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["interrupted"], &value["verdict"]), (&true.into(), &"agree".into()));
    let top = value["top"].as_u64().unwrap();
    let on = report(folder, &["--db", "ledger", "--blocks", "10"], 0);
    assert_eq!((&on["from"], &on["top"]), (&top.into(), &(top + 10).into()));
}
