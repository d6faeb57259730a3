//! The command as its users meet it: exit codes, one clear line for bad input, nothing written then.

use std::path::Path;

use seriatim::ledger::SignatureScheme;
use seriatim::prove::{Genesis, Letter, scenario};
use seriatim::workload::{Plan, build};

use crate::fixtures::seriatim;

/// Exit code 2, exactly one line on standard error that contains all of `parts`, and an unchanged folder.
fn refuses(folder: &Path, args: &[&str], parts: &[&str]) {
    let files = || std::fs::read_dir(folder).unwrap().count();
    let before = files();
    let output = seriatim(folder, args);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
    for part in parts {
        assert!(error.contains(part), "{args:?}: {error} lacks {part}");
    }
    assert_eq!(files(), before, "{args:?} wrote something");
}

#[test]
fn agreement_exits_with_0_and_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let output = seriatim(folder.path(), &["campaign", "--executions", "1500", "--seed", "3", "--json", "report.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("seed 3") && text.contains("AGREE"), "{text}");
    let json = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&report["version"], &report["verdict"]), (&3.into(), &"agree".into()));
    assert_eq!(report["statistics"]["executions"], 1500);
}

#[test]
fn a_missed_floor_exits_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let output = seriatim(folder.path(), &["--executions", "1", "--plans"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stdout).unwrap().contains("floor missed"));
}

#[test]
fn a_scenario_and_a_plan_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan::from_seed(5);
    std::fs::write(folder.path().join("plan"), plan.to_bytes()).unwrap();
    let scenario = build(&plan, SignatureScheme::Tagged).scenario;
    std::fs::write(folder.path().join("scenario.json"), scenario.to_json()).unwrap();
    for file in ["plan", "scenario.json"] {
        let output = seriatim(folder.path(), &["run", file]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{file}: {text}");
        assert!(text.contains("AGREE: 6 runs"), "{text}");
    }
}

#[test]
fn wrong_options_are_refused_by_name_and_value() {
    let folder = tempfile::tempdir().unwrap();
    refuses(folder.path(), &["--seconds", "soon"], &["--seconds", "soon"]);
    refuses(folder.path(), &["--executions", "0"], &["--executions", "0"]);
    refuses(folder.path(), &["--jobs", "0"], &["--jobs", "0"]);
    refuses(folder.path(), &["--seconds", "1", "--executions", "1"], &["--seconds", "--executions"]);
    refuses(folder.path(), &["--sideways"], &["--sideways"]);
    refuses(folder.path(), &["explode"], &["explode"]);
    refuses(folder.path(), &["--executions", "1", "--json", "no/such/folder/report.json"], &["no/such/folder"]);
}

#[test]
fn more_transactions_than_an_engine_can_follow_are_refused_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = build(&Plan::sized(1, 256), SignatureScheme::Tagged).scenario;
    std::fs::write(folder.path().join("large.json"), scenario.to_json()).unwrap();
    let count = scenario.tx_count().to_string();
    refuses(folder.path(), &["explore", "large.json", "--scheduler", "dpor"], &["large.json", &count, "126"]);
    refuses(folder.path(), &["explore", "large.json", "--engine", "loom"], &["large.json", &count, "3"]);
}

#[test]
fn malformed_files_are_refused_with_place_and_value() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
    write("empty", b"");
    write("plan", &[9; 32]);
    write("long", &[1; 16 + 257 * 16]);
    write("cut.json", b"{\"version\": 1, \"parameters\": {");
    write("newer.json", b"{\"version\": 7}");
    let mut scenario = build(&Plan::from_seed(5), SignatureScheme::Tagged).scenario;
    scenario.genesis.emitted_supply = u64::MAX;
    write("genesis.json", scenario.to_json().as_bytes());
    write("shapes.jsonl", b"{\"block\":1,\"accounts\":1,\"assets\":0,\"miner\":0,\"txs\":[[0,0,5,\"native\",0]]}\n");
    write("kind.jsonl", b"{\"block\":1,\"accounts\":2,\"assets\":0,\"miner\":0,\"txs\":[[0,0,1,\"gift\",0]]}\n");

    refuses(folder.path(), &["run", "absent"], &["absent"]);
    refuses(folder.path(), &["run", "empty"], &["empty", "16", "found 0"]);
    refuses(folder.path(), &["run", "plan"], &["plan", "version 9", "byte 0"]);
    refuses(folder.path(), &["run", "long"], &["long", "257"]);
    refuses(folder.path(), &["run", "cut.json"], &["cut.json", "line 1"]);
    refuses(folder.path(), &["run", "newer.json"], &["newer.json", "version 7"]);
    refuses(folder.path(), &["run", "genesis.json"], &["genesis.json", "18446744073709551615"]);
    refuses(folder.path(), &["--shapes-file", "shapes.jsonl"], &["shapes.jsonl", "line 1", "5"]);
    refuses(folder.path(), &["--shapes-file", "kind.jsonl"], &["kind.jsonl", "line 1", "gift"]);
    refuses(folder.path(), &["--shapes-file", "absent.jsonl"], &["absent.jsonl"]);
}

#[test]
fn options_that_an_engine_would_not_look_at_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (engine, option, value) in [
        ("native", "--scheduler", "urw"),
        ("native", "--preemptions", "1"),
        ("native", "--parallelism", "2"),
        ("native", "--workers", "2"),
        ("native", "--shards", "2"),
        ("native", "--save", "schedule.json"),
        ("shuttle", "--preemptions", "1"),
        ("loom", "--scheduler", "dpor"),
        ("loom", "--save", "schedule.json"),
    ] {
        refuses(folder.path(), &["explore", "absent", "--engine", engine, option, value], &[option, engine]);
    }
    refuses(
        folder.path(),
        &["explore", "absent", "--engine", "loom", "--subject", "canary:NeverWoken"],
        &["--subject", "loom"],
    );
    for elsewhere in [&["--plans"][..], &["--shapes"], &["prove"]] {
        let canary = ["--subject", "canary:NeverWoken"];
        refuses(folder.path(), &[elsewhere, &canary].concat(), &["--subject", "canary:NeverWoken"]);
    }
    refuses(folder.path(), &["prove", "--preemptions", "1"], &["--preemptions", "dpor"]);
    // No preemption leaves loom one execution, and nothing interleaved.
    for bound in ["0", "256"] {
        refuses(folder.path(), &["prove", "--engine", "loom", "--preemptions", bound], &["--preemptions", bound]);
    }
}

#[test]
fn a_scenario_under_loom_agrees_is_cut_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let burns = [0, 1].map(|from| Letter::Burn { from, other_asset: false });
    std::fs::write(folder.path().join("small.json"), scenario(Genesis::Plain, &burns).to_json()).unwrap();
    std::fs::write(folder.path().join("plan"), Plan::from_seed(5).to_bytes()).unwrap();

    let under_loom = |more: &[&str]| {
        let options = ["explore", "small.json", "--engine", "loom", "--preemptions", "1"];
        let output = seriatim(folder.path(), &[&options, more].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = under_loom(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("AGREE") && text.contains("preemption bound 1"), "{text}");
    let (code, text) = under_loom(&["--executions", "2"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("INCONCLUSIVE: cut at 2 executions"), "{text}");

    refuses(folder.path(), &["explore", "plan", "--engine", "loom"], &["plan", "transactions", "at most 3"]);
}

#[test]
fn a_certificate_names_its_engine_and_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let four = ["prove", "--transactions", "4", "--engine", "loom"];
    refuses(folder.path(), &four, &["--transactions 4", "--engine loom"]);
    let args = ["prove", "--transactions", "1", "--engine", "loom", "--preemptions", "1", "--json", "certificate.json"];
    let output = seriatim(folder.path(), &args);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("C11 without load buffering") && text.contains("preemption bound 1"), "{text}");
    let json = std::fs::read_to_string(folder.path().join("certificate.json")).unwrap();
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    let certificate = &found["certificate"];
    assert_eq!(certificate["engine"], serde_json::json!({ "name": "loom", "preemptions": 1 }));
    assert_eq!((&certificate["cut"], &certificate["bound"]), (&0.into(), &1_000_000.into()));
}
