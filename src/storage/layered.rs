//! A storage with something done around its calls: recording, suspending, failing on purpose. The forwarding is
//! written once, here; a layer says only what it adds.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ledger::{AccountKey, Amount, AssetId, BlockMetadata, Hash, Topoheight};
use crate::runtime::Runtime;

use super::{Executed, Newest, StateKey, Storage, StorageError, StoredAccount, Version, WriteBatch};

/// What is added to a storage. The defaults add nothing.
pub trait Layer: Send + Sync + 'static {
    /// Runs before each read; an error is the read's result.
    fn before_read(&self, read: Read) -> impl Future<Output = Result<(), StorageError>> + Send {
        let _ = read;
        async { Ok(()) }
    }

    /// Runs before each commit and may change what is written, as a fault would; an error is the commit's result.
    ///
    /// # Errors
    /// Whatever the layer injects.
    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        let _ = batch;
        Ok(())
    }

    /// Runs before each rewind; an error is the rewind's result.
    ///
    /// # Errors
    /// Whatever the layer injects.
    fn before_rewind(&self, to: Topoheight) -> Result<(), StorageError> {
        let _ = to;
        Ok(())
    }

    /// Runs before each commit and each rewind, after what is called by its name, and may suspend; an error is the result.
    fn before_write(&self) -> impl Future<Output = Result<(), StorageError>> + Send {
        async { Ok(()) }
    }

    /// Runs after each commit and each rewind that the inner storage has done, last, and may suspend.
    fn after_write(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Runs after each batch that the inner storage accepted.
    fn after_commit(&self, batch: &WriteBatch) {
        let _ = batch;
    }
}

/// Which read is about to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    Top,
    Assets,
    Account(AccountKey),
    Balance(AccountKey, AssetId),
    Burned(AssetId),
    ExecutedBy(Hash),
    Executed(Hash),
    Metadata(Topoheight),
    VersionAt(StateKey, Topoheight),
}

/// `inner` with `layer` around it.
#[derive(Debug)]
pub struct Layered<S, L> {
    inner: Arc<S>,
    layer: L,
}

impl<S: Storage, L: Layer> Layered<S, L> {
    /// Puts `layer` around `inner`.
    pub fn new(inner: Arc<S>, layer: L) -> Self {
        Self { inner, layer }
    }

    /// The layer, for what it collected.
    pub fn layer(&self) -> &L {
        &self.layer
    }
}

impl<S: Storage, L: Layer> Storage for Layered<S, L> {
    async fn top(&self) -> Result<(Topoheight, BlockMetadata), StorageError> {
        self.layer.before_read(Read::Top).await?;
        self.inner.top().await
    }

    async fn assets(&self) -> Result<BTreeSet<AssetId>, StorageError> {
        self.layer.before_read(Read::Assets).await?;
        self.inner.assets().await
    }

    async fn account(&self, account: AccountKey) -> Result<Option<StoredAccount>, StorageError> {
        self.layer.before_read(Read::Account(account)).await?;
        self.inner.account(account).await
    }

    async fn balance(&self, account: AccountKey, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        self.layer.before_read(Read::Balance(account, asset)).await?;
        self.inner.balance(account, asset).await
    }

    async fn burned(&self, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        self.layer.before_read(Read::Burned(asset)).await?;
        self.inner.burned(asset).await
    }

    async fn executed_by(&self, transaction: Hash) -> Result<Option<Hash>, StorageError> {
        self.layer.before_read(Read::ExecutedBy(transaction)).await?;
        self.inner.executed_by(transaction).await
    }

    async fn executed(&self, transaction: Hash) -> Result<Option<Executed>, StorageError> {
        self.layer.before_read(Read::Executed(transaction)).await?;
        self.inner.executed(transaction).await
    }

    async fn metadata(&self, at: Topoheight) -> Result<BlockMetadata, StorageError> {
        self.layer.before_read(Read::Metadata(at)).await?;
        self.inner.metadata(at).await
    }

    async fn version_at(&self, key: StateKey, at: Topoheight) -> Result<Option<(Topoheight, Version)>, StorageError> {
        self.layer.before_read(Read::VersionAt(key, at)).await?;
        self.inner.version_at(key, at).await
    }

    async fn commit(&self, mut batch: WriteBatch) -> Result<(), StorageError> {
        self.layer.before_commit(&mut batch)?;
        self.layer.before_write().await?;
        self.inner.commit(batch.clone()).await?;
        self.layer.after_commit(&batch);
        self.layer.after_write().await;
        Ok(())
    }

    async fn rewind(&self, to: Topoheight) -> Result<(), StorageError> {
        self.layer.before_rewind(to)?;
        self.layer.before_write().await?;
        self.inner.rewind(to).await?;
        self.layer.after_write().await;
        Ok(())
    }
}

/// Every read yields to the runtime first, as a node's storage does when it goes to disk: other tasks run between
/// a look and its use.
#[derive(Clone, Debug)]
pub struct Suspend<R>(pub R);

impl<R: Runtime> Layer for Suspend<R> {
    async fn before_read(&self, _read: Read) -> Result<(), StorageError> {
        self.0.yield_now().await;
        Ok(())
    }
}

/// Keeps a copy of every committed batch, in order.
#[derive(Debug, Default)]
pub struct Record {
    batches: Mutex<Vec<WriteBatch>>,
}

impl Record {
    /// The batches since the last call, oldest first.
    pub fn take(&self) -> Vec<WriteBatch> {
        std::mem::take(&mut self.batches.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Layer for Record {
    fn after_commit(&self, batch: &WriteBatch) {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(batch.clone());
    }
}
