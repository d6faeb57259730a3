//! Takes out of a scenario what a subject does not support or assumes away.

use std::collections::BTreeSet;

use super::{Assumption, Capabilities, TransactionType};
use seriatim_lab::workload::{Scenario, Step};
use seriatim_tos::execution::reference::{BlockHeader, Reference};
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{
    AssetId, Block, FeeType, Parameters, Payload, Receipt, Transaction, TransactionError, UnsignedTransaction,
};
use seriatim_tos::storage::{LedgerState, StateKey, StateValue};

/// The part of a scenario that a subject can be asked: the same blocks, each an ordering run of its own, without the
/// transactions that do not fit. What fits already comes back as it is.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{Expectation, Plan, build};
/// use seriatim_subject::{Assumption, Capabilities, fit};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let scenario = build(&Plan::sized(7, 40), SignatureScheme::Tagged).scenario;
/// assert_eq!(fit(&scenario, &Capabilities::everything("all")).tx_count(), scenario.tx_count());
///
/// let valid = Capabilities { assumes: [Assumption::AllValid].into(), ..Capabilities::new("mine") };
/// let fitted = fit(&scenario, &valid);
/// assert!(fitted.tx_count() < scenario.tx_count());
/// assert!(Expectation::of(&fitted).receipts().all(|receipt| receipt.outcome() == "executed"));
/// ```
pub fn fit(scenario: &Scenario, capabilities: &Capabilities) -> Scenario {
    let mut genesis = scenario.genesis.clone();
    let supports = &capabilities.supports;
    let has = |kind| supports.transactions.contains(&kind);
    for account in genesis.accounts.values_mut() {
        if !has(TransactionType::Multisig) {
            account.multisig = None;
        }
        if !(has(TransactionType::Freeze) || has(TransactionType::Unfreeze) || supports.energy_fees) {
            account.energy = None;
        }
    }
    let mut reference = Reference::new(&scenario.parameters, &genesis);
    let mut steps = Vec::new();
    for step in &scenario.steps {
        match step {
            Step::Run(blocks) => {
                for block in blocks {
                    reference.start_run();
                    let block = fit_block(block, capabilities, &scenario.parameters, &reference);
                    let applied = reference.apply(&block);
                    // Whose balance overflows is the miner's or the dev account's business.
                    if applied.is_ok() || supports.rewards && !capabilities.assumes(Assumption::AllValid) {
                        steps.push(Step::Run(vec![block]));
                    }
                }
            }
            Step::Rewind(to) => {
                if *to < reference.ledger().top {
                    reference.rewind(*to);
                }
                steps.push(step.clone());
            }
        }
    }
    Scenario { genesis, steps, ..scenario.clone() }
}

fn fit_block(block: &Block, capabilities: &Capabilities, parameters: &Parameters, below: &Reference) -> Block {
    let Block { parent, height, miner, ref transactions } = *block;
    let bystanders = [miner, parameters.dev_account];
    let supported = transactions.iter().filter(|tx| is_supported(tx, capabilities, below.ledger(), &bystanders));
    let transactions = if capabilities.assumes.is_empty() {
        supported.cloned().collect()
    } else {
        let mut trial = below.clone();
        let begins = trial.begin(&BlockHeader { parent, height, miner }).is_ok();
        if begins { keep(supported, capabilities, &mut trial) } else { Vec::new() }
    };
    Block { transactions, ..block.clone() }
}

/// Those that break no assumption. What fails has no effect, so one pass is enough.
fn keep<'a>(
    transactions: impl Iterator<Item = &'a Transaction>,
    capabilities: &Capabilities,
    trial: &mut Reference,
) -> Vec<Transaction> {
    let mut received = BTreeSet::new();
    let mut kept = Vec::new();
    for transaction in transactions {
        if capabilities.assumes(Assumption::NoReceiveThenSpend) && received.contains(&transaction.body.source) {
            continue;
        }
        let breaks = match trial.execute(transaction) {
            Receipt::Executed { .. } => {
                if let Payload::Transfers(transfers) = &transaction.body.data {
                    received.extend(transfers.iter().map(|transfer| transfer.destination));
                }
                None
            }
            Receipt::Orphaned { error: TransactionError::InvalidSignature, .. } => Some(Assumption::ValidSignatures),
            Receipt::Orphaned { error: TransactionError::InvalidFee { .. }, .. } => Some(Assumption::MinimumFee),
            Receipt::Orphaned { .. } | Receipt::Skipped { .. } => Some(Assumption::AllValid),
        };
        let is_unfit =
            breaks.is_some_and(|broken| capabilities.assumes(broken) || capabilities.assumes(Assumption::AllValid));
        if !is_unfit {
            kept.push(transaction.clone());
        }
    }
    kept
}

fn is_supported(
    transaction: &Transaction,
    capabilities: &Capabilities,
    below: &LedgerState,
    bystanders: &[seriatim_tos::ledger::AccountKey],
) -> bool {
    let Capabilities { supports, .. } = capabilities;
    let UnsignedTransaction { source, data, fee_type, .. } = &transaction.body;
    let is_registered = |account| below.registrations.contains_key(account);
    let accounts = footprint(&transaction.body).accounts;
    let has_multisig = !transaction.multisig.is_empty()
        || matches!(below.newest_value(&StateKey::MultiSig(*source)), Some(StateValue::MultiSig(Some(_))));
    let other_assets = || accounts.values().flatten().any(|asset| *asset != AssetId::TOS);
    let new_destinations = || accounts.keys().any(|account| account != source && !is_registered(account));
    supports.transactions.contains(&TransactionType::of(data))
        && (supports.several_assets || !other_assets())
        && (supports.unknown_destinations || !new_destinations())
        && (supports.rewards || !bystanders.iter().any(|account| accounts.contains_key(account)))
        && (supports.energy_fees || *fee_type == FeeType::Tos)
        && (!has_multisig || supports.transactions.contains(&TransactionType::Multisig))
        && !(capabilities.assumes(Assumption::NoZeroAmounts) && moves_nothing(data))
}

fn moves_nothing(data: &Payload) -> bool {
    match data {
        Payload::Transfers(transfers) => transfers.iter().any(|transfer| transfer.amount == 0),
        Payload::Burn { amount, .. } | Payload::FreezeTos { amount, .. } | Payload::UnfreezeTos { amount } => {
            *amount == 0
        }
        Payload::MultiSig { .. } => false,
    }
}
