//! Accounts by number, and the transactions and blocks between them.

use std::sync::Arc;

use seriatim_tos::ledger::{
    AccountKey, Amount, AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Reference,
    SealedBlock, SignatureScheme, TOS, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};

/// A fee above the minimum of every transaction here.
pub const FEE: Amount = 200_000;

/// The account that receives the developers' part of each reward.
pub const DEV: AccountKey = key(250);

/// The account that receives the miner's part of each reward.
pub const MINER: AccountKey = key(251);

/// The account with this number. The number also seeds its signer.
pub const fn key(number: u8) -> AccountKey {
    AccountKey([number; 32])
}

/// An account with 100 coins.
pub fn rich() -> GenesisAccount {
    GenesisAccount { balances: [(AssetId::TOS, 100 * TOS)].into(), ..GenesisAccount::default() }
}

/// A ledger in which each of these accounts has 100 coins.
pub fn genesis(accounts: impl IntoIterator<Item = u8>) -> Genesis {
    let accounts = accounts.into_iter().map(|number| (key(number), rich())).collect();
    Genesis { accounts, ..Genesis::default() }
}

/// Parameters with the quick signature scheme and a block every second.
pub fn parameters() -> Parameters {
    Parameters { signature_scheme: SignatureScheme::Tagged, dev_account: DEV, block_time_ms: 1_000 }
}

/// A transaction that its source has signed.
pub fn signed(source: u8, nonce: u64, fee: Amount, data: Payload) -> Transaction {
    let body = UnsignedTransaction {
        version: TransactionVersion::T0,
        source: key(source),
        data,
        fee,
        fee_type: FeeType::Tos,
        nonce,
        reference: Reference { hash: Hash::ZERO, topoheight: 0 },
    };
    let signature = SignatureScheme::Tagged.signer([source; 32]).sign(&body.signing_bytes());
    Transaction { body, multisig: Vec::new(), signature }
}

/// One transfer of TOS in its smallest units.
pub fn transfer(destination: u8, amount: Amount) -> Payload {
    Payload::Transfers(vec![Transfer { asset: AssetId::TOS, destination: key(destination), amount, extra_data: None }])
}

/// A payment of whole coins.
pub fn pay(source: u8, destination: u8, nonce: u64, coins: u64) -> Transaction {
    signed(source, nonce, FEE, transfer(destination, coins * TOS))
}

/// A burn of TOS in its smallest units.
pub fn burn(source: u8, nonce: u64, amount: Amount) -> Transaction {
    signed(source, nonce, FEE, Payload::Burn { asset: AssetId::TOS, amount })
}

/// The first block of a chain.
pub fn block(transactions: Vec<Transaction>) -> Arc<SealedBlock> {
    block_at(1, transactions)
}

/// A block at this height.
pub fn block_at(height: u64, transactions: Vec<Transaction>) -> Arc<SealedBlock> {
    Block { parent: Hash::ZERO, height, miner: MINER, transactions }.seal()
}
