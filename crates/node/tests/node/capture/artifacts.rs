//! A mismatch is kept as a file that shows it again on a subject with the same fault, within the bounds of the folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use seriatim_lab::capture;
use seriatim_lab::compare::{Oracle, Verdict, judge};
use seriatim_lab::drive::{ChainSubject, TokioRuntimes};
use seriatim_lab::workload::{Expectation, ExpectedStep, Scenario};
use seriatim_node::{ArtifactsError, Kept, KeptWhere, MismatchArtifacts};
use seriatim_testkit::ledger::parameters;
use seriatim_testkit::test_mode::{blocks, genesis, mismatch_in_a_run};
use seriatim_testkit::wait;
use seriatim_tos::chain::{Mismatch, MismatchKind};
use seriatim_tos::execution::PreparedBlock;
use seriatim_tos::ledger::{Block, Hash, Receipt, SealedBlock};
use seriatim_tos::storage::{Layer, StateKey, StateValue, StorageError, WriteBatch, WriteOp};
use seriatim_triage::report::{Artifact, ArtifactError};

/// The first balance that the block at topoheight 2 writes is one unit too high.
#[derive(Clone, Copy, Debug)]
struct TooHigh;

impl TooHigh {
    fn strike(batch: &mut WriteBatch) {
        let amount = batch.ops.iter_mut().find_map(|op| match op {
            WriteOp::Put { key: StateKey::Balance(..), topoheight: 2, version } => match &mut version.value {
                StateValue::Amount(amount) => Some(amount),
                _ => None,
            },
            _ => None,
        });
        if let Some(amount) = amount {
            *amount += 1;
        }
    }
}

impl Layer for TooHigh {
    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        Self::strike(batch);
        Ok(())
    }
}

/// A mismatch in the second block of a run, and the run up to it, captured when all was over.
fn mismatch_of(fault: fn(&mut PreparedBlock)) -> (Mismatch, Scenario) {
    let (node, blocks, mismatch) = mismatch_in_a_run(fault);
    let scenario = wait(capture(&*node.memory, &parameters(), 0, &blocks[..2])).unwrap();
    (mismatch, scenario)
}

fn read(path: &Path) -> Artifact {
    Artifact::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn path_of(kept: &Kept) -> PathBuf {
    match &kept.at {
        KeptWhere::New { path, .. } => path.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_balance_is_shown_again_by_a_subject_with_that_fault_and_by_no_other() {
    let (mismatch, scenario) = mismatch_of(|prepared| TooHigh::strike(&mut prepared.batch));
    assert!(matches!(mismatch.kind, MismatchKind::Writes { .. }));
    let folder = tempfile::tempdir().unwrap();
    let mut artifacts = MismatchArtifacts::open(folder.path().join("mismatches"), 4, 1 << 20).unwrap();
    let kept = artifacts.keep("parallel", scenario, &mismatch).unwrap();
    let path = path_of(&kept);
    assert!(!kept.line.contains('\n') && kept.line.len() < 1_000, "{}", kept.line);
    assert!(kept.line.starts_with(&format!("writes of block {} at 2, number ", mismatch.block)), "{}", kept.line);
    assert!(kept.line.ends_with(&format!("; seriatim replay {}", path.display())), "{}", kept.line);

    let artifact = read(&path);
    assert_eq!((artifact.subject.as_str(), artifact.origin.index), ("parallel", 2));
    assert_eq!(artifact.origin.found_by, format!("test mode of a node, block {} at topoheight 2", mismatch.block));
    let expectation = Expectation::of(&artifact.scenario);
    let engine = TokioRuntimes::new().unwrap();
    let v3 = ChainSubject::parallel(&engine, 4, 7);
    let judged = |observation| judge(&artifact.scenario, &expectation, &[observation]);
    assert!(matches!(judged(v3.clone().run(&artifact.scenario)), Verdict::Agree(_)));
    let violation = judged(v3.with_layer(TooHigh).run(&artifact.scenario)).into_violation().expect("it has the fault");
    assert_eq!(violation.signature(), artifact.signature);
    assert_eq!(violation.oracle, Oracle::State);
}

#[test]
fn a_changed_receipt_is_told_by_what_became_of_the_transaction() {
    let (mismatch, scenario) = mismatch_of(|prepared| {
        let hash = prepared.receipts[2].hash();
        prepared.receipts[2] = Receipt::Skipped { hash };
    });
    let folder = tempfile::tempdir().unwrap();
    let mut artifacts = MismatchArtifacts::open(folder.path(), 4, 1 << 20).unwrap();
    let artifact = read(&path_of(&artifacts.keep("parallel", scenario, &mismatch).unwrap()));
    assert_eq!(artifact.signature.oracle, Oracle::Receipts);
    assert_eq!(artifact.signature.receipts, Some(("Executed".to_owned(), "Skipped".to_owned())));
    assert_eq!(artifact.violation.difference.place.transactions, [2]);
    assert_eq!(artifact.violation.difference.place.block, Some(1));
}

/// A run as a scenario, with a mismatch on its last block.
fn case(run: &[Arc<SealedBlock>], kind: MismatchKind) -> (Scenario, Mismatch) {
    let scenario = Scenario {
        version: seriatim_lab::workload::SCENARIO_VERSION,
        parameters: parameters(),
        genesis: genesis(),
        steps: vec![seriatim_lab::workload::Step::Run(run.iter().map(|block| Block::clone(block)).collect())],
    };
    let block = run.last().map_or(Hash::ZERO, |block| block.hash());
    let (sequential, parallel) = ("one\nthing".repeat(100), "another".to_owned());
    (scenario, Mismatch { kind, block, topoheight: run.len() as u64, sequential, parallel, found: None })
}

fn files(folder: &Path) -> (usize, u64) {
    let sizes = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size))
}

#[test]
fn one_file_a_signature_and_no_more_files_than_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    let mut artifacts = MismatchArtifacts::open(folder.path(), 2, 1 << 20).unwrap();
    let run = blocks(2);
    let keep = |artifacts: &mut MismatchArtifacts, kind| {
        let (scenario, mismatch) = case(&run, kind);
        let kept = artifacts.keep("parallel", scenario, &mismatch).unwrap();
        assert!(!kept.line.contains('\n') && kept.line.len() < 1_000, "{}", kept.line);
        kept
    };
    let first = path_of(&keep(&mut artifacts, MismatchKind::Late));
    let again = keep(&mut artifacts, MismatchKind::Late);
    assert_eq!(again.at, KeptWhere::Known { path: first.clone() });
    assert!(again.line.contains("maybe of another block: seriatim replay "), "{}", again.line);
    path_of(&keep(&mut artifacts, MismatchKind::Panic));
    assert_eq!((artifacts.not_kept(), artifacts.files()), (0, 2));
    let third = keep(&mut artifacts, MismatchKind::Outcome);
    assert_eq!(third.at, KeptWhere::TooMany);
    assert!(third.line.contains("not kept: there are 2 files"), "{}", third.line);
    assert_eq!((artifacts.not_kept(), files(folder.path())), (1, (2, artifacts.bytes())));

    let mut opened = MismatchArtifacts::open(folder.path(), 2, 1 << 20).unwrap();
    assert_eq!((opened.files(), opened.bytes(), opened.not_kept()), (2, artifacts.bytes(), 0));
    assert_eq!(keep(&mut opened, MismatchKind::Outcome).at, KeptWhere::TooMany);
    assert_eq!(keep(&mut opened, MismatchKind::Late).at, KeptWhere::Known { path: first });
}

#[test]
fn what_is_too_large_is_cut_to_its_last_blocks_or_not_kept() {
    let bytes_of = |run: &[Arc<SealedBlock>]| {
        let folder = tempfile::tempdir().unwrap();
        let (scenario, mismatch) = case(run, MismatchKind::Late);
        let mut artifacts = MismatchArtifacts::open(folder.path(), 1, u64::MAX).unwrap();
        artifacts.keep("parallel", scenario, &mismatch).unwrap();
        artifacts.bytes()
    };
    let keep = |run: &[Arc<SealedBlock>], most_bytes| {
        let folder = tempfile::tempdir().unwrap();
        let (scenario, mismatch) = case(run, MismatchKind::Late);
        let mut artifacts = MismatchArtifacts::open(folder.path(), 4, most_bytes).unwrap();
        let kept = artifacts.keep("parallel", scenario.clone(), &mismatch).unwrap();
        let (count, bytes) = files(folder.path());
        assert!(bytes <= most_bytes && bytes == artifacts.bytes(), "{bytes} of {most_bytes}");
        assert_eq!(artifacts.not_kept(), u64::from(count == 0));
        let artifact = matches!(kept.at, KeptWhere::New { .. }).then(|| read(&path_of(&kept)));
        (kept, artifact, scenario)
    };
    let run = blocks(8);
    let whole = bytes_of(&run);
    assert!(matches!(keep(&run, whole).0.at, KeptWhere::New { blocks: 8, of: 8, .. }));

    let (kept, artifact, scenario) = keep(&run, whole - 1);
    assert!(matches!(kept.at, KeptWhere::New { blocks: 4, of: 8, .. }), "{kept:?}");
    assert!(kept.line.ends_with("(the last 4 of the run's 8 blocks)"), "{}", kept.line);
    let artifact = artifact.unwrap();
    assert_eq!((artifact.scenario.genesis.topoheight, artifact.scenario.blocks().count()), (4, 4));
    let last = |scenario: &Scenario| {
        let expectation = Expectation::of(scenario);
        let ledger = expectation.final_ledger();
        let values = ledger.newest.keys().map(|key| (*key, ledger.newest_value(key).cloned())).collect::<Vec<_>>();
        let Some(ExpectedStep::Run { blocks }) = expectation.steps.last() else { panic!("a run") };
        (blocks.last().cloned(), ledger.metadata[&ledger.top].clone(), values)
    };
    let ((receipts, metadata, values), (wanted, wanted_metadata, all)) = (last(&artifact.scenario), last(&scenario));
    assert_eq!((receipts, metadata), (wanted, wanted_metadata));
    assert!(
        values.len() > 8 && values.iter().all(|value| all.contains(value)),
        "what it holds is what the whole run leaves"
    );

    let (kept, artifact, _) = keep(&run, 100);
    assert!(matches!(kept.at, KeptWhere::TooLarge { bytes } if bytes == whole) && artifact.is_none(), "{kept:?}");
    assert!(kept.line.contains(&format!("not kept: {whole} bytes, where 100 of 100 are left")), "{}", kept.line);

    // A nonce below one that the run has used is good within the run alone.
    let descending = [Arc::clone(&run[3]), Arc::clone(&run[0])];
    let whole = bytes_of(&descending);
    assert!(matches!(keep(&descending, whole - 1).0.at, KeptWhere::TooLarge { .. }));
    let ascending = [Arc::clone(&run[0]), Arc::clone(&run[3])];
    assert!(matches!(keep(&ascending, bytes_of(&ascending) - 1).0.at, KeptWhere::New { blocks: 1, of: 2, .. }));
}

#[test]
fn a_folder_that_is_none_or_damaged_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = MismatchArtifacts::open(&file, 1, 1).unwrap_err();
    assert!(matches!(&error, ArtifactsError::Io { path, .. } if *path == file), "{error}");
    assert!(MismatchArtifacts::open(folder.path(), 1, 1).unwrap().files() == 0, "other files are nobody's business");

    let json = folder.path().join("panic-0123.json");
    std::fs::write(&json, "{").unwrap();
    let error = MismatchArtifacts::open(folder.path(), 1, 1).unwrap_err();
    assert!(matches!(&error, ArtifactsError::Damaged { path, source: ArtifactError::Json(_) } if *path == json));
    std::fs::remove_file(&json).unwrap();

    let mut artifacts = MismatchArtifacts::open(folder.path(), 4, 1 << 20).unwrap();
    let (scenario, mismatch) = case(&blocks(1), MismatchKind::Late);
    let path = path_of(&artifacts.keep("parallel", scenario.clone(), &mismatch).unwrap());
    let text = std::fs::read_to_string(&path).unwrap().replace("\"parallel\"", "\"block-stm\"");
    std::fs::write(&path, text).unwrap();
    let error = MismatchArtifacts::open(folder.path(), 4, 1 << 20).unwrap_err();
    assert!(matches!(error, ArtifactsError::Damaged { source: ArtifactError::Altered { .. }, .. }), "{error}");

    // A folder that is gone meanwhile: nothing is written, and that is counted.
    drop(folder);
    let other = Mismatch { kind: MismatchKind::Panic, ..mismatch };
    assert!(matches!(artifacts.keep("parallel", scenario, &other), Err(ArtifactsError::Io { .. })));
    assert_eq!((artifacts.not_kept(), artifacts.files()), (1, 1));
}
