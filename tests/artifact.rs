//! Artifacts: what is read back and what is refused, replay in this process and in another, on the canaries that need a
//! schedule.

use std::path::Path;
use std::process::{Command, Output};

use seriatim::campaign::{Budget, CampaignConfig, Canary, Control, Counterexample, ExploredSubject, Lanes, run};
use seriatim::compare::Oracle;
use seriatim::explore::SCHEDULE_VERSION;
use seriatim::report::{ARTIFACT_VERSION, Artifact, ArtifactError, Stored};
use seriatim::workload::real_shapes;

/// The first violation that a campaign over a canary meets.
fn counterexample(canary: Canary) -> Counterexample {
    let config = CampaignConfig {
        seed: 1,
        budget: Budget::Executions(100),
        lanes: Lanes::Interleavings,
        subject: ExploredSubject::Canary(canary),
        keep_going: false,
        jobs: 1,
    };
    let mut report = run(&config, real_shapes(), &Control::default()).unwrap();
    report.counterexamples.pop().expect("a canary is caught")
}

fn scheduled() -> impl Iterator<Item = Canary> {
    Canary::ALL.into_iter().filter(|canary| canary.is_scheduled())
}

fn seriatim(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seriatim")).current_dir(folder).args(args).output().unwrap()
}

#[test]
fn an_artifact_reads_back_and_says_everything() {
    for canary in scheduled() {
        let artifact = counterexample(canary).artifact;
        assert_eq!(artifact.signature.oracle, canary.oracle());
        assert_eq!(artifact.subject, format!("canary:{canary:?}"));
        let schedule = artifact.schedule.as_ref().expect("these need one");
        assert!(!schedule.choices.0.is_empty() && !schedule.steps.is_empty(), "{canary:?}");
        assert_eq!(Artifact::from_json(&artifact.to_json()).unwrap(), artifact);
    }
}

#[test]
fn unknown_versions_cut_and_altered_files_are_refused() {
    let artifact = counterexample(Canary::CountsByLoadAndStore).artifact;
    let json = artifact.to_json();
    let newer = json.replacen("\"version\": 2", "\"version\": 9", 1);
    assert!(matches!(Artifact::from_json(&newer), Err(ArtifactError::Version { found: 9 })));
    for cut in (0..json.len()).step_by(97) {
        assert!(matches!(Artifact::from_json(&json[..cut]), Err(ArtifactError::Json(_))), "cut at {cut}");
    }
    let altered = Artifact { subject: "parallel".to_owned(), ..artifact.clone() };
    assert!(matches!(Artifact::from_json(&altered.to_json()), Err(ArtifactError::Altered { .. })));
    let surplus = json.replacen('{', "{\"surplus\": 1, ", 1);
    assert!(matches!(Artifact::from_json(&surplus), Err(ArtifactError::Json(_))));
    let mut genesis = artifact;
    genesis.scenario.genesis.emitted_supply = u64::MAX;
    assert!(matches!(Artifact::from_json(&genesis.sealed().to_json()), Err(ArtifactError::Scenario(_))));
}

/// Written by a build whose steps were texts.
const VERSION_1: &str = include_str!("artifact/version-1.json");

#[test]
fn an_artifact_of_version_1_is_read_and_followed() {
    let artifact = Artifact::from_json(VERSION_1).unwrap();
    let schedule = artifact.schedule.as_ref().expect("a lost update needs one");
    assert_eq!((artifact.version, schedule.version), (ARTIFACT_VERSION, SCHEDULE_VERSION));
    let explorer = ExploredSubject::Canary(Canary::CountsByLoadAndStore).explorer(&artifact.scenario);
    assert!(schedule.steps.len() > 100);
    assert_eq!(explorer.first_other_step(schedule), None, "what was read is what is recorded now");
    assert_eq!(Artifact::from_json(&artifact.to_json()).unwrap(), artifact);
}

#[test]
fn an_artifact_of_version_1_is_refused_if_it_was_altered_or_has_other_steps() {
    let altered = VERSION_1.replacen("\"task\": 2", "\"task\": 3", 1);
    assert!(matches!(Artifact::from_json(&altered), Err(ArtifactError::Altered { .. })));
    let mixed = VERSION_1.replacen("\"version\": 1", "\"version\": 2", 1);
    assert!(matches!(Artifact::from_json(&mixed), Err(ArtifactError::Json(_))));
}

#[test]
fn the_same_violation_is_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = counterexample(Canary::CountsByLoadAndStore).artifact;
    let Stored::New(path) = artifact.store(folder.path()).unwrap() else { panic!("nothing was there") };
    let again = Artifact { subject: artifact.subject.clone(), ..artifact.clone() };
    assert_eq!(again.store(folder.path()).unwrap(), Stored::Known(path.clone()));
    // What is there but cannot be read is not taken for it.
    std::fs::write(&path, "damaged").unwrap();
    assert_eq!(artifact.store(folder.path()).unwrap(), Stored::New(path.clone()));
    assert_eq!(Artifact::from_json(&std::fs::read_to_string(path).unwrap()).unwrap(), artifact);
}

#[test]
fn every_violation_replays_in_another_process_every_time() {
    let folder = tempfile::tempdir().unwrap();
    for canary in scheduled() {
        let artifact = counterexample(canary).artifact;
        let path = artifact.store(folder.path()).unwrap().path().to_owned();
        let path = path.to_str().unwrap();
        for _ in 0..2 {
            let output = seriatim(folder.path(), &["replay", path, "--times", "10"]);
            let text = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(1), "{canary:?}: {text}");
            assert!(text.contains("followed all") && text.contains("in 10 of 10 replays"), "{canary:?}: {text}");
        }
    }
}

#[test]
fn the_right_executor_diverges_from_a_wrong_ones_schedule_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = counterexample(Canary::CountsByLoadAndStore).artifact;
    let mended = Artifact { subject: ExploredSubject::Parallel.to_string(), ..artifact }.sealed();
    let path = mended.store(folder.path()).unwrap().path().to_owned();
    let output = seriatim(folder.path(), &["replay", path.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    for part in ["DIVERGED at operation", "reads counted", "INCONCLUSIVE", "near the schedule"] {
        assert!(text.contains(part), "{text} lacks {part}");
    }
}

#[test]
fn a_schedule_that_no_longer_fits_is_searched_near() {
    let artifact = counterexample(Canary::CountsByLoadAndStore).artifact;
    let mut moved = artifact.clone();
    let schedule = moved.schedule.as_mut().unwrap();
    let middle = schedule.choices.0.len() / 2;
    schedule.choices.0[middle] = 4_000;
    let explorer = ExploredSubject::Canary(Canary::CountsByLoadAndStore).explorer(&moved.scenario);
    let divergence = moved.replay(&explorer, 1).divergence.expect("no task has that number");
    assert!(divergence.at_choice.is_some_and(|at| at <= middle));
    let near = moved.search_near(&explorer, &divergence);
    let (_, violation) = near.found.expect("the fault is still there");
    assert_eq!(violation.oracle, Oracle::Figures);
}

#[test]
fn wrong_artifacts_are_refused_by_the_command_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = counterexample(Canary::NeverWoken).artifact;
    let unknown = Artifact { subject: "somebody's".to_owned(), ..artifact.clone() }.sealed();
    let altered = Artifact { build: "another".to_owned(), ..artifact.clone() };
    for (name, text, part) in [
        ("absent.json", None, "absent.json"),
        ("cut.json", Some(artifact.to_json()[..500].to_owned()), "line"),
        ("unknown.json", Some(unknown.to_json()), "somebody's"),
        ("altered.json", Some(altered.to_json()), "altered"),
    ] {
        if let Some(text) = text {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let output = seriatim(folder.path(), &["replay", name]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(error.lines().count() == 1 && error.contains(part), "{name}: {error}");
    }
}

#[test]
fn an_artifact_is_a_scenario_to_the_other_commands() {
    let folder = tempfile::tempdir().unwrap();
    let path = counterexample(Canary::CountsByLoadAndStore).artifact.store(folder.path()).unwrap().path().to_owned();
    let path = path.to_str().unwrap();
    for args in [vec!["run", path], vec!["explore", path, "--executions", "50"]] {
        let output = seriatim(folder.path(), &args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
