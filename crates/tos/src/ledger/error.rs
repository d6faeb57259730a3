//! Why a transaction is orphaned and why a block is aborted: section 4's names, compared by variant and fields.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Amount, AssetId, Topoheight};

/// The first check that a transaction failed.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
    thiserror::Error,
    IntoStaticStr,
    VariantNames,
)]
#[strum(const_into_str)]
pub enum TransactionError {
    #[error("invalid format")]
    InvalidFormat,
    #[error("fee {given} below the minimum {required}")]
    InvalidFee { required: Amount, given: Amount },
    #[error("reference topoheight {reference} above the block's {current}")]
    InvalidReference { reference: Topoheight, current: Topoheight },
    #[error("source account does not exist")]
    AccountNotFound,
    #[error("nonce {given} not acceptable, next is {next}")]
    InvalidNonce { next: u64, given: u64 },
    #[error("number of transfers not in 1..=255")]
    TransferCount,
    #[error("sender is a receiver")]
    SenderIsReceiver,
    #[error("unknown asset")]
    AssetNotFound,
    #[error("extra data of a transfer too long")]
    TransferExtraDataSize,
    #[error("extra data of the transaction too long")]
    TransactionExtraDataSize,
    #[error("multisig participants wrong")]
    MultiSigParticipants,
    #[error("multisig threshold wrong")]
    MultiSigThreshold,
    #[error("multisig not configured")]
    MultiSigNotConfigured,
    #[error("multisig configured but no signatures given")]
    MultiSigNotFound,
    #[error("freeze amount not a whole number of TOS")]
    InvalidFreezeAmount,
    #[error("freeze duration not in 3..=180 days")]
    InvalidFreezeDuration,
    #[error("unfreeze amount not a whole number of TOS")]
    InvalidUnfreezeAmount,
    #[error("invalid signature")]
    InvalidSignature,
    #[error("a sum does not fit 64 bits")]
    Overflow,
    #[error("insufficient funds of asset {asset:?}: {available} of {required}")]
    InsufficientFunds { asset: AssetId, available: Amount, required: Amount },
    #[error("insufficient energy: {available} of {required}")]
    InsufficientEnergy { available: u64, required: u64 },
    #[error("insufficient frozen TOS: {available} of {required}")]
    InsufficientFrozen { available: Amount, required: Amount },
    #[error("frozen TOS still locked: {available} of {required} unlocked")]
    FrozenLocked { available: Amount, required: Amount },
}

impl TransactionError {
    /// Every variant's name, in the order of section 4; campaigns check that each occurs.
    pub const NAMES: &[&'static str] = Self::VARIANTS;

    /// The variant's name.
    pub fn name(&self) -> &'static str {
        self.into_str()
    }
}

/// Why a whole block has no effect (section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, IntoStaticStr)]
#[strum(const_into_str)]
pub enum BlockAbort {
    #[error("the reward overflows the balance of the dev account or the miner")]
    RewardOverflow,
    #[error("the fees overflow their sum or the miner's balance")]
    FeesOverflow,
}

impl BlockAbort {
    /// The variant's name.
    pub fn name(self) -> &'static str {
        self.into_str()
    }
}
