//! What is captured gives, on the reference, exactly the receipts and writes that the live chain had, whatever was applied and
//! rewound before and after.

use std::ops::ControlFlow;
use std::sync::Arc;

use seriatim_campaign::minimise_artifact;
use seriatim_explore::Schedule;
use seriatim_lab::BuiltinSubject;
use seriatim_lab::ChainExperiment;
use seriatim_lab::capture;
use seriatim_lab::compare::{Oracle, Verdict, judge};
use seriatim_lab::drive::{ChainSubject, TokioRuntimes};
use seriatim_lab::workload::{Expectation, ExpectedStep, Scenario, ScenarioError, Step};
use seriatim_runtime::Native;
use seriatim_testkit::ledger::parameters;
use seriatim_testkit::test_mode::{blocks, genesis};
use seriatim_testkit::wait;
use seriatim_tos::chain::{Blockchain, ExecutionPath};
use seriatim_tos::execution::{BlockError, ParallelExecutor};
use seriatim_tos::ledger::{Block, Genesis, Hash, Parameters, Receipt, SealedBlock};
use seriatim_tos::storage::{Layered, MemoryStorage, Record, RedbStorage, Storage, StorageError, WriteOp};
use seriatim_triage::report::Artifact;

use crate::fixtures::{built, origin};

/// A block that a chain applied, with the run up to it.
struct Applied {
    below: u64,
    run: Vec<Arc<SealedBlock>>,
    outcome: Result<Vec<Receipt>, BlockError>,
    ops: Vec<WriteOp>,
}

#[derive(Debug, Default)]
struct Seen {
    captures: usize,
    late: usize,
    above_zero: usize,
    aborted: usize,
    skipped: usize,
    rewound: usize,
}

/// Compares the captured scenario with the run of the chain.
fn check(scenario: &Scenario, applied: &Applied, seen: &mut Seen, place: &str) {
    scenario.check().unwrap();
    assert_eq!(&Scenario::from_json(&scenario.to_json()).unwrap(), scenario);
    let expectation = Expectation::of(scenario);
    let [ExpectedStep::Run { blocks: outcomes }] = expectation.steps.as_slice() else { panic!("{place}") };
    assert_eq!(outcomes.len(), applied.run.len(), "{place}");
    let outcome = outcomes.last().unwrap();
    match (&applied.outcome, outcome) {
        (Ok(live), Ok(found)) => assert_eq!(live, found, "{place}"),
        (Err(BlockError::Aborted(live)), Err(found)) => assert_eq!(live, found, "{place}"),
        (live, found) => panic!("{place}: {live:?} and {found:?}"),
    }
    seen.captures += 1;
    seen.above_zero += usize::from(applied.below > 0);
    seen.aborted += usize::from(outcome.is_err());
    let Ok(receipts) = outcome else { return };
    seen.skipped += receipts.iter().filter(|receipt| matches!(receipt, Receipt::Skipped { .. })).count();

    let (ledger, at) = (expectation.final_ledger(), applied.below + applied.run.len() as u64);
    assert_eq!(ledger.top, at, "{place}");
    let mut puts = 0;
    for op in &applied.ops {
        match op {
            WriteOp::Put { key, topoheight, version } => {
                assert_eq!(*topoheight, at, "{place}");
                assert_eq!(ledger.versions[key][topoheight].value, version.value, "{place}: {key}");
                puts += 1;
            }
            WriteOp::Register { account, topoheight } => assert_eq!(ledger.registrations[account], *topoheight),
            WriteOp::Link { transaction, topoheight, block } => {
                assert_eq!(ledger.links[transaction][topoheight], *block, "{place}");
            }
            WriteOp::MarkExecuted { transaction, topoheight, block } => {
                let mark = ledger.executed[transaction];
                assert_eq!((mark.topoheight, mark.block), (*topoheight, *block), "{place}");
            }
            WriteOp::Metadata { topoheight, metadata } => assert_eq!(&ledger.metadata[topoheight], metadata, "{place}"),
            WriteOp::Top(top) => assert_eq!(*top, at, "{place}"),
            WriteOp::AddOrphan(hash) | WriteOp::RemoveOrphan(hash) => {
                // An orphan may come again in its own block: the last word counts.
                let words = applied.ops.iter().rev().find_map(|op| match op {
                    WriteOp::AddOrphan(other) if other == hash => Some(true),
                    WriteOp::RemoveOrphan(other) if other == hash => Some(false),
                    _ => None,
                });
                assert_eq!(Some(ledger.orphans.oldest_first().contains(hash)), words, "{place}");
            }
        }
    }
    let written = ledger.versions.values().filter(|history| history.contains_key(&at)).count();
    assert_eq!(written, puts, "{place}: no more is written");
    let registered = |op: &&WriteOp| matches!(op, WriteOp::Register { .. });
    let found = ledger.registrations.values().filter(|topoheight| **topoheight == at).count();
    assert_eq!(found, applied.ops.iter().filter(registered).count(), "{place}: nobody else is registered");
}

/// Takes a chain through the scenario and captures each block, as soon as it is there and once its run has ended.
async fn drive<S: Storage>(storage: Arc<S>, scenario: &Scenario, seen: &mut Seen, seed: u64) {
    let parameters = &scenario.parameters;
    let recorded = Arc::new(Record::default());
    let storage = Arc::new(Layered::new(storage, Arc::clone(&recorded)));
    let executor = ParallelExecutor::new(Native::with_hash_seed(seed), 2).unwrap();
    let mut chain = Blockchain::new(Arc::clone(&storage), parameters.clone(), executor);
    for (number, step) in scenario.steps.iter().enumerate() {
        match step {
            Step::Run(blocks) => {
                let below = storage.top().await.unwrap().0;
                let mut run = chain.ordering_run();
                let (mut so_far, mut all) = (Vec::new(), Vec::new());
                for block in blocks.iter().cloned().map(Block::seal) {
                    let outcome = run.apply(&block, ExecutionPath::Sequential).await;
                    so_far.push(block);
                    let ops = recorded.take().pop().unwrap_or_default().ops;
                    let aborted = outcome.is_err();
                    let applied = Applied { below, run: so_far.clone(), outcome, ops };
                    let place = format!("seed {seed}, step {number}, block {}", so_far.len());
                    let captured = capture(&*storage, parameters, below, &so_far).await.unwrap();
                    check(&captured, &applied, seen, &place);
                    all.push((applied, captured));
                    if aborted {
                        break;
                    }
                }
                // Later blocks have overwritten what these read, and executed what they orphaned.
                for (applied, captured) in &all[..all.len().saturating_sub(1)] {
                    let late = capture(&*storage, parameters, below, &applied.run).await.unwrap();
                    assert_eq!(&late, captured, "seed {seed}, step {number}");
                    seen.late += 1;
                }
            }
            Step::Rewind(to) => {
                let top = storage.top().await.unwrap().0;
                chain.rewind((*to).min(top)).await.unwrap();
                seen.rewound += usize::from(*to < top);
            }
        }
    }
}

fn is_exact<S: Storage>(make: impl Fn(&Scenario) -> S) {
    let mut seen = Seen::default();
    for seed in 0..250 {
        let scenario = built(seed).scenario;
        wait(drive(Arc::new(make(&scenario)), &scenario, &mut seen, seed));
    }
    let Seen { captures, late, above_zero, aborted, skipped, rewound } = seen;
    assert!(captures >= 300 && late >= 50 && above_zero >= 100, "{seen:?}");
    assert!(aborted > 0 && skipped > 0 && rewound > 0, "{seen:?}");
}

#[test]
fn a_capture_is_exact_in_memory() {
    is_exact(|scenario| MemoryStorage::new(&scenario.genesis).unwrap());
}

#[test]
fn a_capture_is_exact_on_disk() {
    is_exact(|scenario| RedbStorage::create_on(redb::backends::InMemoryBackend::new(), &scenario.genesis).unwrap());
}

/// A chain of [`blocks`], one run each.
fn chain_of(count: u64) -> (Arc<MemoryStorage>, Parameters, Vec<Arc<SealedBlock>>) {
    let (memory, blocks) = (Arc::new(MemoryStorage::new(&genesis()).unwrap()), blocks(count));
    let executor = ParallelExecutor::new(Native::with_hash_seed(0), 1).unwrap();
    let mut chain = Blockchain::new(Arc::clone(&memory), parameters(), executor);
    for block in &blocks {
        wait(chain.ordering_run().apply(block, ExecutionPath::Sequential)).unwrap();
    }
    (memory, parameters(), blocks)
}

#[test]
fn only_what_the_run_touches_is_captured() {
    let (memory, parameters, blocks) = chain_of(3);
    let one = Block { transactions: blocks[2].transactions[..1].to_vec(), ..Block::clone(&blocks[2]) };
    let captured = wait(capture(&*memory, &parameters, 2, &[one.seal()])).unwrap();
    // Source, destination, miner and dev account of ten.
    assert_eq!(captured.genesis.accounts.len(), 4);
    assert_eq!((captured.genesis.topoheight, captured.genesis.executed.len()), (2, 0));
    let executed = Block { transactions: blocks[0].transactions.clone(), ..Block::clone(&blocks[2]) };
    let captured = wait(capture(&*memory, &parameters, 2, &[executed.seal()])).unwrap();
    assert_eq!(captured.genesis.executed.len(), 4, "all but the one that was orphaned");
    assert!(captured.genesis.executed.values().all(|block| *block == blocks[0].hash()));
}

#[test]
fn a_run_that_is_not_there_any_more_is_refused() {
    let (memory, parameters, blocks) = chain_of(3);
    let captured = |below, run: &[Arc<SealedBlock>]| wait(capture(&*memory, &parameters, below, run));
    assert!(captured(0, &blocks).is_ok());
    assert!(matches!(captured(1, &blocks), Err(StorageError::Failed(_))), "at other topoheights");
    wait(memory.rewind(1)).unwrap();
    assert_eq!(captured(0, &blocks).unwrap_err(), StorageError::MissingMetadata { topoheight: 2 });
    assert_eq!(captured(2, &blocks[2..]).unwrap_err(), StorageError::MissingMetadata { topoheight: 2 });
    assert!(captured(0, &blocks[..2]).is_ok(), "the last block may be aborted");
}

/// One run from 5 on, undone to where the ledger begins and to its middle, and applied again.
fn above_zero(blocks: &[Arc<SealedBlock>], memory: &MemoryStorage) -> Scenario {
    let captured = wait(capture(memory, &parameters(), 5, &blocks[5..])).unwrap();
    let [Step::Run(run)] = captured.steps.as_slice() else { panic!("one run") };
    let steps = vec![
        Step::Run(run.clone()),
        Step::Rewind(5),
        Step::Run(run[..2].to_vec()),
        Step::Rewind(6),
        Step::Run(run[1..].to_vec()),
        Step::Rewind(5),
        Step::Run(run[..1].to_vec()),
    ];
    Scenario { steps, ..captured.clone() }
}

#[test]
fn every_executor_agrees_on_a_ledger_that_begins_above_0() {
    let (memory, _, blocks) = chain_of(8);
    let scenario = above_zero(&blocks, &memory);
    scenario.check().unwrap();
    let expectation = Expectation::of(&scenario);
    assert_eq!((expectation.genesis.top, expectation.final_ledger().top), (5, 6));
    assert_eq!(expectation.receipts().count(), 5 * (3 + 2 + 2 + 1));
    let engine = TokioRuntimes::new().unwrap();
    let v3 = ChainSubject::parallel(&engine, 3, 7);
    let block_stm = ChainSubject { paths: ExecutionPath::BlockStm.into(), ..v3.clone() };
    let observations = [ChainSubject::sequential(&engine), v3, block_stm].map(|subject| subject.run(&scenario));
    let Verdict::Agree(evidence) = judge(&scenario, &expectation, &observations) else {
        panic!("{:?}", judge(&scenario, &expectation, &observations));
    };
    assert_eq!((evidence.observations, evidence.blocks), (3, 8));
    for path in [ExecutionPath::Parallel, ExecutionPath::BlockStm] {
        let straight = ChainExperiment::new(&scenario, path).ready().straight(&Schedule::straight());
        assert!(matches!(straight.verdict, Verdict::Agree(_)));
    }
    // An observation that forgot to undo its last block is rejected, so the others were checked.
    let mut forgetful = ChainSubject::sequential(&engine).run(&scenario);
    forgetful.undone = forgetful.ledgers.last().cloned();
    let verdict = judge(&scenario, &expectation, &[forgetful]);
    assert_eq!(verdict.into_violation().unwrap().oracle, Oracle::Invariants);
}

#[test]
fn a_case_above_0_is_made_smaller() {
    let (memory, _, blocks) = chain_of(8);
    let scenario = above_zero(&blocks, &memory);
    let subject: BuiltinSubject = "canary:NeverWoken".parse().unwrap();
    let straight = subject.explorer(&scenario).straight(&Schedule::straight());
    let violation = straight.verdict.into_violation().expect("it never ends");
    let artifact = Artifact::new(subject.to_string(), origin(), *violation, scenario, None);
    let smaller = minimise_artifact(&artifact, 2_000, &mut |_, _| ControlFlow::Continue(())).unwrap();
    smaller.scenario.check().unwrap();
    assert!(smaller.scenario.tx_count() < artifact.scenario.tx_count());
    assert!(smaller.scenario.genesis.accounts.len() < artifact.scenario.genesis.accounts.len());
    assert_eq!(Artifact::from_json(&smaller.to_json()).unwrap(), smaller);
}

#[test]
fn a_rewind_to_below_the_beginning_is_no_scenario() {
    let (memory, _, blocks) = chain_of(8);
    let mut scenario = above_zero(&blocks, &memory);
    scenario.steps.push(Step::Rewind(4));
    let error = Scenario::from_json(&scenario.to_json()).unwrap_err();
    assert!(matches!(error, ScenarioError::RewindBelowGenesis { step: 7, to: 4, genesis: 5 }), "{error}");
}

/// Files of before these fields were read, and what is read back, are the same to the byte.
#[test]
fn a_genesis_at_0_is_written_as_it_always_was() {
    let text = serde_json::to_string(&genesis()).unwrap();
    assert!(!text.contains("topoheight") && !text.contains("executed"), "{text}");
    let later = Genesis { topoheight: 7, executed: [(Hash([1; 32]), Hash([2; 32]))].into(), ..genesis() };
    let text = serde_json::to_string(&later).unwrap();
    assert!(text.contains("\"topoheight\":7") && text.contains("\"executed\":{\"0101"), "{text}");
    assert_eq!(serde_json::from_str::<Genesis>(&text).unwrap(), later);
}
