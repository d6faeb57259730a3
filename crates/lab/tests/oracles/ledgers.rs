//! How sharp the oracles of the ledger are: every part of it is changed in its turn, first in what was observed alone, then in
//! what was expected as well, as if all executors agreed. The canaries show that each oracle is asked; these facts show that
//! none of them looks past a part.

use std::sync::Arc;

use seriatim_lab::compare::{Oracle, Place};
use seriatim_tos::ledger::{AccountKey, AssetId, BlockMetadata, Hash, MultiSigConfig, Topoheight};
use seriatim_tos::storage::{Executed, History, LedgerState, StateKey, StateValue};

use super::tampered::{is_said, rights};

/// What a change of a ledger is to be called: who sees it, in which field, at which topoheight, of which key.
type Said = (Oracle, String, Option<Topoheight>, Option<StateKey>);
type Change = fn(&mut LedgerState) -> Option<Said>;

const STRANGER: AccountKey = AccountKey([0xee; 32]);

fn metadata(ledger: &mut LedgerState, field: &str, change: fn(&mut BlockMetadata)) -> Option<Said> {
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

const CHANGES: [Change; 28] = [
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
    for (number, change) in CHANGES.into_iter().enumerate() {
        let (mut seen, mut before_a_rewind) = (0, 0);
        for right in &rights {
            for ledger in 0..right.observation.ledgers.len() {
                let mut tampered = right.clone();
                let Some((oracle, field, topoheight, key)) =
                    change(Arc::make_mut(&mut tampered.observation.ledgers[ledger]))
                else {
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
        |it| it.executed.extend([(Hash([9; 32]), Executed { topoheight: 1, block: Hash([9; 32]) })]),
        |it| _ = it.metadata.pop_last(),
    ];
    for right in rights(4) {
        for change in changes {
            let mut tampered = right.clone();
            change(Arc::make_mut(tampered.observation.undone.as_mut().unwrap()));
            let violation = tampered.violation().expect("the ledger is not undone");
            assert_eq!(violation.oracle, Oracle::Invariants);
            assert!(violation.difference.field.to_string().ends_with("after undoing every block"), "{violation}");
        }
        let mut spared = right.clone();
        let undone = Arc::make_mut(spared.observation.undone.as_mut().unwrap());
        undone.orphans.add(Hash([9; 32]));
        assert_eq!(spared.violation(), None);
    }
}

// ----------------------------------------------------------------------------------- what all executors agree in

/// The same change in what is expected: no comparison sees it, the invariants must.
const AGREED: [Change; 10] = [
    // A link that does not go down.
    |ledger| {
        let (&key, &topoheight) = ledger.newest.iter().find(|(_, topoheight)| **topoheight > 0)?;
        ledger.versions.get_mut(&key)?.get_mut(&topoheight)?.previous = Some(topoheight);
        Some((Oracle::Invariants, format!("link of {key}"), Some(topoheight), None))
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
            let Some((oracle, field, topoheight, _)) = change(Arc::make_mut(&mut tampered.observation.ledgers[last]))
            else {
                continue;
            };
            change(Arc::make_mut(&mut tampered.built.expectation.ledgers[last]));
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
            let ledger = Arc::make_mut(ledger);
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
