//! What every storage promises, shown on each: the one in memory and the one on disk.

use seriatim_tos::ledger::{
    AccountKey, AssetId, BlockMetadata, Energy, Genesis, GenesisAccount, GenesisError, Hash, MAX_GENESIS_TOPOHEIGHT,
    MAX_ORPHANS, MAXIMUM_SUPPLY, MultiSigConfig, TOS,
};
use seriatim_tos::storage::{
    Executed, LedgerState, MemoryStorage, StateKey, StateValue, Storage, StorageError, Version, WriteBatch, WriteOp,
};

mod kinds;

use seriatim_testkit::ledger::key;
use seriatim_testkit::wait;

use crate::fixtures::{A, genesis};
use kinds::Kind;

const B: AccountKey = key(2);

/// Each fact as a test of each storage.
macro_rules! facts {
    ($($fact:ident,)*) => {
        mod in_memory {
            $(#[test]
            fn $fact() {
                super::$fact::<super::kinds::InMemory>();
            })*
        }

        #[cfg(feature = "redb")]
        mod on_disk {
            $(#[test]
            fn $fact() {
                super::$fact::<super::kinds::OnDisk>();
            })*
        }
    };
}

facts! {
    genesis_is_topoheight_0,
    a_ledger_may_begin_anywhere,
    what_was_executed_before_the_start_is_known,
    a_rewind_to_below_the_beginning_is_refused,
    metadata_is_there_from_the_beginning_to_the_top,
    a_mark_says_which_block_executed_and_where,
    a_deleted_multisig_is_a_version_at_the_beginning,
    a_version_is_found_at_or_below_a_topoheight,
    a_link_that_does_not_go_down_is_an_error_and_no_endless_loop,
    a_value_of_another_kind_is_an_error,
    the_newest_values_are_those_of_the_last_block,
    a_rewind_restores_all_but_the_orphans,
    a_rewind_to_a_block_in_between_keeps_what_it_wrote,
    a_rewind_to_the_top_changes_nothing,
    a_rewind_to_above_the_top_is_refused,
    a_rewind_also_removes_versions_above_the_top,
    a_mark_that_was_made_anew_goes_with_the_block_that_made_it,
    blocks_can_be_applied_again_after_a_rewind,
    a_block_that_does_not_stand_on_the_top_is_refused_whole,
    a_version_written_twice_at_one_topoheight_is_the_second,
    orphans_stand_in_order_of_their_last_addition,
    the_oldest_orphans_beyond_the_bound_are_forgotten,
}

fn put(key: StateKey, topoheight: u64, previous: Option<u64>, value: StateValue) -> WriteOp {
    WriteOp::Put { key, topoheight, version: Version { previous, value } }
}

/// A block that pays one unit of A's to B, new in it.
fn block(topoheight: u64, previous: u64, balance: u64) -> WriteBatch {
    let metadata = BlockMetadata { block: Hash([9; 32]), reward: 0, fees: 0, emitted_supply: 0, burned_supply: 0 };
    let mut ops = vec![
        put(StateKey::Balance(A, AssetId::TOS), topoheight, Some(previous), StateValue::Amount(balance)),
        WriteOp::AddOrphan(Hash([topoheight as u8; 32])),
        WriteOp::Link { transaction: Hash([5; 32]), topoheight, block: Hash([9; 32]) },
        WriteOp::Metadata { topoheight, metadata },
        WriteOp::Top(topoheight),
    ];
    if topoheight == 1 {
        ops.push(WriteOp::Register { account: B, topoheight });
        ops.push(put(StateKey::Nonce(B), topoheight, None, StateValue::Nonce(0)));
        ops.push(WriteOp::MarkExecuted { transaction: Hash([5; 32]), topoheight, block: Hash([9; 32]) });
    }
    WriteBatch { ops }
}

fn genesis_is_topoheight_0<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    assert_eq!(wait(storage.top()).unwrap().0, 0);
    let account = wait(storage.account(A)).unwrap().unwrap();
    assert_eq!((account.registered, account.nonce.topoheight, account.nonce.value), (0, 0, 3));
    assert_eq!(wait(storage.account(B)).unwrap(), None);
    assert!(wait(storage.assets()).unwrap().contains(&AssetId::TOS));
}

/// The ledger of [`genesis`], at topoheight 7, with a transaction executed before.
fn later_genesis() -> Genesis {
    Genesis {
        topoheight: 7,
        emitted_supply: 11,
        executed: [(Hash([6; 32]), Hash([8; 32]))].into(),
        burned: [(AssetId::TOS, 3)].into(),
        ..genesis()
    }
}

fn a_ledger_may_begin_anywhere<K: Kind>() {
    let kept = K::new(&later_genesis());
    let storage = kept.storage();
    let (top, metadata) = wait(storage.top()).unwrap();
    assert_eq!((top, metadata.emitted_supply, metadata.burned_supply), (7, 11, 3));
    let account = wait(storage.account(A)).unwrap().unwrap();
    assert_eq!((account.registered, account.nonce.topoheight, account.nonce.value), (7, 7, 3));
    let key = StateKey::Balance(A, AssetId::TOS);
    assert_eq!(wait(storage.version_at(key, 6)).unwrap(), None);
    assert_eq!(wait(storage.version_at(key, 7)).unwrap().unwrap().1.previous, None);
    assert_eq!(kept.ledger(), LedgerState::from_genesis(&later_genesis()));
    let refused = wait(storage.commit(block(7, 7, 49))).unwrap_err();
    assert_eq!(refused, StorageError::NotOnTop { found: 7, top: 7 });
    wait(storage.commit(block(8, 7, 49))).unwrap();
    assert_eq!(wait(storage.balance(A, AssetId::TOS)).unwrap().unwrap().topoheight, 8);
    wait(storage.rewind(7)).unwrap();
    let rewound = LedgerState { orphans: seriatim_tos::storage::Orphans::default(), ..kept.ledger() };
    assert_eq!(rewound, LedgerState::from_genesis(&later_genesis()));
}

fn what_was_executed_before_the_start_is_known<K: Kind>() {
    let kept = K::new(&later_genesis());
    let storage = kept.storage();
    assert_eq!(wait(storage.executed_by(Hash([6; 32]))).unwrap(), Some(Hash([8; 32])));
    wait(storage.commit(block(8, 7, 49))).unwrap();
    wait(storage.rewind(7)).unwrap();
    assert_eq!(wait(storage.executed_by(Hash([6; 32]))).unwrap(), Some(Hash([8; 32])), "it stays");
}

fn a_rewind_to_below_the_beginning_is_refused<K: Kind>() {
    let kept = K::new(&later_genesis());
    let storage = kept.storage();
    wait(storage.commit(block(8, 7, 49))).unwrap();
    let before = kept.ledger();
    for to in [0, 6] {
        let refused = wait(storage.rewind(to)).unwrap_err();
        assert_eq!(refused, StorageError::RewindBelowGenesis { to, genesis: 7 });
        assert_eq!(kept.ledger(), before);
    }
    wait(storage.rewind(7)).unwrap();
    assert_eq!(wait(storage.top()).unwrap().0, 7);
}

fn metadata_is_there_from_the_beginning_to_the_top<K: Kind>() {
    let kept = K::new(&later_genesis());
    let storage = kept.storage();
    wait(storage.commit(block(8, 7, 49))).unwrap();
    wait(storage.commit(block(9, 8, 48))).unwrap();
    let found = |at| wait(storage.metadata(at)).map(|metadata| (metadata.block, metadata.emitted_supply));
    assert_eq!(found(7), Ok((Hash::ZERO, 11)));
    assert_eq!((found(8), found(9)), (Ok((Hash([9; 32]), 0)), Ok((Hash([9; 32]), 0))));
    for topoheight in [0, 6, 10, u64::MAX] {
        assert_eq!(found(topoheight), Err(StorageError::MissingMetadata { topoheight }));
    }
    wait(storage.rewind(8)).unwrap();
    assert_eq!(found(9), Err(StorageError::MissingMetadata { topoheight: 9 }));
}

fn a_mark_says_which_block_executed_and_where<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    let executed = |transaction| wait(storage.executed(Hash([transaction; 32]))).unwrap();
    assert_eq!(executed(5), None);
    wait(storage.commit(block(1, 0, 49))).unwrap();
    assert_eq!(executed(5), Some(Executed { topoheight: 1, block: Hash([9; 32]) }));
    wait(storage.rewind(0)).unwrap();
    assert_eq!(executed(5), None);
}

fn a_deleted_multisig_is_a_version_at_the_beginning<K: Kind>() {
    let mut genesis = genesis();
    genesis.accounts.get_mut(&A).unwrap().multisig = Some(MultiSigConfig::DELETED);
    let kept = K::new(&genesis);
    let version = wait(kept.storage().version_at(StateKey::MultiSig(A), 0)).unwrap();
    assert_eq!(version.unwrap().1.value, StateValue::MultiSig(None));
    assert_eq!(wait(kept.storage().account(A)).unwrap().unwrap().multisig.unwrap().value, None);
}

fn a_version_is_found_at_or_below_a_topoheight<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    wait(storage.commit(block(1, 0, 49))).unwrap();
    wait(storage.commit(block(2, 1, 48))).unwrap();
    let key = StateKey::Balance(A, AssetId::TOS);
    let at = |topoheight| wait(storage.version_at(key, topoheight)).unwrap().unwrap();
    assert_eq!((at(0).0, at(1).0, at(2).0, at(9).0), (0, 1, 2, 2));
    assert_eq!(at(1).1.value, StateValue::Amount(49));
    assert_eq!(wait(storage.version_at(StateKey::Nonce(B), 0)).unwrap(), None);
}

fn a_link_that_does_not_go_down_is_an_error_and_no_endless_loop<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    let key = StateKey::Balance(A, AssetId::TOS);
    let own = put(key, 7, Some(7), StateValue::Amount(1));
    wait(storage.commit(WriteBatch { ops: vec![own] })).unwrap();
    let error = wait(storage.version_at(key, 3)).unwrap_err();
    assert_eq!(error, StorageError::BrokenLink { key, topoheight: 7, previous: 7 });
    let missing = put(key, 8, Some(6), StateValue::Amount(1));
    wait(storage.commit(WriteBatch { ops: vec![missing] })).unwrap();
    let error = wait(storage.version_at(key, 3)).unwrap_err();
    assert_eq!(error, StorageError::BrokenLink { key, topoheight: 8, previous: 6 });
}

fn a_value_of_another_kind_is_an_error<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    let key = StateKey::Balance(A, AssetId::TOS);
    wait(storage.commit(WriteBatch { ops: vec![put(key, 1, Some(0), StateValue::Nonce(1))] })).unwrap();
    let error = wait(storage.balance(A, AssetId::TOS)).unwrap_err();
    assert_eq!(error, StorageError::WrongKind { key, topoheight: 1 });
}

fn a_rewind_restores_all_but_the_orphans<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    let before = kept.ledger();
    wait(storage.commit(block(1, 0, 49))).unwrap();
    wait(storage.commit(block(2, 1, 48))).unwrap();
    wait(storage.rewind(0)).unwrap();
    let after = kept.ledger();
    assert_eq!(after.orphans.oldest_first(), [Hash([1; 32]), Hash([2; 32])]);
    assert_eq!(LedgerState { orphans: before.orphans.clone(), ..after }, before);
}

fn a_rewind_to_above_the_top_is_refused<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    let before = kept.ledger();
    assert_eq!(wait(storage.rewind(1)), Err(StorageError::RewindAboveTop { to: 1, top: 0 }));
    assert_eq!(kept.ledger(), before);
}

fn the_newest_values_are_those_of_the_last_block<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    wait(storage.commit(block(1, 0, 49))).unwrap();
    wait(storage.commit(block(2, 1, 48))).unwrap();
    let balance = wait(storage.balance(A, AssetId::TOS)).unwrap().unwrap();
    assert_eq!((balance.topoheight, balance.value), (2, 48));
    assert_eq!(wait(storage.balance(B, AssetId::TOS)).unwrap(), None);
    let account = wait(storage.account(B)).unwrap().unwrap();
    assert_eq!((account.registered, account.nonce.topoheight, account.nonce.value), (1, 1, 0));
    assert_eq!(wait(storage.executed_by(Hash([5; 32]))).unwrap(), Some(Hash([9; 32])));
    assert_eq!(wait(storage.executed_by(Hash([6; 32]))).unwrap(), None);
    assert_eq!(wait(storage.burned(AssetId::TOS)).unwrap(), None);
    assert_eq!(wait(storage.top()).unwrap(), (2, kept.ledger().metadata[&2].clone()));
}

fn a_rewind_to_a_block_in_between_keeps_what_it_wrote<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    wait(storage.commit(block(1, 0, 49))).unwrap();
    let before = kept.ledger();
    wait(storage.commit(block(2, 1, 48))).unwrap();
    wait(storage.commit(block(3, 2, 47))).unwrap();
    wait(storage.rewind(1)).unwrap();
    let after = kept.ledger();
    assert_eq!(LedgerState { orphans: before.orphans.clone(), ..after }, before);
}

fn a_rewind_to_the_top_changes_nothing<K: Kind>() {
    let kept = K::new(&genesis());
    wait(kept.storage().commit(block(1, 0, 49))).unwrap();
    let before = kept.ledger();
    wait(kept.storage().rewind(1)).unwrap();
    assert_eq!(kept.ledger(), before);
}

fn a_rewind_also_removes_versions_above_the_top<K: Kind>() {
    let kept = K::new(&genesis());
    let before = kept.ledger();
    let stray = put(StateKey::Nonce(A), 7, Some(0), StateValue::Nonce(9));
    wait(kept.storage().commit(WriteBatch { ops: vec![stray] })).unwrap();
    assert_eq!(kept.ledger().newest[&StateKey::Nonce(A)], 7);
    wait(kept.storage().rewind(0)).unwrap();
    assert_eq!(kept.ledger(), before);
}

/// Nobody wrote down what the blocks of a ledger touched that came with them.
#[test]
fn a_ledger_that_came_with_its_blocks_is_rewound_like_one_that_saw_them() {
    for to in 0..=3 {
        let seen = MemoryStorage::new(&genesis()).unwrap();
        wait(seen.commit(block(1, 0, 49))).unwrap();
        wait(seen.commit(block(2, 1, 48))).unwrap();
        let came = MemoryStorage::from_state(seen.inspect(Clone::clone));
        for storage in [&seen, &came] {
            wait(storage.commit(block(3, 2, 47))).unwrap();
            wait(storage.rewind(to)).unwrap();
        }
        assert_eq!(came.inspect(Clone::clone), seen.inspect(Clone::clone), "to {to}");
        assert_eq!(came.inspect(|ledger| ledger.top), to);
    }
}

fn a_mark_that_was_made_anew_goes_with_the_block_that_made_it<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    let again = |topoheight| {
        let mut batch = block(topoheight, topoheight - 1, 40);
        let mark = WriteOp::MarkExecuted { transaction: Hash([5; 32]), topoheight, block: Hash([8; 32]) };
        batch.ops.extend([mark, WriteOp::Register { account: B, topoheight }]);
        batch
    };
    wait(storage.commit(block(1, 0, 49))).unwrap();
    wait(storage.commit(again(2))).unwrap();
    wait(storage.rewind(1)).unwrap();
    assert_eq!(wait(storage.executed_by(Hash([5; 32]))).unwrap(), None);
    assert_eq!(wait(storage.account(B)).unwrap(), None);
    // Made anew lower, it stays when the higher block goes.
    wait(storage.commit(again(2))).unwrap();
    let lower = WriteOp::MarkExecuted { transaction: Hash([5; 32]), topoheight: 1, block: Hash([9; 32]) };
    let ops = vec![lower, WriteOp::Register { account: B, topoheight: 1 }];
    wait(storage.commit(WriteBatch { ops })).unwrap();
    wait(storage.rewind(1)).unwrap();
    assert_eq!(wait(storage.executed_by(Hash([5; 32]))).unwrap(), Some(Hash([9; 32])));
    assert_eq!(wait(storage.account(B)).unwrap().unwrap().registered, 1);
}

fn blocks_can_be_applied_again_after_a_rewind<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    wait(storage.commit(block(1, 0, 49))).unwrap();
    wait(storage.commit(block(2, 1, 48))).unwrap();
    let before = kept.ledger();
    wait(storage.rewind(0)).unwrap();
    wait(storage.commit(block(1, 0, 49))).unwrap();
    wait(storage.commit(block(2, 1, 48))).unwrap();
    assert_eq!(kept.ledger(), before);
}

fn a_block_that_does_not_stand_on_the_top_is_refused_whole<K: Kind>() {
    let kept = K::new(&genesis());
    let storage = kept.storage();
    wait(storage.commit(block(1, 0, 49))).unwrap();
    let before = kept.ledger();
    for found in [0, 1, 3, u64::MAX] {
        let refused = wait(storage.commit(block(found, 0, 1)));
        assert_eq!(refused, Err(StorageError::NotOnTop { found, top: 1 }));
        assert_eq!(kept.ledger(), before);
    }
    wait(storage.commit(block(2, 1, 48))).unwrap();
}

fn a_version_written_twice_at_one_topoheight_is_the_second<K: Kind>() {
    let kept = K::new(&genesis());
    let twice = [7, 8].map(|nonce| put(StateKey::Nonce(A), 1, Some(0), StateValue::Nonce(nonce)));
    wait(kept.storage().commit(WriteBatch { ops: twice.to_vec() })).unwrap();
    assert_eq!(wait(kept.storage().account(A)).unwrap().unwrap().nonce.value, 8);
    assert_eq!(kept.ledger().versions[&StateKey::Nonce(A)].len(), 2);
}

fn orphans_stand_in_order_of_their_last_addition<K: Kind>() {
    let kept = K::new(&genesis());
    let hash = |byte| Hash([byte; 32]);
    let ops = [5, 3, 9, 5, 1].map(|byte| WriteOp::AddOrphan(hash(byte)));
    wait(kept.storage().commit(WriteBatch { ops: ops.to_vec() })).unwrap();
    assert_eq!(kept.ledger().orphans.oldest_first(), [3, 9, 5, 1].map(hash));
    let ops = vec![WriteOp::RemoveOrphan(hash(1)), WriteOp::RemoveOrphan(hash(77)), WriteOp::AddOrphan(hash(3))];
    wait(kept.storage().commit(WriteBatch { ops })).unwrap();
    assert_eq!(kept.ledger().orphans.oldest_first(), [9, 5, 3].map(hash));
}

fn the_oldest_orphans_beyond_the_bound_are_forgotten<K: Kind>() {
    let kept = K::new(&genesis());
    let hash = |index: usize| Hash(std::array::from_fn(|byte| index.to_le_bytes().get(byte).copied().unwrap_or(0)));
    let mut ops: Vec<_> = (0..MAX_ORPHANS).map(|index| WriteOp::AddOrphan(hash(index))).collect();
    // The oldest becomes the newest, so the next one goes in its place.
    ops.push(WriteOp::AddOrphan(hash(0)));
    wait(kept.storage().commit(WriteBatch { ops })).unwrap();
    let orphans = kept.ledger().orphans.oldest_first();
    assert_eq!((orphans.len(), orphans[0], orphans[MAX_ORPHANS - 1]), (MAX_ORPHANS, hash(1), hash(0)));
    let ops = (MAX_ORPHANS..MAX_ORPHANS + 2).map(|index| WriteOp::AddOrphan(hash(index))).collect();
    wait(kept.storage().commit(WriteBatch { ops })).unwrap();
    let orphans = kept.ledger().orphans.oldest_first();
    assert_eq!((orphans.len(), orphans[0], orphans[MAX_ORPHANS - 1]), (MAX_ORPHANS, hash(3), hash(MAX_ORPHANS + 1)));
}

#[test]
fn a_genesis_that_the_rules_cannot_start_from_is_refused() {
    let with = |change: fn(&mut Genesis)| {
        let mut genesis = genesis();
        change(&mut genesis);
        seriatim_tos::storage::MemoryStorage::new(&genesis).map(drop)
    };
    fn account(genesis: &mut Genesis) -> &mut GenesisAccount {
        genesis.accounts.get_mut(&A).unwrap()
    }
    const Z: AssetId = AssetId([7; 32]);
    assert_eq!(with(|_| {}), Ok(()));
    assert_eq!(with(|genesis| genesis.emitted_supply = MAXIMUM_SUPPLY), Ok(()));
    let emitted = MAXIMUM_SUPPLY + 1;
    assert_eq!(with(|genesis| genesis.emitted_supply = MAXIMUM_SUPPLY + 1), Err(GenesisError::Emitted(emitted)));
    assert_eq!(
        with(|genesis| _ = account(genesis).balances.insert(Z, 1)),
        Err(GenesisError::BalanceAsset { account: A, asset: Z })
    );
    assert_eq!(with(|genesis| genesis.topoheight = MAX_GENESIS_TOPOHEIGHT), Ok(()));
    assert_eq!(
        with(|genesis| genesis.topoheight = MAX_GENESIS_TOPOHEIGHT + 1),
        Err(GenesisError::Topoheight(MAX_GENESIS_TOPOHEIGHT + 1))
    );
    assert_eq!(with(|genesis| _ = genesis.burned.insert(Z, 1)), Err(GenesisError::BurnedAsset(Z)));
    for (threshold, participants) in [(0, vec![B]), (2, vec![B]), (1, vec![A]), (1, vec![B, B])] {
        let mut genesis = genesis();
        account(&mut genesis).multisig = Some(MultiSigConfig { threshold, participants });
        assert!(matches!(genesis.validate(), Err(GenesisError::MultiSig { .. })));
    }
    let record = |amount, days| seriatim_tos::ledger::FreezeRecord { amount, days, unlock_height: 0 };
    for (total, used, frozen, records) in [
        (6, 0, TOS, vec![record(TOS, 2)]),
        (6, 0, TOS + 1, vec![record(TOS + 1, 3)]),
        (7, 0, TOS, vec![record(TOS, 3)]),
        (6, 0, 2 * TOS, vec![record(TOS, 3)]),
        (6, 7, TOS, vec![record(TOS, 3)]),
    ] {
        let mut genesis = genesis();
        account(&mut genesis).energy = Some(Energy { total, used, frozen, records });
        assert!(matches!(genesis.validate(), Err(GenesisError::Energy { .. })));
    }
    let mut right = genesis();
    account(&mut right).energy = Some(Energy { total: 6, used: 6, frozen: TOS, records: vec![record(TOS, 3)] });
    assert_eq!(right.validate(), Ok(()));
}
