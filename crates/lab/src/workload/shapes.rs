//! The shapes of real blocks: who pays whom, in what order, without amounts. Each becomes a scenario of one block, so
//! that the executor meets conflict graphs that people made. The data is described in `crates/lab/data/README.md`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use seriatim_tos::execution::reference::{BlockHeader, Reference};
use seriatim_tos::ledger::{
    Amount, AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Signature, SignatureScheme,
    TOS, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};

use super::chance::Chance;
use super::keyring::{Keyring, asset};
use super::scenario::{SCENARIO_VERSION, Scenario, Step};

/// One real block, integers only.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{Expectation, real_shapes};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let shapes = real_shapes();
/// assert_eq!(shapes.len(), 85);
/// let smallest = shapes.iter().min_by_key(|shape| shape.transactions.len()).unwrap();
/// let scenario = smallest.scenario(SignatureScheme::Tagged, 0); // Seed 0: every account exists and can pay.
/// assert_eq!(scenario.tx_count(), smallest.transactions.len());
/// assert!(Expectation::of(&scenario).receipts().all(|receipt| receipt.outcome() == "executed"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its number on the chain that it comes from.
    pub block: u64,
    /// Accounts are numbered below this.
    pub accounts: u32,
    /// Assets are numbered from 1 to this; 0 is the native one.
    pub assets: u8,
    pub miner: u32,
    pub transactions: Vec<ShapeTransaction>,
}

/// One transaction of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeTransaction {
    pub sender: u32,
    /// How far the nonce is above the sender's first one in the block.
    pub nonce_offset: u64,
    /// None: it created an account.
    pub receiver: Option<u32>,
    pub kind: ShapeKind,
    pub asset: u8,
    /// The account in whose name a `TokenFrom` was done. It does not become part of the scenario: here only a source pays.
    pub payer: Option<u32>,
}

/// What a transaction of a shape was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeKind {
    /// A plain transfer.
    Native,
    /// A transfer of another asset.
    Token,
    /// The same on behalf of another account.
    TokenFrom,
    /// A contract call: a transfer of TOS to the contract.
    Call,
    /// A contract creation: a transfer of TOS to a fresh account.
    Create,
}

/// Why text is no list of shapes. Lines and transactions count from 1.
#[derive(Debug, thiserror::Error)]
pub enum ShapeError {
    #[error("no shapes: the text is empty")]
    Empty,
    #[error("line {line}: not a shape: {source}")]
    Json {
        line: usize,
        #[source]
        source: serde_json::Error,
    },
    #[error("line {line}, transaction {tx}: unknown kind {found:?}")]
    Kind { line: usize, tx: usize, found: String },
    #[error("line {line}: account {found}, there are {accounts}")]
    Account { line: usize, found: i64, accounts: u32 },
    #[error("line {line}, transaction {tx}: asset {found}, there are {assets}")]
    Asset { line: usize, tx: usize, found: u32, assets: u8 },
}

/// A line as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    block: u64,
    accounts: u32,
    assets: u8,
    miner: u32,
    txs: Vec<Entry>,
}

/// Sender, nonce offset, receiver or -1, kind, asset and, of some, the payer.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Own(u32, u64, i64, String, u32),
    OnBehalf(u32, u64, i64, String, u32, u32),
}

/// The shapes of the 85 real blocks.
pub fn real_shapes() -> &'static [Shape] {
    static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
        Shape::parse_lines(include_str!("../../data/eth-block-shapes.jsonl")).expect("a test reads the embedded file")
    });
    &SHAPES
}

impl Shape {
    /// Reads one shape a line; empty lines are passed over.
    ///
    /// # Errors
    /// The first line that is no shape, or names an account, asset or kind that there is not.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, ShapeError> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let shapes: Vec<_> = lines.map(|(index, line)| Self::parse(index + 1, line)).collect::<Result<_, _>>()?;
        if shapes.is_empty() { Err(ShapeError::Empty) } else { Ok(shapes) }
    }

    fn parse(line: usize, text: &str) -> Result<Self, ShapeError> {
        let parsed = serde_json::from_str(text).map_err(|source| ShapeError::Json { line, source })?;
        let Line { block, accounts, assets, miner, txs } = parsed;
        let account = |found: i64| match u32::try_from(found) {
            Ok(number) if number < accounts => Ok(number),
            _ => Err(ShapeError::Account { line, found, accounts }),
        };
        account(miner.into())?;
        let mut transactions = Vec::with_capacity(txs.len());
        for (index, entry) in txs.into_iter().enumerate() {
            let (sender, nonce_offset, receiver, kind, asset, payer) = match entry {
                Entry::Own(sender, nonce, receiver, kind, asset) => (sender, nonce, receiver, kind, asset, None),
                Entry::OnBehalf(sender, nonce, receiver, kind, asset, payer) => {
                    (sender, nonce, receiver, kind, asset, Some(payer))
                }
            };
            let tx = index + 1;
            let kind = match kind.as_str() {
                "native" => ShapeKind::Native,
                "token" => ShapeKind::Token,
                "token_from" => ShapeKind::TokenFrom,
                "call" => ShapeKind::Call,
                "create" => ShapeKind::Create,
                _ => return Err(ShapeError::Kind { line, tx, found: kind }),
            };
            let sender = account(sender.into())?;
            let receiver = if receiver == -1 { None } else { Some(account(receiver)?) };
            let payer = payer.map(|payer| account(payer.into())).transpose()?;
            let asset = match u8::try_from(asset) {
                Ok(number) if number <= assets => number,
                _ => return Err(ShapeError::Asset { line, tx, found: asset, assets }),
            };
            transactions.push(ShapeTransaction { sender, nonce_offset, receiver, kind, asset, payer });
        }
        Ok(Self { block, accounts, assets, miner, transactions })
    }

    /// The shape as a scenario of one block, nonces as in the shape and fees the exact minimum. With seed 0 every
    /// account exists and can pay; other seeds leave some accounts out of genesis, and give some senders so little
    /// that they live on what they receive or run dry.
    pub fn scenario(&self, scheme: SignatureScheme, seed: u64) -> Scenario {
        let mut chance = Chance::new(seed ^ self.block);
        let mut keyring = Keyring::new(scheme);
        let tightness = if seed == 0 { Tightness::NONE } else { Tightness::draw(&mut chance) };
        // Numbers beyond the shape's own: a fresh account for each creation, and the dev account.
        let dev_account = keyring.account(self.accounts + self.transactions.len() as u32);
        let parameters = Parameters { signature_scheme: scheme, dev_account, block_time_ms: 15_000 };
        let genesis = self.genesis(&mut keyring, &mut chance, tightness);
        let height = self.block;
        let header = BlockHeader { parent: Hash::ZERO, height, miner: keyring.account(self.miner) };
        let mut reference = Reference::new(&parameters, &genesis);
        reference.start_run();
        reference.begin(&header).expect("balances are far from overflow");
        let mut transactions = Vec::with_capacity(self.transactions.len());
        for (index, shape) in self.transactions.iter().enumerate() {
            let source = keyring.account(shape.sender);
            let destination = keyring.account(shape.receiver.unwrap_or(self.accounts + index as u32));
            let asset = shape.spends();
            let nonce = genesis.accounts.get(&source).map_or(0, |entry| entry.nonce) + shape.nonce_offset;
            let transfer = Transfer { asset, destination, amount: 0, extra_data: None };
            let body = UnsignedTransaction {
                version: TransactionVersion::T0,
                source,
                data: Payload::Transfers(vec![transfer.clone()]),
                fee: 0,
                fee_type: FeeType::Tos,
                nonce,
                reference: seriatim_tos::ledger::Reference { hash: Hash::ZERO, topoheight: 0 },
            };
            let mut tx = Transaction { body, multisig: Vec::new(), signature: Signature([0; 64]) };
            tx.body.fee = reference.minimum_fee(&tx);
            let balance = reference.balance(&source, &asset);
            let available = if asset == AssetId::TOS { balance.saturating_sub(tx.body.fee) } else { balance };
            let amount = tightness.amount(&mut chance, available);
            tx.body.data = Payload::Transfers(vec![Transfer { amount, ..transfer }]);
            tx.signature = keyring.sign(&source, &tx.body.signing_bytes());
            reference.execute(&tx);
            transactions.push(tx);
        }
        let BlockHeader { parent, height, miner } = header;
        let block = Block { parent, height, miner, transactions };
        Scenario { version: SCENARIO_VERSION, parameters, genesis, steps: vec![Step::Run(vec![block])] }
    }

    fn genesis(&self, keyring: &mut Keyring, chance: &mut Chance, tightness: Tightness) -> Genesis {
        // What each account spends: how often, and of which assets.
        let mut spending: BTreeMap<u32, (u64, Vec<AssetId>)> = BTreeMap::new();
        let mut receives = vec![false; self.accounts as usize];
        for tx in &self.transactions {
            let (count, assets) = spending.entry(tx.sender).or_default();
            *count += 1;
            if !assets.contains(&tx.spends()) {
                assets.push(tx.spends());
            }
            if let Some(receiver) = tx.receiver {
                receives[receiver as usize] = true;
            }
        }
        let mut genesis = Genesis { assets: (1..=self.assets).map(asset).collect(), ..Genesis::default() };
        for number in 0..self.accounts {
            let spends = spending.get(&number);
            let received = receives[number as usize];
            let never_seen = if spends.is_some() { tightness.unseen_senders } else { tightness.unseen_receivers };
            if received && chance.below(100) < never_seen {
                continue;
            }
            let mut entry = GenesisAccount { nonce: chance.below(1_000), ..GenesisAccount::default() };
            if let Some((count, assets)) = spends {
                let poor = chance.below(100) < tightness.poor_senders;
                // A poor sender's TOS pays for about half of its fees.
                let tos = if poor { chance.below(count * 30_000) } else { 1_000_000 * TOS };
                entry.balances.insert(AssetId::TOS, tos);
                for asset in assets.iter().filter(|asset| **asset != AssetId::TOS) {
                    entry.balances.insert(*asset, if poor { chance.below(1_000) } else { 1_000_000 * TOS });
                }
            }
            genesis.accounts.insert(keyring.account(number), entry);
        }
        genesis
    }
}

impl ShapeTransaction {
    /// Ether and the calls that carry it are TOS here.
    fn spends(&self) -> AssetId {
        match self.kind {
            ShapeKind::Native | ShapeKind::Call | ShapeKind::Create => AssetId::TOS,
            ShapeKind::Token | ShapeKind::TokenFrom => asset(self.asset),
        }
    }
}

/// How hard a seed makes it for the accounts of a shape, in percent each.
#[derive(Clone, Copy, Debug)]
struct Tightness {
    unseen_receivers: u64,
    /// The share of the senders that also receive.
    unseen_senders: u64,
    poor_senders: u64,
    /// The share of the transactions that spend all that there is.
    emptying: u64,
}

impl Tightness {
    const NONE: Self = Self { unseen_receivers: 0, unseen_senders: 0, poor_senders: 0, emptying: 0 };

    fn draw(chance: &mut Chance) -> Self {
        Self {
            unseen_receivers: chance.below(101),
            unseen_senders: chance.below(60),
            poor_senders: chance.below(40),
            emptying: chance.below(10),
        }
    }

    /// Usually enough for the receiver to go on with, and little enough for the sender to.
    fn amount(self, chance: &mut Chance, available: Amount) -> Amount {
        if chance.below(100) < self.emptying {
            available
        } else {
            (available / 1_000).min(chance.between(1, 1_000_000))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Expectation;
    use seriatim_tos::ledger::Receipt;

    const LINE: &str = r#"{"block":7,"accounts":3,"assets":1,"miner":0,"txs":[[1,0,2,"native",0]]}"#;

    fn executed_share<'a>(shapes: impl IntoIterator<Item = &'a Shape>, seed: u64) -> f64 {
        let scenarios = shapes.into_iter().map(|shape| shape.scenario(SignatureScheme::Tagged, seed));
        let receipts: Vec<Receipt> =
            scenarios.flat_map(|it| Expectation::of(&it).receipts().cloned().collect::<Vec<_>>()).collect();
        let executed = receipts.iter().filter(|receipt| matches!(receipt, Receipt::Executed { .. })).count();
        executed as f64 / receipts.len() as f64
    }

    #[test]
    fn the_embedded_file_has_85_blocks_and_24_342_transactions() {
        let shapes = real_shapes();
        assert_eq!(shapes.len(), 85);
        assert_eq!(shapes.iter().map(|shape| shape.transactions.len()).sum::<usize>(), 24_342);
    }

    #[test]
    fn seed_0_executes_nearly_everything() {
        let share = executed_share(real_shapes(), 0);
        assert!(share > 0.99, "{share}");
    }

    #[test]
    fn other_seeds_fail_some_and_execute_most() {
        let shares = (1..5).map(|seed| executed_share(&real_shapes()[20..40], seed));
        let mean = shares.sum::<f64>() / 4.0;
        assert!((0.5..0.97).contains(&mean), "{mean}");
    }

    #[test]
    fn every_shape_builds_under_either_scheme() {
        for shape in real_shapes() {
            let scenario = shape.scenario(SignatureScheme::Tagged, 3);
            assert_eq!(scenario.genesis.validate(), Ok(()));
            assert_eq!(scenario.tx_count(), shape.transactions.len());
        }
        let scenario = real_shapes()[0].scenario(SignatureScheme::Ed25519, 0);
        assert_eq!(Expectation::of(&scenario).receipts().count(), 1);
    }

    #[test]
    fn a_line_is_read() {
        let shapes = Shape::parse_lines(&format!("{LINE}\n\n{LINE}\n")).unwrap();
        let kind = ShapeKind::Native;
        let tx = ShapeTransaction { sender: 1, nonce_offset: 0, receiver: Some(2), kind, asset: 0, payer: None };
        assert_eq!(shapes[1], Shape { block: 7, accounts: 3, assets: 1, miner: 0, transactions: vec![tx] });
        assert_eq!(shapes.len(), 2);
    }

    #[test]
    fn text_that_is_no_list_of_shapes_is_refused_with_its_place() {
        let message = |text: &str| Shape::parse_lines(text).unwrap_err().to_string();
        assert_eq!(message(""), "no shapes: the text is empty");
        assert!(message(&format!("{LINE}\n{{}}")).starts_with("line 2: not a shape: missing field `block`"));
        let with = |old, new| message(&format!("{LINE}\n{}", LINE.replace(old, new)));
        assert_eq!(with("native", "gift"), "line 2, transaction 1: unknown kind \"gift\"");
        assert_eq!(with("[1,0,2", "[3,0,2"), "line 2: account 3, there are 3");
        assert_eq!(with("[1,0,2", "[1,0,-2"), "line 2: account -2, there are 3");
        assert_eq!(with("\"miner\":0", "\"miner\":9"), "line 2: account 9, there are 3");
        assert_eq!(with("\"native\",0", "\"token\",2"), "line 2, transaction 1: asset 2, there are 1");
    }
}
