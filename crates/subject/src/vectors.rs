//! A scenario as questions: each block with the state below it, and what the reference makes of it.

use std::collections::BTreeMap;

use super::{Account, PreState, Request, RequestBlock, RequestTransaction, Reward};
use seriatim_lab::workload::{Scenario, Step};
use seriatim_tos::execution::reference::Reference;
use seriatim_tos::ledger::rules::block_reward;
use seriatim_tos::ledger::{Amount, AssetId, Block, BlockAbort, BlockMetadata, Parameters, Receipt, Transaction};
use seriatim_tos::storage::{LedgerState, StateKey, StateValue};

/// One block as a question, with its right answer.
#[derive(Clone, Debug, PartialEq)]
pub struct TestVector {
    /// The question, with id 0, one worker and seed 0.
    pub request: Request,
    pub expected: Result<Vec<Receipt>, BlockAbort>,
    /// The state after the block; that before it, if it is aborted.
    pub after: PreState,
    /// Outcomes of the block. None: it was aborted.
    pub fees: Option<Amount>,
    pub burned_supply: Amount,
}

/// A question for each block of a scenario, in order. Each block is an ordering run of its own.
pub fn vectors(scenario: &Scenario) -> Vec<TestVector> {
    let mut reference = Reference::new(&scenario.parameters, &scenario.genesis);
    let mut vectors = Vec::new();
    for step in &scenario.steps {
        match step {
            Step::Run(blocks) => {
                vectors.extend(blocks.iter().map(|block| vector(&scenario.parameters, &mut reference, block)));
            }
            Step::Rewind(to) if *to < reference.ledger().top => reference.rewind(*to),
            Step::Rewind(_) => {}
        }
    }
    vectors
}

/// Applies one block to the reference, which then stands above it.
pub(super) fn vector(parameters: &Parameters, reference: &mut Reference, block: &Block) -> TestVector {
    let request = Request {
        id: 0,
        parameters: parameters.clone(),
        state: PreState::of(reference.ledger(), block),
        block: RequestBlock::of(parameters, top(reference.ledger()), block),
        workers: 1,
        seed: 0,
    };
    reference.start_run();
    let expected = reference.apply(block);
    let ledger = reference.ledger();
    let BlockMetadata { fees, burned_supply, .. } = *top(ledger);
    let fees = expected.is_ok().then_some(fees);
    TestVector { request, expected, after: PreState::of(ledger, block), fees, burned_supply }
}

fn top(ledger: &LedgerState) -> &BlockMetadata {
    ledger.metadata.get(&ledger.top).expect("every block leaves its metadata")
}

impl PreState {
    /// The newest values of a ledger, as far as `block` may need them.
    pub fn of(ledger: &LedgerState, block: &Block) -> Self {
        let mut accounts: BTreeMap<_, Account> =
            ledger.registrations.keys().map(|&account| (account, Account::default())).collect();
        let mut burned = BTreeMap::new();
        for key in ledger.newest.keys() {
            let value = ledger.newest_value(key).expect("a pointer leads to a version");
            match (*key, value.clone()) {
                (StateKey::Burned(asset), StateValue::Amount(amount)) => {
                    burned.insert(asset, amount);
                }
                (StateKey::Nonce(account), StateValue::Nonce(nonce)) => {
                    accounts.entry(account).or_default().nonce = nonce;
                }
                (StateKey::Balance(account, asset), StateValue::Amount(amount)) => {
                    accounts.entry(account).or_default().balances.insert(asset, amount);
                }
                (StateKey::MultiSig(account), StateValue::MultiSig(config)) => {
                    accounts.entry(account).or_default().multisig = config;
                }
                (StateKey::Energy(account), StateValue::Energy(energy)) => {
                    accounts.entry(account).or_default().energy = Some(energy);
                }
                (key, value) => unreachable!("{value:?} under {key}"),
            }
        }
        let hashes = block.transactions.iter().map(Transaction::hash);
        Self {
            topoheight: ledger.top,
            accounts,
            assets: ledger.assets.clone(),
            burned,
            emitted_supply: top(ledger).emitted_supply,
            executed: hashes.filter(|hash| ledger.executed.contains_key(hash)).collect(),
        }
    }

    /// What an account owns of an asset.
    pub fn balance(&self, account: &seriatim_tos::ledger::AccountKey, asset: AssetId) -> Amount {
        self.accounts.get(account).and_then(|account| account.balances.get(&asset)).copied().unwrap_or(0)
    }
}

impl RequestBlock {
    fn of(parameters: &Parameters, below: &BlockMetadata, block: &Block) -> Self {
        let reward = block_reward(below.emitted_supply, parameters.block_time_ms, block.height);
        let transactions = block.transactions.iter().map(|transaction| {
            let canonical = transaction.canonical();
            let (hash, size) = (canonical.hash(), canonical.size_bytes() as u64);
            RequestTransaction { hash, size, transaction: transaction.clone() }
        });
        Self {
            hash: block.hash(),
            parent: block.parent,
            height: block.height,
            miner: block.miner,
            rewards: vec![
                Reward { account: parameters.dev_account, amount: reward.dev },
                Reward { account: block.miner, amount: reward.miner },
            ],
            transactions: transactions.collect(),
        }
    }

    /// The block as the ledger has it.
    pub fn to_block(&self) -> Block {
        let transactions = self.transactions.iter().map(|given| given.transaction.clone()).collect();
        Block { parent: self.parent, height: self.height, miner: self.miner, transactions }
    }
}
