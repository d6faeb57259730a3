//! How sharp the oracles are: of a right observation one part is changed, every part in its turn, and the oracle that
//! looks at this part must say so, under its name and with the place. The canaries show that each oracle is asked at all;
//! these facts show that none of them looks past a part.

use std::collections::BTreeSet;

use seriatim::campaign::Examiner;
use seriatim::compare::{Oracle, Place, Verdict, Violation, judge};
use seriatim::execution::{BlockError, TaskFailure, TaskFailureCause};
use seriatim::explore::{BlockFailure, ChainSubject, Observation, ObservedBlock, ObservedStep, Subject};
use seriatim::ledger::rules::footprint;
use seriatim::ledger::{
    AccountKey, AssetId, Block, BlockAbort, Hash, MultiSigConfig, Receipt, SignatureScheme, Topoheight,
};
use seriatim::runtime::TaskError;
use seriatim::storage::{History, LedgerState, StateKey, StateValue, StorageError, WriteOp};
use seriatim::workload::{Built, ExpectedStep, Plan, build};

/// A scenario, and what the parallel path rightly did with it.
#[derive(Clone)]
struct Right {
    built: Built,
    observation: Observation,
}

impl Right {
    fn violation(&self) -> Option<Violation> {
        let Built { scenario, expectation, .. } = &self.built;
        judge(scenario, expectation, std::slice::from_ref(&self.observation)).into_violation().map(|it| *it)
    }

    /// The block of the scenario that stands at a topoheight of a ledger, by what the ledger's metadata call it.
    fn standing(&self, ledger: usize, topoheight: Topoheight) -> Option<(usize, &Block)> {
        let hash = self.built.expectation.ledgers[ledger].metadata.get(&topoheight)?.block;
        self.built.scenario.blocks().enumerate().find(|(_, block)| block.hash() == hash)
    }

    fn place(&self, ledger: usize, topoheight: Option<Topoheight>, key: Option<StateKey>) -> Place {
        let standing = topoheight.and_then(|topoheight| self.standing(ledger, topoheight));
        let Some((block, content)) = standing else { return Place { topoheight, ..Place::default() } };
        let touches = |index: &usize| {
            let footprint = footprint(&content.transactions[*index].body);
            match key {
                None => false,
                Some(StateKey::Burned(asset)) => footprint.burned == Some(asset),
                Some(StateKey::Balance(account, asset)) => {
                    footprint.accounts.get(&account).is_some_and(|assets| assets.contains(&asset))
                }
                Some(StateKey::Nonce(account) | StateKey::MultiSig(account) | StateKey::Energy(account)) => {
                    footprint.accounts.contains_key(&account)
                }
            }
        };
        let transactions = (0..content.transactions.len()).filter(touches).collect();
        Place { block: Some(block), topoheight, transactions }
    }

    /// Every observed block with its number among the scenario's blocks.
    fn blocks(&self) -> Vec<(usize, &Block)> {
        let mut first = 0;
        let mut blocks = Vec::new();
        for (step, observed) in self.built.scenario.steps.iter().zip(&self.observation.steps) {
            if let (seriatim::workload::Step::Run(content), ObservedStep::Run(observed)) = (step, observed) {
                blocks.extend(content.iter().take(observed.len()).enumerate().map(|(at, block)| (first + at, block)));
                first += content.len();
            }
        }
        blocks
    }

    fn observed(&mut self, ordinal: usize) -> &mut ObservedBlock {
        let blocks = self.observation.steps.iter_mut().flat_map(|step| match step {
            ObservedStep::Run(blocks) => blocks.as_mut_slice(),
            ObservedStep::Rewind => &mut [],
        });
        blocks.into_iter().nth(ordinal).expect("as many as `blocks` has")
    }

    fn expected(&mut self, ordinal: usize) -> &mut Result<Vec<Receipt>, BlockAbort> {
        let blocks = self.built.expectation.steps.iter_mut().flat_map(|step| match step {
            ExpectedStep::Run { blocks } => blocks.as_mut_slice(),
            ExpectedStep::Rewind => &mut [],
        });
        blocks.into_iter().nth(ordinal).expect("as many as were observed")
    }
}

fn rights_of(plans: impl Iterator<Item = Plan>) -> Vec<Right> {
    let examiner = Examiner::new().unwrap();
    let right = |plan: Plan| {
        let built = build(&plan, SignatureScheme::Tagged);
        let observation = ChainSubject::parallel(examiner.engine(), 2, 7).run(&built.scenario);
        let right = Right { built, observation };
        assert_eq!(right.violation(), None, "{plan:?}");
        right
    };
    plans.map(right).collect()
}

fn rights(count: u64) -> Vec<Right> {
    rights_of((0..count).map(Plan::from_seed))
}

/// Scenarios of which some block is aborted, mostly.
fn aborting(count: u64) -> Vec<Right> {
    rights_of((0..count).map(|seed| {
        let mut plan = Plan::from_seed(seed);
        // The miner's balance is near the end of 64 bits.
        plan.header.genesis_style |= 15 << 4;
        plan.header.scale &= !1;
        plan
    }))
}

fn at(block: usize, transactions: &[usize]) -> Place {
    Place { block: Some(block), topoheight: None, transactions: transactions.to_vec() }
}

/// The oracle, the field and the place are those that were to be named.
fn is_said(tampered: &Right, oracle: Oracle, field: &str, place: &Place) {
    let Some(violation) = tampered.violation() else { panic!("nobody misses {field} at {place:?}") };
    let Violation { oracle: named, difference, .. } = &violation;
    assert_eq!((*named, &*difference.field, &difference.place), (oracle, field, place), "{violation}");
}

// ------------------------------------------------------------------------------------------- a ledger beside another

/// What a change of a ledger is to be called: who sees it, in which field, at which topoheight, of which key.
type Said = (Oracle, String, Option<Topoheight>, Option<StateKey>);
type Change = fn(&mut LedgerState) -> Option<Said>;

const STRANGER: AccountKey = AccountKey([0xee; 32]);

fn metadata(ledger: &mut LedgerState, field: &str, change: fn(&mut seriatim::ledger::BlockMetadata)) -> Option<Said> {
    let mut newest = ledger.metadata.last_entry()?;
    change(newest.get_mut());
    Some((Oracle::Figures, format!("metadata: {field}"), Some(*newest.key()), None))
}

fn other(value: &mut StateValue) {
    match value {
        StateValue::Nonce(nonce) => *nonce ^= 1,
        StateValue::Amount(amount) => *amount ^= 1,
        StateValue::MultiSig(config) => {
            let stranger = MultiSigConfig { threshold: 1, participants: vec![STRANGER] };
            *config = if config.is_some() { None } else { Some(stranger) };
        }
        StateValue::Energy(energy) => energy.used ^= 1,
    }
}

/// The newest value of the last key of a kind.
fn newest_of(ledger: &mut LedgerState, kind: fn(&StateKey) -> bool) -> Option<Said> {
    let (&key, &topoheight) = ledger.newest.iter().rfind(|(key, _)| kind(key))?;
    other(&mut ledger.versions.get_mut(&key)?.get_mut(&topoheight)?.value);
    Some((Oracle::State, key.to_string(), Some(topoheight), Some(key)))
}

const CHANGES: [Change; 24] = [
    |ledger| metadata(ledger, "block", |it| it.block = Hash([9; 32])),
    |ledger| metadata(ledger, "reward", |it| it.reward ^= 1),
    |ledger| metadata(ledger, "fees", |it| it.fees ^= 1),
    |ledger| metadata(ledger, "emitted supply", |it| it.emitted_supply ^= 1),
    |ledger| metadata(ledger, "burned supply", |it| it.burned_supply ^= 1),
    |ledger| {
        metadata(ledger, "reward, fees", |it| {
            it.reward ^= 1;
            it.fees ^= 1;
        })
    },
    |ledger| {
        let (topoheight, _) = ledger.metadata.pop_last()?;
        Some((Oracle::Figures, "metadata".to_owned(), Some(topoheight), None))
    },
    |ledger| {
        let newest = ledger.metadata.last_key_value()?.1.clone();
        ledger.metadata.insert(ledger.top + 1, newest);
        Some((Oracle::Figures, "metadata".to_owned(), Some(ledger.top + 1), None))
    },
    |ledger| {
        ledger.assets.insert(AssetId([9; 32]));
        Some((Oracle::Figures, "known assets".to_owned(), None, None))
    },
    |ledger| {
        ledger.top += 1;
        Some((Oracle::Figures, "top topoheight".to_owned(), None, None))
    },
    |ledger| {
        let (&account, topoheight) = ledger.registrations.iter_mut().next_back()?;
        let was = std::mem::replace(topoheight, *topoheight + 1);
        Some((Oracle::State, format!("registration of {account:?}"), Some(was), Some(StateKey::Nonce(account))))
    },
    |ledger| {
        let (account, was) = ledger.registrations.pop_first()?;
        Some((Oracle::State, format!("registration of {account:?}"), Some(was), Some(StateKey::Nonce(account))))
    },
    |ledger| {
        ledger.registrations.insert(STRANGER, ledger.top);
        let key = StateKey::Nonce(STRANGER);
        Some((Oracle::State, format!("registration of {STRANGER:?}"), Some(ledger.top), Some(key)))
    },
    |ledger| newest_of(ledger, |key| matches!(key, StateKey::Nonce(_))),
    |ledger| newest_of(ledger, |key| matches!(key, StateKey::Balance(..))),
    |ledger| newest_of(ledger, |key| matches!(key, StateKey::MultiSig(_))),
    |ledger| newest_of(ledger, |key| matches!(key, StateKey::Energy(_))),
    |ledger| newest_of(ledger, |key| matches!(key, StateKey::Burned(_))),
    // The key is there, but nothing points to its newest version.
    |ledger| {
        let (key, topoheight) = ledger.newest.pop_last()?;
        Some((Oracle::State, key.to_string(), Some(topoheight), Some(key)))
    },
    // What no reader of the newest values sees.
    |ledger| {
        let (&key, history) = ledger.versions.iter_mut().find(|(_, history)| history.len() > 1)?;
        let (&topoheight, first) = history.iter_mut().next()?;
        other(&mut first.value);
        Some((Oracle::Versions, format!("version of {key}"), Some(topoheight), Some(key)))
    },
    |ledger| {
        let (&key, &topoheight) = ledger.newest.iter().max_by_key(|(_, topoheight)| **topoheight)?;
        ledger.versions.get_mut(&key)?.get_mut(&topoheight)?.previous = Some(topoheight);
        Some((Oracle::Versions, format!("version of {key}"), Some(topoheight), Some(key)))
    },
    |ledger| {
        let key = StateKey::Nonce(STRANGER);
        ledger.newest.insert(key, ledger.top);
        Some((Oracle::Versions, format!("newest version of {key}"), Some(ledger.top), Some(key)))
    },
    |ledger| {
        ledger.versions.insert(StateKey::Nonce(STRANGER), History::default());
        Some((Oracle::Versions, "keys with a history".to_owned(), None, None))
    },
    |ledger| {
        let (hash, executed) = ledger.executed.iter_mut().next_back()?;
        executed.block = Hash([9; 32]);
        Some((Oracle::Marks, format!("executed mark of {hash:?}"), Some(executed.topoheight), None))
    },
];

const MORE_CHANGES: [Change; 4] = [
    |ledger| {
        let (hash, executed) = ledger.executed.pop_first()?;
        Some((Oracle::Marks, format!("executed mark of {hash:?}"), Some(executed.topoheight), None))
    },
    |ledger| {
        let (hash, _) = ledger.links.pop_first()?;
        Some((Oracle::Marks, format!("blocks that link {hash:?}"), None, None))
    },
    |ledger| {
        ledger.orphans.add(Hash([9; 32]));
        Some((Oracle::Marks, "orphans, oldest first".to_owned(), None, None))
    },
    // The same orphans in another order.
    |ledger| {
        let orphans = ledger.orphans.oldest_first();
        ledger.orphans.add(*orphans.first().filter(|_| orphans.len() > 1)?);
        Some((Oracle::Marks, "orphans, oldest first".to_owned(), None, None))
    },
];

#[test]
fn no_part_of_a_ledger_can_change_unseen() {
    let rights = rights(40);
    for (number, change) in CHANGES.into_iter().chain(MORE_CHANGES).enumerate() {
        let (mut seen, mut before_a_rewind) = (0, 0);
        for right in &rights {
            for ledger in 0..right.observation.ledgers.len() {
                let mut tampered = right.clone();
                let Some((oracle, field, topoheight, key)) = change(&mut tampered.observation.ledgers[ledger]) else {
                    continue;
                };
                is_said(&tampered, oracle, &field, &right.place(ledger, topoheight, key));
                seen += 1;
                before_a_rewind += usize::from(ledger + 1 < right.observation.ledgers.len());
            }
        }
        assert!(seen > 10 && before_a_rewind > 1, "change {number}: {seen}, {before_a_rewind} before a rewind");
    }
}

#[test]
fn no_part_of_the_undone_ledger_can_change_unseen_but_orphans_and_assets() {
    let changes: [fn(&mut LedgerState); 7] = [
        |it| it.top += 1,
        |it| _ = it.registrations.pop_last(),
        |it| _ = it.versions.pop_last(),
        |it| _ = it.newest.pop_last(),
        |it| _ = it.links.insert(Hash([9; 32]), [(1, Hash([9; 32]))].into()),
        |it| it.executed.extend([(Hash([9; 32]), seriatim::storage::Executed { topoheight: 1, block: Hash([9; 32]) })]),
        |it| _ = it.metadata.pop_last(),
    ];
    for right in rights(4) {
        for change in changes {
            let mut tampered = right.clone();
            change(tampered.observation.undone.as_mut().unwrap());
            let violation = tampered.violation().expect("the ledger is not undone");
            assert_eq!(violation.oracle, Oracle::Invariants);
            assert!(violation.difference.field.ends_with("after undoing every block"), "{violation}");
        }
        let mut spared = right.clone();
        let undone = spared.observation.undone.as_mut().unwrap();
        undone.orphans.add(Hash([9; 32]));
        assert_eq!(spared.violation(), None);
    }
}

// ----------------------------------------------------------------------------------- what all executors agree in

/// The same change in what is expected: no comparison sees it, the invariants must.
const AGREED: [Change; 10] = [
    |ledger| {
        let (&key, &topoheight) = ledger.newest.iter().find(|(_, topoheight)| **topoheight > 1)?;
        ledger.versions.get_mut(&key)?.get_mut(&topoheight)?.previous = Some(topoheight - 1)
            .filter(|it| ledger.versions[&key].range(..topoheight).next_back().is_none_or(|(before, _)| before != it));
        let unchanged = ledger.versions[&key].get(&topoheight)?.previous
            == ledger.versions[&key].range(..topoheight).next_back().map(|(before, _)| *before);
        (!unchanged).then(|| (Oracle::Invariants, format!("link of {key}"), Some(topoheight), None))
    },
    |ledger| {
        let (&key, history) = ledger.versions.iter().find(|(_, history)| history.len() > 1)?;
        ledger.newest.insert(key, *history.keys().next()?);
        Some((Oracle::Invariants, format!("pointer of {key}"), None, None))
    },
    |ledger| {
        ledger.newest.insert(StateKey::Nonce(STRANGER), 0);
        Some((Oracle::Invariants, format!("pointer of {}", StateKey::Nonce(STRANGER)), None, None))
    },
    // Something above the top.
    |ledger| {
        let key = *ledger.newest.iter().find(|(_, topoheight)| **topoheight == ledger.top)?.0;
        ledger.top = ledger.top.checked_sub(1)?;
        Some((Oracle::Invariants, format!("pointer of {key}"), None, None))
    },
    |ledger| minted(ledger, |key| matches!(key, StateKey::Balance(..))),
    |ledger| minted(ledger, |key| matches!(key, StateKey::Burned(_))),
    |ledger| minted(ledger, |key| matches!(key, StateKey::Energy(_))),
    |ledger| {
        ledger.metadata.last_entry()?.get_mut().emitted_supply += 1;
        Some((Oracle::Invariants, conserved(AssetId::TOS), None, None))
    },
    |ledger| {
        let (genesis, newest) = (ledger.metadata[&0].emitted_supply, ledger.metadata.last_entry()?.into_mut());
        newest.emitted_supply = genesis.checked_sub(1)?;
        Some((Oracle::Invariants, "emitted supply, at least".to_owned(), None, None))
    },
    |ledger| {
        let falls = |(_, history): &(&StateKey, &mut History)| {
            let before = history.values().rev().nth(1).map(|version| &version.value);
            matches!(before, Some(StateValue::Nonce(1..)))
        };
        let (&key, history) = ledger.versions.iter_mut().find(falls)?;
        let mut newest = history.last_entry()?;
        newest.get_mut().value = StateValue::Nonce(0);
        Some((Oracle::Invariants, key.to_string(), Some(*newest.key()), None))
    },
];

fn conserved(asset: AssetId) -> String {
    format!("balances + frozen + burned of asset {asset:?}")
}

fn minted(ledger: &mut LedgerState, kind: fn(&StateKey) -> bool) -> Option<Said> {
    for (&key, history) in ledger.versions.iter_mut().filter(|(key, _)| kind(key)) {
        let asset = match (key, &mut history.last_entry()?.into_mut().value) {
            (StateKey::Balance(_, asset) | StateKey::Burned(asset), StateValue::Amount(amount)) => {
                *amount ^= 1;
                asset
            }
            (_, StateValue::Energy(energy)) if !energy.records.is_empty() => {
                energy.records[0].amount += 1;
                AssetId::TOS
            }
            _ => continue,
        };
        return Some((Oracle::Invariants, conserved(asset), None, None));
    }
    None
}

#[test]
fn what_no_ledger_may_be_is_seen_where_all_executors_agree() {
    let rights = rights(60);
    for (number, change) in AGREED.into_iter().enumerate() {
        let mut seen = 0;
        for right in &rights {
            let last = right.observation.ledgers.len() - 1;
            let mut tampered = right.clone();
            let Some((oracle, field, topoheight, _)) = change(&mut tampered.observation.ledgers[last]) else {
                continue;
            };
            change(&mut tampered.built.expectation.ledgers[last]);
            is_said(&tampered, oracle, &field, &Place { topoheight, ..Place::default() });
            seen += 1;
        }
        assert!(seen > 3, "change {number}: {seen}");
    }
}

#[test]
fn a_nonce_may_stay_as_it_was() {
    let mut stayed = 0;
    for mut right in rights(20) {
        let last = right.observation.ledgers.len() - 1;
        for ledger in [&mut right.observation.ledgers[last], &mut right.built.expectation.ledgers[last]] {
            let nonces = ledger.versions.iter_mut().filter(|(key, _)| matches!(key, StateKey::Nonce(_)));
            for (_, history) in nonces {
                let Some(before) = history.values().rev().nth(1).map(|version| version.value.clone()) else { continue };
                history.last_entry().unwrap().into_mut().value = before;
                stayed += 1;
            }
        }
        assert_eq!(right.violation(), None);
    }
    assert!(stayed > 20, "{stayed}");
}

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
                        let stays = executed.get(&hash).filter(|_| right.built.expectation.ledgers.len() == 1);
                        if let Some(executed) = stays {
                            let used = format!("\"used at {} already\"", executed.topoheight);
                            assert_eq!(again.violation().unwrap().difference.actual, used);
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

// ------------------------------------------------------------------------------------------ blocks beside others

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
            let (ObservedStep::Run(observed), seriatim::workload::Step::Run(blocks)) =
                (step, &right.built.scenario.steps[index])
            else {
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

// -------------------------------------------------------------------------------------------- writes and tasks

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
                let committed = tampered(&|it| it.batches.push(seriatim::storage::WriteBatch::default()));
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
                    assert_eq!((&violation.difference.field, &violation.difference.place), (&field, &at(block, &[])));
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
            let peak = right.clone().observed(ordinal).tasks.peak_in_flight;
            says(&|_| {}, 1, peak, Some("tasks spawned"));
            says(&|_| {}, 0, 2, None);
            says(&|_| {}, 0, 3, Some(most));
            let needed = free(content).min(2);
            says(&|_| {}, 0, needed, None);
            if needed > 0 {
                says(&|_| {}, 0, needed - 1, Some(least));
            }
            // Reads that do not suspend, or a second thread, let tasks end before others begin.
            says(&|it| it.suspends = false, 0, 0, None);
            says(&|it| it.worker_threads = 2, 0, 0, None);
            says(&|it| it.worker_threads = 2, 0, 4, None);
            says(&|it| it.worker_threads = 2, 0, 5, Some(most));
            says(&|it| it.max_parallelism = None, 1, 9, None);
            (wide, narrow) = (wide + usize::from(needed == 2), narrow + usize::from(needed == 1));
        }
    }
    assert!(wide > 10 && narrow > 20, "{wide} {narrow}");
}
