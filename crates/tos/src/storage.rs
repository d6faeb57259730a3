//! The versioned ledger on disk or in memory: what it holds, how it is read, and the one way to change it.

mod batch;
mod digest;
mod erased;
mod faults;
mod layered;
mod ledger_state;
mod memory;
mod read_only;
#[cfg(feature = "redb")]
mod redb;
mod version;

use std::collections::BTreeSet;
use std::future::Future;

use serde::Serialize;

use crate::ledger::{AccountKey, Amount, AssetId, BlockMetadata, Hash, Topoheight};

#[cfg(feature = "simulated-disk")]
pub use self::redb::simulated;
#[cfg(feature = "redb")]
pub use self::redb::{CreateError, OpenError, RedbStorage, SCHEMA_VERSION};
pub use batch::{Orphans, WriteBatch, WriteOp};
pub use erased::ErasedStorage;
pub use faults::Failing;
pub use layered::{Layer, Layered, Pause, Read, Record, Suspend};
pub use ledger_state::{Executed, LedgerState};
pub use memory::MemoryStorage;
pub use read_only::{CountReads, ReadOnly};
pub use version::{History, Newest, StateKey, StateValue, StoredAccount, Version};

/// A storage failure. It aborts the block and never orphans a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum StorageError {
    /// A version names a predecessor that is not below it, or does not exist: following links would not end.
    #[error("version of {key} at {topoheight} links to {previous}, which is no earlier version")]
    BrokenLink { key: StateKey, topoheight: Topoheight, previous: Topoheight },
    /// A key holds a value of another kind.
    #[error("{key} at {topoheight} holds a value of another kind")]
    WrongKind { key: StateKey, topoheight: Topoheight },
    /// There is no metadata of a topoheight: it is above the top, or below where the ledger begins, or the ledger is damaged.
    #[error("no metadata of topoheight {topoheight}")]
    MissingMetadata { topoheight: Topoheight },
    /// A batch that does not stand on the top: somebody else has committed since it was made.
    #[error("a block of topoheight {found} cannot stand on the top {top}")]
    NotOnTop { found: Topoheight, top: Topoheight },
    /// `rewind` to above the top.
    #[error("cannot rewind to {to}, the top is {top}")]
    RewindAboveTop { to: Topoheight, top: Topoheight },
    /// `rewind` to below where the ledger begins.
    #[error("cannot rewind to {to}, the ledger begins at {genesis}")]
    RewindBelowGenesis { to: Topoheight, genesis: Topoheight },
    /// The backend failed, or a fault was injected on purpose.
    #[error("storage failed: {0}")]
    Failed(String),
}

/// The ledger, versioned by topoheight. Every read may suspend: callers hold no guard across one. A handle is shared
/// (`Arc`); `commit` and `rewind` are called by one writer at a time, while readers may go on.
///
/// # Examples
/// ```
/// use seriatim_testkit::ledger::{genesis, key};
/// use seriatim_tos::ledger::{AssetId, TOS};
/// use seriatim_tos::storage::{MemoryStorage, Storage, StorageError, WriteBatch, WriteOp};
///
/// seriatim_testkit::wait(async {
///     let storage = MemoryStorage::new(&genesis([1])).unwrap();
///     assert_eq!(storage.top().await?.0, 0);
///     assert_eq!(storage.balance(key(1), AssetId::TOS).await?.map(|newest| newest.value), Some(100 * TOS));
///     assert_eq!(storage.account(key(9)).await?, None, "no such account is registered");
///
///     let floating = WriteBatch { ops: vec![WriteOp::Top(7)] };
///     assert_eq!(storage.commit(floating).await, Err(StorageError::NotOnTop { found: 7, top: 0 }));
///     Ok::<(), StorageError>(())
/// })?;
/// # Ok::<(), StorageError>(())
/// ```
pub trait Storage: Send + Sync + 'static {
    /// The newest topoheight and its metadata.
    fn top(&self) -> impl Future<Output = Result<(Topoheight, BlockMetadata), StorageError>> + Send;

    /// Known assets, TOS included.
    fn assets(&self) -> impl Future<Output = Result<BTreeSet<AssetId>, StorageError>> + Send;

    /// An account's row: registration and newest nonce, multisig and energy. None: not registered.
    fn account(&self, account: AccountKey) -> impl Future<Output = Result<Option<StoredAccount>, StorageError>> + Send;

    /// The newest balance. None: never held.
    fn balance(
        &self,
        account: AccountKey,
        asset: AssetId,
    ) -> impl Future<Output = Result<Option<Newest<Amount>>, StorageError>> + Send;

    /// The newest burned amount. None: nothing was ever burned.
    fn burned(&self, asset: AssetId) -> impl Future<Output = Result<Option<Newest<Amount>>, StorageError>> + Send;

    /// The block that executed a transaction.
    fn executed_by(&self, transaction: Hash) -> impl Future<Output = Result<Option<Hash>, StorageError>> + Send {
        async move { Ok(self.executed(transaction).await?.map(|executed| executed.block)) }
    }

    /// The block that executed a transaction, and where it stands.
    fn executed(&self, transaction: Hash) -> impl Future<Output = Result<Option<Executed>, StorageError>> + Send;

    /// What is remembered of the block at `at`.
    ///
    /// # Errors
    /// `MissingMetadata` where no block of this ledger stands.
    fn metadata(&self, at: Topoheight) -> impl Future<Output = Result<BlockMetadata, StorageError>> + Send;

    /// The newest version of `key` at or below `at`, found by following links from the newest.
    fn version_at(
        &self,
        key: StateKey,
        at: Topoheight,
    ) -> impl Future<Output = Result<Option<(Topoheight, Version)>, StorageError>> + Send;

    /// Applies a whole batch or nothing. Refuses one whose block does not stand on the top.
    fn commit(&self, batch: WriteBatch) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Removes everything above `to` but the orphan set, atomically. Refuses what is above the top or below where the ledger
    /// begins.
    fn rewind(&self, to: Topoheight) -> impl Future<Output = Result<(), StorageError>> + Send;
}
