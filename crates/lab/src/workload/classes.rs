//! The conflict classes: what a transaction is meant to collide with. Each record of a plan belongs to one; a
//! campaign counts them by name to show that it looked at all of them.

use strum::{EnumMessage, IntoStaticStr, VariantArray};

/// What a transaction is meant to provoke.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::ConflictClass;
///
/// assert_eq!(ConflictClass::ALL.len(), 16);
/// let mask = ConflictClass::Swap.bit() | ConflictClass::Energy.bit();
/// assert!((0..=255).all(|byte| ConflictClass::pick(mask, byte).bit() & mask != 0), "no other class is picked");
/// assert!(ConflictClass::Swap.about().starts_with("Two accounts pay each other"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum ConflictClass {
    /// None: a transfer or burn between accounts of the record's choice, so that a conflict-free part exists.
    Plain,
    /// One sender's transactions in a row: each depends on the nonce and the balance that the one before left.
    #[strum(serialize = "nonce chain")]
    NonceChain,
    /// Two accounts pay each other: each is the other's sender and receiver, the cycle of the conflict graph.
    Swap,
    /// Many senders credit one account: concurrent additions to one balance.
    #[strum(serialize = "hot receiver")]
    HotReceiver,
    /// An account spends what it got just before, and could not have spent otherwise: a read of a fresh write.
    #[strum(serialize = "receive then spend")]
    ReceiveThenSpend,
    /// An account is emptied to the last unit, and then spends once more: the order decides which of the two fails.
    Drain,
    /// The sender among the receivers: one balance as source and as destination.
    #[strum(serialize = "self transfer")]
    SelfTransfer,
    /// The miner or the dev account pays or is paid: its balance also moves by reward and fees.
    #[strum(serialize = "miner party")]
    MinerParty,
    /// Amounts, sums, burned amounts and fees at the end of 64 bits: a failure late in application, to be undone whole.
    Limits,
    /// A multisig is set, changed or deleted, and the account spends by it at once: a read of fresh configuration.
    MultiSig,
    /// TOS is frozen and unfrozen, energy pays for transfers: one record of an account with many fields.
    Energy,
    /// A transaction that fails, between good ones of the same accounts: nothing of it may be seen.
    Failure,
    /// A signed transaction a second time: in its block, in a later one, in an earlier one after a rewind.
    Duplicate,
    /// Nonces with gaps, descending, used before: what one block uses decides what the next may use.
    #[strum(serialize = "nonce disorder")]
    NonceDisorder,
    /// Accounts that do not exist: registered by the first credit, several times in a block, spending at once.
    #[strum(serialize = "never seen")]
    NeverSeen,
    /// What the format forbids, and the last thing it allows: the checks before the state is looked at.
    Malformed,
}

use ConflictClass::*;

impl ConflictClass {
    /// Every class, in order of [`Self::index`].
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Position in [`Self::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The class's bit in the header's mask.
    pub fn bit(self) -> u16 {
        1 << self.index()
    }

    /// The class's name in reports.
    pub fn name(self) -> &'static str {
        self.into_str()
    }

    /// What it provokes, in a sentence.
    pub fn about(self) -> &'static str {
        self.get_documentation().expect("every variant has a doc comment")
    }

    /// How often it is picked, relative to the other enabled ones.
    pub fn weight(self) -> u32 {
        match self {
            Plain | HotReceiver | ReceiveThenSpend => 9,
            NonceChain | Swap | MultiSig | Energy => 8,
            Drain | NeverSeen | Limits => 6,
            MinerParty | Failure | Malformed => 5,
            NonceDisorder | Duplicate => 4,
            SelfTransfer => 2,
        }
    }

    /// The class that a record's byte picks among those enabled in `mask`; none enabled means all.
    pub fn pick(mask: u16, byte: u8) -> Self {
        let mask = if mask == 0 { u16::MAX } else { mask };
        let enabled = || Self::ALL.iter().copied().filter(move |class| mask & class.bit() != 0);
        let total: u32 = enabled().map(Self::weight).sum();
        let mut rest = u32::from(byte) * total / 256;
        for class in enabled() {
            if rest < class.weight() {
                return class;
            }
            rest -= class.weight();
        }
        unreachable!("the byte's share is below the sum of the weights")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_stand_in_the_order_of_their_index() {
        for (index, class) in ConflictClass::ALL.iter().enumerate() {
            assert_eq!(class.index(), index);
        }
    }

    #[test]
    fn every_class_is_picked_by_some_byte() {
        for &class in ConflictClass::ALL {
            assert!((0..=255).any(|byte| ConflictClass::pick(0, byte) == class), "{}", class.name());
            assert!((0..=255).all(|byte| ConflictClass::pick(class.bit(), byte) == class), "{}", class.name());
        }
    }

    #[test]
    fn a_class_outside_the_mask_is_never_picked() {
        let mask = Swap.bit() | Energy.bit();
        assert!((0..=255).all(|byte| [Swap, Energy].contains(&ConflictClass::pick(mask, byte))));
    }
}
