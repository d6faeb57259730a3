//! The reference against the contract: what `docs/book/reference/semantics.md` says, with every number worked out by hand. Facts come
//! in pairs, one that is accepted beside one that is not; sections and checks are those of the contract. It is one long
//! file because it is read as the contract is: section by section, with the same few accounts throughout.

use std::collections::{BTreeMap, BTreeSet};

use seriatim_tos::execution::reference::{BlockHeader, Reference};
use seriatim_tos::ledger::TransactionError::*;
use seriatim_tos::ledger::{
    AccountKey, Amount, AssetId, Block, BlockAbort, BlockMetadata, DEV_FEE_CHANGE_HEIGHT, Energy, FeeType,
    FreezeRecord, Genesis, GenesisAccount, Hash, Height, MAXIMUM_SUPPLY, MultiSigConfig, MultiSigSignature, Parameters,
    Payload, Receipt, Reference as SeenBlock, Signature, SignatureScheme, TOS, Topoheight, Transaction,
    TransactionError, TransactionVersion, Transfer, UnsignedTransaction,
};
use seriatim_tos::storage::{Executed, History, LedgerState, StateKey, StateValue, Version};

const ALICE: AccountKey = AccountKey([1; 32]);
const BOB: AccountKey = AccountKey([2; 32]);
const CAROL: AccountKey = AccountKey([3; 32]);
/// Not in the genesis.
const DAVE: AccountKey = AccountKey([4; 32]);
const ERIN: AccountKey = AccountKey([5; 32]);
const DEV: AccountKey = AccountKey([8; 32]);
const MINER: AccountKey = AccountKey([9; 32]);

const GOLD: AssetId = AssetId([7; 32]);
const UNKNOWN: AssetId = AssetId([6; 32]);

/// A fee above the minimum of every transaction here that does not say otherwise.
const FEE: Amount = 1_000_000;
const DAY: Height = 86_400;
/// A remaining supply of which the reward is 1 000 with a block time of 180 000 ms.
const THOUSANDS: Amount = 1_000 << 20;

// ---------------------------------------------------------------------------------------------------- making things

/// A transaction in the making; signed by its source when built.
#[derive(Clone)]
struct Draft {
    body: UnsignedTransaction,
    cosigners: Vec<(u8, AccountKey)>,
}

fn draft(source: AccountKey, nonce: u64, data: Payload) -> Draft {
    let reference = SeenBlock { hash: Hash::ZERO, topoheight: 0 };
    let version = TransactionVersion::T0;
    let body = UnsignedTransaction { version, source, data, fee: FEE, fee_type: FeeType::Tos, nonce, reference };
    Draft { body, cosigners: Vec::new() }
}

fn transfers(source: AccountKey, nonce: u64, list: &[(AssetId, AccountKey, Amount)]) -> Draft {
    draft(source, nonce, Payload::Transfers(list.iter().map(|&leg| transfer(leg, None)).collect()))
}

fn transfer((asset, destination, amount): (AssetId, AccountKey, Amount), extra_data: Option<usize>) -> Transfer {
    Transfer { asset, destination, amount, extra_data: extra_data.map(|bytes| vec![0; bytes]) }
}

fn pay(source: AccountKey, nonce: u64, destination: AccountKey, amount: Amount) -> Draft {
    transfers(source, nonce, &[(AssetId::TOS, destination, amount)])
}

fn burn(source: AccountKey, nonce: u64, asset: AssetId, amount: Amount) -> Draft {
    draft(source, nonce, Payload::Burn { asset, amount })
}

fn multisig(source: AccountKey, nonce: u64, threshold: u8, participants: &[AccountKey]) -> Draft {
    draft(source, nonce, Payload::MultiSig { threshold, participants: participants.to_vec() })
}

fn freeze(source: AccountKey, nonce: u64, amount: Amount, days: u32) -> Draft {
    draft(source, nonce, Payload::FreezeTos { amount, days })
}

fn unfreeze(source: AccountKey, nonce: u64, amount: Amount) -> Draft {
    draft(source, nonce, Payload::UnfreezeTos { amount })
}

impl Draft {
    fn fee(mut self, fee: Amount) -> Self {
        self.body.fee = fee;
        self
    }

    fn energy_fee(mut self) -> Self {
        self.body.fee_type = FeeType::Energy;
        self.fee(0)
    }

    fn seen(mut self, topoheight: Topoheight) -> Self {
        self.body.reference.topoheight = topoheight;
        self
    }

    fn cosigned(mut self, cosigners: &[(u8, AccountKey)]) -> Self {
        self.cosigners = cosigners.to_vec();
        self
    }

    fn build(&self) -> Transaction {
        let bytes = self.body.signing_bytes();
        let sign = |account: AccountKey| SignatureScheme::Tagged.signer(account.0).sign(&bytes);
        let cosigned = |&(participant, account)| MultiSigSignature { participant, signature: sign(account) };
        Transaction {
            body: self.body.clone(),
            multisig: self.cosigners.iter().map(cosigned).collect(),
            signature: sign(self.body.source),
        }
    }

    fn forged(&self) -> Transaction {
        Transaction { signature: Signature([0; 64]), ..self.build() }
    }

    fn hash(&self) -> Hash {
        self.build().hash()
    }
}

/// Alice and Bob with 1 000 TOS each, Alice with 50 gold, Carol with nothing.
fn genesis() -> Genesis {
    let account =
        |tos: &[(AssetId, Amount)]| GenesisAccount { balances: tos.iter().copied().collect(), ..Default::default() };
    Genesis {
        accounts: BTreeMap::from([
            (ALICE, account(&[(AssetId::TOS, 1_000 * TOS), (GOLD, 50)])),
            (BOB, account(&[(AssetId::TOS, 1_000 * TOS)])),
            (CAROL, account(&[])),
        ]),
        assets: BTreeSet::from([GOLD]),
        ..Default::default()
    }
}

fn with(change: impl FnOnce(&mut Genesis)) -> Genesis {
    let mut genesis = genesis();
    change(&mut genesis);
    genesis.validate().unwrap();
    genesis
}

fn entry(genesis: &mut Genesis, account: AccountKey) -> &mut GenesisAccount {
    genesis.accounts.entry(account).or_default()
}

fn with_balance(account: AccountKey, asset: AssetId, amount: Amount) -> Genesis {
    with(|genesis| _ = entry(genesis, account).balances.insert(asset, amount))
}

/// Energy whose invariants hold, from (whole TOS, days, unlock height).
fn energy_of(used: u64, records: &[(u64, u32, Height)]) -> Energy {
    Energy {
        total: records.iter().map(|(tos, days, _)| tos * 2 * u64::from(*days)).sum(),
        used,
        frozen: records.iter().map(|(tos, ..)| tos * TOS).sum(),
        records: records
            .iter()
            .map(|&(tos, days, unlock_height)| FreezeRecord { amount: tos * TOS, days, unlock_height })
            .collect(),
    }
}

fn with_energy(used: u64, records: &[(u64, u32, Height)]) -> Genesis {
    with(|genesis| entry(genesis, ALICE).energy = Some(energy_of(used, records)))
}

/// Alice signs with `threshold` of Bob, Carol and Erin.
fn with_multisig(threshold: u8) -> Genesis {
    let config = MultiSigConfig { threshold, participants: vec![BOB, CAROL, ERIN] };
    with(|genesis| entry(genesis, ALICE).multisig = Some(config))
}

/// Rewards are 0, unless a test is about them.
fn start(genesis: &Genesis) -> Reference {
    start_with_block_time(genesis, 0)
}

fn start_with_block_time(genesis: &Genesis, block_time_ms: u32) -> Reference {
    genesis.validate().unwrap();
    let parameters = Parameters { signature_scheme: SignatureScheme::Tagged, dev_account: DEV, block_time_ms };
    Reference::new(&parameters, genesis)
}

fn block(height: Height, drafts: &[Draft]) -> Block {
    let transactions = drafts.iter().map(Draft::build).collect();
    Block { parent: Hash([height as u8; 32]), height, miner: MINER, transactions }
}

/// A transaction's fate: what it paid, or why it is orphaned.
type Fate = Result<(Amount, u64), TransactionError>;

fn fate(receipt: Receipt) -> Fate {
    match receipt {
        Receipt::Executed { hash: _, fee, energy } => Ok((fee, energy)),
        Receipt::Orphaned { hash: _, error } => Err(error),
        Receipt::Skipped { hash } => panic!("{hash:?} was skipped"),
    }
}

fn apply(reference: &mut Reference, height: Height, drafts: &[Draft]) -> Vec<Fate> {
    reference.apply(&block(height, drafts)).unwrap().into_iter().map(fate).collect()
}

/// The fate of one transaction in block 1 at height 1.
fn alone(genesis: &Genesis, draft: &Draft) -> Fate {
    alone_as(genesis, &draft.build())
}

fn alone_as(genesis: &Genesis, tx: &Transaction) -> Fate {
    let mut reference = start(genesis);
    let block = Block { parent: Hash::ZERO, height: 1, miner: MINER, transactions: vec![tx.clone()] };
    fate(reference.apply(&block).unwrap().remove(0))
}

const PAID: Fate = Ok((FEE, 0));

/// Everything that is compared between two ledgers but the orphan set.
#[allow(clippy::type_complexity)]
fn facts(
    ledger: &LedgerState,
) -> (
    (Topoheight, BTreeSet<AssetId>, BTreeMap<AccountKey, Topoheight>),
    (BTreeMap<StateKey, History>, BTreeMap<StateKey, Topoheight>),
    (BTreeMap<Hash, BTreeMap<Topoheight, Hash>>, BTreeMap<Hash, Executed>, BTreeMap<Topoheight, BlockMetadata>),
) {
    let LedgerState { top, assets, registrations, versions, newest, links, executed, orphans: _, metadata } =
        ledger.clone();
    ((top, assets, registrations), (versions, newest), (links, executed, metadata))
}

fn orphans(reference: &Reference) -> Vec<Hash> {
    reference.ledger().orphans.oldest_first()
}

/// The keys that have a version at a topoheight.
fn written_at(reference: &Reference, topoheight: Topoheight) -> Vec<StateKey> {
    let versions = reference.ledger().versions.iter();
    versions.filter(|(_, history)| history.contains_key(&topoheight)).map(|(key, _)| *key).collect()
}

fn version(reference: &Reference, key: StateKey, topoheight: Topoheight) -> Option<&Version> {
    reference.ledger().versions.get(&key)?.get(&topoheight)
}

fn tos_of(account: AccountKey) -> StateKey {
    StateKey::Balance(account, AssetId::TOS)
}

// -------------------------------------------------------------------------------------------- 4: checks 1 to 5

#[test]
fn an_energy_fee_is_for_transfers_alone() {
    let genesis = with_energy(0, &[(1, 3, 0)]);
    let leg = [(GOLD, BOB, 1)];
    assert_eq!(alone(&genesis, &transfers(ALICE, 0, &leg).energy_fee()), Ok((0, 1)));
    assert_eq!(alone(&genesis, &transfers(ALICE, 0, &leg).energy_fee().fee(1)), Err(InvalidFormat));
    for other in
        [burn(ALICE, 0, GOLD, 1), multisig(ALICE, 0, 1, &[BOB]), freeze(ALICE, 0, TOS, 3), unfreeze(ALICE, 0, TOS)]
    {
        assert_eq!(alone(&genesis, &other), PAID);
        assert_eq!(alone(&genesis, &other.energy_fee()), Err(InvalidFormat));
    }
}

/// One size unit, one output for a known destination; a new destination counts once.
#[test]
fn the_minimum_fee_is_enough_and_one_less_is_not() {
    let two = [(AssetId::TOS, DAVE, 1), (GOLD, DAVE, 1), (GOLD, BOB, 1)];
    let delete = |cosigners| multisig(ALICE, 0, 0, &[]).cosigned(cosigners);
    for (genesis, draft, required) in [
        (genesis(), pay(ALICE, 0, BOB, 1), 15_000),
        (genesis(), pay(ALICE, 0, DAVE, 1), 115_000),
        (genesis(), transfers(ALICE, 0, &two), 125_000),
        (genesis(), burn(ALICE, 0, GOLD, 1), 10_000),
        (genesis(), freeze(ALICE, 0, TOS, 3), 10_000),
        (with_multisig(1), delete(&[(0, BOB)]), 15_000),
        (with_multisig(2), delete(&[(0, BOB), (1, CAROL)]), 20_000),
    ] {
        assert_eq!(start(&genesis).minimum_fee(&draft.build()), required);
        assert_eq!(alone(&genesis, &draft.clone().fee(required)), Ok((required, 0)));
        assert_eq!(alone(&genesis, &draft.fee(required - 1)), Err(InvalidFee { required, given: required - 1 }));
    }
}

/// 163 bytes and 73 a transfer; extra data adds 4 and its length. 11 transfers make 966 bytes.
#[test]
fn byte_1025_starts_a_second_size_unit() {
    let eleven = |extra_data| {
        let leg = (GOLD, BOB, 0);
        let list = (0..11).map(|index| transfer(leg, if index == 0 { Some(extra_data) } else { None })).collect();
        draft(ALICE, 0, Payload::Transfers(list)).fee(65_000)
    };
    assert_eq!(eleven(54).build().canonical().size_bytes(), 1_024);
    assert_eq!(alone(&genesis(), &eleven(54)), Ok((65_000, 0)));
    assert_eq!(alone(&genesis(), &eleven(55)), Err(InvalidFee { required: 75_000, given: 65_000 }));
}

#[test]
fn a_destination_registered_earlier_in_the_block_is_not_new() {
    let mut reference = start(&genesis());
    let fates = apply(&mut reference, 1, &[pay(ALICE, 0, DAVE, 1).fee(115_000), pay(BOB, 0, DAVE, 1).fee(15_000)]);
    assert_eq!(fates, [Ok((115_000, 0)), Ok((15_000, 0))]);
    let fates = apply(&mut start(&genesis()), 1, &[pay(BOB, 0, DAVE, 1).fee(15_000), pay(ALICE, 0, DAVE, 1)]);
    assert_eq!(fates, [Err(InvalidFee { required: 115_000, given: 15_000 }), PAID]);
}

#[test]
fn a_reference_to_the_own_topoheight_is_accepted_and_one_above_is_not() {
    let draft = pay(ALICE, 0, BOB, 1);
    assert_eq!(alone(&genesis(), &draft.clone().seen(1)), PAID);
    assert_eq!(alone(&genesis(), &draft.seen(2)), Err(InvalidReference { reference: 2, current: 1 }));
}

#[test]
fn a_source_exists_once_it_was_credited() {
    let spend = pay(DAVE, 0, BOB, 1);
    assert_eq!(alone(&genesis(), &spend), Err(AccountNotFound));
    let fates = apply(&mut start(&genesis()), 1, &[pay(ALICE, 0, DAVE, TOS), spend]);
    assert_eq!(fates, [PAID, PAID]);
}

#[test]
fn nonces_may_leave_gaps_and_descend_but_not_repeat() {
    let mut reference = start(&with(|genesis| entry(genesis, ALICE).nonce = 2));
    let with_nonce = |nonce, amount| pay(ALICE, nonce, BOB, amount);
    let fates = apply(
        &mut reference,
        1,
        &[with_nonce(1, 0), with_nonce(7, 1), with_nonce(3, 2), with_nonce(7, 3), with_nonce(2, 4), with_nonce(1, 5)],
    );
    let refused = |next, given| Err(InvalidNonce { next, given });
    assert_eq!(fates, [refused(2, 1), PAID, PAID, refused(8, 7), PAID, refused(8, 1)]);
    assert_eq!(reference.next_nonce(&ALICE), 8);
    // The run goes on: what it did not use is still free, also below the stored nonce.
    assert_eq!(apply(&mut reference, 2, &[with_nonce(3, 5), with_nonce(4, 6)]), [refused(8, 3), PAID]);
    // The next run starts from the stored nonce.
    reference.start_run();
    assert_eq!(apply(&mut reference, 3, &[with_nonce(5, 7), with_nonce(8, 8)]), [refused(8, 5), PAID]);
}

#[test]
fn an_orphaned_transaction_does_not_use_its_nonce() {
    let fates = apply(&mut start(&genesis()), 1, &[pay(ALICE, 0, BOB, u64::MAX - FEE), pay(ALICE, 0, BOB, 1)]);
    let funds = InsufficientFunds { asset: AssetId::TOS, available: 1_000 * TOS, required: u64::MAX };
    assert_eq!(fates, [Err(funds), PAID]);
}

#[test]
fn the_greatest_nonce_is_the_last_but_one() {
    let mut reference = start(&genesis());
    let fates = apply(&mut reference, 1, &[pay(ALICE, u64::MAX, BOB, 1), pay(ALICE, u64::MAX - 1, BOB, 1)]);
    assert_eq!(fates, [Err(InvalidNonce { next: 0, given: u64::MAX }), PAID]);
    assert_eq!(reference.next_nonce(&ALICE), u64::MAX);
    let spent = with(|genesis| entry(genesis, ALICE).nonce = u64::MAX);
    let refused = Err(InvalidNonce { next: u64::MAX, given: u64::MAX });
    assert_eq!(alone(&spent, &pay(ALICE, u64::MAX, BOB, 1)), refused);
}

// -------------------------------------------------------------------------------------------------- 4: check 6

#[test]
fn there_are_1_to_255_transfers() {
    let many = |count| transfers(ALICE, 0, &vec![(GOLD, BOB, 0); count]).fee(10 * FEE);
    assert_eq!(alone(&genesis(), &many(0)), Err(TransferCount));
    assert_eq!(alone(&genesis(), &many(255)), Ok((10 * FEE, 0)));
    assert_eq!(alone(&genesis(), &many(256)), Err(TransferCount));
}

#[test]
fn transfers_are_checked_in_order() {
    let (own, unknown, good) = ((GOLD, ALICE, 1), (UNKNOWN, BOB, 1), (GOLD, BOB, 1));
    let long = |leg| transfer(leg, Some(129));
    let short = |leg| transfer(leg, Some(128));
    for (list, fate) in [
        (vec![short(good), short((AssetId::TOS, BOB, 1))], PAID),
        (vec![short(own)], Err(SenderIsReceiver)),
        (vec![short(unknown)], Err(AssetNotFound)),
        (vec![long(good)], Err(TransferExtraDataSize)),
        (vec![long((UNKNOWN, ALICE, 1))], Err(SenderIsReceiver)),
        (vec![long(unknown)], Err(AssetNotFound)),
        (vec![short(good), short(unknown), short(own)], Err(AssetNotFound)),
        (vec![long(good), short(own)], Err(TransferExtraDataSize)),
    ] {
        assert_eq!(alone(&genesis(), &draft(ALICE, 0, Payload::Transfers(list))), fate);
    }
}

#[test]
fn extra_data_of_a_transaction_is_4096_bytes_at_most() {
    let list = |last| {
        let mut list = vec![transfer((GOLD, BOB, 0), Some(128)); 32];
        list.push(last);
        draft(ALICE, 0, Payload::Transfers(list))
    };
    assert_eq!(alone(&genesis(), &list(transfer((GOLD, BOB, 0), Some(0)))), PAID);
    assert_eq!(alone(&genesis(), &list(transfer((GOLD, BOB, 0), Some(1)))), Err(TransactionExtraDataSize));
    // The sum is looked at after every transfer.
    assert_eq!(alone(&genesis(), &list(transfer((GOLD, ALICE, 0), Some(1)))), Err(SenderIsReceiver));
}

#[test]
fn a_burn_is_of_a_known_asset_and_not_0() {
    assert_eq!(alone(&genesis(), &burn(ALICE, 0, GOLD, 50)), PAID);
    assert_eq!(alone(&genesis(), &burn(ALICE, 0, GOLD, 0)), Err(InvalidFormat));
    assert_eq!(alone(&genesis(), &burn(ALICE, 0, UNKNOWN, 0)), Err(AssetNotFound));
}

#[test]
fn a_multisig_is_checked_in_the_order_of_the_table() {
    // From 256 on, all others than Alice and distinct.
    let others = |count: u16| -> Vec<AccountKey> {
        let key = |index: u16| AccountKey(std::array::from_fn(|at| index.to_be_bytes()[at % 2]));
        (0..count).map(|index| key(index + 600)).collect()
    };
    let twice = [others(255), others(1)].concat();
    for (threshold, participants, fate) in [
        (1, vec![BOB], PAID),
        (2, vec![BOB, DAVE], PAID),
        (255, others(255), PAID),
        (255, others(256), Err(MultiSigParticipants)),
        (255, twice, Err(MultiSigParticipants)),
        (3, vec![BOB, BOB], Err(MultiSigParticipants)),
        (0, vec![BOB, BOB], Err(MultiSigParticipants)),
        (3, vec![BOB, CAROL], Err(MultiSigThreshold)),
        (3, vec![BOB, ALICE], Err(MultiSigThreshold)),
        (1, vec![], Err(MultiSigThreshold)),
        (0, vec![BOB], Err(MultiSigThreshold)),
        (0, vec![ALICE], Err(MultiSigThreshold)),
        (1, vec![BOB, ALICE], Err(MultiSigParticipants)),
        (0, vec![], Err(MultiSigNotConfigured)),
    ] {
        assert_eq!(alone(&genesis(), &multisig(ALICE, 0, threshold, &participants)), fate, "{threshold}");
    }
    assert_eq!(alone(&with_multisig(1), &multisig(ALICE, 0, 0, &[]).cosigned(&[(0, BOB)])), PAID);
}

#[test]
fn a_freeze_is_of_whole_tos_for_3_to_180_days() {
    for (amount, days, fate) in [
        (TOS, 3, PAID),
        (TOS, 180, PAID),
        (TOS, 2, Err(InvalidFreezeDuration)),
        (TOS, 181, Err(InvalidFreezeDuration)),
        (0, 3, Err(InvalidFreezeAmount)),
        (TOS + 1, 3, Err(InvalidFreezeAmount)),
        (TOS - 1, 2, Err(InvalidFreezeAmount)),
    ] {
        assert_eq!(alone(&genesis(), &freeze(ALICE, 0, amount, days)), fate);
    }
}

#[test]
fn an_unfreeze_is_of_whole_tos() {
    let genesis = with_energy(0, &[(2, 3, 0)]);
    assert_eq!(alone(&genesis, &unfreeze(ALICE, 0, TOS)), PAID);
    assert_eq!(alone(&genesis, &unfreeze(ALICE, 0, 0)), Err(InvalidUnfreezeAmount));
    assert_eq!(alone(&genesis, &unfreeze(ALICE, 0, TOS + 1)), Err(InvalidUnfreezeAmount));
}

// ---------------------------------------------------------------------------------------------- 4: checks 7 to 11

#[test]
fn a_forged_signature_is_refused() {
    let draft = pay(ALICE, 0, BOB, 1);
    assert_eq!(alone_as(&genesis(), &draft.build()), PAID);
    assert_eq!(alone_as(&genesis(), &draft.forged()), Err(InvalidSignature));
}

#[test]
fn multisig_signatures_are_checked_in_the_order_of_the_table() {
    let cosigned = |cosigners| pay(ALICE, 0, BOB, 1).cosigned(cosigners);
    let two = with_multisig(2);
    for (cosigners, fate) in [
        (&[(0, BOB), (2, ERIN)][..], PAID),
        (&[(2, ERIN), (1, CAROL)], PAID),
        (&[], Err(MultiSigNotFound)),
        (&[(0, BOB)], Err(MultiSigParticipants)),
        (&[(0, BOB), (1, CAROL), (2, ERIN)], Err(MultiSigParticipants)),
        (&[(0, BOB), (0, BOB)], Err(MultiSigParticipants)),
        (&[(0, BOB), (3, ERIN)], Err(MultiSigParticipants)),
        (&[(0, DAVE), (3, ERIN)], Err(MultiSigParticipants)),
        (&[(0, BOB), (1, DAVE)], Err(InvalidSignature)),
        (&[(1, BOB), (0, CAROL)], Err(InvalidSignature)),
    ] {
        assert_eq!(alone(&two, &cosigned(cosigners)), fate, "{cosigners:?}");
    }
    assert_eq!(alone(&genesis(), &cosigned(&[(0, BOB)])), Err(MultiSigNotConfigured));
    assert_eq!(alone(&genesis(), &cosigned(&[])), PAID);
}

#[test]
fn a_multisig_counts_from_the_next_transaction_on() {
    let mut reference = start(&genesis());
    let fates = apply(
        &mut reference,
        1,
        &[
            multisig(ALICE, 0, 1, &[BOB]),
            pay(ALICE, 1, BOB, 1),
            pay(ALICE, 1, BOB, 2).cosigned(&[(0, BOB)]),
            multisig(ALICE, 2, 0, &[]).cosigned(&[(0, BOB)]),
            pay(ALICE, 3, BOB, 3),
        ],
    );
    assert_eq!(fates, [PAID, Err(MultiSigNotFound), PAID, PAID, PAID]);
    assert_eq!(reference.multisig(&ALICE), None);
}

#[test]
fn all_sums_are_made_before_any_balance_is_looked_at() {
    let rich = with_balance(ALICE, GOLD, u64::MAX);
    let funds = |asset, available, required| Err(InsufficientFunds { asset, available, required });
    for (list, fate) in [
        (vec![(GOLD, BOB, u64::MAX), (GOLD, CAROL, 0)], PAID),
        (vec![(GOLD, BOB, u64::MAX), (GOLD, CAROL, 1)], Err(Overflow)),
        // TOS with its fee overflows; gold or TOS alone would be insufficient before.
        (vec![(AssetId::TOS, BOB, u64::MAX - FEE), (GOLD, BOB, 1)], funds(AssetId::TOS, 1_000 * TOS, u64::MAX)),
        (vec![(AssetId::TOS, BOB, u64::MAX - FEE + 1)], Err(Overflow)),
        (vec![(AssetId::TOS, BOB, 2_000 * TOS), (GOLD, BOB, u64::MAX), (GOLD, BOB, 1)], Err(Overflow)),
    ] {
        assert_eq!(alone(&rich, &transfers(ALICE, 0, &list)), fate);
    }
}

#[test]
fn balances_are_looked_at_in_order_of_first_appearance_and_tos_last_if_only_for_the_fee() {
    let (gold, tos) = ((GOLD, BOB, 51), (AssetId::TOS, BOB, 1_000 * TOS));
    let gold_error = Err(InsufficientFunds { asset: GOLD, available: 50, required: 51 });
    let tos_error = |available, required| Err(InsufficientFunds { asset: AssetId::TOS, available, required });
    let both = tos_error(1_000 * TOS, 1_000 * TOS + FEE);
    assert_eq!(alone(&genesis(), &transfers(ALICE, 0, &[gold, tos])), gold_error);
    assert_eq!(alone(&genesis(), &transfers(ALICE, 0, &[tos, gold])), both);
    let poor = with_balance(ALICE, AssetId::TOS, FEE - 1);
    assert_eq!(alone(&poor, &transfers(ALICE, 0, &[gold])), gold_error);
    assert_eq!(alone(&poor, &transfers(ALICE, 0, &[(GOLD, BOB, 50)])), tos_error(FEE - 1, FEE));
    // Carol exists and never received anything.
    assert_eq!(alone(&genesis(), &multisig(CAROL, 0, 1, &[BOB])), tos_error(0, FEE));
}

#[test]
fn the_whole_balance_can_be_spent_and_one_more_cannot() {
    let mut reference = start(&genesis());
    assert_eq!(apply(&mut reference, 1, &[pay(ALICE, 0, BOB, 1_000 * TOS - FEE)]), [PAID]);
    assert_eq!(reference.balance(&ALICE, &AssetId::TOS), 0);
    let (available, required) = (1_000 * TOS, 1_000 * TOS + 1);
    let more = pay(ALICE, 0, BOB, required - FEE);
    assert_eq!(alone(&genesis(), &more), Err(InsufficientFunds { asset: AssetId::TOS, available, required }));
}

#[test]
fn an_energy_fee_needs_one_energy_a_transfer() {
    // 1 TOS for 3 days: 6 energy, 4 used.
    let genesis = with_energy(4, &[(1, 3, 0)]);
    let legs = |count| transfers(ALICE, 0, &vec![(GOLD, BOB, 1); count]).energy_fee();
    assert_eq!(alone(&genesis, &legs(2)), Ok((0, 2)));
    assert_eq!(alone(&genesis, &legs(3)), Err(InsufficientEnergy { available: 2, required: 3 }));
    let never_froze = pay(BOB, 0, ALICE, 1).energy_fee();
    assert_eq!(alone(&genesis, &never_froze), Err(InsufficientEnergy { available: 0, required: 1 }));
    // Check 9 comes before check 10.
    let funds = InsufficientFunds { asset: GOLD, available: 0, required: 1 };
    assert_eq!(alone(&genesis, &transfers(BOB, 0, &[(GOLD, ALICE, 1)]).energy_fee()), Err(funds));
}

#[test]
fn an_unfreeze_needs_frozen_and_unlocked_tos() {
    // In the block at height 1.
    let genesis = with_energy(0, &[(2, 3, 1), (3, 3, 2)]);
    assert_eq!(alone(&genesis, &unfreeze(ALICE, 0, 2 * TOS)), PAID);
    let locked = FrozenLocked { available: 2 * TOS, required: 3 * TOS };
    assert_eq!(alone(&genesis, &unfreeze(ALICE, 0, 3 * TOS)), Err(locked));
    let frozen = InsufficientFrozen { available: 5 * TOS, required: 6 * TOS };
    assert_eq!(alone(&genesis, &unfreeze(ALICE, 0, 6 * TOS)), Err(frozen));
    let never_froze = InsufficientFrozen { available: 0, required: TOS };
    assert_eq!(alone(&genesis, &unfreeze(BOB, 0, TOS)), Err(never_froze));
    // Check 9 comes before check 10.
    let funds = InsufficientFunds { asset: AssetId::TOS, available: 0, required: FEE };
    assert_eq!(alone(&genesis, &unfreeze(CAROL, 0, TOS)), Err(funds));
}

#[test]
fn a_credit_fits_64_bits() {
    let genesis = with_balance(BOB, GOLD, u64::MAX - 5);
    assert_eq!(alone(&genesis, &transfers(ALICE, 0, &[(GOLD, BOB, 2), (GOLD, BOB, 3)])), PAID);
    let too_much = transfers(ALICE, 0, &[(GOLD, CAROL, 1), (GOLD, BOB, 2), (GOLD, BOB, 4)]);
    assert_eq!(alone(&genesis, &too_much), Err(Overflow));
    // What came before the failing credit is undone.
    let mut reference = start(&genesis);
    apply(&mut reference, 1, &[too_much, transfers(ALICE, 0, &[(GOLD, DAVE, 1), (GOLD, BOB, 6)])]);
    assert_eq!(reference.balance(&ALICE, &GOLD), 50);
    assert_eq!(reference.balance(&ALICE, &AssetId::TOS), 1_000 * TOS);
    assert!(!reference.is_registered(&DAVE));
    assert_eq!(written_at(&reference, 1), [StateKey::Nonce(DEV), StateKey::Nonce(MINER), tos_of(DEV), tos_of(MINER)]);
}

#[test]
fn credits_come_after_debits() {
    // Unfreezing 1 TOS fits only because the fee of 0.01 TOS was debited before.
    let rich = |amount| {
        let mut genesis = with_energy(0, &[(1, 3, 0)]);
        entry(&mut genesis, ALICE).balances.insert(AssetId::TOS, amount);
        genesis
    };
    assert_eq!(alone(&rich(u64::MAX - TOS + FEE), &unfreeze(ALICE, 0, TOS)), PAID);
    assert_eq!(alone(&rich(u64::MAX - TOS + FEE + 1), &unfreeze(ALICE, 0, TOS)), Err(Overflow));
    // Check 10 comes before check 11.
    let frozen = InsufficientFrozen { available: TOS, required: 2 * TOS };
    assert_eq!(alone(&rich(u64::MAX), &unfreeze(ALICE, 0, 2 * TOS)), Err(frozen));
}

#[test]
fn a_burned_amount_fits_64_bits() {
    let genesis = with(|genesis| _ = genesis.burned.insert(GOLD, u64::MAX - 5));
    assert_eq!(alone(&genesis, &burn(ALICE, 0, GOLD, 5)), PAID);
    assert_eq!(alone(&genesis, &burn(ALICE, 0, GOLD, 6)), Err(Overflow));
}

#[test]
fn an_unlock_height_fits_64_bits() {
    let last = u64::MAX - 3 * DAY;
    assert_eq!(apply(&mut start(&genesis()), last, &[freeze(ALICE, 0, TOS, 3)]), [PAID]);
    assert_eq!(apply(&mut start(&genesis()), last + 1, &[freeze(ALICE, 0, TOS, 3)]), [Err(Overflow)]);
}

#[test]
fn a_frozen_amount_fits_64_bits() {
    // u64::MAX is 184 467 440 737.09... TOS.
    let frozen = |tos| with_energy(0, &[(tos, 3, 0)]);
    assert_eq!(alone(&frozen(184_467_440_736), &freeze(ALICE, 0, TOS, 3)), PAID);
    assert_eq!(alone(&frozen(184_467_440_737), &freeze(ALICE, 0, TOS, 3)), Err(Overflow));
}

/// A transaction with everything wrong, put right step by step.
#[test]
fn the_first_failing_check_gives_the_error() {
    let genesis = with(|genesis| entry(genesis, ALICE).nonce = 5);
    let bad = |source, nonce, asset, amount| burn(source, nonce, asset, amount).cosigned(&[(0, BOB)]);
    let signed_only = |draft: Draft| draft.build();
    for (tx, fate) in [
        (bad(DAVE, 3, UNKNOWN, 0).energy_fee().seen(9).forged(), Err(InvalidFormat)),
        (bad(DAVE, 3, UNKNOWN, 0).fee(0).seen(9).forged(), Err(InvalidFee { required: 15_000, given: 0 })),
        (bad(DAVE, 3, UNKNOWN, 0).seen(9).forged(), Err(InvalidReference { reference: 9, current: 1 })),
        (bad(DAVE, 3, UNKNOWN, 0).forged(), Err(AccountNotFound)),
        (bad(ALICE, 3, UNKNOWN, 0).forged(), Err(InvalidNonce { next: 5, given: 3 })),
        (bad(ALICE, 5, UNKNOWN, 0).forged(), Err(AssetNotFound)),
        (bad(ALICE, 5, GOLD, 0).forged(), Err(InvalidFormat)),
        (bad(ALICE, 5, GOLD, 51).forged(), Err(InvalidSignature)),
        (signed_only(bad(ALICE, 5, GOLD, 51)), Err(MultiSigNotConfigured)),
        (signed_only(burn(ALICE, 5, GOLD, 51)), Err(InsufficientFunds { asset: GOLD, available: 50, required: 51 })),
        (signed_only(burn(ALICE, 5, GOLD, 50)), PAID),
    ] {
        assert_eq!(alone_as(&genesis, &tx), fate);
    }
}

// --------------------------------------------------------------------------------------- 2: versions, registration

#[test]
fn a_value_that_comes_back_gets_no_version() {
    let mut genesis = with_energy(0, &[(1, 3, 0)]);
    entry(&mut genesis, BOB).energy = Some(energy_of(0, &[(1, 3, 0)]));
    let mut reference = start(&genesis);
    apply(&mut reference, 1, &[]);
    let there = pay(ALICE, 0, BOB, 10).energy_fee();
    let and_back = pay(BOB, 0, ALICE, 10).energy_fee();
    assert_eq!(apply(&mut reference, 2, &[there, and_back]), [Ok((0, 1)), Ok((0, 1))]);
    use StateKey::{Energy, Nonce};
    assert_eq!(written_at(&reference, 2), [Nonce(ALICE), Nonce(BOB), Energy(ALICE), Energy(BOB)]);
    // A lower nonce is set to what it was.
    assert_eq!(apply(&mut reference, 3, &[pay(ALICE, 7, BOB, 0).energy_fee()]), [Ok((0, 1))]);
    assert_eq!(apply(&mut reference, 4, &[pay(ALICE, 6, BOB, 0).energy_fee()]), [Ok((0, 1))]);
    assert_eq!(written_at(&reference, 3), [Nonce(ALICE), Energy(ALICE)]);
    assert_eq!(written_at(&reference, 4), [Energy(ALICE)]);
}

#[test]
fn a_credit_of_0_registers_and_writes_a_version() {
    let mut reference = start(&genesis());
    apply(&mut reference, 1, &[]);
    assert_eq!(apply(&mut reference, 2, &[transfers(BOB, 0, &[(GOLD, DAVE, 0)])]), [PAID]);
    assert_eq!(reference.ledger().registrations.get(&DAVE), Some(&2));
    let first = |value| Some(Version { previous: None, value });
    for (key, value) in [
        (StateKey::Nonce(DAVE), StateValue::Nonce(0)),
        (StateKey::Balance(DAVE, GOLD), StateValue::Amount(0)),
        // Bob never had gold and was debited 0 of it.
        (StateKey::Balance(BOB, GOLD), StateValue::Amount(0)),
    ] {
        assert_eq!(version(&reference, key, 2).cloned(), first(value), "{key}");
    }
    assert_eq!(written_at(&reference, 2).len(), 6, "and Bob's nonce and TOS and the miner's TOS");
    // Once there are versions, 0 adds none.
    assert_eq!(apply(&mut reference, 3, &[transfers(BOB, 1, &[(GOLD, DAVE, 0)])]), [PAID]);
    assert_eq!(written_at(&reference, 3), [StateKey::Nonce(BOB), tos_of(BOB), tos_of(MINER)]);
}

#[test]
fn an_energy_fee_does_not_touch_tos_and_a_tos_fee_does() {
    let genesis = with(|genesis| {
        let carol = entry(genesis, CAROL);
        carol.energy = Some(energy_of(0, &[(1, 3, 0)]));
        carol.balances.insert(GOLD, 5);
    });
    let mut reference = start(&genesis);
    let gold = [(GOLD, BOB, 1)];
    assert_eq!(apply(&mut reference, 1, &[transfers(CAROL, 0, &gold).energy_fee()]), [Ok((0, 1))]);
    assert_eq!(reference.ledger().newest.get(&tos_of(CAROL)), None);
    assert_eq!(apply(&mut reference, 2, &[transfers(ALICE, 0, &gold)]), [PAID]);
    assert_eq!(reference.ledger().newest.get(&tos_of(ALICE)), Some(&2));
}

#[test]
fn what_only_an_orphan_touched_gets_no_version() {
    let mut reference = start(&genesis());
    apply(&mut reference, 1, &[]);
    let fates = apply(&mut reference, 2, &[transfers(ALICE, 0, &[(AssetId::TOS, DAVE, 1), (GOLD, BOB, 51)])]);
    assert_eq!(fates, [Err(InsufficientFunds { asset: GOLD, available: 50, required: 51 })]);
    assert_eq!(written_at(&reference, 2), []);
    assert!(!reference.ledger().registrations.contains_key(&DAVE));
}

#[test]
fn a_multisig_set_and_deleted_has_a_version_only_if_it_had_none() {
    let set_and_delete =
        |nonce| [multisig(ALICE, nonce, 1, &[BOB]), multisig(ALICE, nonce + 1, 0, &[]).cosigned(&[(0, BOB)])];
    let mut reference = start(&genesis());
    let key = StateKey::MultiSig(ALICE);
    assert_eq!(apply(&mut reference, 1, &set_and_delete(0)), [PAID, PAID]);
    let deleted = Version { previous: None, value: StateValue::MultiSig(None) };
    assert_eq!(version(&reference, key, 1), Some(&deleted));
    assert_eq!(apply(&mut reference, 2, &set_and_delete(2)), [PAID, PAID]);
    assert_eq!(version(&reference, key, 2), None);
}

#[test]
fn a_version_links_to_the_one_before_and_the_pointer_names_the_newest() {
    let mut reference = start(&genesis());
    apply(&mut reference, 1, &[burn(ALICE, 0, GOLD, 1)]);
    apply(&mut reference, 2, &[]);
    apply(&mut reference, 3, &[burn(ALICE, 1, GOLD, 2)]);
    let history = &reference.ledger().versions[&StateKey::Burned(GOLD)];
    let expected = BTreeMap::from([
        (1, Version { previous: None, value: StateValue::Amount(1) }),
        (3, Version { previous: Some(1), value: StateValue::Amount(3) }),
    ]);
    assert_eq!(**history, expected);
    assert_eq!(reference.ledger().newest[&StateKey::Burned(GOLD)], 3);
    let gold = &reference.ledger().versions[&StateKey::Balance(ALICE, GOLD)];
    assert_eq!(gold[&1].previous, Some(0));
}

// ----------------------------------------------------------------------------------------------------- 6: applying

#[test]
fn a_freeze_adds_a_record_and_energy() {
    let mut reference = start(&genesis());
    assert_eq!(apply(&mut reference, 10, &[freeze(ALICE, 0, 2 * TOS, 3), freeze(ALICE, 1, TOS, 180)]), [PAID, PAID]);
    let expected = Energy {
        total: 2 * 2 * 3 + 2 * 180,
        used: 0,
        frozen: 3 * TOS,
        records: vec![
            FreezeRecord { amount: 2 * TOS, days: 3, unlock_height: 10 + 259_200 },
            FreezeRecord { amount: TOS, days: 180, unlock_height: 10 + 15_552_000 },
        ],
    };
    assert_eq!(reference.energy(&ALICE), Some(&expected));
    assert_eq!(reference.balance(&ALICE, &AssetId::TOS), 997 * TOS - 2 * FEE);
}

#[test]
fn a_freeze_unlocks_at_its_height() {
    let mut reference = start(&genesis());
    apply(&mut reference, 10, &[freeze(ALICE, 0, TOS, 3)]);
    let locked = FrozenLocked { available: 0, required: TOS };
    assert_eq!(apply(&mut reference, 259_209, &[unfreeze(ALICE, 1, TOS)]), [Err(locked)]);
    assert_eq!(apply(&mut reference, 259_210, &[unfreeze(ALICE, 1, TOS)]), [PAID]);
    assert_eq!(reference.energy(&ALICE), Some(&Energy::default()));
    assert_eq!(reference.balance(&ALICE, &AssetId::TOS), 1_000 * TOS - 2 * FEE);
}

#[test]
fn an_unfreeze_skips_locked_records_and_splits_the_last() {
    // In height 10: 12 + 60 + 12 + 40 energy of 2, 3, 2 and 4 TOS; the second is locked.
    let mut reference = start(&with_energy(0, &[(2, 3, 10), (3, 10, 11), (2, 3, 9), (4, 5, 0)]));
    assert_eq!(apply(&mut reference, 10, &[unfreeze(ALICE, 0, 5 * TOS)]), [PAID]);
    // Gone: 2 TOS of 3 days, 2 TOS of 3 days, 1 TOS of 5 days.
    assert_eq!(reference.energy(&ALICE), Some(&energy_of(0, &[(3, 10, 11), (3, 5, 0)])));
    assert_eq!(reference.energy(&ALICE).unwrap().total, 60 + 30);
    assert_eq!(reference.balance(&ALICE, &AssetId::TOS), 1_005 * TOS - FEE);
    // A split record keeps its place.
    assert_eq!(apply(&mut reference, 11, &[unfreeze(ALICE, 1, TOS)]), [PAID]);
    assert_eq!(reference.energy(&ALICE), Some(&energy_of(0, &[(2, 10, 11), (3, 5, 0)])));
}

#[test]
fn an_unfreeze_lowers_the_used_energy_to_the_total_and_not_further() {
    let after = |used| {
        let mut reference = start(&with_energy(used, &[(2, 3, 0)]));
        assert_eq!(apply(&mut reference, 1, &[unfreeze(ALICE, 0, TOS)]), [PAID]);
        reference.energy(&ALICE).cloned().unwrap()
    };
    assert_eq!(after(7), energy_of(6, &[(1, 3, 0)]));
    assert_eq!(after(5), energy_of(5, &[(1, 3, 0)]));
}

#[test]
fn unfrozen_tos_can_be_spent_by_the_next_transaction() {
    let mut genesis = with_energy(0, &[(1, 3, 0)]);
    entry(&mut genesis, ALICE).balances.insert(AssetId::TOS, FEE);
    let fates = apply(&mut start(&genesis), 1, &[unfreeze(ALICE, 0, TOS), pay(ALICE, 1, BOB, TOS - FEE)]);
    assert_eq!(fates, [PAID, PAID]);
    let available = FEE;
    let funds = InsufficientFunds { asset: AssetId::TOS, available, required: TOS };
    assert_eq!(alone(&genesis, &pay(ALICE, 0, BOB, TOS - FEE)), Err(funds));
}

#[test]
fn an_energy_fee_uses_energy_and_pays_no_tos() {
    let mut reference = start(&with_energy(1, &[(1, 3, 0)]));
    let legs = [(AssetId::TOS, BOB, 5), (GOLD, BOB, 6)];
    assert_eq!(apply(&mut reference, 1, &[transfers(ALICE, 0, &legs).energy_fee()]), [Ok((0, 2))]);
    assert_eq!(reference.energy(&ALICE), Some(&energy_of(3, &[(1, 3, 0)])));
    assert_eq!(reference.balance(&ALICE, &AssetId::TOS), 1_000 * TOS - 5);
    assert_eq!(reference.balance(&BOB, &GOLD), 6);
    assert_eq!(reference.balance(&MINER, &AssetId::TOS), 0);
}

#[test]
fn a_burn_is_remembered_by_asset_and_tos_in_the_metadata() {
    let mut reference = start(&with(|genesis| _ = genesis.burned.insert(AssetId::TOS, 100)));
    apply(&mut reference, 1, &[burn(ALICE, 0, AssetId::TOS, 7), burn(ALICE, 1, GOLD, 8)]);
    assert_eq!((reference.burned(&AssetId::TOS), reference.burned(&GOLD)), (107, 8));
    let metadata = &reference.ledger().metadata;
    assert_eq!((metadata[&0].burned_supply, metadata[&1].burned_supply), (100, 107));
}

// ------------------------------------------------------------------------------------------- 7: reward and fees

fn young() -> Genesis {
    with(|genesis| genesis.emitted_supply = MAXIMUM_SUPPLY - THOUSANDS)
}

#[test]
fn the_reward_is_a_share_of_the_remaining_supply() {
    let mut reference = start_with_block_time(&young(), 180_000);
    let first = block(1, &[pay(ALICE, 0, BOB, 1)]);
    reference.apply(&first).unwrap();
    reference.apply(&block(2, &[])).unwrap();
    // 1 000 of 1 000 x 2^20 units; then 999, as the rest is a little less.
    let metadata = &reference.ledger().metadata;
    let expected = BlockMetadata {
        block: first.hash(),
        reward: 1_000,
        fees: FEE,
        emitted_supply: MAXIMUM_SUPPLY - THOUSANDS + 1_000,
        burned_supply: 0,
    };
    assert_eq!(metadata[&1], expected);
    assert_eq!((metadata[&2].reward, metadata[&2].emitted_supply), (999, MAXIMUM_SUPPLY - THOUSANDS + 1_999));
    // 100 + 99 and 900 + 900: the dev fee is rounded down, the miner has the remainder.
    assert_eq!(reference.balance(&DEV, &AssetId::TOS), 199);
    assert_eq!(reference.balance(&MINER, &AssetId::TOS), 1_800 + FEE);
}

/// 1 000 x 179 / 180 000 is 0.99...; with the longest block time there is.
#[test]
fn the_reward_is_proportional_to_the_block_time() {
    let reward = |genesis: &Genesis, block_time_ms| {
        let mut reference = start_with_block_time(genesis, block_time_ms);
        apply(&mut reference, 1, &[]);
        reference.ledger().metadata[&1].reward
    };
    assert_eq!(reward(&young(), 179), 0);
    assert_eq!(reward(&young(), 180), 1);
    assert_eq!(reward(&young(), 90_000), 500);
    // 18 400 000 000 000 000 >> 20 is 17 547 607 421; x 4 294 967 295 / 180 000.
    assert_eq!(reward(&genesis(), u32::MAX), 418_702_222_103_857);
    let exhausted = with(|genesis| genesis.emitted_supply = MAXIMUM_SUPPLY);
    assert_eq!(reward(&exhausted, u32::MAX), 0);
}

#[test]
fn the_dev_fee_is_halved_at_its_height_and_not_before() {
    let dev_fee = |height| {
        let mut reference = start_with_block_time(&young(), 180_000);
        apply(&mut reference, height, &[]);
        (reference.balance(&DEV, &AssetId::TOS), reference.balance(&MINER, &AssetId::TOS))
    };
    assert_eq!(DEV_FEE_CHANGE_HEIGHT, 15_768_000);
    assert_eq!(dev_fee(15_767_999), (100, 900));
    assert_eq!(dev_fee(15_768_000), (50, 950));
}

#[test]
fn a_reward_of_0_registers_the_dev_account_and_the_miner() {
    let mut reference = start(&genesis());
    apply(&mut reference, 1, &[]);
    use StateKey::Nonce;
    assert_eq!(written_at(&reference, 1), [Nonce(DEV), Nonce(MINER), tos_of(DEV), tos_of(MINER)]);
    assert!(reference.ledger().registrations.contains_key(&DEV));
    apply(&mut reference, 2, &[]);
    assert_eq!(written_at(&reference, 2), []);
}

#[test]
fn the_reward_can_be_spent_in_its_block_and_the_fees_cannot() {
    let genesis = with(|genesis| genesis.emitted_supply = 0);
    let mut reference = start_with_block_time(&genesis, 180_000);
    // The miner's share of 17 547 607 421 less 1 754 760 742.
    let reward = 15_792_846_679;
    let fates = apply(&mut reference, 1, &[pay(ALICE, 0, BOB, 1), pay(MINER, 0, BOB, reward - FEE)]);
    assert_eq!(fates, [PAID, PAID]);
    assert_eq!(reference.balance(&MINER, &AssetId::TOS), 2 * FEE);
    let mut reference = start_with_block_time(&genesis, 180_000);
    let fates = apply(&mut reference, 1, &[pay(ALICE, 0, BOB, 1), pay(MINER, 0, BOB, reward)]);
    let funds = InsufficientFunds { asset: AssetId::TOS, available: reward, required: reward + FEE };
    assert_eq!(fates, [PAID, Err(funds)]);
}

#[test]
fn a_reward_that_overflows_a_balance_aborts_the_block() {
    // 100 for the dev account, 900 for the miner.
    for (account, room) in [(DEV, 100), (MINER, 900)] {
        let start = |room| {
            let mut genesis = young();
            entry(&mut genesis, account).balances.insert(AssetId::TOS, u64::MAX - room);
            start_with_block_time(&genesis, 180_000)
        };
        assert_eq!(start(room).apply(&block(1, &[])), Ok(vec![]));
        let mut reference = start(room - 1);
        let before = facts(reference.ledger());
        let failing = pay(CAROL, 0, BOB, 1);
        assert_eq!(reference.apply(&block(1, &[failing])), Err(BlockAbort::RewardOverflow));
        assert_eq!(facts(reference.ledger()), before);
        assert_eq!(orphans(&reference), []);
        assert!(!reference.is_registered(if account == DEV { &MINER } else { &DEV }));
    }
}

#[test]
fn fees_that_overflow_the_miner_abort_the_block_and_leave_everything_as_before() {
    let start = |room| start(&with_balance(MINER, AssetId::TOS, u64::MAX - room));
    assert_eq!(apply(&mut start(FEE), 1, &[pay(ALICE, 0, BOB, 1)]), [PAID]);

    let mut reference = start(2 * FEE - 1);
    let orphan = pay(CAROL, 0, BOB, 1);
    apply(&mut reference, 1, &[pay(ALICE, 3, BOB, 1), orphan.clone()]);
    let before = facts(reference.ledger());
    // Only FEE - 1 is left. The orphan of this block is new, and the accounts' nonces are used.
    let block = block(2, &[pay(ALICE, 2, DAVE, 1), pay(CAROL, 0, BOB, 2), pay(BOB, 4, ALICE, 1)]);
    assert_eq!(reference.apply(&block), Err(BlockAbort::FeesOverflow));
    assert_eq!(facts(reference.ledger()), before);
    assert_eq!(orphans(&reference), [orphan.hash()]);
    assert!(!reference.is_registered(&DAVE));
    assert_eq!((reference.next_nonce(&ALICE), reference.next_nonce(&BOB)), (4, 0));
    // Nonce 2 of Alice was given back, nonce 3 was used by the block before.
    let miner = AccountKey([0xee; 32]);
    reference.begin(&BlockHeader { parent: Hash::ZERO, height: 2, miner }).unwrap();
    let refused = Err(InvalidNonce { next: 4, given: 3 });
    assert_eq!(fate(reference.execute(&pay(ALICE, 3, BOB, 9).build())), refused);
    assert_eq!(fate(reference.execute(&block.transactions[0])), PAID);
    assert_eq!(fate(reference.execute(&pay(BOB, 0, ALICE, 1).build())), PAID);
    reference.finish(Hash([2; 32])).unwrap();
}

#[test]
fn fees_whose_sum_overflows_abort_the_block() {
    let start = || {
        start(&with(|genesis| {
            for account in [ALICE, BOB] {
                entry(genesis, account).balances.insert(AssetId::TOS, u64::MAX);
            }
        }))
    };
    let all = burn(ALICE, 0, GOLD, 1).fee(u64::MAX - FEE);
    let rest = |fee| multisig(BOB, 0, 1, &[ALICE]).fee(fee);
    assert_eq!(apply(&mut start(), 1, &[all.clone(), rest(FEE)]), [Ok((u64::MAX - FEE, 0)), PAID]);
    let mut reference = start();
    let before = facts(reference.ledger());
    assert_eq!(reference.apply(&block(1, &[all, rest(FEE + 1)])), Err(BlockAbort::FeesOverflow));
    assert_eq!(facts(reference.ledger()), before);
}

#[test]
fn a_miner_that_is_the_dev_account_is_credited_twice() {
    let mut reference = start_with_block_time(&young(), 180_000);
    reference.begin(&BlockHeader { parent: Hash::ZERO, height: 1, miner: DEV }).unwrap();
    reference.finish(Hash([1; 32])).unwrap();
    assert_eq!(reference.balance(&DEV, &AssetId::TOS), 1_000);
}

// ------------------------------------------------------------------------------- 7: duplicates, orphans, rewind

#[test]
fn an_executed_transaction_is_skipped_afterwards_and_linked_to_every_block() {
    let mut reference = start(&genesis());
    let draft = pay(ALICE, 0, BOB, 1);
    let hash = draft.hash();
    let first = block(1, &[draft.clone(), draft.clone()]);
    let executed = Receipt::Executed { hash, fee: FEE, energy: 0 };
    assert_eq!(reference.apply(&first), Ok(vec![executed, Receipt::Skipped { hash }]));
    let second = block(2, &[draft]);
    assert_eq!(reference.apply(&second), Ok(vec![Receipt::Skipped { hash }]));
    assert_eq!(reference.ledger().links[&hash], BTreeMap::from([(1, first.hash()), (2, second.hash())]));
    assert_eq!(reference.ledger().executed[&hash], Executed { topoheight: 1, block: first.hash() });
    assert_eq!(reference.ledger().metadata[&1].fees, FEE);
    assert_eq!(reference.balance(&BOB, &AssetId::TOS), 1_000 * TOS + 1);
}

#[test]
fn an_orphan_is_tried_again_and_leaves_the_set_when_executed() {
    let mut reference = start(&genesis());
    let early = pay(CAROL, 0, BOB, 1);
    let (hash, error) = (early.hash(), InsufficientFunds { asset: AssetId::TOS, available: 0, required: FEE + 1 });
    apply(&mut reference, 1, std::slice::from_ref(&early));
    assert_eq!(orphans(&reference), [hash]);
    assert_eq!(reference.ledger().links[&hash].len(), 1);
    assert!(!reference.ledger().executed.contains_key(&hash));
    let block = block(2, &[early.clone(), pay(ALICE, 0, CAROL, TOS), early.clone(), early]);
    let receipts = reference.apply(&block).unwrap();
    assert_eq!(receipts[0], Receipt::Orphaned { hash, error });
    assert_eq!(receipts[2], Receipt::Executed { hash, fee: FEE, energy: 0 });
    assert_eq!(receipts[3], Receipt::Skipped { hash });
    assert_eq!(orphans(&reference), []);
    assert_eq!(reference.ledger().executed[&hash].topoheight, 2);
}

#[test]
fn an_orphan_that_fails_again_becomes_the_newest() {
    let mut reference = start(&genesis());
    let [first, second, third] = [1, 2, 3].map(|amount| pay(CAROL, 0, BOB, amount));
    apply(&mut reference, 1, &[first.clone(), second.clone()]);
    assert_eq!(orphans(&reference), [first.hash(), second.hash()]);
    apply(&mut reference, 2, &[first.clone(), third.clone()]);
    assert_eq!(orphans(&reference), [second.hash(), first.hash(), third.hash()]);
}

#[test]
fn the_orphan_set_keeps_the_newest_10_000() {
    let drafts: Vec<Draft> = (0..10_001).map(|nonce| pay(DAVE, nonce, BOB, 1)).collect();
    let mut reference = start(&genesis());
    apply(&mut reference, 1, &drafts[..10_000]);
    assert_eq!(orphans(&reference).len(), 10_000);
    assert_eq!(orphans(&reference)[0], drafts[0].hash());
    apply(&mut reference, 2, &drafts[10_000..]);
    assert_eq!(orphans(&reference).len(), 10_000);
    assert_eq!(orphans(&reference)[0], drafts[1].hash());
    assert_eq!(orphans(&reference)[9_999], drafts[10_000].hash());
}

#[test]
fn a_rewind_restores_all_but_the_orphan_set() {
    let mut reference = start_with_block_time(&with_energy(0, &[(1, 3, 0)]), 180_000);
    let genesis_facts = facts(reference.ledger());
    let first = block(1, &[pay(ALICE, 0, DAVE, TOS), multisig(BOB, 0, 1, &[ALICE])]);
    let orphan = pay(CAROL, 9, BOB, 1);
    let second = block(
        2,
        &[
            pay(ALICE, 1, ERIN, TOS),
            burn(ALICE, 2, GOLD, 1),
            unfreeze(ALICE, 3, TOS),
            pay(ALICE, 0, DAVE, TOS),
            orphan.clone(),
        ],
    );
    let receipts = [reference.apply(&first), reference.apply(&second)];
    let after = facts(reference.ledger());
    reference.rewind(2);
    assert_eq!(facts(reference.ledger()), after);
    reference.rewind(1);
    let mut only_first = start_with_block_time(&with_energy(0, &[(1, 3, 0)]), 180_000);
    only_first.apply(&first).unwrap();
    assert_eq!(facts(reference.ledger()), facts(only_first.ledger()));
    assert!(!reference.is_registered(&ERIN));
    assert_eq!(orphans(&reference), [orphan.hash()]);
    reference.rewind(0);
    assert_eq!(facts(reference.ledger()), genesis_facts);
    assert_eq!(orphans(&reference), [orphan.hash()]);
    // And the same blocks give the same again.
    assert_eq!([reference.apply(&first), reference.apply(&second)], receipts);
    assert_eq!(facts(reference.ledger()), after);
}

#[test]
fn a_rewind_begins_a_new_run() {
    let mut reference = start(&genesis());
    apply(&mut reference, 1, &[pay(ALICE, 7, BOB, 1)]);
    apply(&mut reference, 2, &[pay(ALICE, 3, BOB, 1)]);
    reference.rewind(1);
    // Within the run 3 would be free again; the stored nonce is 8.
    let refused = Err(InvalidNonce { next: 8, given: 3 });
    assert_eq!(apply(&mut reference, 2, &[pay(ALICE, 3, BOB, 1)]), [refused]);
    reference.rewind(0);
    assert_eq!(apply(&mut reference, 1, &[pay(ALICE, 3, BOB, 1)]), [PAID]);
}

#[test]
fn the_running_state_shows_the_open_block_and_the_ledger_does_not() {
    let mut reference = start(&genesis());
    reference.begin(&BlockHeader { parent: Hash::ZERO, height: 1, miner: MINER }).unwrap();
    let to_dave = pay(ALICE, 0, DAVE, 1);
    assert_eq!(reference.minimum_fee(&to_dave.build()), 115_000);
    reference.execute(&to_dave.build());
    assert_eq!(reference.minimum_fee(&to_dave.build()), 15_000);
    assert_eq!((reference.balance(&DAVE, &AssetId::TOS), reference.next_nonce(&ALICE)), (1, 1));
    assert!(reference.is_registered(&DAVE) && !reference.ledger().registrations.contains_key(&DAVE));
    assert_eq!((reference.ledger().top, reference.topoheight()), (0, 1));
    reference.finish(Hash([1; 32])).unwrap();
    assert!(reference.ledger().registrations.contains_key(&DAVE));
    assert_eq!((reference.ledger().top, reference.topoheight()), (1, 2));
}

// -------------------------------------------------------------------------------------------------- 8: invariants

/// Balances, frozen TOS and burned amounts, less what was emitted.
fn units(reference: &Reference) -> BTreeMap<AssetId, i128> {
    let ledger = reference.ledger();
    let mut sums = BTreeMap::from([(AssetId::TOS, -i128::from(ledger.metadata[&ledger.top].emitted_supply))]);
    for key in ledger.newest.keys() {
        match (key, ledger.newest_value(key).unwrap()) {
            (StateKey::Balance(_, asset) | StateKey::Burned(asset), StateValue::Amount(amount)) => {
                *sums.entry(*asset).or_default() += i128::from(*amount);
            }
            (_, StateValue::Energy(energy)) => {
                *sums.entry(AssetId::TOS).or_default() += i128::from(energy.frozen);
            }
            _ => {}
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// Arbitrary blocks with small and extreme numbers: none panics, and no unit appears or is lost.
#[test]
fn arbitrary_blocks_neither_panic_nor_change_the_sum_of_units() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut pick = |bound: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % bound
    };
    let accounts = [ALICE, BOB, CAROL, DAVE, ERIN, MINER, DEV];
    let amounts = [0, 1, 50, TOS, 2 * TOS, 900 * TOS, u64::MAX / TOS * TOS, u64::MAX - 1, u64::MAX];
    let (mut executed, mut orphaned, mut aborted) = (0, 0, 0);
    for round in 0..200 {
        let mut genesis = with_energy(pick(7), &[(1, 3, pick(3)), (5, 180, 2)]);
        for account in accounts {
            entry(&mut genesis, account).balances.insert(AssetId::TOS, amounts[pick(9) as usize]);
        }
        let mut reference = start_with_block_time(&genesis, [0, 15_000, u32::MAX][round % 3]);
        let before = units(&reference);
        for height in [1, 2, 15_768_000, u64::MAX, 3 * DAY + 2] {
            let mut account = || accounts[pick(7) as usize];
            let (other, destination, miner) = (account(), account(), account());
            let source = if pick(4) == 0 { other } else { ALICE };
            let mut drafts = Vec::new();
            for index in 0..6 {
                let nonce = reference.next_nonce(&source).saturating_add(index - pick(2) * index / 5);
                let amount = if pick(2) == 0 { TOS * pick(3) } else { amounts[pick(9) as usize] };
                let draft = match pick(6) {
                    0 => burn(source, nonce, [AssetId::TOS, GOLD][pick(2) as usize], amount),
                    1 => freeze(source, nonce, amount, 3 + pick(178) as u32),
                    2 => unfreeze(source, nonce, amount),
                    3 => multisig(source, nonce, pick(2) as u8, &[destination][..pick(2) as usize]),
                    4 => pay(source, nonce, destination, amount).energy_fee(),
                    _ => transfers(source, nonce, &[(GOLD, destination, pick(60)), (AssetId::TOS, BOB, amount)]),
                };
                drafts.push(if pick(8) == 0 { draft.fee(amount) } else { draft });
            }
            match reference.apply(&Block { miner, ..block(height, &drafts) }) {
                Err(_) => aborted += 1,
                Ok(receipts) => {
                    assert_eq!(receipts.len(), drafts.len());
                    let fates = receipts.iter().map(|receipt| matches!(receipt, Receipt::Executed { .. }));
                    let count = fates.filter(|is_executed| *is_executed).count();
                    executed += count;
                    orphaned += receipts.len() - count;
                }
            }
            assert_eq!(units(&reference), before);
        }
    }
    assert!(executed > 500 && orphaned > 500 && aborted > 50, "{executed} {orphaned} {aborted}");
}
