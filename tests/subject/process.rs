//! A subject in another process, however it misbehaves: each fault has its name, the next request is answered by a fresh
//! process, and nothing of the old one is left. The test itself has a process of its own, because it measures how much
//! memory its process takes.

// Process groups and `/proc` are those of Unix.
#![cfg(unix)]

#[allow(dead_code)]
#[path = "../../examples/subject_soak.rs"]
mod subject_soak;

use subject_soak::unruly_adapter;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use seriatim::subject::process::{ProcessConfig, ProcessSubject, check, sample_requests};
use seriatim::subject::{Answer, Capabilities, Outcome, Request, RequestBlock, Subject, SubjectError};
use seriatim_testkit::python::python3;

/// An example of this package. Cargo does not build examples for a test that is run alone, so it is asked to.
fn example(name: &str) -> String {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", "unruly_adapter", "--example", "ledger_adapter"]);
        cargo.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.env("CARGO_TARGET_DIR", profile.parent().unwrap()).status().unwrap().success());
        profile.join("examples")
    });
    folder.join(name).to_str().unwrap().to_owned()
}

fn unruly(word: &str) -> ProcessConfig {
    let mut config = ProcessConfig::new(vec![example("unruly_adapter"), word.to_owned()]).unwrap();
    // Long, where no limit is to be reached: the machine may be busy.
    let is_silent = unruly_adapter::FAULTS.iter().any(|(fault, kind)| word == *fault && *kind == "hang");
    config.request_limit = Duration::from_millis(if is_silent { 400 } else { 10_000 });
    config.start_limit = if word == "mute" { Duration::from_millis(400) } else { Duration::from_secs(10) };
    config.memory_bytes = Some(1 << 30);
    config
}

/// The Python example, where Python is installed.
fn ledger_py(arguments: &[&str]) -> Option<ProcessConfig> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/subjects/ledger.py");
    let command = [&[python3()?, script], arguments].concat();
    Some(ProcessConfig::new(command.into_iter().map(str::to_owned).collect()).unwrap())
}

/// A request with two payments; the adapter misbehaves if the seed is odd.
fn request(id: u64, seed: u64) -> Request {
    let (_, request) = sample_requests(&Capabilities::new("any")).into_iter().nth(4).unwrap();
    Request { id, seed, ..request }
}

fn kind(error: &SubjectError) -> &'static str {
    match error {
        SubjectError::Hang { .. } => "hang",
        SubjectError::Crash { .. } => "crash",
        SubjectError::Protocol(_) => "protocol",
        SubjectError::Unended(_) => "unended",
        SubjectError::Panicked(_) => "panicked",
        SubjectError::Start { .. } => "start",
    }
}

/// The processes of the group that have not ended.
fn living(group: u32) -> Vec<String> {
    let stats = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        (fields[2] == group.to_string() && !["Z", "X"].contains(&fields[0])).then(|| stat.clone())
    });
    stats.collect()
}

fn nothing_is_left_of(group: u32) {
    for _ in 0..200 {
        if living(group).is_empty() {
            return;
        }
        // A killed process takes a moment to go.
        sleep(Duration::from_millis(10));
    }
    panic!("left of {group}: {:?}", living(group));
}

/// Asks well, badly, well; gives what came of the bad request. An answer too many shows at the next one only.
fn misbehaving(word: &str) -> SubjectError {
    let mut subject = ProcessSubject::start(unruly(word)).unwrap();
    let first = subject.process_id().unwrap();
    let good = subject.execute(&request(1, 0)).unwrap();
    assert_eq!((good.id, good.notes), (1, vec![first.to_string()]));
    let mut bad = subject.execute(&request(2, 1));
    if unruly_adapter::TOO_MANY.contains(&word) {
        assert_eq!(bad.unwrap().id, 2);
        bad = subject.execute(&request(3, 0));
    }
    let error = bad.unwrap_err();
    assert_eq!(subject.process_id(), None);
    nothing_is_left_of(first);
    assert_eq!(subject.restarts(), 0);
    let good = subject.execute(&request(4, 2)).unwrap();
    let second = subject.process_id().unwrap();
    assert_eq!((good.id, good.notes), (4, vec![second.to_string()]));
    assert_eq!(subject.restarts(), 1);
    drop(subject);
    nothing_is_left_of(second);
    error
}

#[test]
fn every_fault_has_its_name_and_is_over_with_its_process() {
    for (word, expected) in unruly_adapter::FAULTS.iter().filter(|(word, _)| *word != "deaf") {
        let error = misbehaving(word);
        assert_eq!(kind(&error), *expected, "{word}: {error}");
        let shown = error.to_string();
        assert!(!shown.chars().any(char::is_control), "{word}: {shown}");
    }
}

#[test]
fn a_fault_is_told_in_words() {
    let crash = |status: &str, stderr: &str| SubjectError::Crash { status: status.into(), stderr: stderr.into() };
    assert_eq!(misbehaving("exit"), crash("exit status 3", r"so \u{1b}[31mlong"));
    assert_eq!(misbehaving("signal"), crash("signal 15", ""));
    assert_eq!(misbehaving("close"), crash("a closed pipe, but went on", ""));
    assert_eq!(misbehaving("grandchild"), crash("exit status 4", ""));
    assert_eq!(misbehaving("hang"), SubjectError::Hang { limit_ms: 400 });
    let SubjectError::Crash { status, stderr } = misbehaving("memory") else { panic!("it has too little") };
    assert_eq!(status, "signal 6");
    // With a backtrace, if the environment asks for one.
    assert!(stderr.contains("alloc"), "{stderr}");
    let SubjectError::Crash { stderr, .. } = misbehaving("stderr") else { panic!("it ends") };
    assert_eq!(stderr.lines().count(), 20);
    assert!(stderr.lines().all(|line| line.chars().count() <= 200));
    assert!(stderr.lines().last().unwrap().starts_with(r"1999 \u{1b}]0;xxx"), "{stderr}");
    assert_eq!(misbehaving("other"), SubjectError::Protocol("an answer to request 3, asked was 2".into()));
    for (word, start) in [
        ("endless", "a line longer than 16777216 bytes: xxx"),
        ("malformed", "not an answer: unknown field `outcome`"),
        ("bytes", "not UTF-8 from byte "),
        ("escape", r"not an answer: expected value at line 1 column 1, in the line `\u{1b}[2J\u{1b}]0;owned\u{7}`"),
    ] {
        let SubjectError::Protocol(text) = misbehaving(word) else { panic!("{word}") };
        assert!(text.starts_with(start), "{word}: {text}");
    }
}

#[test]
fn who_does_not_read_hangs() {
    let mut subject = ProcessSubject::start(unruly("deaf")).unwrap();
    let group = subject.process_id().unwrap();
    let mut large = request(1, 0);
    let transaction = large.block.transactions[0].clone();
    // More than any pipe holds.
    let transactions = vec![transaction; 5_000];
    large.block = RequestBlock { transactions, ..large.block };
    assert_eq!(subject.execute(&large), Err(SubjectError::Hang { limit_ms: 400 }));
    nothing_is_left_of(group);
}

#[test]
fn a_hello_that_is_none_is_refused() {
    for (word, expected) in unruly_adapter::START {
        let error = ProcessSubject::start(unruly(word)).unwrap_err();
        assert_eq!(kind(&error), expected, "{word}: {error}");
    }
    let missing = ProcessConfig::parse("./no-such-adapter --flag").unwrap();
    let error = ProcessSubject::start(missing).unwrap_err();
    assert!(error.to_string().starts_with("cannot start ./no-such-adapter --flag: No such file"), "{error}");
}

#[test]
fn another_hello_after_a_restart_is_refused() {
    let mut subject = ProcessSubject::start(unruly("fickle")).unwrap();
    assert_eq!(kind(&subject.execute(&request(1, 1)).unwrap_err()), "crash");
    let error = subject.execute(&request(2, 0)).unwrap_err();
    assert!(error.to_string().starts_with("another hello after a restart: {"), "{error}");
    assert_eq!(subject.process_id(), None);
}

#[test]
fn a_request_larger_than_a_pipe_is_answered() {
    let mut subject = ProcessSubject::start(unruly("none")).unwrap();
    let mut large = request(9, 0);
    let transaction = large.block.transactions[0].clone();
    large.block.transactions = vec![transaction; 5_000];
    assert_eq!(subject.execute(&large).unwrap().outcomes.len(), 5_000);
}

#[test]
fn faults_at_random_are_counted_exactly_and_leave_nothing() {
    let (counted, expected, _) = subject_soak::soak(&example("unruly_adapter"), 0..500);
    assert_eq!(counted, expected);
    let before = subject_soak::resident_kib();
    let (counted, expected, restarts) = subject_soak::soak(&example("unruly_adapter"), 0..3_000);
    assert_eq!(counted, expected);
    let faults = counted.hangs + counted.crashes + counted.protocol;
    assert!(faults > 50, "{counted:?}");
    assert!((faults - 1..=faults).contains(&restarts), "{restarts} restarts, {counted:?}");
    // The other tests of this file run beside it.
    let after = subject_soak::resident_kib();
    assert!(after < before + 64 * 1_024, "{before} KiB before, {after} KiB after");
}

/// The answers to the sample requests, for this number of workers and this seed.
fn answers(config: ProcessConfig, workers: u32, seed: u64) -> Vec<Answer> {
    let mut subject = ProcessSubject::start(config).unwrap();
    let requests = sample_requests(&subject.capabilities());
    let ask = |(_, request)| subject.execute(&Request { workers, seed, ..request }).unwrap();
    requests.into_iter().map(ask).collect()
}

#[test]
fn the_examples_keep_to_the_protocol_and_agree() {
    let ledger_adapter = ProcessConfig::new(vec![example("ledger_adapter")]).unwrap();
    for config in [ledger_py(&[]), Some(ledger_adapter.clone())].into_iter().flatten() {
        let report = check(&config);
        assert!(report.is_clean(), "{:?}", report.findings);
        assert!(report.requests > 10);
    }
    let outcomes =
        |answers: &[Answer]| -> Vec<Vec<Outcome>> { answers.iter().map(|answer| answer.outcomes.clone()).collect() };
    let one = answers(ledger_adapter, 8, 3);
    if let Some(python) = ledger_py(&[]) {
        assert_eq!(answers(python, 8, 3), one);
    }
    use Outcome::{Executed, Failed};
    assert_eq!(outcomes(&one)[3..5], [vec![Failed], vec![Executed, Failed]]);
    assert_eq!(outcomes(&one)[5], vec![Executed; 8]);
}

#[test]
fn the_planted_faults_show_with_enough_workers_only() {
    let adapter = |arguments: &[&str]| {
        let words =
            [&[example("ledger_adapter")], &*arguments.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()];
        ProcessConfig::new(words.concat()).unwrap()
    };
    assert_eq!(answers(adapter(&["--fault"]), 2, 0), answers(adapter(&[]), 2, 0));
    assert_ne!(answers(adapter(&["--fault"]), 3, 0), answers(adapter(&[]), 3, 0));
    let (Some(wrong), Some(right)) = (ledger_py(&["--fault"]), ledger_py(&[])) else { return };
    assert_eq!(answers(wrong.clone(), 1, 0), answers(right.clone(), 1, 0));
    assert_eq!(answers(wrong.clone(), 2, 1), answers(right.clone(), 2, 1));
    assert_ne!(answers(wrong, 2, 3), answers(right, 2, 3));
}

#[test]
fn an_example_fits_on_a_page() {
    let lines = |text: &str, comment: &str| {
        let lines = text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with(comment)).count()
    };
    let (python, rust) =
        (include_str!("../../examples/subjects/ledger.py"), include_str!("../../examples/ledger_adapter.rs"));
    assert!(lines(python, "#") <= 50, "{}", lines(python, "#"));
    assert!(lines(rust, "//") <= 50, "{}", lines(rust, "//"));
}

#[test]
fn an_author_is_told_the_line_and_what_was_expected() {
    let report = check(&unruly("newer"));
    assert_eq!(report.findings[0].to_string(), "line 1 (hello): protocol version 2, this build speaks version 1");
    let report = check(&unruly("malformed"));
    assert!(!report.is_clean());
    let told = report.findings[0].to_string();
    assert!(told.starts_with("line ") && told.contains("unknown field `outcome`, expected one of `id`"), "{told}");
    // The process's number in its notes does not make two answers different.
    assert!(check(&unruly("none")).is_clean());
}
