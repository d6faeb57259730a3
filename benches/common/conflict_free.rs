//! Blocks without conflict, where a parallel executor can win.

use seriatim::ledger::{
    AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Reference, SignatureScheme, TOS,
    Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};
use seriatim::workload::{Scenario, Step};

/// `count` transfers, each between two accounts of its own.
pub fn conflict_free(count: u32) -> Scenario {
    let scheme = SignatureScheme::Ed25519;
    let account = |number: u32| {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        scheme.signer(seed)
    };
    let mut genesis = Genesis::default();
    let rich = GenesisAccount { balances: [(AssetId::TOS, 100 * TOS)].into(), ..GenesisAccount::default() };
    let mut transactions = Vec::new();
    for number in 0..count {
        let (sender, receiver) = (account(2 * number), account(2 * number + 1));
        genesis.accounts.insert(sender.account(), rich.clone());
        genesis.accounts.insert(receiver.account(), rich.clone());
        let transfer = Transfer { asset: AssetId::TOS, destination: receiver.account(), amount: TOS, extra_data: None };
        let body = UnsignedTransaction {
            version: TransactionVersion::T0,
            source: sender.account(),
            data: Payload::Transfers(vec![transfer]),
            fee: 20_000,
            fee_type: FeeType::Tos,
            nonce: 0,
            reference: Reference { hash: Hash::ZERO, topoheight: 0 },
        };
        let signature = sender.sign(&body.signing_bytes());
        transactions.push(Transaction { body, multisig: Vec::new(), signature });
    }
    let miner = account(u32::MAX).account();
    let parameters = Parameters { signature_scheme: scheme, dev_account: miner, block_time_ms: 1_000 };
    let block = Block { parent: Hash::ZERO, height: 1, miner, transactions };
    Scenario { version: 1, parameters, genesis, steps: vec![Step::Run(vec![block])] }
}
