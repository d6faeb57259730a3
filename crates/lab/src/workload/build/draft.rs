//! A transaction in the making. What to pay, with which fee, nonce and signatures is still a choice; [`Draft::sign`]
//! settles it against the running state, in the order in which one depends on the other: fee, amounts, nonce,
//! signatures.

use crate::workload::cast::Cast;
use crate::workload::plan::Record;
use seriatim_tos::execution::reference::Reference;
use seriatim_tos::ledger::{
    self, AccountKey, Amount, AssetId, FeeType, Hash, MultiSigSignature, Payload, Signature, Topoheight, Transaction,
    TransactionVersion, UnsignedTransaction,
};

/// A transaction but for what depends on the state.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub source: AccountKey,
    pub data: Payload,
    pub fee_type: FeeType,
    pub amount: AmountChoice,
    pub fee: FeeChoice,
    pub nonce: NonceChoice,
    pub signature: SignatureChoice,
    pub cosigning: CosigningChoice,
    pub reference: Topoheight,
}

/// What the first output of a transfer, or a burn, moves; further outputs move little.
#[derive(Clone, Copy, Debug)]
pub(super) enum AmountChoice {
    /// The amount that the payload has already.
    AsDrafted,
    /// All that there is once the fee is paid, divided.
    Share(Amount),
    /// This amount, or less if there is less.
    UpTo(Amount),
    AllButOne,
    /// All that there is once the fee is paid, and this more.
    AllAnd(Amount),
    /// The whole balance, so that nothing is left for the fee.
    Balance,
    Exactly(Amount),
}

/// What fee is offered.
#[derive(Clone, Copy, Debug)]
pub(super) enum FeeChoice {
    Minimum,
    Above(Amount),
    OneBelow,
    Exactly(Amount),
}

/// Which nonce is given, relative to the next one.
#[derive(Clone, Copy, Debug)]
pub(super) enum NonceChoice {
    Next,
    Gap(u64),
    Reuse,
    Exactly(u64),
}

/// How the source signs.
#[derive(Clone, Copy, Debug)]
pub(super) enum SignatureChoice {
    Right,
    /// Its signature has this bit turned over.
    WrongBit(u16),
    /// Another account signs.
    WrongKey,
}

/// How the participants of the source's multisig sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CosigningChoice {
    /// The needed number signs, beginning with this participant; nobody does where no multisig is configured.
    Enough(u8),
    Missing,
    OneLess,
    OneMore,
    /// The needed number signs, and two of them are the same.
    Repeated,
    WrongBit,
    OutOfRange,
    /// Signatures that nobody asked for.
    Uncalled,
}

impl Draft {
    /// What the record chooses; its class may choose otherwise.
    pub(super) fn new(record: &Record, source: AccountKey, data: Payload) -> Self {
        Self {
            source,
            data,
            fee_type: FeeType::Tos,
            amount: AmountChoice::of(record),
            fee: FeeChoice::of(record),
            nonce: NonceChoice::of(record),
            signature: SignatureChoice::of(record),
            cosigning: CosigningChoice::of(record),
            reference: 0,
        }
    }

    /// Right in every respect but those changed later.
    pub(super) fn right(source: AccountKey, data: Payload) -> Self {
        Self::new(&Record::default(), source, data)
    }

    /// The signed transaction.
    pub(super) fn sign(self, reference: &Reference, cast: &Cast) -> Transaction {
        self.sign_after(Hash::ZERO, reference, cast)
    }

    /// The signed transaction, which names a block that it comes after. Nobody looks at that name, but transactions with
    /// another one are other transactions.
    pub(super) fn sign_after(self, block: Hash, reference: &Reference, cast: &Cast) -> Transaction {
        let Self { source, data, fee_type, amount, fee, nonce, signature, cosigning, reference: topoheight } = self;
        let multisig = blank_cosignatures(reference, cast, &source, cosigning);
        let body = UnsignedTransaction {
            version: TransactionVersion::T0,
            source,
            data,
            fee: 0,
            fee_type,
            nonce: 0,
            reference: ledger::Reference { hash: block, topoheight },
        };
        let mut tx = Transaction { body, multisig, signature: Signature([0; 64]) };
        tx.body.fee = fee.resolve(reference, &tx);
        amount.resolve(reference, &mut tx.body);
        tx.body.nonce = nonce.resolve(reference.next_nonce(&source));
        let message = tx.body.signing_bytes();
        cosign(reference, cast, &mut tx, cosigning, &message);
        tx.signature = match signature {
            SignatureChoice::Right => cast.sign(&source, &message),
            SignatureChoice::WrongBit(bit) => {
                let mut wrong = cast.sign(&source, &message);
                wrong.0[usize::from(bit % 512 / 8)] ^= 1 << (bit % 8);
                wrong
            }
            SignatureChoice::WrongKey => cast.sign(&cast.someone_else(&source), &message),
        };
        tx
    }
}

impl AmountChoice {
    fn of(record: &Record) -> Self {
        match record.amount {
            0..=119 => Self::Share(20),
            120..=159 => Self::UpTo(u64::from(record.literal)),
            160..=185 => Self::Share(2),
            186..=203 => Self::AllAnd(0),
            204..=214 => Self::AllButOne,
            215..=229 => Self::Exactly(0),
            230..=242 => Self::Exactly(1),
            243..=249 => Self::AllAnd(1),
            250..=254 => Self::Balance,
            255 => Self::Exactly(Amount::MAX),
        }
    }

    fn resolve(self, reference: &Reference, body: &mut UnsignedTransaction) {
        let UnsignedTransaction { source, ref mut data, fee, .. } = *body;
        if let Self::AsDrafted = self {
            return;
        }
        let balance_of = |asset: &AssetId| reference.balance(&source, asset);
        match data {
            Payload::Transfers(transfers) => {
                let Some((first, further)) = transfers.split_first_mut() else { return };
                let mut others = 0;
                let shares = 32 * (further.len() as u64 + 1);
                for transfer in further {
                    transfer.amount = balance_of(&transfer.asset).saturating_sub(fee) / shares;
                    others += if transfer.asset == first.asset { transfer.amount } else { 0 };
                }
                let paid = others + if first.asset == AssetId::TOS { fee } else { 0 };
                first.amount = self.amount(balance_of(&first.asset), paid);
            }
            Payload::Burn { asset, amount } => {
                let paid = if *asset == AssetId::TOS { fee } else { 0 };
                *amount = self.amount(balance_of(asset), paid);
            }
            Payload::MultiSig { .. } | Payload::FreezeTos { .. } | Payload::UnfreezeTos { .. } => {}
        }
    }

    fn amount(self, balance: Amount, paid: Amount) -> Amount {
        let available = balance.saturating_sub(paid);
        match self {
            Self::AsDrafted => unreachable!("nothing is resolved then"),
            Self::Share(divisor) => available / divisor,
            Self::UpTo(most) => available.min(most),
            Self::AllButOne => available.saturating_sub(1),
            Self::AllAnd(more) => available.saturating_add(more),
            Self::Balance => balance,
            Self::Exactly(amount) => amount,
        }
    }
}

impl FeeChoice {
    fn of(record: &Record) -> Self {
        match record.fee {
            0..=231 => Self::Minimum,
            232..=250 => Self::Above(u64::from(record.literal % 50_000)),
            251..=255 => Self::OneBelow,
        }
    }

    fn resolve(self, reference: &Reference, tx: &Transaction) -> Amount {
        let minimum = reference.minimum_fee(tx);
        match (tx.body.fee_type, self) {
            (_, Self::Exactly(fee)) => fee,
            (FeeType::Energy, _) => 0,
            (FeeType::Tos, Self::Minimum) => minimum,
            (FeeType::Tos, Self::Above(more)) => minimum + more,
            (FeeType::Tos, Self::OneBelow) => minimum - 1, // At least one started kilobyte is paid for.
        }
    }
}

impl NonceChoice {
    fn of(record: &Record) -> Self {
        match record.nonce {
            0..=235 => Self::Next,
            236..=247 => Self::Gap(1 + u64::from(record.literal % 3)),
            248..=252 => Self::Reuse,
            253 | 254 => Self::Exactly(0),
            255 => Self::Exactly(u64::MAX),
        }
    }

    fn resolve(self, next: u64) -> u64 {
        match self {
            Self::Next => next,
            Self::Gap(skipped) => next.saturating_add(skipped),
            Self::Reuse => next.saturating_sub(1),
            Self::Exactly(nonce) => nonce,
        }
    }
}

impl SignatureChoice {
    fn of(record: &Record) -> Self {
        match record.signature {
            0..=251 => Self::Right,
            252 | 253 => Self::WrongBit(record.literal as u16),
            254 | 255 => Self::WrongKey,
        }
    }
}

impl CosigningChoice {
    fn of(record: &Record) -> Self {
        match record.signature {
            249 => Self::Uncalled,
            250 => Self::WrongBit,
            251 => Self::Missing,
            other => Self::Enough(other % 4),
        }
    }
}

/// The signatures to be given, still blank: their number decides the fee.
fn blank_cosignatures(
    reference: &Reference,
    cast: &Cast,
    source: &AccountKey,
    cosigning: CosigningChoice,
) -> Vec<MultiSigSignature> {
    let blank = |participant| MultiSigSignature { participant, signature: Signature([0; 64]) };
    let Some(config) = reference.multisig(source) else {
        return if cosigning == CosigningChoice::Uncalled { vec![blank(0)] } else { Vec::new() };
    };
    let needed = usize::from(config.threshold);
    // Those who can sign, and nobody else unless there is no one.
    let signing = config.participants.iter().enumerate().filter(|(_, participant)| cast.can_sign(participant));
    let mut able: Vec<u8> = signing.map(|(index, _)| index as u8).collect(); // At most 255 of them.
    if able.is_empty() {
        able.push(0);
    }
    // In any order: nothing asks for ascending participants.
    let from = |first: usize, count| (0..count).map(|index| blank(able[(first + index) % able.len()])).collect();
    match cosigning {
        CosigningChoice::Enough(first) => from(usize::from(first), needed),
        CosigningChoice::Missing => Vec::new(),
        CosigningChoice::OneLess => from(0, needed - 1),
        CosigningChoice::OneMore => from(0, needed + 1),
        CosigningChoice::Repeated => (0..needed.max(2)).map(|_| blank(able[0])).collect(),
        CosigningChoice::WrongBit | CosigningChoice::Uncalled => from(0, needed),
        CosigningChoice::OutOfRange => {
            let mut signatures: Vec<_> = from(0, needed);
            signatures[needed - 1].participant = config.participants.len() as u8; // At most 255.
            signatures
        }
    }
}

fn cosign(reference: &Reference, cast: &Cast, tx: &mut Transaction, cosigning: CosigningChoice, message: &[u8]) {
    let participants = reference.multisig(&tx.body.source).map_or(&[][..], |config| &config.participants);
    for MultiSigSignature { participant, signature } in &mut tx.multisig {
        let signer = participants.get(usize::from(*participant)).unwrap_or(&tx.body.source);
        *signature = cast.sign(signer, message);
    }
    if let (CosigningChoice::WrongBit, Some(last)) = (cosigning, tx.multisig.last_mut()) {
        last.signature.0[7] ^= 1;
    }
}
