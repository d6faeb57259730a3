//! An account's energy: what it froze, for how long, and what it may still spend (section 3).

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{Amount, Height};

/// Frozen TOS and the energy it gives. Invariants: `total` is the sum of the records' energy, `frozen` the sum of
/// their amounts, `used <= total`; [`super::Genesis`] refuses others and the rules keep them.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Energy {
    pub total: u64,
    pub used: u64,
    pub frozen: Amount,
    /// The records in order of insertion.
    pub records: Vec<FreezeRecord>,
}

/// One freeze that has not been wholly undone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct FreezeRecord {
    /// Whole TOS, in units, never 0.
    pub amount: Amount,
    /// The duration, which fixes the energy together with the amount: whole TOS x 2 x days.
    pub days: u32,
    /// Unlocked in every block at least this high.
    pub unlock_height: Height,
}
