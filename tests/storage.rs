//! What every storage promises, shown on the one in memory.

use std::future::Future;

use seriatim::ledger::{
    AccountKey, AssetId, BlockMetadata, Energy, Genesis, GenesisAccount, GenesisError, Hash, MAXIMUM_SUPPLY,
    MultiSigConfig, TOS,
};
use seriatim::storage::{MemoryStorage, StateKey, StateValue, Storage, StorageError, Version, WriteBatch, WriteOp};

const A: AccountKey = AccountKey([1; 32]);
const B: AccountKey = AccountKey([2; 32]);

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn genesis() -> Genesis {
    let account = GenesisAccount { nonce: 3, balances: [(AssetId::TOS, 50)].into(), ..GenesisAccount::default() };
    Genesis { accounts: [(A, account)].into(), ..Genesis::default() }
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

#[test]
fn genesis_is_topoheight_0() {
    let storage = MemoryStorage::new(&genesis()).unwrap();
    assert_eq!(wait(storage.top()).unwrap().0, 0);
    let account = wait(storage.account(A)).unwrap().unwrap();
    assert_eq!((account.registered, account.nonce.topoheight, account.nonce.value), (0, 0, 3));
    assert_eq!(wait(storage.account(B)).unwrap(), None);
    assert!(wait(storage.assets()).unwrap().contains(&AssetId::TOS));
}

#[test]
fn a_version_is_found_at_or_below_a_topoheight() {
    let storage = MemoryStorage::new(&genesis()).unwrap();
    wait(storage.commit(block(1, 0, 49))).unwrap();
    wait(storage.commit(block(2, 1, 48))).unwrap();
    let key = StateKey::Balance(A, AssetId::TOS);
    let at = |topoheight| wait(storage.version_at(key, topoheight)).unwrap().unwrap();
    assert_eq!((at(0).0, at(1).0, at(2).0, at(9).0), (0, 1, 2, 2));
    assert_eq!(at(1).1.value, StateValue::Amount(49));
    assert_eq!(wait(storage.version_at(StateKey::Nonce(B), 0)).unwrap(), None);
}

#[test]
fn a_link_that_does_not_go_down_is_an_error_and_no_endless_loop() {
    let storage = MemoryStorage::new(&genesis()).unwrap();
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

#[test]
fn a_value_of_another_kind_is_an_error() {
    let storage = MemoryStorage::new(&genesis()).unwrap();
    let key = StateKey::Balance(A, AssetId::TOS);
    wait(storage.commit(WriteBatch { ops: vec![put(key, 1, Some(0), StateValue::Nonce(1))] })).unwrap();
    let error = wait(storage.balance(A, AssetId::TOS)).unwrap_err();
    assert_eq!(error, StorageError::WrongKind { key, topoheight: 1 });
}

#[test]
fn a_rewind_restores_all_but_the_orphans() {
    let storage = MemoryStorage::new(&genesis()).unwrap();
    let before = storage.inspect(Clone::clone);
    wait(storage.commit(block(1, 0, 49))).unwrap();
    wait(storage.commit(block(2, 1, 48))).unwrap();
    wait(storage.rewind(0)).unwrap();
    storage.inspect(|after| {
        assert_eq!(after.versions, before.versions);
        assert_eq!(after.newest, before.newest);
        assert_eq!(after.registrations, before.registrations);
        assert_eq!((&after.links, &after.executed), (&before.links, &before.executed));
        assert_eq!((&after.metadata, after.top), (&before.metadata, before.top));
        assert_eq!(after.orphans.oldest_first(), [Hash([1; 32]), Hash([2; 32])]);
    });
}

#[test]
fn a_rewind_to_above_the_top_is_refused() {
    let storage = MemoryStorage::new(&genesis()).unwrap();
    assert_eq!(wait(storage.rewind(1)), Err(StorageError::RewindAboveTop { to: 1, top: 0 }));
}

#[test]
fn a_genesis_that_the_rules_cannot_start_from_is_refused() {
    let with = |change: fn(&mut Genesis)| {
        let mut genesis = genesis();
        change(&mut genesis);
        MemoryStorage::new(&genesis).map(drop)
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
    assert_eq!(with(|genesis| _ = genesis.burned.insert(Z, 1)), Err(GenesisError::BurnedAsset(Z)));
    for (threshold, participants) in [(0, vec![B]), (2, vec![B]), (1, vec![A]), (1, vec![B, B])] {
        let mut genesis = genesis();
        account(&mut genesis).multisig = Some(MultiSigConfig { threshold, participants });
        assert!(matches!(genesis.validate(), Err(GenesisError::MultiSig { .. })));
    }
    let record = |amount, days| seriatim::ledger::FreezeRecord { amount, days, unlock_height: 0 };
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
