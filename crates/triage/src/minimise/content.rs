//! What stands in genesis, blocks and transactions: less of it, and plainer.

use std::ops::Range;

use seriatim_tos::ledger::{AccountKey, AssetId, ENERGY_PER_TOS_DAY, Energy, FREEZE_DAYS, Payload, TOS};

use super::script::{Entry, Script};
use super::search::Search;

impl Search<'_> {
    pub(super) fn shrink_content(&mut self) {
        self.edit(Script::plain);
        self.shrink_genesis();
        self.shrink_blocks();
        if !self.script.is_fixed {
            self.shrink_transactions();
        }
        self.shrink_balances();
    }

    fn shrink_genesis(&mut self) {
        self.sweep(
            |script| script.genesis.accounts.len(),
            |mut script, range| {
                script.genesis.accounts = others(std::mem::take(&mut script.genesis.accounts), &range);
                Some(script)
            },
        );
        self.sweep(
            |script| script.genesis.assets.len(),
            |mut script, range| {
                script.genesis.assets = others(std::mem::take(&mut script.genesis.assets), &range);
                let known = script.genesis.clone();
                script.genesis.burned.retain(|asset, _| known.knows(asset));
                for entry in script.genesis.accounts.values_mut() {
                    entry.balances.retain(|asset, _| known.knows(asset));
                }
                Some(script)
            },
        );
        self.sweep(
            |script| script.genesis.burned.len(),
            |mut script, range| {
                script.genesis.burned = others(std::mem::take(&mut script.genesis.burned), &range);
                Some(script)
            },
        );
        self.edit(|script| script.genesis.emitted_supply = 0);
        if self.script.genesis.topoheight != 0 {
            self.edit(|script| script.genesis.topoheight = 0);
        }
        self.sweep(
            |script| script.genesis.executed.len(),
            |mut script, range| {
                script.genesis.executed = others(std::mem::take(&mut script.genesis.executed), &range);
                Some(script)
            },
        );
        for account in self.genesis_accounts() {
            self.edit(|script| {
                script.genesis.accounts.entry(account).and_modify(|entry| entry.multisig = None);
            });
            self.edit(|script| {
                script.genesis.accounts.entry(account).and_modify(|entry| entry.energy = None);
            });
            self.edit(|script| {
                script.genesis.accounts.entry(account).and_modify(|entry| entry.nonce = 0);
            });
            self.shrink_energy(account);
            self.shrink_config(account);
        }
    }

    fn shrink_energy(&mut self, account: AccountKey) {
        fn energy(script: &Script, account: AccountKey) -> Option<&Energy> {
            script.genesis.accounts.get(&account)?.energy.as_ref()
        }
        self.sweep(
            |script| energy(script, account).map_or(0, |energy| energy.records.len()),
            |mut script, range| {
                let energy = script.genesis.accounts.get_mut(&account)?.energy.as_mut()?;
                energy.records.drain(range);
                add_up(energy);
                Some(script)
            },
        );
        for record in 0..energy(&self.script, account).map_or(0, |energy| energy.records.len()) {
            for (amount, days, unlock_height) in
                [(Some(TOS), None, None), (None, Some(*FREEZE_DAYS.start()), None), (None, None, Some(0))]
            {
                self.edit(|script| {
                    let entry = script.genesis.accounts.get_mut(&account).and_then(|entry| entry.energy.as_mut());
                    let Some(energy) = entry else { return };
                    let Some(record) = energy.records.get_mut(record) else { return };
                    record.amount = amount.unwrap_or(record.amount);
                    record.days = days.unwrap_or(record.days);
                    record.unlock_height = unlock_height.unwrap_or(record.unlock_height);
                    add_up(energy);
                });
            }
        }
        self.shrink_number(|script| Some(&mut script.genesis.accounts.get_mut(&account)?.energy.as_mut()?.used));
    }

    /// Participants of a multisig in genesis go; the threshold is never above their number.
    fn shrink_config(&mut self, account: AccountKey) {
        self.sweep(
            |script| {
                let config = script.genesis.accounts.get(&account).and_then(|entry| entry.multisig.as_ref());
                config.map_or(0, |config| config.participants.len())
            },
            |mut script, range| {
                let config = script.genesis.accounts.get_mut(&account)?.multisig.as_mut()?;
                config.participants.drain(range);
                config.threshold = config.threshold.min(config.participants.len() as u8);
                Some(script)
            },
        );
    }

    fn shrink_blocks(&mut self) {
        if !self.script.is_fixed {
            self.edit(Script::plain_links);
        }
        self.shrink_block_time();
        self.edit(|script| {
            let dev_account = script.parameters.dev_account;
            script.blocks_mut().for_each(|block| block.miner = dev_account);
        });
        self.edit(|script| script.blocks_mut().for_each(|block| block.height = 0));
        for place in 0..self.script.blocks().count() {
            self.shrink_number(|script| Some(&mut script.blocks_mut().nth(place)?.height));
        }
    }

    fn shrink_block_time(&mut self) {
        for block_time_ms in [0, 1, 1_000, 15_000] {
            if block_time_ms >= self.script.parameters.block_time_ms
                || self.edit(|script| script.parameters.block_time_ms = block_time_ms)
            {
                return;
            }
        }
    }

    fn shrink_transactions(&mut self) {
        self.sweep(|script| legs(script).len(), |script, range| Some(without_legs(script, range)));
        for index in 0..self.script.entries.len() {
            self.shrink_signatures(index);
            self.edit_entry(index, Entry::pay_least);
            self.edit_entry(index, Entry::refer_to_genesis);
            self.edit_entry(index, |entry| entry.nonce_ahead = 0);
            self.edit_entry(index, Entry::plain_payload);
        }
        for (index, leg) in legs(&self.script) {
            self.edit_entry(index, |entry| {
                if let Payload::Transfers(transfers) = &mut entry.tx.body.data {
                    transfers[leg].extra_data = None;
                }
            });
            self.edit_entry(index, |entry| {
                if let Payload::Transfers(transfers) = &mut entry.tx.body.data {
                    transfers[leg].asset = AssetId::TOS;
                }
            });
            self.shrink_number(|script| match &mut script.entries.get_mut(index)?.tx.body.data {
                Payload::Transfers(transfers) => Some(&mut transfers.get_mut(leg)?.amount),
                _ => None,
            });
        }
        for index in 0..self.script.entries.len() {
            self.shrink_number(|script| match &mut script.entries.get_mut(index)?.tx.body.data {
                Payload::Burn { amount, .. } | Payload::FreezeTos { amount, .. } | Payload::UnfreezeTos { amount } => {
                    Some(amount)
                }
                Payload::Transfers(_) | Payload::MultiSig { .. } => None,
            });
        }
    }

    /// Multisig signatures of one transaction, and participants that it names.
    fn shrink_signatures(&mut self, index: usize) {
        self.sweep(
            |script| script.entries[index].tx.multisig.len(),
            |mut script, range| {
                range.rev().for_each(|signature| script.entries[index].remove_cosignature(signature));
                Some(script)
            },
        );
        self.sweep(
            |script| match &script.entries[index].tx.body.data {
                Payload::MultiSig { participants, .. } => participants.len(),
                _ => 0,
            },
            |mut script, range| {
                let Payload::MultiSig { threshold, participants } = &mut script.entries[index].tx.body.data else {
                    return None;
                };
                participants.drain(range);
                *threshold = (*threshold).min(participants.len() as u8);
                Some(script)
            },
        );
    }

    fn shrink_balances(&mut self) {
        let balances = |script: &Script| -> Vec<(AccountKey, AssetId)> {
            let accounts = script.genesis.accounts.iter();
            accounts.flat_map(|(account, entry)| entry.balances.keys().map(|asset| (*account, *asset))).collect()
        };
        self.sweep(
            |script| balances(script).len(),
            |mut script, range| {
                for (account, asset) in &balances(&script)[range] {
                    script.genesis.accounts.get_mut(account)?.balances.remove(asset);
                }
                Some(script)
            },
        );
        for (account, asset) in balances(&self.script) {
            self.shrink_number(|script| script.genesis.accounts.get_mut(&account)?.balances.get_mut(&asset));
        }
        for asset in self.script.genesis.burned.keys().copied().collect::<Vec<_>>() {
            self.shrink_number(|script| script.genesis.burned.get_mut(&asset));
        }
    }

    fn edit_entry(&mut self, index: usize, edit: impl FnOnce(&mut Entry)) {
        self.edit(|script| {
            if let Some(entry) = script.entries.get_mut(index) {
                edit(entry);
            }
        });
    }

    fn genesis_accounts(&self) -> Vec<AccountKey> {
        self.script.genesis.accounts.keys().copied().collect()
    }
}

impl Entry {
    /// The least that is right by itself, whatever the state.
    fn plain_payload(&mut self) {
        match &mut self.tx.body.data {
            Payload::Transfers(transfers) => transfers.iter_mut().for_each(|transfer| transfer.amount = 0),
            Payload::FreezeTos { amount, days } => (*amount, *days) = (TOS, *FREEZE_DAYS.start()),
            Payload::Burn { .. } | Payload::MultiSig { .. } | Payload::UnfreezeTos { .. } => {}
        }
    }
}

impl Script {
    /// All that is often not needed, in one attempt.
    fn plain(&mut self) {
        self.genesis.burned.clear();
        self.genesis.emitted_supply = 0;
        for entry in self.genesis.accounts.values_mut() {
            (entry.nonce, entry.multisig, entry.energy) = (0, None, None);
        }
        self.blocks_mut().for_each(|block| block.height = 0);
        if !self.is_fixed {
            self.plain_links();
            for entry in &mut self.entries {
                entry.plain_payload();
                entry.pay_least();
            }
        }
    }
}

/// Entry and position of every leg of a transfer.
fn legs(script: &Script) -> Vec<(usize, usize)> {
    let legs_of = |entry: &Entry| match &entry.tx.body.data {
        Payload::Transfers(transfers) => transfers.len(),
        _ => 0,
    };
    let entries = script.entries.iter().enumerate();
    entries.flat_map(|(index, entry)| (0..legs_of(entry)).map(move |leg| (index, leg))).collect()
}

fn without_legs(mut script: Script, range: Range<usize>) -> Script {
    for (index, leg) in legs(&script)[range].iter().rev() {
        if let Payload::Transfers(transfers) = &mut script.entries[*index].tx.body.data {
            transfers.remove(*leg);
        }
    }
    script
}

/// What is not at the positions of `range`.
fn others<T, C: IntoIterator<Item = T> + FromIterator<T>>(all: C, range: &Range<usize>) -> C {
    all.into_iter().enumerate().filter(|(position, _)| !range.contains(position)).map(|(_, item)| item).collect()
}

/// Sums that follow from the records.
fn add_up(energy: &mut Energy) {
    energy.frozen = energy.records.iter().map(|record| record.amount).sum();
    let gained = energy.records.iter().map(|record| record.amount / TOS * ENERGY_PER_TOS_DAY * u64::from(record.days));
    energy.total = gained.sum();
    energy.used = energy.used.min(energy.total);
}
