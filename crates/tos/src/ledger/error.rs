//! Why a transaction is orphaned and why a block is aborted: section 4's names, compared by variant and fields.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{Amount, AssetId, Topoheight};

/// The first check that a transaction failed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize, thiserror::Error)]
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
    pub const NAMES: [&'static str; 23] = [
        "InvalidFormat",
        "InvalidFee",
        "InvalidReference",
        "AccountNotFound",
        "InvalidNonce",
        "TransferCount",
        "SenderIsReceiver",
        "AssetNotFound",
        "TransferExtraDataSize",
        "TransactionExtraDataSize",
        "MultiSigParticipants",
        "MultiSigThreshold",
        "MultiSigNotConfigured",
        "MultiSigNotFound",
        "InvalidFreezeAmount",
        "InvalidFreezeDuration",
        "InvalidUnfreezeAmount",
        "InvalidSignature",
        "Overflow",
        "InsufficientFunds",
        "InsufficientEnergy",
        "InsufficientFrozen",
        "FrozenLocked",
    ];

    /// The variant's name.
    pub fn name(&self) -> &'static str {
        Self::NAMES[self.index()]
    }

    /// Position of the variant in [`Self::NAMES`].
    pub fn index(&self) -> usize {
        match self {
            Self::InvalidFormat => 0,
            Self::InvalidFee { .. } => 1,
            Self::InvalidReference { .. } => 2,
            Self::AccountNotFound => 3,
            Self::InvalidNonce { .. } => 4,
            Self::TransferCount => 5,
            Self::SenderIsReceiver => 6,
            Self::AssetNotFound => 7,
            Self::TransferExtraDataSize => 8,
            Self::TransactionExtraDataSize => 9,
            Self::MultiSigParticipants => 10,
            Self::MultiSigThreshold => 11,
            Self::MultiSigNotConfigured => 12,
            Self::MultiSigNotFound => 13,
            Self::InvalidFreezeAmount => 14,
            Self::InvalidFreezeDuration => 15,
            Self::InvalidUnfreezeAmount => 16,
            Self::InvalidSignature => 17,
            Self::Overflow => 18,
            Self::InsufficientFunds { .. } => 19,
            Self::InsufficientEnergy { .. } => 20,
            Self::InsufficientFrozen { .. } => 21,
            Self::FrozenLocked { .. } => 22,
        }
    }
}

/// Why a whole block has no effect (section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BlockAbort {
    #[error("the reward overflows the balance of the dev account or the miner")]
    RewardOverflow,
    #[error("the fees overflow their sum or the miner's balance")]
    FeesOverflow,
}

impl BlockAbort {
    /// The variant's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::RewardOverflow => "RewardOverflow",
            Self::FeesOverflow => "FeesOverflow",
        }
    }
}
