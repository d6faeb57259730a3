//! Campaigns over faults.

use seriatim::report::Artifact;

use crate::fixtures::seriatim;

#[test]
fn the_command_finds_replays_and_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = seriatim(folder.path(), args);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, report, _) = run(&["--faults", "--executions", "8", "--seed", "1", "--verbose"]);
    assert!(code == 0 && report.contains("cut off, ledger as after") && report.contains("AGREE"), "{report}");
    let (code, report, _) = run(&["--faults", "--executions", "1", "--seed", "1"]);
    assert!(code == 3 && report.contains("floor missed  no block was struck by every fault"), "{report}");

    let found = ["--subject", "canary:HalfCommitted", "--executions", "4", "--json", "-"];
    let (code, json, error) = run(&found);
    assert_eq!(code, 1, "{json}{error}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let artifact = json["counterexamples"][0]["path"].as_str().unwrap().to_owned();
    let (code, replayed, _) = run(&["replay", &artifact, "--times", "3"]);
    assert!(code == 1 && replayed.contains("the same violation in 3 of 3 replays"), "{replayed}");
    let point = json["counterexamples"][0]["violation"]["subject"].as_str().unwrap().to_owned();
    let (code, report, _) = run(&["report", &artifact, "--html", "page.html"]);
    let struck: Vec<&str> = report.lines().filter(|line| line.starts_with(">>")).collect();
    let [struck] = struck.as_slice() else { panic!("one line: {report}") };
    assert!(code == 0 && struck.ends_with("before the storage is written: an error strikes"), "{report}");
    let number = struck.split_whitespace().nth(1).unwrap();
    assert!(point.contains(&format!("at point {number} (write)")), "{point}: {struck}");
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    let told = "An error strikes here: before the storage is written. Without it every oracle agrees.";
    assert!(page.contains(told) && report.replace("\n  ", " ").contains(told), "{report}");
    assert_eq!(page.matches(": an error strikes").count(), 1);

    // The right executor endures the same fault.
    let text = std::fs::read_to_string(folder.path().join(&artifact)).unwrap();
    let mended = Artifact::from_json(&text).unwrap();
    let mended = Artifact { subject: "parallel".to_owned(), ..mended }.sealed();
    std::fs::write(folder.path().join("mended.json"), mended.to_json()).unwrap();
    let (code, replayed, _) = run(&["replay", "mended.json"]);
    assert!(code == 0 && replayed.contains("AGREE"), "{replayed}");
    let (code, promoted, _) = run(&["promote", "mended.json", "--corpus", "kept", "--json", "-"]);
    assert_eq!(code, 0, "{promoted}");
    let promoted: serde_json::Value = serde_json::from_str(&promoted).unwrap();
    assert!(promoted["evidence"]["faults"].as_u64().unwrap() > 100, "{promoted}");

    for args in [
        vec!["--faults", "--plans"],
        vec!["--faults", "--subject", "canary:NeverWoken"],
        vec!["--plans", "--subject", "canary:HalfCommitted"],
        vec!["explore", "mended.json", "--subject", "canary:HalfCommitted"],
        vec!["prove", "--subject", "canary:HalfCommitted"],
        vec!["--faults", "--subject-cmd", "true"],
    ] {
        let (code, text, error) = run(&args);
        assert_eq!((code, text.as_str(), error.lines().count()), (2, "", 1), "{args:?}: {error}");
    }
}
