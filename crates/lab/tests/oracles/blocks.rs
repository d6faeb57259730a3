//! How sharp the oracles of a block are: each receipt, end, write and task figure is changed in its turn, and so is the
//! number of blocks, steps and ledgers.

use std::collections::BTreeSet;

use seriatim_lab::compare::{Oracle, Place, Verdict, judge};
use seriatim_lab::drive::{BlockFailure, Observation, ObservedBlock, ObservedStep};
use seriatim_lab::workload::Step;
use seriatim_runtime::TaskError;
use seriatim_tos::execution::{BlockError, TaskFailure, TaskFailureCause};
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{Block, BlockAbort, Hash, Receipt};
use seriatim_tos::storage::{StorageError, WriteBatch, WriteOp};

use super::tampered::{aborting, at, is_said, observed_in, rights};

#[test]
fn receipts_that_contradict_the_block_are_seen_where_all_executors_agree() {
    let (mut counted, mut named, mut paid, mut used_twice) = (0, 0, 0, 0);
    for right in rights(60) {
        for (ordinal, (block, content)) in right.blocks().into_iter().enumerate() {
            let Ok(receipts) = right.clone().expected(ordinal).clone() else { continue };
            let both = |change: &dyn Fn(&mut Vec<Receipt>)| {
                let mut tampered = right.clone();
                change(tampered.expected(ordinal).as_mut().unwrap());
                change(tampered.observed(ordinal).outcome.as_mut().unwrap());
                tampered
            };
            if let Some(last) = receipts.len().checked_sub(1) {
                let lost = both(&|receipts| _ = receipts.pop());
                is_said(&lost, Oracle::Invariants, "number of receipts", &at(block, &[]));
                let renamed = both(&|receipts| receipts[last] = Receipt::Skipped { hash: Hash([9; 32]) });
                is_said(&renamed, Oracle::Invariants, "hash of the receipt", &at(block, &[last]));
                (counted, named) = (counted + 1, named + 1);
            }
            for (index, receipt) in receipts.iter().enumerate() {
                let hash = receipt.hash();
                match receipt {
                    Receipt::Executed { fee, energy, .. } => {
                        let (fee, energy) = (fee + 1, *energy);
                        let dearer = both(&|receipts| receipts[index] = Receipt::Executed { hash, fee, energy });
                        is_said(&dearer, Oracle::Invariants, "fees in the metadata", &at(block, &[]));
                        paid += 1;
                    }
                    // A copy of what was executed before, on this chain.
                    Receipt::Skipped { .. } => {
                        let again = both(&|receipts| receipts[index] = Receipt::Executed { hash, fee: 0, energy: 0 });
                        let body = &content.transactions[index].body;
                        let field = format!("nonce {} of {:?}", body.nonce, body.source);
                        is_said(&again, Oracle::Invariants, &field, &at(block, &[index]));
                        let executed = &right.built.expectation.final_ledger().executed;
                        let never_rewound =
                            || right.built.scenario.steps.iter().all(|step| matches!(step, Step::Run(_)));
                        let stays = executed.get(&hash).filter(|_| never_rewound());
                        if let Some(executed) = stays {
                            let used = format!("\"used at {} already\"", executed.topoheight);
                            assert_eq!(again.violation().unwrap().difference.actual.to_string(), used);
                            used_twice += 1;
                        }
                    }
                    Receipt::Orphaned { .. } => {}
                }
            }
        }
    }
    assert!(counted > 50 && named > 50 && paid > 200 && used_twice > 3, "{counted} {named} {paid} {used_twice}");
}

#[test]
fn no_receipt_can_change_be_lost_or_added_unseen() {
    let mut changed = 0;
    for right in rights(40) {
        for (ordinal, (block, _)) in right.blocks().into_iter().enumerate() {
            let Ok(receipts) = right.clone().expected(ordinal).clone() else { continue };
            let with = |outcome: Vec<Receipt>| {
                let mut tampered = right.clone();
                tampered.observed(ordinal).outcome = Ok(outcome);
                tampered
            };
            for (index, receipt) in receipts.iter().enumerate() {
                let mut others = receipts.clone();
                others[index] = match receipt.clone() {
                    Receipt::Executed { hash, fee, energy } => Receipt::Executed { hash, fee: fee ^ 1, energy },
                    Receipt::Orphaned { hash, .. } => Receipt::Skipped { hash },
                    Receipt::Skipped { hash } => Receipt::Executed { hash, fee: 0, energy: 0 },
                };
                is_said(&with(others), Oracle::Receipts, "receipt", &at(block, &[index]));
                let lost = with(receipts[..index].to_vec());
                is_said(&lost, Oracle::Receipts, "receipt", &at(block, &[index]));
                changed += 1;
            }
            let mut more = receipts.clone();
            more.push(Receipt::Skipped { hash: Hash([9; 32]) });
            is_said(&with(more), Oracle::Receipts, "receipt", &at(block, &[receipts.len()]));
        }
    }
    assert!(changed > 200, "{changed}");
}

#[test]
fn no_block_can_end_otherwise_unseen() {
    let (mut applied, mut aborted) = (0, 0);
    for right in rights(20).into_iter().chain(aborting(20)) {
        for (ordinal, (block, content)) in right.blocks().into_iter().enumerate() {
            let ends = |outcome, oracle, field: &str, transactions: &[usize]| {
                let mut tampered = right.clone();
                tampered.observed(ordinal).outcome = Err(outcome);
                is_said(&tampered, oracle, field, &at(block, transactions));
            };
            let refused = |error| BlockFailure::Refused(error);
            let expected = right.clone().expected(ordinal).clone();
            let field = if expected.is_ok() { "block" } else { "abort" };
            ends(BlockFailure::Panicked("x".to_owned()), Oracle::Panic, "executor", &[]);
            ends(refused(BlockError::Storage(StorageError::Failed("x".to_owned()))), Oracle::Receipts, field, &[]);
            for abort in [BlockAbort::RewardOverflow, BlockAbort::FeesOverflow] {
                if expected != Err(abort) {
                    ends(refused(BlockError::Aborted(abort)), Oracle::Receipts, field, &[]);
                }
            }
            if let Some(tx_index) = content.transactions.len().checked_sub(1) {
                let hash = content.transactions[tx_index].hash();
                let failed = |cause| {
                    let skipped = Ok(Receipt::Skipped { hash });
                    let mut results = vec![skipped; tx_index];
                    results.push(Err(TaskFailure { hash, cause }));
                    refused(BlockError::Tasks(results))
                };
                let panicked = TaskFailureCause::Task(TaskError::Panicked("x".to_owned()));
                ends(failed(panicked), Oracle::Panic, "task", &[tx_index]);
                let cancelled = TaskFailureCause::Task(TaskError::Cancelled);
                ends(failed(cancelled), Oracle::Receipts, "task", &[tx_index]);
                ends(failed(TaskFailureCause::NotRun), Oracle::Receipts, "task", &[tx_index]);
            }
            ends(refused(BlockError::Tasks(Vec::new())), Oracle::Receipts, "tasks", &[]);
            if expected.is_err() {
                let mut tampered = right.clone();
                tampered.observed(ordinal).outcome = Ok(Vec::new());
                is_said(&tampered, Oracle::Receipts, "abort", &at(block, &[]));
                aborted += 1;
            } else {
                applied += 1;
            }
        }
    }
    assert!(applied > 50 && aborted > 10, "{applied} {aborted}");
}

#[test]
fn no_step_block_or_ledger_can_be_missing_or_added_unseen() {
    let (mut runs, mut rewinds) = (0, 0);
    for right in rights(30).into_iter().chain(aborting(4)) {
        let tampered = |change: &dyn Fn(&mut Observation)| {
            let mut tampered = right.clone();
            change(&mut tampered.observation);
            tampered
        };
        let nowhere = Place::default();
        for lost in [0, right.observation.steps.len() - 1] {
            is_said(&tampered(&|it| _ = it.steps.remove(lost)), Oracle::Receipts, "steps", &nowhere);
        }
        is_said(&tampered(&|it| it.steps.push(ObservedStep::Rewind)), Oracle::Receipts, "steps", &nowhere);
        is_said(&tampered(&|it| _ = it.ledgers.pop()), Oracle::Receipts, "ledgers seen", &nowhere);
        let undone = "ledger after undoing every block";
        is_said(&tampered(&|it| it.undone = None), Oracle::Receipts, undone, &nowhere);
        let broken = tampered(&|it| it.broken = Some("x".to_owned()));
        is_said(&broken, Oracle::Receipts, "the run", &nowhere);

        let mut first = 0;
        for (index, step) in right.observation.steps.iter().enumerate() {
            let (ObservedStep::Run(observed), Step::Run(blocks)) = (step, &right.built.scenario.steps[index]) else {
                rewinds += 1;
                continue;
            };
            let run = |change: fn(&mut Vec<ObservedBlock>)| {
                tampered(&|it| {
                    let ObservedStep::Run(blocks) = &mut it.steps[index] else {
                        unreachable!("as it is in the right one")
                    };
                    change(blocks);
                })
            };
            let shorter = run(|blocks| _ = blocks.pop());
            is_said(&shorter, Oracle::Receipts, "block", &at(first + observed.len() - 1, &[]));
            let longer = run(|blocks| blocks.push(blocks[0].clone()));
            is_said(&longer, Oracle::Receipts, "blocks applied in the run", &at(first + observed.len(), &[]));
            first += blocks.len();
            runs += 1;
        }
    }
    assert!(runs > 30 && rewinds > 5, "{runs} {rewinds}");
}

fn is_mark(op: &WriteOp) -> bool {
    use WriteOp::*;
    matches!(op, Link { .. } | MarkExecuted { .. } | AddOrphan(_) | RemoveOrphan(_))
}

#[test]
fn no_two_writes_can_change_places_or_be_written_twice_unseen() {
    let (mut swapped, mut marks) = (0, 0);
    for right in rights(8).into_iter().chain(aborting(2)) {
        for (ordinal, (block, _)) in right.blocks().into_iter().enumerate() {
            let tampered = |change: &dyn Fn(&mut ObservedBlock)| {
                let mut tampered = right.clone();
                change(tampered.observed(ordinal));
                tampered
            };
            let commits = "commits of the block";
            let observed = right.clone().observed(ordinal).clone();
            let Some(batch) = observed.batches.first() else {
                let committed = tampered(&|it| it.batches.push(WriteBatch::default()));
                is_said(&committed, Oracle::Writes, commits, &at(block, &[]));
                continue;
            };
            let twice = tampered(&|it| it.batches.push(batch.clone()));
            is_said(&twice, Oracle::Writes, commits, &at(block, &[]));
            for index in 0..batch.ops.len() - 1 {
                let field = format!("writes {index} and {}", index + 1);
                let other = tampered(&|it| it.batches[0].ops.swap(index, index + 1));
                if is_mark(&batch.ops[index]) && is_mark(&batch.ops[index + 1]) {
                    // Only another run tells these apart.
                    assert_eq!(other.violation(), None);
                    let scenario = &right.built.scenario;
                    let runs = [right.observation.clone(), other.observation];
                    let Verdict::Violation(violation) = judge(scenario, &right.built.expectation, &runs) else {
                        panic!("nobody misses that {field} differ from run to run");
                    };
                    assert_eq!(violation.oracle, Oracle::Determinism);
                    let field = format!("write {index}, against {}", right.observation.subject);
                    assert_eq!(
                        (violation.difference.field.to_string(), violation.difference.place),
                        (field, at(block, &[]))
                    );
                    marks += 1;
                } else {
                    // Out of order with the one before it already, if that one does not come between them.
                    let violation = other.violation().expect("the writes are out of order");
                    assert_eq!(violation.oracle, Oracle::Writes);
                    assert_eq!(violation.difference.place, at(block, &[]));
                    let again = tampered(&|it| it.batches[0].ops.insert(index, batch.ops[index].clone()));
                    if !is_mark(&batch.ops[index]) {
                        is_said(&again, Oracle::Writes, &field, &at(block, &[]));
                    }
                    swapped += 1;
                }
            }
        }
    }
    assert!(swapped > 200 && marks > 100, "{swapped} {marks}");
}

/// How many transactions from the first on share neither an account nor a burned asset: each pair is looked at.
fn free(block: &Block) -> usize {
    let keys = |index: usize| {
        let footprint = footprint(&block.transactions[index].body);
        (footprint.accounts.into_keys().collect::<BTreeSet<_>>(), footprint.burned)
    };
    let apart = |left: usize, right: usize| {
        let ((left, burned), (right, also)) = (keys(left), keys(right));
        left.is_disjoint(&right) && (burned.is_none() || burned != also)
    };
    let count = block.transactions.len();
    (0..count).find(|&index| !(0..index).all(|before| apart(before, index))).unwrap_or(count)
}

#[test]
fn no_task_too_many_or_too_few_goes_unseen() {
    let (most, least) = ("most tasks in flight, at most", "most tasks in flight, at least");
    let (mut wide, mut narrow) = (0, 0);
    for right in rights(20).into_iter().chain(aborting(4)) {
        for (ordinal, (block, content)) in right.blocks().into_iter().enumerate() {
            let applied = right.clone().expected(ordinal).is_ok();
            let says = |change: &dyn Fn(&mut Observation), spawned: isize, peak: usize, field: Option<&str>| {
                let mut tampered = right.clone();
                change(&mut tampered.observation);
                let tasks = &mut tampered.observed(ordinal).tasks;
                tasks.spawned = tasks.spawned.checked_add_signed(spawned).unwrap();
                tasks.peak_in_flight = peak;
                match field.filter(|_| applied) {
                    Some(field) => is_said(&tampered, Oracle::Parallelism, field, &at(block, &[])),
                    None => assert_eq!(tampered.violation(), None),
                }
            };
            let spawned = content.transactions.len().min(2);
            says(&|_| {}, 1, spawned, Some("tasks spawned"));
            says(&|_| {}, 0, spawned, None);
            says(&|_| {}, 0, 3, Some(most));
            if spawned > 0 {
                says(&|_| {}, 0, spawned - 1, Some(least));
            }
            // Workers that all are there may still wait for each other; what reads at one moment tells.
            let needed = free(content).min(2);
            let reads = |count: usize| move |it: &mut Observation| observed_in(it, ordinal).reads_at_once = count;
            says(&reads(needed), 0, spawned, None);
            if needed > 0 {
                says(&reads(needed - 1), 0, spawned, Some("most transactions that read at one moment, at least"));
            }
            // Reads that do not suspend, or a second thread, let tasks end before others begin.
            says(&|it| it.suspends = false, 0, 0, None);
            says(&|it| it.worker_threads = 2, 0, 0, None);
            says(&|it| it.worker_threads = 2, 0, 2, None);
            says(&|it| it.worker_threads = 2, 0, 3, Some(most));
            says(&|it| it.max_parallelism = None, 1, 9, None);
            (wide, narrow) = (wide + usize::from(needed == 2), narrow + usize::from(needed == 1));
        }
    }
    assert!(wide > 10 && narrow > 20, "{wide} {narrow}");
}
