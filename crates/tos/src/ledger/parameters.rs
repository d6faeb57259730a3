//! The constants of section 1, and the parameters in which chains differ.

use serde::{Deserialize, Serialize};

use super::{AccountKey, Amount, Height, SignatureScheme};

/// Units in one TOS.
pub const TOS: Amount = 100_000_000;
/// All TOS that rewards may ever create, in units.
pub const MAXIMUM_SUPPLY: Amount = 184_000_000 * TOS;
/// Fee for each started [`FEE_SIZE_BYTES`] of encoding.
pub const FEE_PER_SIZE: Amount = 10_000;
/// Bytes of encoding that one [`FEE_PER_SIZE`] pays for.
pub const FEE_SIZE_BYTES: u64 = 1_024;
/// Fee for each transfer output.
pub const FEE_PER_OUTPUT: Amount = 5_000;
/// Fee for each distinct destination that is not registered.
pub const FEE_PER_NEW_ACCOUNT: Amount = 100_000;
/// Fee for each multisig signature.
pub const FEE_PER_MULTISIG_SIGNATURE: Amount = 5_000;
/// Energy that an energy-fee transaction costs for each transfer output.
pub const ENERGY_PER_OUTPUT: u64 = 1;
/// Most transfers of one transaction.
pub const MAX_TRANSFERS: usize = 255;
/// Most participants of one multisig.
pub const MAX_MULTISIG_PARTICIPANTS: usize = 255;
/// Most bytes of extra data of one transfer.
pub const MAX_TRANSFER_EXTRA_DATA_BYTES: usize = 128;
/// Most bytes of extra data of one transaction.
pub const MAX_TRANSACTION_EXTRA_DATA_BYTES: usize = 4_096;
/// Shortest and longest freeze, in days.
pub const FREEZE_DAYS: std::ops::RangeInclusive<u32> = 3..=180;
/// Energy for each whole TOS and day frozen.
pub const ENERGY_PER_TOS_DAY: u64 = 2;
/// Heights in one day of freezing.
pub const HEIGHTS_PER_DAY: Height = 86_400;
/// First height with the lower dev fee.
pub const DEV_FEE_CHANGE_HEIGHT: Height = 15_768_000;
/// Dev fee in percent of the reward, below and from [`DEV_FEE_CHANGE_HEIGHT`].
pub const DEV_FEE_PERCENT: (u64, u64) = (10, 5);
/// What the remaining supply is divided by, as a power of two.
pub const EMISSION_SPEED_BITS: u32 = 20;
/// What the reward of one second is divided by.
pub const EMISSION_DIVISOR: u64 = 180;
/// Most hashes in the orphan set.
pub const MAX_ORPHANS: usize = 10_000;

/// What chains differ in. It is part of a scenario, and constant while a chain lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    pub signature_scheme: SignatureScheme,
    /// Receives the dev fee.
    pub dev_account: AccountKey,
    /// Time between blocks in milliseconds; the reward is proportional to it. 0 gives rewards of 0.
    pub block_time_ms: u32,
}
