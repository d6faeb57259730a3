//! How the tables are read, inside one read transaction: all that one call reads is of one block.

use std::collections::BTreeSet;

use ::redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::tables::*;
use crate::ledger::{AccountKey, AssetId, BlockMetadata, Hash, Topoheight, encode};
use crate::storage::memory::nonce_of;
use crate::storage::{Executed, LedgerState, Newest, StateKey, StateValue, StorageError, StoredAccount, Version};

/// The ledger as it was when the transaction began.
pub(super) struct Snapshot(pub(super) ReadTransaction);

impl Snapshot {
    pub(super) fn top(&self) -> Result<(Topoheight, BlockMetadata), StorageError> {
        let topoheight = self.topoheight()?;
        Ok((topoheight, self.metadata(topoheight)?))
    }

    pub(super) fn metadata(&self, topoheight: Topoheight) -> Result<BlockMetadata, StorageError> {
        let metadata = self.0.open_table(METADATA)?;
        let bytes = metadata.get(topoheight)?.ok_or(StorageError::MissingMetadata { topoheight })?;
        read("metadata", &topoheight.to_be_bytes(), bytes.value())
    }

    pub(super) fn assets(&self) -> Result<BTreeSet<AssetId>, StorageError> {
        self.0.open_table(ASSETS)?.iter()?.map(|entry| Ok(AssetId(*entry?.0.value()))).collect()
    }

    pub(super) fn account(&self, account: AccountKey) -> Result<Option<StoredAccount>, StorageError> {
        let registered = self.0.open_table(REGISTRATIONS)?.get(&account.0)?.map(|at| at.value());
        let Some(registered) = registered else { return Ok(None) };
        let nonce = self.newest(StateKey::Nonce(account), nonce_of)?;
        // Registering an account writes its nonce, in the same batch.
        let nonce = nonce.ok_or(StorageError::WrongKind { key: StateKey::Nonce(account), topoheight: registered })?;
        let multisig = self.newest(StateKey::MultiSig(account), |value| match value {
            StateValue::MultiSig(config) => Some(config.clone()),
            _ => None,
        })?;
        let energy = self.newest(StateKey::Energy(account), |value| match value {
            StateValue::Energy(energy) => Some(energy.clone()),
            _ => None,
        })?;
        Ok(Some(StoredAccount { registered, nonce, multisig, energy }))
    }

    pub(super) fn newest<T>(
        &self,
        key: StateKey,
        value_of: impl FnOnce(&StateValue) -> Option<T>,
    ) -> Result<Option<Newest<T>>, StorageError> {
        let Some(topoheight) = self.pointer(&key)? else { return Ok(None) };
        let version = version(&self.0.open_table(VERSIONS)?, &key, topoheight)?;
        let value = version.and_then(|version| value_of(&version.value));
        let value = value.ok_or(StorageError::WrongKind { key, topoheight })?;
        Ok(Some(Newest { topoheight, value }))
    }

    pub(super) fn executed(&self, transaction: Hash) -> Result<Option<Executed>, StorageError> {
        let bytes = self.0.open_table(EXECUTED)?.get(&transaction.0)?;
        bytes.map(|bytes| read("executed", &transaction.0, bytes.value())).transpose()
    }

    pub(super) fn version_at(
        &self,
        key: StateKey,
        at: Topoheight,
    ) -> Result<Option<(Topoheight, Version)>, StorageError> {
        let versions = self.0.open_table(VERSIONS)?;
        let mut next = self.pointer(&key)?;
        let mut from = None;
        while let Some(topoheight) = next {
            let link = StorageError::BrokenLink { key, topoheight: from.unwrap_or(topoheight), previous: topoheight };
            if from.is_some_and(|from| topoheight >= from) {
                return Err(link);
            }
            let version = version(&versions, &key, topoheight)?.ok_or(link)?;
            if topoheight <= at {
                return Ok(Some((topoheight, version)));
            }
            from = Some(topoheight);
            next = version.previous;
        }
        Ok(None)
    }

    /// Reads every table from end to end.
    pub(super) fn ledger(&self) -> Result<LedgerState, StorageError> {
        let mut ledger = LedgerState { top: self.topoheight()?, assets: self.assets()?, ..LedgerState::default() };
        for entry in self.0.open_table(REGISTRATIONS)?.iter()? {
            let (account, topoheight) = entry?;
            ledger.registrations.insert(AccountKey(*account.value()), topoheight.value());
        }
        for entry in self.0.open_table(VERSIONS)?.iter()? {
            let (key, bytes) = entry?;
            let (state_key, topoheight) = key_of("versions", key.value())?;
            let version = read("versions", key.value(), bytes.value())?;
            ledger.versions.entry(state_key).or_default().insert(topoheight, version);
        }
        for entry in self.0.open_table(NEWEST)?.iter()? {
            let (key, topoheight) = entry?;
            ledger.newest.insert(read("newest", key.value(), key.value())?, topoheight.value());
        }
        for entry in self.0.open_table(LINKS)?.iter()? {
            let (key, block) = entry?;
            let (transaction, topoheight) = key_of("links", key.value())?;
            ledger.links.entry(transaction).or_default().insert(topoheight, Hash(*block.value()));
        }
        for entry in self.0.open_table(EXECUTED)?.iter()? {
            let (transaction, bytes) = entry?;
            let executed = read("executed", transaction.value(), bytes.value())?;
            ledger.executed.insert(Hash(*transaction.value()), executed);
        }
        for entry in self.0.open_table(ORPHAN_TURNS)?.iter()? {
            ledger.orphans.add(Hash(*entry?.1.value()));
        }
        for entry in self.0.open_table(METADATA)?.iter()? {
            let (topoheight, bytes) = entry?;
            let topoheight = topoheight.value();
            let metadata = read("metadata", &topoheight.to_be_bytes(), bytes.value())?;
            ledger.metadata.insert(topoheight, metadata);
        }
        Ok(ledger)
    }

    fn topoheight(&self) -> Result<Topoheight, StorageError> {
        let top = self.0.open_table(TOP)?.get(())?.ok_or_else(|| StorageError::Failed("no entry in top".to_owned()))?;
        Ok(top.value())
    }

    fn pointer(&self, key: &StateKey) -> Result<Option<Topoheight>, StorageError> {
        Ok(self.0.open_table(NEWEST)?.get(&encode(key)[..])?.map(|topoheight| topoheight.value()))
    }
}

fn version(
    versions: &ReadOnlyTable<Bytes, Bytes>,
    key: &StateKey,
    topoheight: Topoheight,
) -> Result<Option<Version>, StorageError> {
    let place = version_key(key, topoheight);
    let bytes = versions.get(&place[..])?;
    bytes.map(|bytes| read("versions", &place, bytes.value())).transpose()
}
