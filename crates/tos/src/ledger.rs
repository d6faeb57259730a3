//! What a block is and what it means: keys, amounts, transactions, blocks, receipts, errors, and the rules
//! that the sequential and the parallel path share. Plain data and pure functions: no storage, no tasks.
//! The contract stands in `docs/book/reference/semantics.md`; section numbers in this folder refer to it.

mod block;
mod crypto;
mod encoding;
mod energy;
mod error;
mod genesis;
mod key;
mod multisig;
mod parameters;
pub mod rules;
mod sealed;
mod transaction;

pub use block::{Block, BlockMetadata, Receipt};
pub use crypto::{SignatureScheme, Signer};
pub use encoding::{Canonical, DecodeError, decode, encode};
pub use energy::{Energy, FreezeRecord};
pub use error::{BlockAbort, TransactionError};
pub use genesis::{Genesis, GenesisAccount, GenesisError, MAX_GENESIS_TOPOHEIGHT};
pub use key::{AccountKey, AssetId, Hash, Signature};
pub use multisig::MultiSigConfig;
pub use parameters::*;
pub use sealed::{SealedBlock, SealedTransaction};
pub use transaction::{
    FeeType, MultiSigSignature, Payload, Reference, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
};

/// Position of a block in the total order. A chain's genesis is 0, its first block 1.
pub type Topoheight = u64;

/// Position of a block in its DAG; it drives freeze locks and the dev fee's share, and may jump.
pub type Height = u64;

/// Units of one asset. One TOS is [`TOS`] units.
pub type Amount = u64;
