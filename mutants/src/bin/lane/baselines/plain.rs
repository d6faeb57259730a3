//! Transactions as `derive(Arbitrary)` makes them: every field by itself, nothing of the ledger in mind. Favoured in two
//! ways, without which nothing would ever execute: keys are among 32, all of which are registered and rich, and
//! signatures are right.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Arbitrary;
use seriatim::ledger::{
    AccountKey, AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, MultiSigSignature, Parameters, Payload,
    Reference, SignatureScheme, TOS, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};
use seriatim::workload::{SCENARIO_VERSION, Scenario, Step};

#[derive(Debug, Arbitrary)]
pub(super) struct PlainBlock {
    miner: u8,
    block_time_ms: u32,
    transactions: Vec<PlainTransaction>,
}

#[derive(Debug, Arbitrary)]
struct PlainTransaction {
    source: u8,
    data: PlainPayload,
    fee: u64,
    pays_energy: bool,
    nonce: u64,
    reference: u64,
    multisig: Vec<(u8, u8)>,
}

#[derive(Debug, Arbitrary)]
enum PlainPayload {
    Transfers(Vec<PlainTransfer>),
    Burn { asset: u8, amount: u64 },
    MultiSig { threshold: u8, participants: Vec<u8> },
    Freeze { amount: u64, days: u32 },
    Unfreeze { amount: u64 },
}

#[derive(Debug, Arbitrary)]
struct PlainTransfer {
    asset: u8,
    destination: u8,
    amount: u64,
    extra_data: Option<Vec<u8>>,
}

const ACCOUNTS: u8 = 32;

fn key(number: u8) -> AccountKey {
    AccountKey([number % ACCOUNTS; 32])
}

fn asset(number: u8) -> AssetId {
    AssetId([number; 32])
}

impl PlainBlock {
    pub(super) fn scenario(self) -> Scenario {
        let balances: BTreeMap<_, _> = [(AssetId::TOS, 1_000_000 * TOS), (asset(1), u64::MAX / 64)].into();
        let account = GenesisAccount { nonce: 0, balances, multisig: None, energy: None };
        let genesis = Genesis {
            accounts: (0..ACCOUNTS).map(|number| (key(number), account.clone())).collect(),
            assets: BTreeSet::from([asset(1)]),
            ..Genesis::default()
        };
        let parameters = Parameters {
            signature_scheme: SignatureScheme::Tagged,
            dev_account: key(0),
            block_time_ms: self.block_time_ms,
        };
        let transactions = self.transactions.into_iter().map(PlainTransaction::sign).collect();
        let block = Block { parent: Hash::ZERO, height: 1, miner: key(self.miner), transactions };
        Scenario { version: SCENARIO_VERSION, parameters, genesis, steps: vec![Step::Run(vec![block])] }
    }
}

impl PlainTransaction {
    fn sign(self) -> Transaction {
        let data = match self.data {
            PlainPayload::Transfers(transfers) => {
                Payload::Transfers(transfers.into_iter().map(PlainTransfer::transfer).collect())
            }
            PlainPayload::Burn { asset: number, amount } => Payload::Burn { asset: asset(number), amount },
            PlainPayload::MultiSig { threshold, participants } => {
                Payload::MultiSig { threshold, participants: participants.into_iter().map(key).collect() }
            }
            PlainPayload::Freeze { amount, days } => Payload::FreezeTos { amount, days },
            PlainPayload::Unfreeze { amount } => Payload::UnfreezeTos { amount },
        };
        let body = UnsignedTransaction {
            version: TransactionVersion::T0,
            source: key(self.source),
            data,
            fee: self.fee,
            fee_type: if self.pays_energy { FeeType::Energy } else { FeeType::Tos },
            nonce: self.nonce,
            reference: Reference { hash: Hash::ZERO, topoheight: self.reference },
        };
        let bytes = body.signing_bytes();
        let sign = |account: AccountKey| SignatureScheme::Tagged.signer(account.0).sign(&bytes);
        let multisig = self.multisig.into_iter();
        let multisig =
            multisig.map(|(participant, signer)| MultiSigSignature { participant, signature: sign(key(signer)) });
        Transaction { multisig: multisig.collect(), signature: sign(body.source), body }
    }
}

impl PlainTransfer {
    fn transfer(self) -> Transfer {
        let Self { asset: number, destination, amount, extra_data } = self;
        Transfer { asset: asset(number), destination: key(destination), amount, extra_data }
    }
}
