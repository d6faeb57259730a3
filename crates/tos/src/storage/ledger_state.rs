//! The whole ledger as plain data: what `MemoryStorage` holds, what the reference computes, and what oracles compare.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::Serialize;

use crate::ledger::{AccountKey, AssetId, BlockMetadata, Genesis, GenesisAccount, Hash, MultiSigConfig, Topoheight};

use super::{History, Orphans, StateKey, StateValue, StorageError, Version, WriteOp};

/// Which block executed a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Executed {
    pub topoheight: Topoheight,
    pub block: Hash,
}

/// The ledger at one moment, history included.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LedgerState {
    pub top: Topoheight,
    pub assets: BTreeSet<AssetId>,
    pub registrations: BTreeMap<AccountKey, Topoheight>,
    pub versions: BTreeMap<StateKey, History>,
    /// Topoheight of each key's newest version.
    pub newest: BTreeMap<StateKey, Topoheight>,
    /// Per transaction, the blocks it stands in.
    pub links: BTreeMap<Hash, BTreeMap<Topoheight, Hash>>,
    pub executed: BTreeMap<Hash, Executed>,
    pub orphans: Orphans,
    pub metadata: BTreeMap<Topoheight, BlockMetadata>,
}

impl LedgerState {
    /// The ledger where it begins (section 2). The genesis must be valid ([`Genesis::validate`]).
    pub fn from_genesis(genesis: &Genesis) -> Self {
        let top = genesis.topoheight;
        let mut state = Self { top, assets: genesis.assets.clone(), ..Self::default() };
        state.assets.insert(AssetId::TOS);
        for (&account, entry) in &genesis.accounts {
            let GenesisAccount { nonce, balances, multisig, energy } = entry;
            state.registrations.insert(account, top);
            state.put_genesis(StateKey::Nonce(account), StateValue::Nonce(*nonce));
            for (&asset, &amount) in balances {
                state.put_genesis(StateKey::Balance(account, asset), StateValue::Amount(amount));
            }
            if let Some(config) = multisig {
                let config = Some(config).filter(|config| **config != MultiSigConfig::DELETED).cloned();
                state.put_genesis(StateKey::MultiSig(account), StateValue::MultiSig(config));
            }
            if let Some(energy) = energy {
                state.put_genesis(StateKey::Energy(account), StateValue::Energy(energy.clone()));
            }
        }
        for (&asset, &amount) in &genesis.burned {
            state.put_genesis(StateKey::Burned(asset), StateValue::Amount(amount));
        }
        let burned_supply = genesis.burned.get(&AssetId::TOS).copied().unwrap_or(0);
        let metadata = BlockMetadata {
            block: Hash::ZERO,
            reward: 0,
            fees: 0,
            emitted_supply: genesis.emitted_supply,
            burned_supply,
        };
        state.metadata.insert(top, metadata);
        let marks = genesis.executed.iter().map(|(&hash, &block)| (hash, Executed { topoheight: top, block }));
        state.executed.extend(marks);
        state
    }

    /// Where the ledger begins; nothing below it can be rewound to.
    pub fn genesis_topoheight(&self) -> Topoheight {
        self.metadata.first_key_value().map_or(self.top, |(topoheight, _)| *topoheight)
    }

    fn put_genesis(&mut self, key: StateKey, value: StateValue) {
        self.versions.entry(key).or_default().insert(self.top, Version { previous: None, value });
        self.newest.insert(key, self.top);
    }

    /// The newest value of a key, by its pointer.
    pub fn newest_value(&self, key: &StateKey) -> Option<&StateValue> {
        let topoheight = self.newest.get(key)?;
        Some(&self.versions.get(key)?.get(topoheight)?.value)
    }
}

/// What blocks have touched.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Accounts that they registered.
    accounts: Vec<AccountKey>,
    /// Keys that they gave a version.
    keys: Vec<StateKey>,
    /// Transactions that they link or executed.
    transactions: Vec<Hash>,
}

impl Touched {
    /// What the blocks of `ledger` above `to` have touched. It looks at every key once.
    pub(super) fn above(ledger: &LedgerState, to: Topoheight) -> Self {
        let registered = ledger.registrations.iter().filter(|(_, topoheight)| **topoheight > to);
        let written =
            ledger.versions.iter().filter(|(_, history)| history.last_key_value().is_some_and(|(at, _)| *at > to));
        let linked = ledger.links.iter().filter(|(_, blocks)| blocks.last_key_value().is_some_and(|(at, _)| *at > to));
        let executed = ledger.executed.iter().filter(|(_, executed)| executed.topoheight > to);
        Self {
            accounts: registered.map(|(account, _)| *account).collect(),
            keys: written.map(|(key, _)| *key).collect(),
            transactions: linked.map(|(hash, _)| *hash).chain(executed.map(|(hash, _)| *hash)).collect(),
        }
    }

    pub(super) fn add(&mut self, op: &WriteOp) {
        match op {
            WriteOp::Register { account, .. } => self.accounts.push(*account),
            WriteOp::Put { key, .. } => self.keys.push(*key),
            WriteOp::Link { transaction, .. } | WriteOp::MarkExecuted { transaction, .. } => {
                self.transactions.push(*transaction);
            }
            WriteOp::AddOrphan(_) | WriteOp::RemoveOrphan(_) | WriteOp::Metadata { .. } | WriteOp::Top(_) => {}
        }
    }
}

/// How a ledger in memory changes. The reference does not use these; of what it shares, its own tests check the orphan set.
impl LedgerState {
    pub(super) fn apply(&mut self, op: WriteOp) {
        match op {
            WriteOp::Register { account, topoheight } => {
                self.registrations.insert(account, topoheight);
            }
            WriteOp::Put { key, topoheight, version } => {
                self.versions.entry(key).or_default().insert(topoheight, version);
                self.newest.insert(key, topoheight);
            }
            WriteOp::Link { transaction, topoheight, block } => {
                self.links.entry(transaction).or_default().insert(topoheight, block);
            }
            WriteOp::MarkExecuted { transaction, topoheight, block } => {
                self.executed.insert(transaction, Executed { topoheight, block });
            }
            WriteOp::AddOrphan(hash) => self.orphans.add(hash),
            WriteOp::RemoveOrphan(hash) => self.orphans.remove(&hash),
            WriteOp::Metadata { topoheight, metadata } => {
                self.metadata.insert(topoheight, metadata);
            }
            WriteOp::Top(topoheight) => self.top = topoheight,
        }
    }

    /// Takes back every block above `to`, which have touched nothing else than what is in `touched`.
    pub(super) fn rewind<'a>(&mut self, touched: impl IntoIterator<Item = &'a Touched>, to: Topoheight) {
        touched.into_iter().for_each(|touched| self.undo(touched, to));
        self.top = to;
        self.metadata.split_off(&(to + 1));
    }

    /// Several blocks may have touched the same, and the first of them takes all of it back.
    fn undo(&mut self, touched: &Touched, to: Topoheight) {
        let Touched { accounts, keys, transactions } = touched;
        for account in accounts {
            self.registrations.remove(account);
        }
        for key in keys {
            let Some(history) = self.versions.get_mut(key) else { continue };
            history.retain(|topoheight, _| *topoheight <= to);
            match history.last_key_value() {
                Some((topoheight, _)) => self.newest.insert(*key, *topoheight),
                None => self.newest.remove(key),
            };
            if history.is_empty() {
                self.versions.remove(key);
            }
        }
        for transaction in transactions {
            if self.executed.get(transaction).is_some_and(|executed| executed.topoheight > to) {
                self.executed.remove(transaction);
            }
            let Some(blocks) = self.links.get_mut(transaction) else { continue };
            blocks.retain(|topoheight, _| *topoheight <= to);
            if blocks.is_empty() {
                self.links.remove(transaction);
            }
        }
    }

    /// The newest version at or below `at`, by the links.
    ///
    /// # Errors
    /// `BrokenLink` where following links would not come to an end.
    pub fn version_at(&self, key: StateKey, at: Topoheight) -> Result<Option<(Topoheight, Version)>, StorageError> {
        let Some(history) = self.versions.get(&key) else { return Ok(None) };
        let mut next = self.newest.get(&key).copied();
        let mut from = None;
        while let Some(topoheight) = next {
            let link = StorageError::BrokenLink { key, topoheight: from.unwrap_or(topoheight), previous: topoheight };
            if from.is_some_and(|from| topoheight >= from) {
                return Err(link);
            }
            let version = history.get(&topoheight).ok_or(link)?;
            if topoheight <= at {
                return Ok(Some((topoheight, version.clone())));
            }
            from = Some(topoheight);
            next = version.previous;
        }
        Ok(None)
    }
}
