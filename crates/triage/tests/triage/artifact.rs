//! Artifacts of the canaries that need a schedule: what is read back, what is refused, what is stored, what is replayed.

use std::ops::ControlFlow;

use seriatim_explore::SCHEDULE_VERSION;
use seriatim_explore::model::{Action, Step};
use seriatim_lab::compare::{Oracle, PlainViolation};
use seriatim_lab::{BuiltinSubject, Canary};
use seriatim_triage::report::{ARTIFACT_VERSION, Artifact, ArtifactError, Stored};

use crate::fixtures::{artifact, assert_snapshot};

fn scheduled() -> impl Iterator<Item = Canary> {
    Canary::ALL.iter().copied().filter(|canary| canary.is_scheduled())
}

#[test]
fn an_artifact_reads_back_and_says_everything() {
    for canary in scheduled() {
        let artifact = artifact(canary);
        assert_eq!(artifact.signature.oracle, canary.oracle());
        assert_eq!(artifact.subject, format!("canary:{canary:?}"));
        let schedule = artifact.schedule.as_ref().expect("these need one");
        assert!(!schedule.choices.0.is_empty() && !schedule.steps.is_empty(), "{canary:?}");
        assert_eq!(Artifact::from_json(&artifact.to_json()).unwrap(), artifact);
    }
}

#[test]
fn unknown_versions_cut_and_altered_files_are_refused() {
    let artifact = artifact(Canary::CountsByLoadAndStore);
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

/// An artifact as a build wrote it whose values and steps were texts.
const VERSION_1: &str = include_str!("artifact/version-1.json");

#[test]
fn an_artifact_of_version_1_reads_is_searched_near_and_is_refused_if_altered() {
    let old: serde_json::Value = serde_json::from_str(VERSION_1).unwrap();
    let artifact = Artifact::from_json(VERSION_1).unwrap();
    assert_eq!((old["version"].as_u64(), artifact.version), (Some(1), ARTIFACT_VERSION));
    assert_eq!(serde_json::to_value(&artifact.signature).unwrap(), old["signature"]);
    assert_eq!(serde_json::to_value(PlainViolation::from(&artifact.violation)).unwrap(), old["violation"]);
    assert_eq!(Artifact::from_json(&artifact.to_json()).unwrap(), artifact);
    let explorer = BuiltinSubject::Canary(Canary::CountsByLoadAndStore).explorer(&artifact.scenario);
    // V3 had a task for each transaction then.
    let divergence =
        artifact.replay(&explorer, 1, &mut |_| ControlFlow::Continue(())).divergence.expect("another executor");
    let (_, violation) = artifact.search_near(&explorer, &divergence).found.expect("the fault is still there");
    assert_eq!(violation.oracle, Oracle::Figures);
    let altered = VERSION_1.replacen("canary:CountsByLoadAndStore", "parallel", 1);
    assert!(matches!(Artifact::from_json(&altered), Err(ArtifactError::Altered { .. })));
    let formatted = serde_json::to_string(&old).unwrap();
    assert_eq!(Artifact::from_json(&formatted).unwrap(), artifact);
}

#[test]
fn an_artifact_of_version_1_is_followed_to_where_the_executor_was_another() {
    let artifact = Artifact::from_json(VERSION_1).unwrap();
    let schedule = artifact.schedule.as_ref().expect("a lost update needs one");
    assert_eq!((artifact.version, schedule.version), (ARTIFACT_VERSION, SCHEDULE_VERSION));
    let explorer = BuiltinSubject::Canary(Canary::CountsByLoadAndStore).explorer(&artifact.scenario);
    assert!(schedule.steps.len() > 100);
    // An account was looked for before it was read.
    let other = explorer.first_other_step(schedule).expect("V3 was another");
    assert!(matches!(other.expected, Some(Step { action: Action::LookFor { .. }, .. })), "{other:?}");
    assert_eq!(other.position, 5, "what was read before it is what is recorded now");
    // While V3 was the one that had written it, this was what it recorded.
    let steps = schedule.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_snapshot("version-1.steps", &steps);
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
    let artifact = artifact(Canary::CountsByLoadAndStore);
    let Stored::New(path) = artifact.store(folder.path()).unwrap() else { panic!("nothing was there") };
    let again = Artifact { subject: artifact.subject.clone(), ..artifact.clone() };
    assert_eq!(again.store(folder.path()).unwrap(), Stored::Known(path.clone()));
    // What is there but cannot be read is not taken for it.
    std::fs::write(&path, "damaged").unwrap();
    assert_eq!(artifact.store(folder.path()).unwrap(), Stored::New(path.clone()));
    assert_eq!(Artifact::from_json(&std::fs::read_to_string(path).unwrap()).unwrap(), artifact);
}

#[test]
fn a_schedule_that_no_longer_fits_is_searched_near() {
    let artifact = artifact(Canary::CountsByLoadAndStore);
    let mut moved = artifact.clone();
    let schedule = moved.schedule.as_mut().unwrap();
    let middle = schedule.choices.0.len() / 2;
    schedule.choices.0[middle] = 4_000;
    let explorer = BuiltinSubject::Canary(Canary::CountsByLoadAndStore).explorer(&moved.scenario);
    let divergence =
        moved.replay(&explorer, 1, &mut |_| ControlFlow::Continue(())).divergence.expect("no task has that number");
    assert!(divergence.at_choice.is_some_and(|at| at <= middle));
    let near = moved.search_near(&explorer, &divergence);
    let (_, violation) = near.found.expect("the fault is still there");
    assert_eq!(violation.oracle, Oracle::Figures);
}
