//! Short names for accounts and assets: a page with sixteen hexadecimal names on it cannot be read.

use std::collections::BTreeMap;

use seriatim_lab::workload::Scenario;
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{AccountKey, AssetId, Block, Payload};

/// Hexadecimal digits with which debug texts name a key.
const PREFIX: usize = 8;

/// Accounts as A, B, C ... and assets as asset1, asset2 ..., in order of appearance, beginning with one block.
#[derive(Debug, Default)]
pub(super) struct Names {
    accounts: BTreeMap<AccountKey, String>,
    assets: BTreeMap<AssetId, String>,
    /// None: several keys begin so.
    by_prefix: BTreeMap<String, Option<String>>,
}

impl Names {
    pub(super) fn of(scenario: &Scenario, first: Option<&Block>) -> Self {
        let mut names = Self::default();
        names.asset(AssetId::TOS, "TOS".to_owned());
        for block in first.into_iter().chain(scenario.blocks()) {
            for transaction in &block.transactions {
                let body = &transaction.body;
                names.account(body.source);
                if let Payload::Transfers(transfers) = &body.data {
                    for transfer in transfers {
                        names.account(transfer.destination);
                    }
                }
                for asset in footprint(body).accounts.into_values().flatten() {
                    let name = format!("asset{}", names.assets.len());
                    names.asset(asset, name);
                }
            }
            names.account(block.miner);
        }
        names.account(scenario.parameters.dev_account);
        names
    }

    fn account(&mut self, account: AccountKey) {
        if !self.accounts.contains_key(&account) {
            let number = self.accounts.len();
            let letter = char::from(b'A' + (number % 26) as u8);
            let name = if number < 26 { letter.to_string() } else { format!("{letter}{}", number / 26) };
            self.file(&account.to_string(), &name);
            self.accounts.insert(account, name);
        }
    }

    fn asset(&mut self, asset: AssetId, name: String) {
        if !self.assets.contains_key(&asset) {
            self.file(&asset.to_string(), &name);
            self.assets.insert(asset, name);
        }
    }

    fn file(&mut self, key: &str, name: &str) {
        let known = self.by_prefix.entry(key[..PREFIX].to_owned());
        known.and_modify(|name| *name = None).or_insert_with(|| Some(name.to_owned()));
    }

    /// The short name; an account that no transaction names keeps its own.
    pub(super) fn of_account(&self, account: &AccountKey) -> String {
        self.accounts.get(account).cloned().unwrap_or_else(|| format!("{account:?}"))
    }

    /// The short name.
    pub(super) fn of_asset(&self, asset: &AssetId) -> String {
        self.assets.get(asset).cloned().unwrap_or_else(|| format!("{asset:?}"))
    }

    /// The text with short names for the keys that debug texts have. Control characters, which a terminal might obey,
    /// become question marks.
    pub(super) fn shorten(&self, text: &str) -> String {
        let mut short = String::with_capacity(text.len());
        for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let (key, rest) = match word.char_indices().next_back() {
                Some((end, last)) if !last.is_ascii_alphanumeric() => word.split_at(end),
                _ => (word, ""),
            };
            let is_key = key.len() == PREFIX || key.len() == 64;
            let name = is_key.then(|| self.by_prefix.get(&key[..PREFIX]).cloned().flatten()).flatten();
            short.push_str(name.as_deref().unwrap_or(key));
            short.extend(rest.chars().map(|c| if c.is_control() { '?' } else { c }));
        }
        short
    }

    /// Short name and key of every account of `among`, in order of the names' numbers.
    pub(super) fn legend(&self, among: impl IntoIterator<Item = AccountKey>) -> Vec<(String, AccountKey)> {
        let mut legend: Vec<_> = among.into_iter().map(|account| (self.of_account(&account), account)).collect();
        legend.sort_by_key(|(name, _)| (name.len(), name.clone()));
        legend.dedup();
        legend
    }
}
