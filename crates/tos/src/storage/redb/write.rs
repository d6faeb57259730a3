//! How the tables change, inside one write transaction.

use std::collections::BTreeSet;

use ::redb::{ReadableTable, ReadableTableMetadata, Table, WriteTransaction};

use super::tables::*;
use crate::ledger::{Hash, MAX_ORPHANS, Topoheight, encode};
use crate::storage::{Executed, LedgerState, StateKey, StorageError, WriteOp};

/// All tables of the ledger, open for writing. Nothing of it is kept unless the transaction commits.
pub(super) struct Tables<'t> {
    top: Table<'t, (), Topoheight>,
    assets: Table<'t, Name, ()>,
    registrations: Table<'t, Name, Topoheight>,
    versions: Table<'t, Bytes, Bytes>,
    newest: Table<'t, Bytes, Topoheight>,
    links: Table<'t, Bytes, Name>,
    executed: Table<'t, Name, Bytes>,
    orphans: Table<'t, Name, u64>,
    orphan_turns: Table<'t, u64, Name>,
    metadata: Table<'t, Topoheight, Bytes>,
    written: Table<'t, Bytes, ()>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, StorageError> {
        Ok(Self {
            top: transaction.open_table(TOP)?,
            assets: transaction.open_table(ASSETS)?,
            registrations: transaction.open_table(REGISTRATIONS)?,
            versions: transaction.open_table(VERSIONS)?,
            newest: transaction.open_table(NEWEST)?,
            links: transaction.open_table(LINKS)?,
            executed: transaction.open_table(EXECUTED)?,
            orphans: transaction.open_table(ORPHANS)?,
            orphan_turns: transaction.open_table(ORPHAN_TURNS)?,
            metadata: transaction.open_table(METADATA)?,
            written: transaction.open_table(WRITTEN)?,
        })
    }

    /// Fills empty tables with a ledger that is where it begins.
    pub(super) fn start(&mut self, genesis: &LedgerState) -> Result<(), StorageError> {
        for asset in &genesis.assets {
            self.assets.insert(&asset.0, ())?;
        }
        for (&account, &topoheight) in &genesis.registrations {
            self.apply(&WriteOp::Register { account, topoheight })?;
        }
        for (&key, history) in &genesis.versions {
            for (&topoheight, version) in history.iter() {
                self.apply(&WriteOp::Put { key, topoheight, version: version.clone() })?;
            }
        }
        for (&transaction, &Executed { topoheight, block }) in &genesis.executed {
            self.apply(&WriteOp::MarkExecuted { transaction, topoheight, block })?;
        }
        for (&topoheight, metadata) in &genesis.metadata {
            self.apply(&WriteOp::Metadata { topoheight, metadata: metadata.clone() })?;
        }
        self.apply(&WriteOp::Top(genesis.top))
    }

    pub(super) fn top(&self) -> Result<Topoheight, StorageError> {
        let top = self.top.get(())?.ok_or_else(|| StorageError::Failed("no entry in top".to_owned()))?;
        Ok(top.value())
    }

    /// Where the ledger begins: no rewind goes below, so that its metadata is always there and the lowest.
    pub(super) fn genesis_topoheight(&self) -> Result<Topoheight, StorageError> {
        let lowest = self.metadata.first()?.ok_or_else(|| StorageError::Failed("no entry in metadata".to_owned()))?;
        Ok(lowest.0.value())
    }

    pub(super) fn apply(&mut self, op: &WriteOp) -> Result<(), StorageError> {
        match op {
            WriteOp::Register { account, topoheight } => {
                self.registrations.insert(&account.0, topoheight)?;
                self.note(*topoheight, Written::Registration(*account))?;
            }
            WriteOp::Put { key, topoheight, version } => {
                self.versions.insert(&version_key(key, *topoheight)[..], &encode(version)[..])?;
                self.newest.insert(&encode(key)[..], topoheight)?;
                self.note(*topoheight, Written::Version(*key))?;
            }
            WriteOp::Link { transaction, topoheight, block } => {
                self.links.insert(&link_key(transaction, *topoheight)[..], &block.0)?;
                self.note(*topoheight, Written::Link(*transaction))?;
            }
            WriteOp::MarkExecuted { transaction, topoheight, block } => {
                let executed = Executed { topoheight: *topoheight, block: *block };
                self.executed.insert(&transaction.0, &encode(&executed)[..])?;
                self.note(*topoheight, Written::Executed(*transaction))?;
            }
            WriteOp::AddOrphan(hash) => self.add_orphan(hash)?,
            WriteOp::RemoveOrphan(hash) => self.remove_orphan(hash)?,
            WriteOp::Metadata { topoheight, metadata } => {
                self.metadata.insert(topoheight, &encode(metadata)[..])?;
            }
            WriteOp::Top(topoheight) => {
                self.top.insert((), topoheight)?;
            }
        }
        Ok(())
    }

    /// Reads the keys that were written above `to`, and of each of them the newest version that stays: what lies below costs
    /// nothing, however much it is.
    pub(super) fn rewind(&mut self, to: Topoheight) -> Result<(), StorageError> {
        self.top.insert((), to)?;
        let Some(above) = to.checked_add(1) else { return Ok(()) };
        let mut keys = BTreeSet::new();
        for (topoheight, written) in self.take_written(above)? {
            match written {
                Written::Registration(account) => {
                    // Written anew since, it may stand lower; then its entry there is what counts.
                    let at = self.registrations.get(&account.0)?.map(|at| at.value());
                    if at.is_some_and(|at| at > to) {
                        self.registrations.remove(&account.0)?;
                    }
                }
                Written::Version(key) => {
                    self.versions.remove(&version_key(&key, topoheight)[..])?;
                    keys.insert(key);
                }
                Written::Link(transaction) => {
                    self.links.remove(&link_key(&transaction, topoheight)[..])?;
                }
                Written::Executed(transaction) => {
                    let name = &transaction.0;
                    let mark = self.executed.get(name)?.map(|bytes| read::<Executed>("executed", name, bytes.value()));
                    if mark.transpose()?.is_some_and(|mark| mark.topoheight > to) {
                        self.executed.remove(name)?;
                    }
                }
            }
        }
        for key in keys {
            self.point(&key)?;
        }
        let metadata: Vec<_> =
            self.metadata.range(above..)?.map(|entry| entry.map(|(at, _)| at.value())).collect::<Result<_, _>>()?;
        for topoheight in metadata {
            self.metadata.remove(topoheight)?;
        }
        Ok(())
    }

    /// Remembers what a topoheight wrote.
    fn note(&mut self, topoheight: Topoheight, written: Written) -> Result<(), StorageError> {
        self.written.insert(&written_key(topoheight, &written)[..], ())?;
        Ok(())
    }

    /// What was written at `above` and higher, which is then forgotten.
    fn take_written(&mut self, above: Topoheight) -> Result<Vec<(Topoheight, Written)>, StorageError> {
        let mut taken = Vec::new();
        for entry in self.written.range(&above.to_be_bytes()[..]..)? {
            taken.push(written_of(entry?.0.value())?);
        }
        for (topoheight, written) in &taken {
            self.written.remove(&written_key(*topoheight, written)[..])?;
        }
        Ok(taken)
    }

    /// Points `key` at the highest version that it has.
    fn point(&mut self, key: &StateKey) -> Result<(), StorageError> {
        let (lowest, highest) = (version_key(key, 0), version_key(key, Topoheight::MAX));
        let last = self.versions.range(&lowest[..]..=&highest[..])?.next_back().transpose()?;
        let newest = last.map(|(bytes, _)| key_of::<StateKey>("versions", bytes.value())).transpose()?;
        match newest {
            Some((_, topoheight)) => self.newest.insert(&encode(key)[..], topoheight)?,
            None => self.newest.remove(&encode(key)[..])?,
        };
        Ok(())
    }

    fn add_orphan(&mut self, hash: &Hash) -> Result<(), StorageError> {
        self.remove_orphan(hash)?;
        let turn = self.orphan_turns.last()?.map_or(0, |(newest, _)| newest.value() + 1);
        self.orphan_turns.insert(turn, &hash.0)?;
        self.orphans.insert(&hash.0, turn)?;
        if self.orphan_turns.len()? > MAX_ORPHANS as u64
            && let Some((_, oldest)) = self.orphan_turns.pop_first()?
        {
            self.orphans.remove(oldest.value())?;
        }
        Ok(())
    }

    fn remove_orphan(&mut self, hash: &Hash) -> Result<(), StorageError> {
        let turn = self.orphans.remove(&hash.0)?.map(|turn| turn.value());
        if let Some(turn) = turn {
            self.orphan_turns.remove(turn)?;
        }
        Ok(())
    }
}
