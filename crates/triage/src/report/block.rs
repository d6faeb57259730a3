//! The block that goes wrong: its transactions in words, the balances that it starts from, and what conflicts with what.

use std::collections::{BTreeMap, BTreeSet};

use seriatim_lab::drive::ObservedBlock;
use seriatim_lab::workload::{Applied, Scenario, Step as ScenarioStep};
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{AccountKey, AssetId, Block, FeeType, Payload, Receipt, Transaction};
use seriatim_tos::storage::{LedgerState, StateKey, StateValue};

use super::names::Names;

/// One transaction in words.
#[derive(Debug)]
pub(super) struct TransactionLine {
    pub source: String,
    pub does: String,
    pub fee: String,
    pub nonce: u64,
    pub expected: String,
    /// None: the subject's outcome is not known.
    pub actual: Option<String>,
}

/// One balance, at genesis and when the block begins.
#[derive(Debug)]
pub(super) struct BalanceLine {
    pub account: String,
    /// An asset, or, after an account's balances, the nonce.
    pub asset: String,
    pub genesis: Option<u64>,
    pub before: Option<u64>,
}

/// Two transactions that share accounts, none in between using the same one.
#[derive(Debug)]
pub(super) struct Conflict {
    pub earlier: usize,
    pub later: usize,
    pub shared: Vec<String>,
}

/// Every transaction in words.
pub(super) fn transaction_lines(
    block: &Block,
    names: &Names,
    expected: Option<&Applied>,
    observed: Option<&ObservedBlock>,
) -> Vec<TransactionLine> {
    let line = |(index, transaction): (usize, &Transaction)| {
        let outcome = |receipts: &Vec<Receipt>| receipts.get(index).map(|receipt| outcome(receipt, names));
        let expected = match expected {
            Some(Ok(receipts)) => outcome(receipts).unwrap_or_default(),
            Some(Err(abort)) => format!("block aborted: {abort}"),
            None => "not run".to_owned(),
        };
        let actual = observed.map(|block| match &block.outcome {
            Ok(receipts) => outcome(receipts).unwrap_or_else(|| "no receipt".to_owned()),
            Err(failure) => names.shorten(&failure.to_string()),
        });
        transaction_line(transaction, names, expected, actual)
    };
    block.transactions.iter().enumerate().map(line).collect()
}

fn transaction_line(
    transaction: &Transaction,
    names: &Names,
    expected: String,
    actual: Option<String>,
) -> TransactionLine {
    let body = &transaction.body;
    let does = match &body.data {
        Payload::Transfers(transfers) => {
            let shown = transfers.iter().take(4).map(|transfer| {
                let (to, asset) = (names.of_account(&transfer.destination), names.of_asset(&transfer.asset));
                format!("{} {asset} to {to}", transfer.amount)
            });
            let shown: Vec<String> = shown.collect();
            let more = transfers.len() - shown.len();
            let more = if more > 0 { format!(" and {more} more transfers") } else { String::new() };
            format!("pays {}{more}", if shown.is_empty() { "nobody".to_owned() } else { shown.join(", ") })
        }
        Payload::Burn { asset, amount } => format!("burns {amount} {}", names.of_asset(asset)),
        Payload::MultiSig { threshold, participants } => {
            format!("sets its multisig to {threshold} of {}", participants.len())
        }
        Payload::FreezeTos { amount, days } => format!("freezes {amount} TOS for {days} days"),
        Payload::UnfreezeTos { amount } => format!("unfreezes {amount} TOS"),
    };
    let fee = if body.fee_type == FeeType::Tos { body.fee.to_string() } else { "energy".to_owned() };
    let source = names.of_account(&body.source);
    TransactionLine { source, does, fee, nonce: body.nonce, expected, actual }
}

fn outcome(receipt: &Receipt, names: &Names) -> String {
    match receipt {
        Receipt::Executed { fee, energy: 0, .. } => format!("executed, fee {fee}"),
        Receipt::Executed { energy, .. } => format!("executed, energy {energy}"),
        Receipt::Orphaned { error, .. } => names.shorten(&format!("orphaned, {error}")),
        Receipt::Skipped { .. } => "skipped".to_owned(),
    }
}

/// What the block's accounts own in what it may touch, at genesis and, by the reference, when the block begins.
pub(super) fn balances(scenario: &Scenario, before: &LedgerState, block: &Block, names: &Names) -> Vec<BalanceLine> {
    let mut keys: BTreeSet<(AccountKey, AssetId)> = BTreeSet::new();
    for transaction in &block.transactions {
        for (account, assets) in footprint(&transaction.body).accounts {
            keys.extend(assets.into_iter().map(|asset| (account, asset)));
        }
    }
    let mut lines: Vec<BalanceLine> = keys
        .into_iter()
        .map(|(account, asset)| BalanceLine {
            account: names.of_account(&account),
            asset: names.of_asset(&asset),
            genesis: scenario.genesis.accounts.get(&account).and_then(|known| known.balances.get(&asset)).copied(),
            before: match before.newest_value(&StateKey::Balance(account, asset)) {
                Some(StateValue::Amount(amount)) => Some(*amount),
                _ => None,
            },
        })
        .collect();
    // Where a transaction does not take the next nonce, that one is needed to follow what became of it.
    let next = |account| match before.newest_value(&StateKey::Nonce(account)) {
        Some(StateValue::Nonce(nonce)) => *nonce,
        _ => 0,
    };
    let skipping = block.transactions.iter().map(|tx| &tx.body).filter(|body| body.nonce != next(body.source));
    let sources: BTreeSet<_> = skipping.map(|body| body.source).collect();
    lines.extend(sources.into_iter().map(|account| BalanceLine {
        account: names.of_account(&account),
        asset: "next nonce".to_owned(),
        genesis: scenario.genesis.accounts.get(&account).map(|known| known.nonce),
        before: Some(next(account)),
    }));
    lines.sort_by_key(|line| (line.account.len(), line.account.clone(), line.asset != "TOS", line.asset.clone()));
    lines
}

/// The scenario up to its block number `at`.
pub(super) fn scenario_before(scenario: &Scenario, at: usize) -> Scenario {
    let mut left = at;
    let mut steps = Vec::new();
    for step in &scenario.steps {
        match step {
            ScenarioStep::Run(blocks) if blocks.len() > left => {
                steps.push(ScenarioStep::Run(blocks[..left].to_vec()));
                break;
            }
            ScenarioStep::Run(blocks) => left -= blocks.len(),
            ScenarioStep::Rewind(_) => {}
        }
        steps.push(step.clone());
    }
    let (parameters, genesis) = (scenario.parameters.clone(), scenario.genesis.clone());
    Scenario { version: scenario.version, parameters, genesis, steps }
}

/// Each transaction that uses an account and the next one that does, for each account: as many as footprints are large.
pub(super) fn conflicts(block: &Block, names: &Names) -> Vec<Conflict> {
    let mut last_user: BTreeMap<AccountKey, usize> = BTreeMap::new();
    let mut shared: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for (tx_index, transaction) in block.transactions.iter().enumerate() {
        for account in footprint(&transaction.body).accounts.into_keys() {
            if let Some(earlier) = last_user.insert(account, tx_index) {
                shared.entry((earlier, tx_index)).or_default().push(names.of_account(&account));
            }
        }
    }
    shared.into_iter().map(|((earlier, later), shared)| Conflict { earlier, later, shared }).collect()
}
