//! A block, what became of each of its transactions, and what is remembered of it.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{AccountKey, Amount, Hash, Height, Transaction, TransactionError};

/// Transactions in the order in which they count.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// The block it was built on. Execution does not look at it; it makes equal payloads different blocks.
    pub parent: Hash,
    pub height: Height,
    /// Receives the reward less the dev fee, and the transactions' fees.
    pub miner: AccountKey,
    pub transactions: Vec<Transaction>,
}

/// What became of one transaction.
///
/// # Examples
/// ```
/// use seriatim_tos::ledger::{Hash, Receipt, TransactionError};
///
/// let executed = Receipt::Executed { hash: Hash::ZERO, fee: 115_000, energy: 0 };
/// let orphaned = Receipt::Orphaned { hash: Hash::ZERO, error: TransactionError::InvalidNonce { next: 2, given: 1 } };
/// assert_eq!([executed.outcome(), orphaned.outcome()], ["executed", "InvalidNonce"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub enum Receipt {
    /// Verified and applied. `fee` in units of TOS, `energy` as consumed; one of them is 0.
    Executed { hash: Hash, fee: Amount, energy: u64 },
    /// Failed a check: it changed nothing but the orphan set.
    Orphaned { hash: Hash, error: TransactionError },
    /// Some block, this one included, has executed it before.
    Skipped { hash: Hash },
}

impl Receipt {
    /// This names the outcome of an executed transaction.
    pub const EXECUTED: &'static str = "executed";

    /// What became of it, without names and numbers: of an orphan, the error.
    pub fn name(&self) -> &'static str {
        match self {
            Receipt::Executed { .. } => "Executed",
            Receipt::Skipped { .. } => "Skipped",
            Receipt::Orphaned { error, .. } => error.name(),
        }
    }

    /// Names its outcome in counts: by a word, or by the error.
    pub fn outcome(&self) -> &'static str {
        match self {
            Receipt::Executed { .. } => Self::EXECUTED,
            Receipt::Skipped { .. } => "skipped",
            Receipt::Orphaned { error, .. } => error.name(),
        }
    }

    /// The transaction's hash.
    pub fn hash(&self) -> Hash {
        match self {
            Receipt::Executed { hash, .. } | Receipt::Orphaned { hash, .. } | Receipt::Skipped { hash } => *hash,
        }
    }
}

/// What the ledger remembers of the block at one topoheight.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct BlockMetadata {
    pub block: Hash,
    /// Created by this block, dev fee included.
    pub reward: Amount,
    /// Sum of the executed transactions' fees.
    pub fees: Amount,
    /// All TOS ever created by rewards, this block's included.
    pub emitted_supply: Amount,
    /// All TOS ever burned, this block's included.
    pub burned_supply: Amount,
}
