//! A storage with something done around its calls: recording, suspending, failing on purpose. The forwarding is
//! written once, here; a layer says only what it adds.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ledger::{AccountKey, Amount, AssetId, BlockMetadata, Hash, Topoheight};
use seriatim_runtime::{Runtime, on_behalf};

use super::{Executed, Newest, StateKey, Storage, StorageError, StoredAccount, Version, WriteBatch};

/// What a layer makes a call wait for. The call fails if it does.
pub type Pause<'a> = Pin<Box<dyn Future<Output = Result<(), StorageError>> + Send + 'a>>;

/// What is added to a storage. The defaults add nothing. Only a layer that suspends costs an allocation.
pub trait Layer: Send + Sync + 'static {
    /// Runs before each read; an error is the read's result.
    ///
    /// # Errors
    /// Whatever the layer injects.
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        let _ = read;
        Ok(())
    }

    /// Suspends a read, after [`Self::before_read`].
    fn suspend_read(&self, read: Read) -> Option<Pause<'_>> {
        let _ = read;
        None
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

    /// Suspends a commit or a rewind before the inner storage does it.
    fn suspend_write(&self) -> Option<Pause<'_>> {
        None
    }

    /// Suspends a commit or a rewind after the inner storage has done it. An error is ignored: what is written stays.
    fn suspend_written(&self) -> Option<Pause<'_>> {
        None
    }

    /// Runs after each batch that the inner storage accepted.
    fn after_commit(&self, batch: &WriteBatch) {
        let _ = batch;
    }
}

/// A layer that its owner looks at, too.
impl<L: Layer + ?Sized> Layer for Arc<L> {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        L::before_read(self, read)
    }

    fn suspend_read(&self, read: Read) -> Option<Pause<'_>> {
        L::suspend_read(self, read)
    }

    fn before_commit(&self, batch: &mut WriteBatch) -> Result<(), StorageError> {
        L::before_commit(self, batch)
    }

    fn before_rewind(&self, to: Topoheight) -> Result<(), StorageError> {
        L::before_rewind(self, to)
    }

    fn suspend_write(&self) -> Option<Pause<'_>> {
        L::suspend_write(self)
    }

    fn suspend_written(&self) -> Option<Pause<'_>> {
        L::suspend_written(self)
    }

    fn after_commit(&self, batch: &WriteBatch) {
        L::after_commit(self, batch);
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

/// `inner` with layers around it. Their types are erased, so that executors are compiled once for all combinations of them.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use seriatim_testkit::ledger::genesis;
/// use seriatim_tos::storage::{Layer, Layered, MemoryStorage, Read, Storage, StorageError};
///
/// /// A disk on which nothing can be read.
/// struct Unreadable;
///
/// impl Layer for Unreadable {
///     fn before_read(&self, _: Read) -> Result<(), StorageError> {
///         Err(StorageError::Failed("no such sector".to_owned()))
///     }
/// }
///
/// let memory = Arc::new(MemoryStorage::new(&genesis([1])).unwrap());
/// let storage = Layered::new(memory, Unreadable);
/// let top = seriatim_testkit::wait(storage.top());
/// assert_eq!(top.unwrap_err().to_string(), "storage failed: no such sector");
/// ```
pub struct Layered<S> {
    inner: Arc<S>,
    /// The innermost comes first.
    layers: Vec<Box<dyn Layer>>,
}

impl<S: fmt::Debug> fmt::Debug for Layered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner, layers } = self;
        f.debug_struct("Layered").field("inner", inner).field("layers", &layers.len()).finish()
    }
}

impl<S: Storage> Layered<S> {
    /// Puts `layer` around `inner`.
    pub fn new(inner: Arc<S>, layer: impl Layer) -> Self {
        Self { inner, layers: vec![Box::new(layer)] }
    }

    /// Puts another layer around those that are there.
    #[must_use]
    pub fn with(mut self, layer: impl Layer) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// Passes a read through the layers, from the outermost to the innermost.
    async fn reading(&self, read: Read, caller: &'static Location<'static>) -> Result<(), StorageError> {
        for layer in self.layers.iter().rev() {
            on_behalf(caller, || layer.before_read(read))?;
            if let Some(pause) = on_behalf(caller, || layer.suspend_read(read)) {
                pause.await?;
            }
        }
        Ok(())
    }

    /// Lets the layers know that the inner storage has written, from the innermost to the outermost.
    async fn written(&self, batch: Option<&WriteBatch>, caller: &'static Location<'static>) {
        for layer in &self.layers {
            if let Some(batch) = batch {
                layer.after_commit(batch);
            }
            if let Some(pause) = on_behalf(caller, || layer.suspend_written()) {
                // The inner storage keeps what it has written.
                let _ = pause.await;
            }
        }
    }
}

impl<S: Storage> Storage for Layered<S> {
    #[track_caller]
    fn top(&self) -> impl Future<Output = Result<(Topoheight, BlockMetadata), StorageError>> + Send {
        let caller = Location::caller();
        async move {
            self.reading(Read::Top, caller).await?;
            self.inner.top().await
        }
    }

    #[track_caller]
    fn assets(&self) -> impl Future<Output = Result<BTreeSet<AssetId>, StorageError>> + Send {
        let caller = Location::caller();
        async move {
            self.reading(Read::Assets, caller).await?;
            self.inner.assets().await
        }
    }

    #[track_caller]
    fn account(&self, account: AccountKey) -> impl Future<Output = Result<Option<StoredAccount>, StorageError>> + Send {
        let caller = Location::caller();
        async move {
            self.reading(Read::Account(account), caller).await?;
            self.inner.account(account).await
        }
    }

    #[track_caller]
    fn balance(
        &self,
        account: AccountKey,
        asset: AssetId,
    ) -> impl Future<Output = Result<Option<Newest<Amount>>, StorageError>> + Send {
        let caller = Location::caller();
        async move {
            self.reading(Read::Balance(account, asset), caller).await?;
            self.inner.balance(account, asset).await
        }
    }

    #[track_caller]
    fn burned(&self, asset: AssetId) -> impl Future<Output = Result<Option<Newest<Amount>>, StorageError>> + Send {
        let caller = Location::caller();
        async move {
            self.reading(Read::Burned(asset), caller).await?;
            self.inner.burned(asset).await
        }
    }

    #[track_caller]
    fn executed_by(&self, transaction: Hash) -> impl Future<Output = Result<Option<Hash>, StorageError>> + Send {
        let caller = Location::caller();
        async move {
            self.reading(Read::ExecutedBy(transaction), caller).await?;
            self.inner.executed_by(transaction).await
        }
    }

    #[track_caller]
    fn executed(&self, transaction: Hash) -> impl Future<Output = Result<Option<Executed>, StorageError>> + Send {
        let caller = Location::caller();
        async move {
            self.reading(Read::Executed(transaction), caller).await?;
            self.inner.executed(transaction).await
        }
    }

    #[track_caller]
    fn metadata(&self, at: Topoheight) -> impl Future<Output = Result<BlockMetadata, StorageError>> + Send {
        let caller = Location::caller();
        async move {
            self.reading(Read::Metadata(at), caller).await?;
            self.inner.metadata(at).await
        }
    }

    #[track_caller]
    fn version_at(
        &self,
        key: StateKey,
        at: Topoheight,
    ) -> impl Future<Output = Result<Option<(Topoheight, Version)>, StorageError>> + Send {
        let caller = Location::caller();
        async move {
            self.reading(Read::VersionAt(key, at), caller).await?;
            self.inner.version_at(key, at).await
        }
    }

    #[track_caller]
    fn commit(&self, mut batch: WriteBatch) -> impl Future<Output = Result<(), StorageError>> + Send {
        let caller = Location::caller();
        async move {
            for layer in self.layers.iter().rev() {
                on_behalf(caller, || layer.before_commit(&mut batch))?;
                if let Some(pause) = on_behalf(caller, || layer.suspend_write()) {
                    pause.await?;
                }
            }
            self.inner.commit(batch.clone()).await?;
            self.written(Some(&batch), caller).await;
            Ok(())
        }
    }

    #[track_caller]
    fn rewind(&self, to: Topoheight) -> impl Future<Output = Result<(), StorageError>> + Send {
        let caller = Location::caller();
        async move {
            for layer in self.layers.iter().rev() {
                on_behalf(caller, || layer.before_rewind(to))?;
                if let Some(pause) = on_behalf(caller, || layer.suspend_write()) {
                    pause.await?;
                }
            }
            self.inner.rewind(to).await?;
            self.written(None, caller).await;
            Ok(())
        }
    }
}

/// Every read yields to the runtime first, as a node's storage does when it goes to disk: other tasks run between
/// a look and its use.
#[derive(Clone, Debug)]
pub struct Suspend<R>(pub R);

impl<R: Runtime> Layer for Suspend<R> {
    fn suspend_read(&self, _read: Read) -> Option<Pause<'_>> {
        Some(Box::pin(async {
            self.0.yield_now().await;
            Ok(())
        }))
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
