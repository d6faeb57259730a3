//! The reference: what `docs/book/reference/semantics.md` says, section by section, in the plainest way we know. Every other executor
//! is judged by it, so it shares no rule with them, only types and what belongs to these: the canonical encoding, the
//! signature check, the genesis state and the orphan set. It knows no storage, no cache and no task.
//! A step (the reward, one transaction, the fees) writes into its own map of changes; a step that fails drops it.
//! What stands in the map was touched, so a block's versions are read off it when the block is finished.
//! It is one file, though long, because it is read once, from top to bottom, with the contract beside it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::TransactionError::*;
use crate::ledger::*;
use crate::storage::{Executed, LedgerState, StateKey, StateValue, Version};

/// A chain, executed one transaction at a time: [`Self::begin`], [`Self::execute`] for each, [`Self::finish`].
/// Calls in another order panic, as does a rewind to above the top or below genesis: they are mistakes of the caller.
///
/// # Examples
/// ```
/// use seriatim_testkit::ledger::{block, genesis, key, parameters, pay};
/// use seriatim_tos::execution::reference::Reference;
/// use seriatim_tos::ledger::{AssetId, TOS};
///
/// let mut reference = Reference::new(&parameters(), &genesis([1, 2]));
/// reference.start_run();
/// let receipts = reference.apply(&block(vec![pay(1, 2, 0, 5), pay(1, 2, 0, 5)]))?;
/// assert_eq!([receipts[0].outcome(), receipts[1].outcome()], ["executed", "skipped"], "the second is a copy");
/// assert_eq!(reference.balance(&key(2), &AssetId::TOS), 105 * TOS);
/// assert_eq!(reference.next_nonce(&key(1)), 1);
/// # Ok::<(), seriatim_tos::ledger::BlockAbort>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reference {
    parameters: Parameters,
    ledger: LedgerState,
    /// The nonce checker of the current ordering run (section 5).
    nonces: BTreeMap<AccountKey, RunNonces>,
    open: Option<OpenBlock>,
}

/// What is known of a block before its transactions are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    pub parent: Hash,
    pub height: Height,
    pub miner: AccountKey,
}

/// One account in the nonce checker, from its first executed transaction on.
#[derive(Clone, Debug)]
struct RunNonces {
    initial: u64,
    used: BTreeSet<u64>,
}

#[derive(Clone, Debug)]
struct OpenBlock {
    header: BlockHeader,
    reward: Amount,
    /// Wider than an amount: whether the sum fits one is asked at the end.
    fees: u128,
    changes: Changes,
    /// Per executed transaction whose nonce it used: what an abort gives back.
    executed: BTreeMap<Hash, (AccountKey, u64)>,
    receipts: Vec<Receipt>,
}

/// What was touched, with its newest value.
#[derive(Clone, Debug, Default)]
struct Changes {
    registrations: BTreeSet<AccountKey>,
    values: BTreeMap<StateKey, StateValue>,
}

/// Blocks (section 7).
impl Reference {
    /// The chain where it begins. The genesis must be valid ([`Genesis::validate`]).
    pub fn new(parameters: &Parameters, genesis: &Genesis) -> Self {
        Self::on(parameters, LedgerState::from_genesis(genesis))
    }

    /// The chain with this ledger, whose top has its metadata.
    pub fn on(parameters: &Parameters, ledger: LedgerState) -> Self {
        Self { parameters: parameters.clone(), ledger, nonces: BTreeMap::new(), open: None }
    }

    /// Begins an ordering run: its nonce checker has seen nothing.
    pub fn start_run(&mut self) {
        assert!(self.open.is_none(), "an ordering run begins between blocks");
        self.nonces.clear();
    }

    /// Applies a whole block; one receipt a transaction, in block order.
    ///
    /// # Errors
    /// The abort; everything is then as before.
    pub fn apply(&mut self, block: &Block) -> Result<Vec<Receipt>, BlockAbort> {
        let Block { parent, height, miner, ref transactions } = *block;
        self.begin(&BlockHeader { parent, height, miner })?;
        let receipts = transactions.iter().map(|tx| self.execute(tx)).collect();
        self.finish(block.hash())?;
        Ok(receipts)
    }

    /// Opens the block above the top and credits its reward.
    ///
    /// # Errors
    /// `RewardOverflow`; no block is then open.
    pub fn begin(&mut self, header: &BlockHeader) -> Result<(), BlockAbort> {
        assert!(self.open.is_none(), "one block is finished before the next begins");
        let reward = block_reward(self.top_metadata().emitted_supply, self.parameters.block_time_ms);
        let (early, late) = DEV_FEE_PERCENT;
        let percent = if header.height < DEV_FEE_CHANGE_HEIGHT { early } else { late };
        let dev_fee = reward * percent / 100;
        let mut step = self.step();
        for (account, amount) in [(self.parameters.dev_account, dev_fee), (header.miner, reward - dev_fee)] {
            step.credit(account, AssetId::TOS, amount).map_err(|_| BlockAbort::RewardOverflow)?;
        }
        let changes = step.changes;
        let header = header.clone();
        self.open =
            Some(OpenBlock { header, reward, fees: 0, changes, executed: BTreeMap::new(), receipts: Vec::new() });
        Ok(())
    }

    /// Verifies and applies the next transaction of the open block.
    pub fn execute(&mut self, tx: &Transaction) -> Receipt {
        let canonical = tx.canonical();
        let hash = canonical.hash();
        let receipt = if self.ledger.executed.contains_key(&hash) || self.open().executed.contains_key(&hash) {
            Receipt::Skipped { hash }
        } else {
            match self.verify(tx, &canonical).and_then(|spent| self.changes_of(tx, spent)) {
                Ok(changes) => self.accept(tx, hash, changes),
                Err(error) => Receipt::Orphaned { hash, error },
            }
        };
        self.open_mut().receipts.push(receipt.clone());
        receipt
    }

    /// Makes a transaction's changes visible.
    fn accept(&mut self, tx: &Transaction, hash: Hash, changes: Changes) -> Receipt {
        let UnsignedTransaction { source, nonce, fee, .. } = tx.body;
        let initial = self.next_nonce(&source);
        self.nonces.entry(source).or_insert(RunNonces { initial, used: BTreeSet::new() }).used.insert(nonce);
        let open = self.open_mut();
        open.executed.insert(hash, (source, nonce));
        open.fees += u128::from(fee);
        open.changes.absorb(changes);
        Receipt::Executed { hash, fee, energy: energy_cost(tx) }
    }

    /// Credits the fees and commits the open block, whose hash is known only now.
    ///
    /// # Errors
    /// `FeesOverflow`; everything is then as before [`Self::begin`], nonces included.
    pub fn finish(&mut self, block: Hash) -> Result<(), BlockAbort> {
        let Ok((fees, changes)) = self.fee_changes() else {
            let aborted = self.open.take().expect("finish comes after begin");
            for (account, nonce) in aborted.executed.into_values() {
                self.nonces.get_mut(&account).expect("it used a nonce").used.remove(&nonce);
            }
            return Err(BlockAbort::FeesOverflow);
        };
        self.open_mut().changes.absorb(changes);
        self.commit(block, fees);
        Ok(())
    }

    fn fee_changes(&self) -> Result<(Amount, Changes), TransactionError> {
        let OpenBlock { fees, ref header, .. } = *self.open();
        let fees = Amount::try_from(fees).map_err(|_| Overflow)?;
        let mut step = self.step();
        if fees != 0 {
            step.credit(header.miner, AssetId::TOS, fees)?;
        }
        Ok((fees, step.changes))
    }

    fn commit(&mut self, block: Hash, fees: Amount) {
        let topoheight = self.topoheight();
        let burned_supply = self.burned(&AssetId::TOS);
        let emitted_supply = self.top_metadata().emitted_supply;
        let OpenBlock { changes, receipts, reward, .. } = self.open.take().expect("finish comes after begin");
        let ledger = &mut self.ledger;
        for account in changes.registrations {
            ledger.registrations.insert(account, topoheight);
        }
        for (key, value) in changes.values {
            // Both reasons for a version in one: a key without a version differs from every value.
            if ledger.newest_value(&key) != Some(&value) {
                let previous = ledger.newest.insert(key, topoheight);
                ledger.versions.entry(key).or_default().insert(topoheight, Version { previous, value });
            }
        }
        for receipt in receipts {
            ledger.links.entry(receipt.hash()).or_default().insert(topoheight, block);
            match receipt {
                Receipt::Executed { hash, .. } => {
                    ledger.executed.insert(hash, Executed { topoheight, block });
                    ledger.orphans.remove(&hash);
                }
                Receipt::Orphaned { hash, .. } => ledger.orphans.add(hash),
                Receipt::Skipped { .. } => {}
            }
        }
        let emitted_supply = emitted_supply + reward; // At most the maximum supply: see `block_reward`.
        ledger.metadata.insert(topoheight, BlockMetadata { block, reward, fees, emitted_supply, burned_supply });
        ledger.top = topoheight;
    }

    /// Removes what stands above `to`, the orphan set apart, and begins a new ordering run.
    pub fn rewind(&mut self, to: Topoheight) {
        assert!(to <= self.ledger.top, "a rewind goes back");
        assert!(to >= self.ledger.genesis_topoheight(), "a rewind stays where the ledger has a block");
        self.start_run();
        let LedgerState { top, assets: _, registrations, versions, newest, links, executed, orphans: _, metadata } =
            &mut self.ledger;
        *top = to;
        registrations.retain(|_, topoheight| *topoheight <= to);
        executed.retain(|_, executed| executed.topoheight <= to);
        metadata.retain(|topoheight, _| *topoheight <= to);
        links.retain(|_, blocks| {
            blocks.retain(|topoheight, _| *topoheight <= to);
            !blocks.is_empty()
        });
        versions.retain(|_, history| {
            history.retain(|topoheight, _| *topoheight <= to);
            !history.is_empty()
        });
        *newest = versions.iter().filter_map(|(key, history)| Some((*key, *history.last_key_value()?.0))).collect();
    }
}

/// Verification (section 4), on the running state: that before the transaction.
impl Reference {
    /// Checks 1 to 10. What the transaction spends, per asset in order of first appearance.
    fn verify(&self, tx: &Transaction, canonical: &Canonical) -> Result<Vec<(AssetId, Amount)>, TransactionError> {
        let UnsignedTransaction { version: TransactionVersion::T0, source, ref data, fee, fee_type, nonce, reference } =
            tx.body;
        // 1
        if fee_type == FeeType::Energy {
            ensure(matches!(data, Payload::Transfers(_)) && fee == 0, InvalidFormat)?;
        }
        // 2
        let required = self.minimum_fee_at(tx, canonical.size_bytes());
        ensure(fee >= required, InvalidFee { required, given: fee })?;
        // 3
        let (reference, current) = (reference.topoheight, self.topoheight());
        ensure(reference <= current, InvalidReference { reference, current })?;
        // 4
        ensure(self.is_registered(&source), AccountNotFound)?;
        // 5
        let next = self.next_nonce(&source);
        let acceptable = match self.nonces.get(&source) {
            Some(RunNonces { initial, used }) => nonce >= *initial && !used.contains(&nonce),
            None => nonce >= next,
        };
        ensure(nonce < u64::MAX && acceptable, InvalidNonce { next, given: nonce })?;
        // 6
        self.check_payload(&source, data)?;
        // 7
        let signing_bytes = canonical.signing_bytes();
        let right = self.parameters.signature_scheme.verify(&source, signing_bytes, &tx.signature);
        ensure(right, InvalidSignature)?;
        // 8
        self.check_multisig(tx, signing_bytes)?;
        // 9
        let spent = spent(tx)?;
        for &(asset, required) in &spent {
            let available = self.balance(&source, &asset);
            ensure(available >= required, InsufficientFunds { asset, available, required })?;
        }
        // 10
        self.check_energy(tx)?;
        Ok(spent)
    }

    /// Check 6: the payload by itself, and the assets and the multisig it names.
    fn check_payload(&self, source: &AccountKey, data: &Payload) -> Result<(), TransactionError> {
        let knows = |asset| ensure(self.ledger.assets.contains(asset), AssetNotFound);
        match data {
            Payload::Transfers(transfers) => {
                ensure((1..=MAX_TRANSFERS).contains(&transfers.len()), TransferCount)?;
                let mut extra_data_bytes = 0;
                for Transfer { asset, destination, amount: _, extra_data } in transfers {
                    ensure(destination != source, SenderIsReceiver)?;
                    knows(asset)?;
                    let bytes = extra_data.as_ref().map_or(0, Vec::len);
                    ensure(bytes <= MAX_TRANSFER_EXTRA_DATA_BYTES, TransferExtraDataSize)?;
                    extra_data_bytes += bytes;
                }
                ensure(extra_data_bytes <= MAX_TRANSACTION_EXTRA_DATA_BYTES, TransactionExtraDataSize)
            }
            Payload::Burn { asset, amount } => {
                knows(asset)?;
                ensure(*amount != 0, InvalidFormat)
            }
            Payload::MultiSig { threshold, participants } => {
                let (threshold, count) = (usize::from(*threshold), participants.len());
                let distinct: BTreeSet<_> = participants.iter().collect();
                ensure(count <= MAX_MULTISIG_PARTICIPANTS, MultiSigParticipants)?;
                ensure(distinct.len() == count, MultiSigParticipants)?;
                ensure(threshold <= count, MultiSigThreshold)?;
                ensure(threshold > 0 || count == 0, MultiSigThreshold)?;
                ensure(!distinct.contains(source), MultiSigParticipants)?;
                ensure(count > 0 || self.multisig(source).is_some(), MultiSigNotConfigured)
            }
            Payload::FreezeTos { amount, days } => {
                ensure(amount % TOS == 0 && *amount != 0, InvalidFreezeAmount)?;
                ensure(FREEZE_DAYS.contains(days), InvalidFreezeDuration)
            }
            Payload::UnfreezeTos { amount } => ensure(amount % TOS == 0 && *amount != 0, InvalidUnfreezeAmount),
        }
    }

    /// Check 8.
    fn check_multisig(&self, tx: &Transaction, signing_bytes: &[u8]) -> Result<(), TransactionError> {
        let given = &tx.multisig;
        let Some(MultiSigConfig { threshold, participants }) = self.multisig(&tx.body.source) else {
            return ensure(given.is_empty(), MultiSigNotConfigured);
        };
        ensure(!given.is_empty(), MultiSigNotFound)?;
        ensure(given.len() == usize::from(*threshold), MultiSigParticipants)?;
        let distinct: BTreeSet<_> = given.iter().map(|signature| usize::from(signature.participant)).collect();
        let named = distinct.iter().all(|participant| *participant < participants.len());
        ensure(named && distinct.len() == given.len(), MultiSigParticipants)?;
        for MultiSigSignature { participant, signature } in given {
            let account = &participants[usize::from(*participant)];
            let right = self.parameters.signature_scheme.verify(account, signing_bytes, signature);
            ensure(right, InvalidSignature)?;
        }
        Ok(())
    }

    /// Check 10.
    fn check_energy(&self, tx: &Transaction) -> Result<(), TransactionError> {
        let none = Energy::default();
        let energy = self.energy(&tx.body.source).unwrap_or(&none);
        let (available, required) = (energy.total - energy.used, energy_cost(tx));
        ensure(available >= required, InsufficientEnergy { available, required })?;
        if let Payload::UnfreezeTos { amount: required } = tx.body.data {
            let available = energy.frozen;
            ensure(available >= required, InsufficientFrozen { available, required })?;
            let height = self.open().header.height;
            let unlocked = energy.records.iter().filter(|record| record.unlock_height <= height);
            let available = unlocked.map(|record| record.amount).sum(); // Part of `frozen`, so it fits.
            ensure(available >= required, FrozenLocked { available, required })?;
        }
        Ok(())
    }

    /// Section 1, for a transaction of `size_bytes`. No term can overflow while the transaction fits in memory.
    fn minimum_fee_at(&self, tx: &Transaction, size_bytes: usize) -> Amount {
        let transfers = match (tx.body.fee_type, &tx.body.data) {
            (FeeType::Energy, _) => return 0,
            (FeeType::Tos, Payload::Transfers(transfers)) => transfers.as_slice(),
            (FeeType::Tos, _) => &[],
        };
        let destinations: BTreeSet<_> = transfers.iter().map(|transfer| transfer.destination).collect();
        let new_accounts = destinations.iter().filter(|account| !self.is_registered(account)).count();
        (size_bytes as u64).div_ceil(FEE_SIZE_BYTES) * FEE_PER_SIZE
            + transfers.len() as u64 * FEE_PER_OUTPUT
            + new_accounts as u64 * FEE_PER_NEW_ACCOUNT
            + tx.multisig.len() as u64 * FEE_PER_MULTISIG_SIGNATURE
    }
}

/// Applying a transaction (section 6).
impl Reference {
    /// Check 11, by doing it: what a verified transaction changes.
    fn changes_of(&self, tx: &Transaction, spent: Vec<(AssetId, Amount)>) -> Result<Changes, TransactionError> {
        let source = tx.body.source;
        let height = self.open().header.height;
        let mut energy = self.energy(&source).cloned().unwrap_or_default();
        let mut step = self.step();
        for (asset, amount) in spent {
            step.debit(source, asset, amount);
        }
        let next = self.next_nonce(&source).max(tx.body.nonce + 1); // Check 5: it fits.
        step.set(StateKey::Nonce(source), StateValue::Nonce(next));
        match &tx.body.data {
            Payload::Transfers(transfers) => {
                for transfer in transfers {
                    step.credit(transfer.destination, transfer.asset, transfer.amount)?;
                }
                if tx.body.fee_type == FeeType::Energy {
                    energy.used += energy_cost(tx); // Check 10: at most the total.
                    step.set(StateKey::Energy(source), StateValue::Energy(energy));
                }
            }
            Payload::Burn { asset, amount } => step.add(StateKey::Burned(*asset), *amount)?,
            Payload::MultiSig { threshold, participants } => {
                let (threshold, participants) = (*threshold, participants.clone());
                let config = (threshold > 0).then_some(MultiSigConfig { threshold, participants });
                step.set(StateKey::MultiSig(source), StateValue::MultiSig(config));
            }
            &Payload::FreezeTos { amount, days } => {
                let unlock_height = height.checked_add(u64::from(days) * HEIGHTS_PER_DAY).ok_or(Overflow)?;
                energy.records.push(FreezeRecord { amount, days, unlock_height });
                energy.frozen = energy.frozen.checked_add(amount).ok_or(Overflow)?;
                energy.total = energy.total.checked_add(energy_gained(amount, days)).ok_or(Overflow)?;
                step.set(StateKey::Energy(source), StateValue::Energy(energy));
            }
            &Payload::UnfreezeTos { amount } => {
                step.credit(source, AssetId::TOS, amount)?;
                let energy = unfreeze(energy, amount, height);
                step.set(StateKey::Energy(source), StateValue::Energy(energy));
            }
        }
        Ok(step.changes)
    }
}

/// The running state: after the last transaction of the open block, or after the last finished one.
impl Reference {
    /// The ledger after the last finished block.
    pub fn ledger(&self) -> &LedgerState {
        &self.ledger
    }

    /// Those it was made with.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The topoheight of the open block, or of the one that would be opened next.
    pub fn topoheight(&self) -> Topoheight {
        self.ledger.top + 1
    }

    /// Whether the account exists.
    pub fn is_registered(&self, account: &AccountKey) -> bool {
        self.ledger.registrations.contains_key(account)
            || self.open.as_ref().is_some_and(|open| open.changes.registrations.contains(account))
    }

    /// 0 also of an asset never received.
    pub fn balance(&self, account: &AccountKey, asset: &AssetId) -> Amount {
        amount(self.value(&StateKey::Balance(*account, *asset)))
    }

    /// 0 for an account that does not exist. The checker's `next` is this too: it starts from the stored nonce, and an
    /// executed transaction leaves it as the account's nonce (section 5).
    pub fn next_nonce(&self, account: &AccountKey) -> u64 {
        match self.value(&StateKey::Nonce(*account)) {
            None => 0,
            Some(StateValue::Nonce(nonce)) => *nonce,
            Some(other) => unreachable!("a nonce key holds {other:?}"),
        }
    }

    /// None: never set, or deleted.
    pub fn multisig(&self, account: &AccountKey) -> Option<&MultiSigConfig> {
        match self.value(&StateKey::MultiSig(*account))? {
            StateValue::MultiSig(config) => config.as_ref(),
            other => unreachable!("a multisig key holds {other:?}"),
        }
    }

    /// None: never froze anything.
    pub fn energy(&self, account: &AccountKey) -> Option<&Energy> {
        match self.value(&StateKey::Energy(*account))? {
            StateValue::Energy(energy) => Some(energy),
            other => unreachable!("an energy key holds {other:?}"),
        }
    }

    /// 0 also of an unknown asset.
    pub fn burned(&self, asset: &AssetId) -> Amount {
        amount(self.value(&StateKey::Burned(*asset)))
    }

    /// The least fee that the transaction would be accepted with; it may change with the state.
    pub fn minimum_fee(&self, tx: &Transaction) -> Amount {
        self.minimum_fee_at(tx, tx.canonical().size_bytes())
    }

    fn step(&self) -> Step<'_> {
        Step { before: self, changes: Changes::default() }
    }

    fn value(&self, key: &StateKey) -> Option<&StateValue> {
        let open = self.open.as_ref().and_then(|open| open.changes.values.get(key));
        open.or_else(|| self.ledger.newest_value(key))
    }

    fn top_metadata(&self) -> &BlockMetadata {
        self.ledger.metadata.get(&self.ledger.top).expect("every topoheight up to the top has metadata")
    }

    fn open(&self) -> &OpenBlock {
        self.open.as_ref().expect("a block is open between begin and finish")
    }

    fn open_mut(&mut self) -> &mut OpenBlock {
        self.open.as_mut().expect("a block is open between begin and finish")
    }
}

/// Changes in the making, on top of the running state. Whatever is written was touched.
struct Step<'a> {
    before: &'a Reference,
    changes: Changes,
}

impl Step<'_> {
    fn set(&mut self, key: StateKey, value: StateValue) {
        self.changes.values.insert(key, value);
    }

    fn amount(&self, key: &StateKey) -> Amount {
        amount(self.changes.values.get(key).or_else(|| self.before.value(key)))
    }

    fn add(&mut self, key: StateKey, added: Amount) -> Result<(), TransactionError> {
        let sum = self.amount(&key).checked_add(added).ok_or(Overflow)?;
        self.set(key, StateValue::Amount(sum));
        Ok(())
    }

    fn credit(&mut self, account: AccountKey, asset: AssetId, credited: Amount) -> Result<(), TransactionError> {
        if !self.before.is_registered(&account) {
            self.changes.registrations.insert(account);
            self.set(StateKey::Nonce(account), StateValue::Nonce(0));
        }
        self.add(StateKey::Balance(account, asset), credited)
    }

    fn debit(&mut self, account: AccountKey, asset: AssetId, debited: Amount) {
        let key = StateKey::Balance(account, asset);
        let rest = self.amount(&key).checked_sub(debited).expect("check 9: the balance covers it");
        self.set(key, StateValue::Amount(rest));
    }
}

impl Changes {
    fn absorb(&mut self, later: Changes) {
        self.registrations.extend(later.registrations);
        self.values.extend(later.values);
    }
}

fn ensure(holds: bool, error: TransactionError) -> Result<(), TransactionError> {
    if holds { Ok(()) } else { Err(error) }
}

fn amount(value: Option<&StateValue>) -> Amount {
    match value {
        None => 0,
        Some(StateValue::Amount(amount)) => *amount,
        Some(other) => unreachable!("a balance or burned amount holds {other:?}"),
    }
}

/// Section 3: the sums, per asset in order of first appearance; TOS comes last if only the fee needs it.
fn spent(tx: &Transaction) -> Result<Vec<(AssetId, Amount)>, TransactionError> {
    let mut parts = match &tx.body.data {
        Payload::Transfers(transfers) => transfers.iter().map(|transfer| (transfer.asset, transfer.amount)).collect(),
        Payload::Burn { asset, amount } => vec![(*asset, *amount)],
        Payload::FreezeTos { amount, .. } => vec![(AssetId::TOS, *amount)],
        Payload::MultiSig { .. } | Payload::UnfreezeTos { .. } => vec![],
    };
    if tx.body.fee_type == FeeType::Tos {
        parts.push((AssetId::TOS, tx.body.fee));
    }
    let mut sums: Vec<(AssetId, Amount)> = Vec::new();
    for (asset, part) in parts {
        match sums.iter_mut().find(|(other, _)| *other == asset) {
            Some((_, sum)) => *sum = sum.checked_add(part).ok_or(Overflow)?,
            None => sums.push((asset, part)),
        }
    }
    Ok(sums)
}

/// Less than what is left of the supply, whatever the block time: 2^32 / 180 000 is below 2^20.
fn block_reward(emitted: Amount, block_time_ms: u32) -> Amount {
    let share = u128::from((MAXIMUM_SUPPLY - emitted) >> EMISSION_SPEED_BITS);
    let reward = share * u128::from(block_time_ms) / (1_000 * u128::from(EMISSION_DIVISOR));
    Amount::try_from(reward).expect("less than the maximum supply")
}

/// What an energy-fee transaction adds to `used`; 0 for a TOS fee.
fn energy_cost(tx: &Transaction) -> u64 {
    match (tx.body.fee_type, &tx.body.data) {
        (FeeType::Energy, Payload::Transfers(transfers)) => transfers.len() as u64 * ENERGY_PER_OUTPUT,
        _ => 0,
    }
}

/// Fits: `amount` is divided by 10^8, then multiplied by 360 at most.
fn energy_gained(amount: Amount, days: u32) -> u64 {
    amount / TOS * ENERGY_PER_TOS_DAY * u64::from(days)
}

/// Consumes unlocked records in order of insertion. Check 10: they cover `amount`.
fn unfreeze(mut energy: Energy, amount: Amount, height: Height) -> Energy {
    let mut missing = amount;
    for record in energy.records.iter_mut().filter(|record| record.unlock_height <= height) {
        let taken = missing.min(record.amount);
        missing -= taken;
        record.amount -= taken;
        energy.frozen -= taken;
        energy.total -= energy_gained(taken, record.days);
    }
    energy.records.retain(|record| record.amount > 0);
    energy.used = energy.used.min(energy.total);
    energy
}
