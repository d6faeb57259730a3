//! A scenario in terms that survive a removal: nonces relative to the next one, fees to the minimum, parents and references
//! to the blocks they mean, signatures as right or wrong. Played again, it gives the scenario it was read from, bit for bit.

mod replay;

use std::collections::{BTreeMap, BTreeSet};

use seriatim_lab::workload::{SCENARIO_VERSION, Scenario};
use seriatim_tos::execution::reference::Reference;
use seriatim_tos::ledger::{
    self, AccountKey, Amount, Genesis, GenesisAccount, Hash, Height, Parameters, Signature, SignatureScheme,
    Topoheight, Transaction,
};
use seriatim_tos::storage::{LedgerState, StateKey, StateValue};

use replay::{Player, Reader};

/// A scenario whose parts can be taken out and changed.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{ConflictClass, Expectation, Header, Plan, Record, build};
/// use seriatim_tos::ledger::SignatureScheme;
/// use seriatim_triage::minimise::Script;
///
/// // One sender's transactions in a row.
/// let header = Header { class_mask: ConflictClass::NonceChain.bit(), ..Header::default() };
/// let plan = Plan { header, records: vec![Record::default(); 3] };
/// let scenario = build(&plan, SignatureScheme::Tagged).scenario;
/// let mut script = Script::of(&scenario);
/// assert_eq!(script.play().as_ref(), Some(&scenario));
///
/// script.remove_transactions(&[0]);
/// let cut = script.play().expect("the genesis is the same");
/// assert_eq!(cut.tx_count(), 2);
/// let nonces = |block: Option<&seriatim_tos::ledger::Block>| {
///     block.unwrap().transactions.iter().map(|transaction| transaction.body.nonce).collect::<Vec<_>>()
/// };
/// assert_eq!(nonces(cut.blocks().next()), nonces(scenario.blocks().next())[..2], "the others move up");
/// assert!(Expectation::of(&cut).receipts().all(|receipt| receipt.outcome() == "executed"));
/// ```
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) parameters: Parameters,
    pub(super) genesis: Genesis,
    pub(super) steps: Vec<ScriptStep>,
    /// Each distinct transaction. Blocks name them by position, so that copies stay copies.
    pub(super) entries: Vec<Entry>,
    /// Nobody can sign for the accounts: transactions stay as they are.
    pub(super) is_fixed: bool,
}

#[derive(Clone, Debug)]
pub(super) enum ScriptStep {
    Run(Vec<ScriptBlock>),
    /// The blocks that it undid, by number; or, if none, how far above the top it aimed.
    Rewind {
        undone: BTreeSet<usize>,
        above: Topoheight,
    },
}

#[derive(Clone, Debug)]
pub(super) struct ScriptBlock {
    /// Its number, which it keeps.
    pub number: usize,
    /// Its hash as read.
    hash: Hash,
    /// None: the block on top.
    parent: Option<Hash>,
    pub height: Height,
    pub miner: AccountKey,
    pub transactions: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The scenario as read; what is said below overrides it.
    pub tx: Transaction,
    /// Nonce less the next one where it first stands. It wraps: below the next one it is near the end.
    pub nonce_ahead: u64,
    /// Whether the reference is above its block, by this.
    reference_above: Topoheight,
    /// Whether the fee is at least the minimum.
    is_paid: bool,
    is_signed: bool,
    /// One for each multisig signature: whether it is right.
    is_cosigned: Vec<bool>,
}

impl Script {
    /// Reads a scenario, whose genesis must be valid.
    pub fn of(scenario: &Scenario) -> Self {
        let Scenario { version: _, parameters, genesis, steps } = scenario;
        let mut reader = Reader::new(Reference::new(parameters, genesis));
        let steps = steps.iter().map(|step| reader.step(step)).collect();
        let is_fixed = parameters.signature_scheme != SignatureScheme::Tagged;
        let entries = reader.entries;
        Self { parameters: parameters.clone(), genesis: genesis.clone(), steps, entries, is_fixed }
    }

    /// The same under signatures that anybody can make.
    pub(super) fn tagged(mut self) -> Self {
        self.parameters.signature_scheme = SignatureScheme::Tagged;
        self.is_fixed = false;
        self
    }

    /// The scenario. None if no chain can start from the genesis.
    pub fn play(&self) -> Option<Scenario> {
        self.genesis.validate().ok()?;
        let Self { parameters, genesis, .. } = self;
        let mut player = Player::new(self);
        let steps = self.steps.iter().filter_map(|step| player.step(step)).collect();
        Some(Scenario { version: SCENARIO_VERSION, parameters: parameters.clone(), genesis: genesis.clone(), steps })
    }

    /// The blocks from number `first` of them on, what the ones before did being part of genesis.
    pub(super) fn folded(mut self, first: usize) -> Option<Self> {
        self.genesis.validate().ok()?;
        let mut player = Player::new(&self);
        let mut rest = Vec::new();
        let mut left = first;
        for step in &self.steps {
            match step {
                ScriptStep::Run(blocks) => {
                    let (folded, kept) = blocks.split_at(left.min(blocks.len()));
                    left -= folded.len();
                    if !folded.is_empty() {
                        player.run(folded);
                    }
                    if !kept.is_empty() {
                        rest.push(ScriptStep::Run(kept.to_vec()));
                    }
                }
                ScriptStep::Rewind { .. } if rest.is_empty() => {
                    player.step(step);
                }
                ScriptStep::Rewind { .. } => rest.push(step.clone()),
            }
        }
        // Rewinds are relative to where the ledger begins, so that it may go on beginning there.
        let Genesis { topoheight, executed, .. } = &self.genesis;
        let (topoheight, executed) = (*topoheight, executed.clone());
        self.genesis = Genesis { topoheight, executed, ..genesis_of(player.reference.ledger()) };
        self.steps = rest;
        self.forget();
        Some(self)
    }

    /// What the transactions at these places did becomes part of genesis, as if a block without reward had held them
    /// before all others.
    pub(super) fn hoisted(mut self, places: &[usize]) -> Option<Self> {
        let block_time_ms = std::mem::take(&mut self.parameters.block_time_ms);
        let first = self.blocks().next()?;
        let mut block = ScriptBlock { parent: None, hash: Hash::ZERO, number: usize::MAX, ..first.clone() };
        let all: Vec<usize> = self.blocks().flat_map(|block| block.transactions.iter().copied()).collect();
        block.transactions = places.iter().filter_map(|&place| all.get(place).copied()).collect();
        let hoisted = block.transactions.len();
        self.steps.insert(0, ScriptStep::Run(vec![block]));
        let places: Vec<usize> = places.iter().map(|place| place + hoisted).collect();
        self.remove_transactions(&places);
        let mut folded = self.folded(1)?;
        folded.parameters.block_time_ms = block_time_ms;
        Some(folded)
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = &ScriptBlock> {
        self.steps.iter().flat_map(|step| match step {
            ScriptStep::Run(blocks) => blocks.as_slice(),
            ScriptStep::Rewind { .. } => &[],
        })
    }

    pub(super) fn blocks_mut(&mut self) -> impl Iterator<Item = &mut ScriptBlock> {
        self.steps.iter_mut().flat_map(|step| match step {
            ScriptStep::Run(blocks) => blocks.as_mut_slice(),
            ScriptStep::Rewind { .. } => &mut [],
        })
    }

    /// Transactions that stand in blocks, copies counted.
    pub fn tx_count(&self) -> usize {
        self.blocks().map(|block| block.transactions.len()).sum()
    }

    /// Takes transactions out, by their position among all.
    pub fn remove_transactions(&mut self, places: &[usize]) {
        let mut place = 0;
        for block in self.blocks_mut() {
            block.transactions.retain(|_| {
                place += 1;
                !places.contains(&(place - 1))
            });
        }
        self.forget();
    }

    /// Takes blocks out, by their position among all; a run without blocks goes, too.
    pub(super) fn remove_blocks(&mut self, places: impl Fn(usize) -> bool) {
        let mut place = 0;
        for step in &mut self.steps {
            if let ScriptStep::Run(blocks) = step {
                blocks.retain(|_| {
                    place += 1;
                    !places(place - 1)
                });
            }
        }
        self.steps.retain(|step| !matches!(step, ScriptStep::Run(blocks) if blocks.is_empty()));
        self.forget();
    }

    /// Every block stands on the one below, and no transaction refers to one, unless its reference is wrong.
    pub(super) fn plain_links(&mut self) {
        self.blocks_mut().for_each(|block| block.parent = None);
        self.entries.iter_mut().for_each(Entry::refer_to_genesis);
    }

    /// Drops entries that no block names any more, and numbers the others by first appearance.
    pub(super) fn forget(&mut self) {
        let mut kept: Vec<usize> = Vec::new();
        for block in self.blocks_mut() {
            for entry in &mut block.transactions {
                let known = kept.iter().position(|other| other == entry);
                let position = known.unwrap_or_else(|| {
                    kept.push(*entry);
                    kept.len() - 1
                });
                *entry = position;
            }
        }
        self.entries = kept.into_iter().map(|entry| self.entries[entry].clone()).collect();
    }
}

impl Entry {
    fn of(tx: &Transaction, reference: &Reference) -> Self {
        let scheme = reference.parameters().signature_scheme;
        let source = &tx.body.source;
        let message = tx.body.signing_bytes();
        let participants = reference.multisig(source).map_or(&[][..], |config| &config.participants);
        let is_right = |given: &ledger::MultiSigSignature| {
            let account = participants.get(usize::from(given.participant));
            account.is_some_and(|account| scheme.verify(account, &message, &given.signature))
        };
        Self {
            nonce_ahead: tx.body.nonce.wrapping_sub(reference.next_nonce(source)),
            reference_above: tx.body.reference.topoheight.saturating_sub(reference.topoheight()),
            is_paid: tx.body.fee >= reference.minimum_fee(tx),
            is_signed: scheme.verify(source, &message, &tx.signature),
            is_cosigned: tx.multisig.iter().map(is_right).collect(),
            tx: tx.clone(),
        }
    }

    /// The transaction where the running state is `reference`'s.
    fn resolve(&self, reference: &Reference, hashes: &BTreeMap<Hash, Hash>) -> Transaction {
        let scheme = reference.parameters().signature_scheme;
        let mut tx = self.tx.clone();
        tx.body.nonce = reference.next_nonce(&tx.body.source).wrapping_add(self.nonce_ahead);
        let current = reference.topoheight();
        tx.body.reference.topoheight = match self.reference_above {
            0 => tx.body.reference.topoheight.min(current),
            above => current.saturating_add(above),
        };
        if let Some(hash) = hashes.get(&tx.body.reference.hash) {
            tx.body.reference.hash = *hash;
        }
        let minimum = reference.minimum_fee(&tx);
        tx.body.fee = if self.is_paid { tx.body.fee.max(minimum) } else { tx.body.fee.min(minimum.saturating_sub(1)) };
        let message = tx.body.signing_bytes();
        let sign = |account: &AccountKey| -> Signature { scheme.signer(account.0).sign(&message) };
        if self.is_signed {
            tx.signature = sign(&tx.body.source);
        }
        if let Some(config) = reference.multisig(&tx.body.source) {
            for (given, _) in tx.multisig.iter_mut().zip(&self.is_cosigned).filter(|(_, is_right)| **is_right) {
                if let Some(account) = config.participants.get(usize::from(given.participant)) {
                    given.signature = sign(account);
                }
            }
        }
        tx
    }

    /// Takes one multisig signature out.
    pub(super) fn remove_cosignature(&mut self, index: usize) {
        self.tx.multisig.remove(index);
        self.is_cosigned.remove(index);
    }

    /// The lowest fee that is enough, if the fee is.
    pub(super) fn pay_least(&mut self) {
        self.tx.body.fee = if self.is_paid { 0 } else { self.tx.body.fee };
    }

    /// The reference names no block, at genesis, unless it is wrong.
    pub(super) fn refer_to_genesis(&mut self) {
        self.tx.body.reference = ledger::Reference { hash: Hash::ZERO, topoheight: 0 };
    }
}

/// The newest state of a ledger as a state to start from.
fn genesis_of(ledger: &LedgerState) -> Genesis {
    let mut accounts: BTreeMap<AccountKey, GenesisAccount> =
        ledger.registrations.keys().map(|account| (*account, GenesisAccount::default())).collect();
    let mut burned: BTreeMap<ledger::AssetId, Amount> = BTreeMap::new();
    for key in ledger.newest.keys() {
        let value = ledger.newest_value(key).cloned();
        match (*key, value) {
            (StateKey::Nonce(account), Some(StateValue::Nonce(nonce))) => {
                accounts.entry(account).or_default().nonce = nonce;
            }
            (StateKey::Balance(account, asset), Some(StateValue::Amount(amount))) => {
                accounts.entry(account).or_default().balances.insert(asset, amount);
            }
            (StateKey::MultiSig(account), Some(StateValue::MultiSig(config))) => {
                accounts.entry(account).or_default().multisig = config;
            }
            (StateKey::Energy(account), Some(StateValue::Energy(energy))) => {
                accounts.entry(account).or_default().energy = Some(energy);
            }
            (StateKey::Burned(asset), Some(StateValue::Amount(amount))) => {
                burned.insert(asset, amount);
            }
            (key, value) => unreachable!("{key:?} holds {value:?}"),
        }
    }
    let assets = ledger.assets.iter().copied().filter(|asset| *asset != ledger::AssetId::TOS).collect();
    let emitted_supply = ledger.metadata.get(&ledger.top).map_or(0, |metadata| metadata.emitted_supply);
    Genesis { accounts, assets, burned, emitted_supply, ..Genesis::default() }
}
