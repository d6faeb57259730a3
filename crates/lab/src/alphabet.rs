//! The transactions that sets are made of, and sets up to renaming.

use std::collections::{BTreeMap, BTreeSet};

use crate::workload::{SCENARIO_VERSION, Scenario, Step};
use seriatim_tos::ledger::{
    AccountKey, Amount, AssetId, Block, Energy, FeeType, FreezeRecord, Genesis as LedgerGenesis, GenesisAccount, Hash,
    Parameters, Payload, Reference, SignatureScheme, TOS, Transaction, TransactionVersion, Transfer,
    UnsignedTransaction,
};

/// Accounts that transactions are between.
const ACCOUNTS: u8 = 3;
/// The second asset.
const OTHER: AssetId = AssetId([1; 32]);
/// What every account has of each asset, and the fee that every transaction pays.
const RICH: Amount = 10 * TOS;
const FEE: Amount = 120_000;

/// The state that a set starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Genesis {
    /// All accounts exist and are alike; burned amounts are far from their end.
    Plain,
    /// The last account does not exist, and one burn more is all that fits.
    AtLimits,
}

impl Genesis {
    pub const ALL: [Self; 2] = [Self::Plain, Self::AtLimits];

    /// How many accounts, from the first on, are alike and may be renamed.
    fn alike(self) -> u8 {
        match self {
            Self::Plain => ACCOUNTS,
            Self::AtLimits => ACCOUNTS - 1,
        }
    }
}

/// One transaction, by the numbers of its accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Letter {
    /// `all`: as much as the balance and the fee allow; else one unit.
    Pay {
        from: u8,
        to: u8,
        other_asset: bool,
        all: bool,
    },
    /// A transfer that pays by energy instead of a fee.
    PayByEnergy {
        from: u8,
        to: u8,
    },
    /// One transaction that pays both other accounts.
    PayBoth {
        from: u8,
    },
    Burn {
        from: u8,
        other_asset: bool,
    },
    SetMultiSig {
        from: u8,
        participant: u8,
    },
    DeleteMultiSig {
        from: u8,
    },
    Freeze {
        from: u8,
    },
    Unfreeze {
        from: u8,
    },
}

impl Letter {
    fn all() -> Vec<Self> {
        let mut letters = Vec::new();
        for from in 0..ACCOUNTS {
            for to in 0..ACCOUNTS {
                for other_asset in [false, true] {
                    for all in [false, true] {
                        letters.push(Self::Pay { from, to, other_asset, all });
                    }
                }
                if to != from {
                    letters.push(Self::PayByEnergy { from, to });
                    letters.push(Self::SetMultiSig { from, participant: to });
                }
            }
            letters.push(Self::PayBoth { from });
            letters.extend([false, true].map(|other_asset| Self::Burn { from, other_asset }));
            letters.extend([Self::DeleteMultiSig { from }, Self::Freeze { from }, Self::Unfreeze { from }]);
        }
        letters
    }

    fn renamed(self, names: &[u8]) -> Self {
        let name = |account: u8| names[usize::from(account)];
        match self {
            Self::Pay { from, to, other_asset, all } => Self::Pay { from: name(from), to: name(to), other_asset, all },
            Self::PayByEnergy { from, to } => Self::PayByEnergy { from: name(from), to: name(to) },
            Self::PayBoth { from } => Self::PayBoth { from: name(from) },
            Self::Burn { from, other_asset } => Self::Burn { from: name(from), other_asset },
            Self::SetMultiSig { from, participant } => {
                Self::SetMultiSig { from: name(from), participant: name(participant) }
            }
            Self::DeleteMultiSig { from } => Self::DeleteMultiSig { from: name(from) },
            Self::Freeze { from } => Self::Freeze { from: name(from) },
            Self::Unfreeze { from } => Self::Unfreeze { from: name(from) },
        }
    }

    fn from(self) -> u8 {
        match self {
            Self::Pay { from, .. }
            | Self::PayByEnergy { from, .. }
            | Self::PayBoth { from }
            | Self::Burn { from, .. }
            | Self::SetMultiSig { from, .. }
            | Self::DeleteMultiSig { from }
            | Self::Freeze { from }
            | Self::Unfreeze { from } => from,
        }
    }

    fn payload(self) -> Payload {
        let asset = |other: bool| if other { OTHER } else { AssetId::TOS };
        let pay =
            |to: u8, asset: AssetId, amount: Amount| Transfer { asset, destination: key(to), amount, extra_data: None };
        match self {
            Self::Pay { from: _, to, other_asset, all } => {
                let most = if other_asset { RICH } else { RICH - FEE };
                Payload::Transfers(vec![pay(to, asset(other_asset), if all { most } else { 1 })])
            }
            Self::PayByEnergy { from: _, to } => Payload::Transfers(vec![pay(to, AssetId::TOS, 1)]),
            Self::PayBoth { from } => {
                let others = (0..ACCOUNTS).filter(|&account| account != from);
                Payload::Transfers(others.map(|to| pay(to, AssetId::TOS, 1)).collect())
            }
            Self::Burn { from: _, other_asset } => Payload::Burn { asset: asset(other_asset), amount: 1 },
            Self::SetMultiSig { from: _, participant } => {
                Payload::MultiSig { threshold: 1, participants: vec![key(participant)] }
            }
            Self::DeleteMultiSig { .. } => Payload::MultiSig { threshold: 0, participants: vec![] },
            Self::Freeze { .. } => Payload::FreezeTos { amount: TOS, days: 3 },
            Self::Unfreeze { .. } => Payload::UnfreezeTos { amount: TOS },
        }
    }
}

/// Every sequence of `count` letters, one for each class of those that differ only in names of accounts that are alike.
pub fn transaction_sets(genesis: Genesis, count: usize) -> Vec<Vec<Letter>> {
    let namings = namings(genesis.alike());
    let letters = Letter::all();
    let mut sets: Vec<Vec<Letter>> = vec![Vec::new()];
    for _ in 0..count {
        sets = sets
            .into_iter()
            .flat_map(|set| letters.iter().map(move |&letter| [set.as_slice(), &[letter]].concat()))
            // A set that another name makes smaller stands for nothing, however it goes on.
            .filter(|set| namings.iter().all(|names| *set <= renamed(set, names)))
            .collect();
    }
    sets
}

fn renamed(set: &[Letter], names: &[u8]) -> Vec<Letter> {
    set.iter().map(|letter| letter.renamed(names)).collect()
}

/// Every way to rename the first `alike` accounts among each other.
fn namings(alike: u8) -> Vec<Vec<u8>> {
    let mut namings: Vec<Vec<u8>> = vec![vec![]];
    for _ in 0..alike {
        namings = namings
            .into_iter()
            .flat_map(|names| {
                let unused = (0..alike).filter(|name| !names.contains(name)).collect::<Vec<_>>();
                unused.into_iter().map(move |name| [names.as_slice(), &[name]].concat())
            })
            .collect();
    }
    namings.into_iter().map(|names| names.into_iter().chain(alike..ACCOUNTS).collect()).collect()
}

fn key(account: u8) -> AccountKey {
    let mut bytes = [0; 32];
    bytes[3] = account + 1;
    AccountKey(bytes)
}

/// One block of the set's transactions, in order, with nonces that fit.
///
/// # Examples
/// Two payments to one account, under every interleaving that can matter:
///
/// ```
/// use std::ops::ControlFlow;
/// use seriatim_explore::{InterleaveConfig, Schedule, Strategy};
/// use seriatim_lab::{BuiltinSubject, Genesis, Letter, scenario};
///
/// let pay = |from| Letter::Pay { from, to: 2, other_asset: false, all: false };
/// let explorer = BuiltinSubject::Parallel.explorer(&scenario(Genesis::Plain, &[pay(0), pay(1)]));
/// let config = InterleaveConfig::like(&Schedule::straight(), Strategy::Random, 100_000);
/// let (evidence, exhaustion) = explorer.explore_all(&config, |interleaved| {
///     assert!(interleaved.verdict.into_violation().is_none());
///     ControlFlow::Continue(())
/// });
/// assert!(exhaustion.complete, "{evidence:?}");
/// ```
pub fn scenario(genesis: Genesis, letters: &[Letter]) -> Scenario {
    let mut nonces: BTreeMap<u8, u64> = BTreeMap::new();
    let transactions = letters.iter().map(|&letter| {
        let nonce = nonces.entry(letter.from()).or_default();
        let transaction = sign(letter, *nonce);
        *nonce += 1;
        transaction
    });
    let transactions = transactions.collect();
    let block = Block { parent: Hash::ZERO, height: 1, miner: key(100), transactions };
    let parameters =
        Parameters { signature_scheme: SignatureScheme::Tagged, dev_account: key(101), block_time_ms: 1_000 };
    let steps = vec![Step::Run(vec![block])];
    Scenario { version: SCENARIO_VERSION, parameters, genesis: ledger_genesis(genesis), steps }
}

fn sign(letter: Letter, nonce: u64) -> Transaction {
    let by_energy = matches!(letter, Letter::PayByEnergy { .. });
    let body = UnsignedTransaction {
        version: TransactionVersion::T0,
        source: key(letter.from()),
        data: letter.payload(),
        fee: if by_energy { 0 } else { FEE },
        fee_type: if by_energy { FeeType::Energy } else { FeeType::Tos },
        nonce,
        reference: Reference { hash: Hash::ZERO, topoheight: 0 },
    };
    let signature = SignatureScheme::Tagged.signer(body.source.0).sign(&body.signing_bytes());
    Transaction { body, multisig: Vec::new(), signature }
}

fn ledger_genesis(genesis: Genesis) -> LedgerGenesis {
    let frozen = FreezeRecord { amount: TOS, days: 3, unlock_height: 0 };
    let account = GenesisAccount {
        nonce: 0,
        balances: [(AssetId::TOS, RICH), (OTHER, RICH)].into(),
        multisig: None,
        energy: Some(Energy { total: 6, used: 0, frozen: TOS, records: vec![frozen] }),
    };
    let (accounts, burned) = match genesis {
        Genesis::Plain => (ACCOUNTS, BTreeMap::new()),
        Genesis::AtLimits => (ACCOUNTS - 1, [(AssetId::TOS, Amount::MAX - 1), (OTHER, Amount::MAX - 1)].into()),
    };
    LedgerGenesis {
        accounts: (0..accounts).map(|number| (key(number), account.clone())).collect(),
        assets: BTreeSet::from([OTHER]),
        burned,
        emitted_supply: 0,
        ..LedgerGenesis::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_is_a_renaming_of_exactly_one_set() {
        for genesis in Genesis::ALL {
            let sets: BTreeSet<Vec<Letter>> = transaction_sets(genesis, 2).into_iter().collect();
            let namings = namings(genesis.alike());
            for first in Letter::all() {
                for second in Letter::all() {
                    let images: BTreeSet<_> = namings.iter().map(|names| renamed(&[first, second], names)).collect();
                    assert_eq!(images.iter().filter(|image| sets.contains(*image)).count(), 1);
                }
            }
        }
    }
}
