//! A storage behind a pointer, for code that is cold: each call is boxed, and the caller is compiled once for all storages.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::ledger::{AccountKey, Amount, AssetId, BlockMetadata, Hash, Topoheight};

use super::{Executed, Newest, StateKey, Storage, StorageError, StoredAccount, Version, WriteBatch};

/// Any storage.
#[derive(Clone)]
pub struct ErasedStorage(Arc<dyn Calls>);

impl ErasedStorage {
    /// Hides the type of `storage`.
    pub fn new<S: Storage>(storage: Arc<S>) -> Self {
        Self(storage)
    }
}

impl fmt::Debug for ErasedStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasedStorage").finish_non_exhaustive()
    }
}

type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, StorageError>> + Send + 'a>>;

/// The calls of [`Storage`] that every storage has to answer itself.
trait Calls: Send + Sync + 'static {
    fn top(&self) -> Call<'_, (Topoheight, BlockMetadata)>;
    fn assets(&self) -> Call<'_, BTreeSet<AssetId>>;
    fn account(&self, account: AccountKey) -> Call<'_, Option<StoredAccount>>;
    fn balance(&self, account: AccountKey, asset: AssetId) -> Call<'_, Option<Newest<Amount>>>;
    fn burned(&self, asset: AssetId) -> Call<'_, Option<Newest<Amount>>>;
    fn executed_by(&self, transaction: Hash) -> Call<'_, Option<Hash>>;
    fn executed(&self, transaction: Hash) -> Call<'_, Option<Executed>>;
    fn metadata(&self, at: Topoheight) -> Call<'_, BlockMetadata>;
    fn version_at(&self, key: StateKey, at: Topoheight) -> Call<'_, Option<(Topoheight, Version)>>;
    fn commit(&self, batch: WriteBatch) -> Call<'_, ()>;
    fn rewind(&self, to: Topoheight) -> Call<'_, ()>;
}

impl<S: Storage> Calls for S {
    fn top(&self) -> Call<'_, (Topoheight, BlockMetadata)> {
        Box::pin(Storage::top(self))
    }

    fn assets(&self) -> Call<'_, BTreeSet<AssetId>> {
        Box::pin(Storage::assets(self))
    }

    fn account(&self, account: AccountKey) -> Call<'_, Option<StoredAccount>> {
        Box::pin(Storage::account(self, account))
    }

    fn balance(&self, account: AccountKey, asset: AssetId) -> Call<'_, Option<Newest<Amount>>> {
        Box::pin(Storage::balance(self, account, asset))
    }

    fn burned(&self, asset: AssetId) -> Call<'_, Option<Newest<Amount>>> {
        Box::pin(Storage::burned(self, asset))
    }

    fn executed_by(&self, transaction: Hash) -> Call<'_, Option<Hash>> {
        Box::pin(Storage::executed_by(self, transaction))
    }

    fn executed(&self, transaction: Hash) -> Call<'_, Option<Executed>> {
        Box::pin(Storage::executed(self, transaction))
    }

    fn metadata(&self, at: Topoheight) -> Call<'_, BlockMetadata> {
        Box::pin(Storage::metadata(self, at))
    }

    fn version_at(&self, key: StateKey, at: Topoheight) -> Call<'_, Option<(Topoheight, Version)>> {
        Box::pin(Storage::version_at(self, key, at))
    }

    fn commit(&self, batch: WriteBatch) -> Call<'_, ()> {
        Box::pin(Storage::commit(self, batch))
    }

    fn rewind(&self, to: Topoheight) -> Call<'_, ()> {
        Box::pin(Storage::rewind(self, to))
    }
}

impl Storage for ErasedStorage {
    async fn top(&self) -> Result<(Topoheight, BlockMetadata), StorageError> {
        self.0.top().await
    }

    async fn assets(&self) -> Result<BTreeSet<AssetId>, StorageError> {
        self.0.assets().await
    }

    async fn account(&self, account: AccountKey) -> Result<Option<StoredAccount>, StorageError> {
        self.0.account(account).await
    }

    async fn balance(&self, account: AccountKey, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        self.0.balance(account, asset).await
    }

    async fn burned(&self, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        self.0.burned(asset).await
    }

    async fn executed_by(&self, transaction: Hash) -> Result<Option<Hash>, StorageError> {
        self.0.executed_by(transaction).await
    }

    async fn executed(&self, transaction: Hash) -> Result<Option<Executed>, StorageError> {
        self.0.executed(transaction).await
    }

    async fn metadata(&self, at: Topoheight) -> Result<BlockMetadata, StorageError> {
        self.0.metadata(at).await
    }

    async fn version_at(&self, key: StateKey, at: Topoheight) -> Result<Option<(Topoheight, Version)>, StorageError> {
        self.0.version_at(key, at).await
    }

    async fn commit(&self, batch: WriteBatch) -> Result<(), StorageError> {
        self.0.commit(batch).await
    }

    async fn rewind(&self, to: Topoheight) -> Result<(), StorageError> {
        self.0.rewind(to).await
    }
}
