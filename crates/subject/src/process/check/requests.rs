//! A handful of requests on a ledger of four accounts. They stay inside what the subject supports and assumes.

use crate::{
    Account, Assumption, Capabilities, PreState, Request, RequestBlock, RequestTransaction, Reward, TransactionType,
};
use seriatim_tos::ledger::{
    AccountKey, AssetId, Block, FeeType, Hash, Parameters, Payload, Reference, SignatureScheme, TOS, Transaction,
    TransactionVersion, Transfer, UnsignedTransaction,
};

/// Enough for two outputs to accounts that exist.
const FEE: u64 = 20_000;

/// Requests with what each is about; their ids count from 1. The same at every call.
pub fn sample_requests(capabilities: &Capabilities) -> Vec<(&'static str, Request)> {
    let first = capabilities.supports.workers.first().copied().unwrap_or(1);
    let mut asked = vec![("an empty block", Vec::new(), first, 0)];
    if capabilities.supports.transactions.contains(&TransactionType::Transfer) {
        let one = vec![pay(1, 0, &[2], TOS)];
        asked.push(("one payment", one.clone(), first, 0));
        asked.push(("the same once more", one.clone(), first, 0));
        if !capabilities.assumes(Assumption::AllValid) {
            asked.push(("a payment without funds", vec![pay(1, 0, &[2], 1_000 * TOS)], first, 0));
            asked.push(("one transaction twice", [one.clone(), one].concat(), first, 0));
        }
        let mut many: Vec<_> = (0..4).map(|nonce| pay(1, nonce, &[3, 4], TOS / 2)).collect();
        many.extend((0..4).map(|nonce| pay(2, nonce, &[4], TOS)));
        for workers in &capabilities.supports.workers {
            for seed in [0, u64::MAX] {
                asked.push(("many payments", many.clone(), *workers, seed));
            }
        }
    }
    let ids = 1..;
    ids.zip(asked).map(|(id, (name, block, workers, seed))| (name, request(id, block, workers, seed))).collect()
}

fn key(number: u8) -> AccountKey {
    AccountKey([number; 32])
}

/// The same amount for each destination.
fn pay(source: u8, nonce: u64, destinations: &[u8], amount: u64) -> Transaction {
    let to = |&number: &u8| Transfer { asset: AssetId::TOS, destination: key(number), amount, extra_data: None };
    let body = UnsignedTransaction {
        version: TransactionVersion::T0,
        source: key(source),
        data: Payload::Transfers(destinations.iter().map(to).collect()),
        fee: FEE,
        fee_type: FeeType::Tos,
        nonce,
        reference: Reference { hash: Hash::ZERO, topoheight: 0 },
    };
    let signature = SignatureScheme::Tagged.signer([source; 32]).sign(&body.signing_bytes());
    Transaction { body, multisig: Vec::new(), signature }
}

/// The block at topoheight 1 on a genesis of accounts with 100 TOS each.
fn request(id: u64, transactions: Vec<Transaction>, workers: u32, seed: u64) -> Request {
    let (miner, dev_account) = (key(251), key(250));
    let parameters = Parameters { signature_scheme: SignatureScheme::Tagged, dev_account, block_time_ms: 0 };
    let rich = Account { balances: [(AssetId::TOS, 100 * TOS)].into(), ..Account::default() };
    let accounts = (1..=4).map(|number| (key(number), rich.clone())).collect();
    let state = PreState { accounts, assets: [AssetId::TOS].into(), ..PreState::default() };
    let block = Block { parent: Hash::ZERO, height: 1, miner, transactions };
    let hash = block.hash();
    let Block { parent, height, miner, transactions } = block;
    let with_encoding = |transaction: Transaction| {
        let canonical = transaction.canonical();
        RequestTransaction { hash: canonical.hash(), size: canonical.size_bytes() as u64, transaction }
    };
    let transactions = transactions.into_iter().map(with_encoding).collect();
    // Blocks that take no time create nothing.
    let rewards = [dev_account, miner].map(|account| Reward { account, amount: 0 }).into();
    let block = RequestBlock { hash, parent, height, miner, rewards, transactions };
    Request { id, parameters, state, block, workers, seed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_assumes_valid_blocks_is_asked_no_other() {
        let trusting = Capabilities { assumes: [Assumption::AllValid].into(), ..Capabilities::new("trusting") };
        assert_eq!(sample_requests(&trusting).len(), 9);
        assert_eq!(sample_requests(&Capabilities::new("plain")).len(), 11);
    }

    #[test]
    fn who_knows_no_transfers_is_asked_an_empty_block() {
        let mut burns = Capabilities::new("burns");
        burns.supports.transactions = [TransactionType::Burn].into();
        assert_eq!(sample_requests(&burns).len(), 1);
    }
}
