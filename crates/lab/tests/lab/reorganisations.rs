//! Many blocks, forks and rewinds, with the way of execution changing from block to block.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use seriatim_lab::LastObservation;
use seriatim_lab::compare::{Oracle, Verdict, judge};
use seriatim_lab::drive::{BlockFailure, ChainSubject, Observation, Paths, Tasks, TokioRuntimes};
use seriatim_lab::workload::{Built, ExpectedStep, Step};
use seriatim_lab::{BuiltinSubject, Examiner, interleave};
use seriatim_testkit::{ON_PURPOSE, quieten};
use seriatim_tos::ledger::{Hash, Receipt};
use seriatim_tos::storage::{Layer, Read, StateKey, StorageError, WriteBatch, WriteOp};

use crate::fixtures::built;

fn mixed(engine: &TokioRuntimes, seed: u64) -> ChainSubject<'_> {
    ChainSubject { paths: Paths::Mixed, ..ChainSubject::parallel(engine, 2, seed) }
}

/// How often each way was gone, and how often one followed another in one ordering run.
fn ways(observation: &Observation) -> (BTreeMap<Option<Tasks>, usize>, usize) {
    let made_of: Vec<_> = observation.blocks().map(|block| block.made_of).collect();
    let mut ways = BTreeMap::new();
    for way in &made_of {
        *ways.entry(*way).or_default() += 1;
    }
    (ways, made_of.windows(2).filter(|pair| pair[0] != pair[1]).count())
}

#[test]
fn blocks_that_go_different_ways_are_those_of_the_reference() {
    let engine = TokioRuntimes::new().unwrap();
    let (mut all, mut changes, mut rewinds) = (BTreeMap::new(), 0, 0);
    for seed in 0..250 {
        let Built { scenario, expectation, .. } = built(seed);
        let observation = mixed(&engine, seed).run(&scenario);
        assert_eq!(observation.ledgers.len(), scenario.steps.len());
        let (ways, changed) = ways(&observation);
        for (way, count) in ways {
            *all.entry(way).or_insert(0) += count;
        }
        changes += changed;
        rewinds += scenario.steps.iter().filter(|step| matches!(step, Step::Rewind(_))).count();
        assert!(matches!(judge(&scenario, &expectation, &[observation]), Verdict::Agree(_)), "seed {seed}");
    }
    assert!(all.len() == 3 && all.values().all(|count| *count > 100), "{all:?}");
    assert!(changes > 200 && rewinds > 50, "{changes} changes of the way, {rewinds} rewinds");
}

#[test]
fn blocks_that_go_different_ways_agree_under_shuttle() {
    let (mut interleavings, mut changes) = (0, 0);
    for seed in 0..40 {
        let built = built(seed);
        let interleaved = interleave(&built, BuiltinSubject::Mixed, seed);
        assert!(matches!(interleaved.verdict, Verdict::Agree(_)), "seed {seed}: {:?}", interleaved.verdict);
        interleavings += interleaved.evidence.interleavings;
        let config = seriatim_lab::portfolio(seed).next().unwrap();
        let last = LastObservation::default();
        BuiltinSubject::Mixed.explorer_keeping(&built.scenario, &last).explore(&config, |_| {
            changes += last.take().map_or(0, |observation| ways(&observation).1);
            ControlFlow::Break(())
        });
    }
    assert!(interleavings > 200 && changes > 40, "{interleavings} interleavings, {changes} changes of the way");
}

/// A transaction stands in several blocks of one chain, is executed by another block after a reorganisation, or is taken back
/// and comes again: the generator makes all of it, and each is in what the subjects above agree on.
#[test]
fn the_same_transaction_stands_in_several_blocks_and_forks() {
    let (mut skipped_later, mut executed_later, mut taken_back) = (0, 0, 0);
    for seed in 0..600 {
        let Built { scenario, expectation, .. } = built(seed);
        let mut chain: Vec<Vec<(Hash, bool)>> = Vec::new();
        let mut undone: BTreeSet<Hash> = BTreeSet::new();
        for (step, expected) in scenario.steps.iter().zip(&expectation.steps) {
            match (step, expected) {
                (Step::Rewind(to), _) => {
                    let removed = chain.split_off((*to as usize).min(chain.len()));
                    undone
                        .extend(removed.into_iter().flatten().filter(|(_, executed)| *executed).map(|(hash, _)| hash));
                }
                (Step::Run(_), ExpectedStep::Run { blocks }) => {
                    for receipts in blocks.iter().flatten() {
                        let mut block = Vec::new();
                        for receipt in receipts {
                            let (hash, executed) = (receipt.hash(), matches!(receipt, Receipt::Executed { .. }));
                            let earlier = chain.iter().flatten().any(|(other, _)| *other == hash);
                            skipped_later += usize::from(earlier && matches!(receipt, Receipt::Skipped { .. }));
                            executed_later += usize::from(earlier && executed);
                            taken_back += usize::from(executed && undone.contains(&hash));
                            block.push((hash, executed));
                        }
                        chain.push(block);
                    }
                }
                (Step::Run(_), ExpectedStep::Rewind) => unreachable!(),
            }
        }
    }
    let seen = [skipped_later, executed_later, taken_back];
    assert!(seen[0] > 20 && seen[1] > 5 && seen[2] > 200, "{seen:?}");
}

/// Leaves out the first balance of a commit.
#[derive(Clone)]
struct Forgets;

impl Layer for Forgets {
    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        let forgotten = |op: &WriteOp| matches!(op, WriteOp::Put { key: StateKey::Balance(..), .. });
        if let Some(index) = batch.ops.iter().position(forgotten) {
            batch.ops.remove(index);
        }
        Ok(())
    }
}

#[test]
fn a_write_that_is_lost_on_the_way_is_seen() {
    let engine = TokioRuntimes::new().unwrap();
    let Built { scenario, expectation, .. } = built(3);
    let observation = mixed(&engine, 3).with_layer(Forgets).run(&scenario);
    let Verdict::Violation(violation) = judge(&scenario, &expectation, &[observation]) else { panic!("not seen") };
    assert!([Oracle::State, Oracle::Receipts].contains(&violation.oracle), "{violation:?}");
}

/// Strikes where the side of the test mode runs, and nowhere else.
#[derive(Clone)]
struct StrikesTheSide;

impl Layer for StrikesTheSide {
    fn before_read(&self, _read: Read) -> Result<(), StorageError> {
        assert_ne!(std::thread::current().name(), Some("parallel side"), "{ON_PURPOSE}");
        Ok(())
    }
}

#[test]
fn what_test_mode_has_against_the_parallel_executor_is_a_violation_though_the_ledger_is_right() {
    quieten();
    let engine = TokioRuntimes::new().unwrap();
    let mut told = 0;
    for seed in 0..20 {
        let Built { scenario, expectation, .. } = built(seed);
        let observation = mixed(&engine, seed).with_layer(StrikesTheSide).run(&scenario);
        let mismatched = |block: &&_| {
            matches!(block, seriatim_lab::drive::ObservedBlock { outcome: Err(BlockFailure::Mismatched(_)), .. })
        };
        if let Some(block) = observation.clone().blocks().find(mismatched) {
            assert_eq!(block.batches.len(), 1, "the sequential result is committed");
            let verdict = judge(&scenario, &expectation, &[observation]);
            let Verdict::Violation(violation) = verdict else { panic!("seed {seed}: not seen") };
            assert_eq!(violation.oracle, Oracle::Receipts);
            // The message leaves out the violation: the hook would take its text for a panic that was made on purpose.
            assert!(violation.to_string().contains("Mismatched(\"panic of block"), "seed {seed}");
            told += 1;
        }
    }
    assert!(told > 5, "{told}");
}

#[test]
fn the_soak_of_a_campaign_mixes_ways() {
    let examiner = Examiner::new().unwrap();
    let Built { scenario, expectation, .. } = built(5);
    let runs = |soak| match examiner.examine(&scenario, &expectation, 5, soak) {
        Verdict::Agree(evidence) => evidence.observations,
        Verdict::Violation(violation) => panic!("{violation}"),
    };
    assert_eq!(runs(true), runs(false) + 2);
}
