//! The ledger in memory. Reads never suspend by themselves; [`super::Suspend`] makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::ledger::{AccountKey, Amount, AssetId, BlockMetadata, Genesis, GenesisError, Hash, Topoheight};

use super::ledger_state::Touched;
use super::{
    Executed, LedgerState, Newest, StateKey, StateValue, Storage, StorageError, StoredAccount, Version, WriteBatch,
    WriteOp,
};

/// A [`LedgerState`] behind a lock that is never held across a suspension.
#[derive(Debug)]
pub struct MemoryStorage {
    ledger: RwLock<Ledger>,
}

#[derive(Debug)]
struct Ledger {
    state: LedgerState,
    /// What each block that was committed here has touched, so that a rewind costs what it removes. Blocks that were there from
    /// the start have no entry.
    touched: BTreeMap<Topoheight, Touched>,
}

impl MemoryStorage {
    /// The ledger where it begins.
    ///
    /// # Errors
    /// A genesis that the rules cannot start from.
    pub fn new(genesis: &Genesis) -> Result<Self, GenesisError> {
        genesis.validate()?;
        Ok(Self::from_state(LedgerState::from_genesis(genesis)))
    }

    /// The ledger as it is in `state`.
    pub fn from_state(state: LedgerState) -> Self {
        Self { ledger: RwLock::new(Ledger { state, touched: BTreeMap::new() }) }
    }

    /// Looks at the whole ledger in place.
    pub fn inspect<T>(&self, look: impl FnOnce(&LedgerState) -> T) -> T {
        look(&self.read().state)
    }

    // No code between lock and unlock leaves the state half changed, so a poisoned lock guards a whole ledger.
    fn read(&self) -> RwLockReadGuard<'_, Ledger> {
        self.ledger.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Ledger> {
        self.ledger.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for MemoryStorage {
    async fn top(&self) -> Result<(Topoheight, BlockMetadata), StorageError> {
        let state = &self.read().state;
        let topoheight = state.top;
        let metadata = state.metadata.get(&topoheight).ok_or(StorageError::MissingMetadata { topoheight })?;
        Ok((topoheight, metadata.clone()))
    }

    async fn assets(&self) -> Result<BTreeSet<AssetId>, StorageError> {
        Ok(self.read().state.assets.clone())
    }

    async fn account(&self, account: AccountKey) -> Result<Option<StoredAccount>, StorageError> {
        let state = &self.read().state;
        let Some(&registered) = state.registrations.get(&account) else { return Ok(None) };
        let nonce = newest(state, StateKey::Nonce(account), nonce_of)?;
        // Registering an account writes its nonce, in the same batch.
        let nonce = nonce.ok_or(StorageError::WrongKind { key: StateKey::Nonce(account), topoheight: registered })?;
        let multisig = newest(state, StateKey::MultiSig(account), |value| match value {
            StateValue::MultiSig(config) => Some(config.clone()),
            _ => None,
        })?;
        let energy = newest(state, StateKey::Energy(account), |value| match value {
            StateValue::Energy(energy) => Some(energy.clone()),
            _ => None,
        })?;
        Ok(Some(StoredAccount { registered, nonce, multisig, energy }))
    }

    async fn balance(&self, account: AccountKey, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        newest(&self.read().state, StateKey::Balance(account, asset), amount_of)
    }

    async fn burned(&self, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        newest(&self.read().state, StateKey::Burned(asset), amount_of)
    }

    async fn executed(&self, transaction: Hash) -> Result<Option<Executed>, StorageError> {
        Ok(self.read().state.executed.get(&transaction).copied())
    }

    async fn metadata(&self, topoheight: Topoheight) -> Result<BlockMetadata, StorageError> {
        let state = &self.read().state;
        state.metadata.get(&topoheight).cloned().ok_or(StorageError::MissingMetadata { topoheight })
    }

    async fn version_at(&self, key: StateKey, at: Topoheight) -> Result<Option<(Topoheight, Version)>, StorageError> {
        self.read().state.version_at(key, at)
    }

    async fn commit(&self, batch: WriteBatch) -> Result<(), StorageError> {
        let Ledger { state, touched } = &mut *self.write();
        let top = state.top;
        let misplaced = batch.ops.iter().find_map(|op| match op {
            WriteOp::Top(found) if *found != top + 1 => Some(*found),
            _ => None,
        });
        if let Some(found) = misplaced {
            return Err(StorageError::NotOnTop { found, top });
        }
        let of_block = touched.entry(top + 1).or_default();
        for op in batch.ops {
            of_block.add(&op);
            state.apply(op);
        }
        Ok(())
    }

    async fn rewind(&self, to: Topoheight) -> Result<(), StorageError> {
        let Ledger { state, touched } = &mut *self.write();
        if to > state.top {
            return Err(StorageError::RewindAboveTop { to, top: state.top });
        }
        let genesis = state.genesis_topoheight();
        if to < genesis {
            return Err(StorageError::RewindBelowGenesis { to, genesis });
        }
        let removed = touched.split_off(&(to + 1));
        if removed.len() as u64 == state.top - to {
            state.rewind(removed.values(), to);
        } else {
            let all = Touched::above(state, to);
            state.rewind([&all], to);
        }
        Ok(())
    }
}

pub(super) fn nonce_of(value: &StateValue) -> Option<u64> {
    match value {
        StateValue::Nonce(nonce) => Some(*nonce),
        _ => None,
    }
}

pub(super) fn amount_of(value: &StateValue) -> Option<Amount> {
    match value {
        StateValue::Amount(amount) => Some(*amount),
        _ => None,
    }
}

fn newest<T>(
    state: &LedgerState,
    key: StateKey,
    read: impl FnOnce(&StateValue) -> Option<T>,
) -> Result<Option<Newest<T>>, StorageError> {
    let Some(&topoheight) = state.newest.get(&key) else { return Ok(None) };
    let value = state.versions.get(&key).and_then(|history| read(&history.get(&topoheight)?.value));
    let value = value.ok_or(StorageError::WrongKind { key, topoheight })?;
    Ok(Some(Newest { topoheight, value }))
}
