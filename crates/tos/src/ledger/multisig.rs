//! An account's multisig: how many of which participants must sign beside the source.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::AccountKey;

/// Invariants, of one that holds: `1 <= threshold <= participants.len() <= 255`, participants distinct, the account not among them.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct MultiSigConfig {
    pub threshold: u8,
    pub participants: Vec<AccountKey>,
}

impl MultiSigConfig {
    /// No configuration, but what a genesis says of an account whose configuration was deleted.
    pub const DELETED: Self = Self { threshold: 0, participants: Vec::new() };
}
