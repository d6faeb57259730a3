//! One block as a careful engineer would write it for a concurrency test: payments that meet at one receiver, a chain of
//! receive-then-spend, two burns, one transaction of every other type, one that fails, and a second block on top.

use std::collections::BTreeSet;

use seriatim::ledger::{
    AccountKey, Amount, AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Reference,
    SignatureScheme, TOS, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};
use seriatim::workload::{SCENARIO_VERSION, Scenario, Step};

const ACCOUNTS: u8 = 10;
const OTHER: AssetId = AssetId([1; 32]);
const RICH: Amount = 1_000 * TOS;
const FEE: Amount = 200_000;

pub(super) fn scenario() -> Scenario {
    let account = GenesisAccount {
        nonce: 0,
        balances: [(AssetId::TOS, RICH), (OTHER, RICH)].into(),
        multisig: None,
        energy: None,
    };
    let genesis = Genesis {
        accounts: (0..ACCOUNTS).map(|number| (key(number), account.clone())).collect(),
        assets: BTreeSet::from([OTHER]),
        ..Genesis::default()
    };
    let parameters =
        Parameters { signature_scheme: SignatureScheme::Tagged, dev_account: key(101), block_time_ms: 1_000 };
    let first = vec![
        pay(0, 0, 9, AssetId::TOS, 5 * TOS),
        pay(1, 0, 9, AssetId::TOS, 7 * TOS),
        pay(2, 0, 3, OTHER, RICH),
        pay(3, 0, 4, OTHER, RICH + TOS),
        sign(4, 0, Payload::Burn { asset: OTHER, amount: TOS }),
        sign(5, 0, Payload::Burn { asset: OTHER, amount: 2 * TOS }),
        sign(6, 0, Payload::FreezeTos { amount: 10 * TOS, days: 7 }),
        sign(7, 0, Payload::MultiSig { threshold: 1, participants: vec![key(8)] }),
        // More than there is.
        pay(8, 0, 0, AssetId::TOS, 2 * RICH),
        // Never seen before.
        pay(8, 0, 50, AssetId::TOS, TOS),
        pay(0, 1, 1, AssetId::TOS, TOS),
        pay(9, 0, 0, AssetId::TOS, RICH + 2 * TOS),
    ];
    let second = vec![pay(0, 2, 9, AssetId::TOS, TOS), pay(1, 1, 9, AssetId::TOS, TOS), pay(9, 1, 3, OTHER, TOS)];
    let block = |number: u8, transactions| Block {
        parent: Hash([number; 32]),
        height: u64::from(number),
        miner: key(100),
        transactions,
    };
    let steps = vec![Step::Run(vec![block(1, first), block(2, second)])];
    Scenario { version: SCENARIO_VERSION, parameters, genesis, steps }
}

fn key(number: u8) -> AccountKey {
    AccountKey([number; 32])
}

fn pay(from: u8, nonce: u64, to: u8, asset: AssetId, amount: Amount) -> Transaction {
    sign(from, nonce, Payload::Transfers(vec![Transfer { asset, destination: key(to), amount, extra_data: None }]))
}

fn sign(from: u8, nonce: u64, data: Payload) -> Transaction {
    let body = UnsignedTransaction {
        version: TransactionVersion::T0,
        source: key(from),
        data,
        fee: FEE,
        fee_type: FeeType::Tos,
        nonce,
        reference: Reference { hash: Hash::ZERO, topoheight: 0 },
    };
    let signature = SignatureScheme::Tagged.signer(body.source.0).sign(&body.signing_bytes());
    Transaction { body, multisig: Vec::new(), signature }
}
