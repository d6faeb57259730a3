//! Names in order of appearance: accounts and assets get the keys that generated scenarios give to small numbers.

use std::collections::BTreeMap;

use seriatim_tos::ledger::{AccountKey, AssetId, Payload, SignatureScheme};

use super::script::Script;
use super::search::Search;

/// The key of account number `number` in generated scenarios under the tagged scheme.
fn account(number: usize) -> AccountKey {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&(number as u32 + 1).to_be_bytes());
    AccountKey(key)
}

/// Accounts that genesis, blocks and transactions name.
pub(super) fn count(script: &Script) -> usize {
    accounts(script).len()
}

impl Search<'_> {
    /// All at once; if the violation depends on a key, as many as possible.
    pub(super) fn rename(&mut self) {
        if self.script.is_fixed || self.script.parameters.signature_scheme != SignatureScheme::Tagged {
            return;
        }
        let names = accounts(&self.script);
        let all: BTreeMap<_, _> = names.iter().enumerate().map(|(number, name)| (*name, account(number))).collect();
        let is_named = all.iter().all(|(old, new)| old == new);
        if !is_named && !self.edit(|script| script.rename_accounts(&all)) {
            for name in names {
                let taken = accounts(&self.script);
                let free = (0..=taken.len()).map(account).filter(|key| *key < name && !taken.contains(key));
                for key in free {
                    if self.edit(|script| script.rename_accounts(&BTreeMap::from([(name, key)]))) {
                        break;
                    }
                }
            }
        }
        self.rename_assets();
    }

    fn rename_assets(&mut self) {
        let mut assets = assets(&self.script);
        assets.retain(|asset| *asset != AssetId::TOS);
        let names = assets.iter().enumerate().map(|(number, name)| (*name, AssetId([number as u8 + 1; 32]))).collect();
        if assets.len() < 255 {
            self.edit(|script| script.rename_assets(&names));
        }
    }
}

/// The order of appearance: that of transactions, then miners and the dev account, then whoever is in genesis only.
fn accounts(script: &Script) -> Vec<AccountKey> {
    let mut names: Vec<AccountKey> = Vec::new();
    let mut add = |name: &AccountKey| {
        if !names.contains(name) {
            names.push(*name);
        }
    };
    for entry in &script.entries {
        add(&entry.tx.body.source);
        match &entry.tx.body.data {
            Payload::Transfers(transfers) => transfers.iter().for_each(|transfer| add(&transfer.destination)),
            Payload::MultiSig { participants, .. } => participants.iter().for_each(&mut add),
            Payload::Burn { .. } | Payload::FreezeTos { .. } | Payload::UnfreezeTos { .. } => {}
        }
    }
    script.blocks().for_each(|block| add(&block.miner));
    add(&script.parameters.dev_account);
    for (name, entry) in &script.genesis.accounts {
        add(name);
        entry.multisig.iter().flat_map(|config| &config.participants).for_each(&mut add);
    }
    names
}

fn assets(script: &Script) -> Vec<AssetId> {
    let mut names: Vec<AssetId> = Vec::new();
    for entry in &script.entries {
        match &entry.tx.body.data {
            Payload::Transfers(transfers) => names.extend(transfers.iter().map(|transfer| transfer.asset)),
            Payload::Burn { asset, .. } => names.push(*asset),
            Payload::MultiSig { .. } | Payload::FreezeTos { .. } | Payload::UnfreezeTos { .. } => {}
        }
    }
    names.extend(&script.genesis.assets);
    let mut seen = Vec::new();
    names.retain(|name| {
        let is_new = !seen.contains(name);
        seen.push(*name);
        is_new
    });
    names
}

impl Script {
    pub(super) fn rename_accounts(&mut self, names: &BTreeMap<AccountKey, AccountKey>) {
        let rename = |name: &mut AccountKey| {
            if let Some(new) = names.get(name) {
                *name = *new;
            }
        };
        rename(&mut self.parameters.dev_account);
        let accounts = std::mem::take(&mut self.genesis.accounts);
        self.genesis.accounts = accounts
            .into_iter()
            .map(|(mut name, mut entry)| {
                rename(&mut name);
                entry.multisig.iter_mut().flat_map(|config| &mut config.participants).for_each(rename);
                (name, entry)
            })
            .collect();
        self.blocks_mut().for_each(|block| rename(&mut block.miner));
        for entry in &mut self.entries {
            rename(&mut entry.tx.body.source);
            match &mut entry.tx.body.data {
                Payload::Transfers(transfers) => {
                    for transfer in transfers {
                        rename(&mut transfer.destination);
                    }
                }
                Payload::MultiSig { participants, .. } => participants.iter_mut().for_each(rename),
                Payload::Burn { .. } | Payload::FreezeTos { .. } | Payload::UnfreezeTos { .. } => {}
            }
        }
    }

    fn rename_assets(&mut self, names: &BTreeMap<AssetId, AssetId>) {
        let renamed = |name: AssetId| names.get(&name).copied().unwrap_or(name);
        let genesis = &mut self.genesis;
        genesis.assets = std::mem::take(&mut genesis.assets).into_iter().map(renamed).collect();
        genesis.burned =
            std::mem::take(&mut genesis.burned).into_iter().map(|(name, amount)| (renamed(name), amount)).collect();
        for entry in genesis.accounts.values_mut() {
            let balances = std::mem::take(&mut entry.balances);
            entry.balances = balances.into_iter().map(|(name, amount)| (renamed(name), amount)).collect();
        }
        for entry in &mut self.entries {
            match &mut entry.tx.body.data {
                Payload::Transfers(transfers) => {
                    for transfer in transfers {
                        transfer.asset = renamed(transfer.asset);
                    }
                }
                Payload::Burn { asset, .. } => *asset = renamed(*asset),
                Payload::MultiSig { .. } | Payload::FreezeTos { .. } | Payload::UnfreezeTos { .. } => {}
            }
        }
    }
}
