//! Parts of a ledger as they were at some topoheight, read from the versions: what was there to begin a segment or a run with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::chain::{Blockchain, ExecutionPath};
use crate::execution::{BlockError, NonceChecker, ParallelExecutor};
use crate::ledger::rules::footprint;
use crate::ledger::{AccountKey, AssetId, Block, Parameters, Topoheight};
use crate::runtime::Native;
use crate::storage::{Executed, LedgerState, MemoryStorage, StateKey, StorageError};

use super::NodeStorage;

/// Accounts, and of each of them the assets whose balances count.
pub(super) type Parts = BTreeMap<AccountKey, BTreeSet<AssetId>>;

/// The ledger at `top`, as far as it concerns `parts` and what is burned: newest versions alone. Costs a few reads an account.
///
/// # Errors
/// Whatever the storage reports.
pub(super) async fn ledger_at<S: NodeStorage>(
    storage: &S,
    parts: &Parts,
    top: Topoheight,
) -> Result<LedgerState, StorageError> {
    let assets = storage.assets().await?;
    let mut ledger = LedgerState { top, assets, ..LedgerState::default() };
    ledger.metadata.insert(top, storage.metadata_at(top)?);
    let mut keys: Vec<StateKey> = ledger.assets.iter().copied().map(StateKey::Burned).collect();
    for (&account, assets) in parts {
        let registered = storage.account(account).await?.map(|stored| stored.registered);
        if let Some(registered) = registered.filter(|registered| *registered <= top) {
            ledger.registrations.insert(account, registered);
            keys.extend([StateKey::Nonce(account), StateKey::MultiSig(account), StateKey::Energy(account)]);
            keys.extend(assets.iter().map(|asset| StateKey::Balance(account, *asset)));
        }
    }
    for key in keys {
        if let Some((topoheight, version)) = storage.version_at(key, top).await? {
            ledger.versions.entry(key).or_default().insert(topoheight, version);
            ledger.newest.insert(key, topoheight);
        }
    }
    Ok(ledger)
}

/// What an ordering run that began at `base` has used after `blocks`, which are in the ledger: they are executed again, in
/// memory.
///
/// # Errors
/// Whatever the storage reports; a block that is not executed as it was.
pub(super) async fn nonces_of_run<S: NodeStorage>(
    storage: &S,
    parameters: &Parameters,
    base: Topoheight,
    blocks: &[Arc<Block>],
) -> Result<NonceChecker, BlockError> {
    let tos = || BTreeSet::from([AssetId::TOS]);
    let mut parts = Parts::from([(parameters.dev_account, tos())]);
    for block in blocks {
        parts.entry(block.miner).or_default().insert(AssetId::TOS);
        for tx in &block.transactions {
            for (account, assets) in footprint(&tx.body).accounts {
                parts.entry(account).or_default().extend(assets);
            }
        }
    }
    let mut ledger = ledger_at(storage, &parts, base).await?;
    let own: BTreeSet<_> = blocks.iter().map(|block| block.hash()).collect();
    for tx in blocks.iter().flat_map(|block| &block.transactions) {
        let hash = tx.hash();
        if let Some(block) = storage.executed_by(hash).await?.filter(|block| !own.contains(block)) {
            ledger.executed.insert(hash, Executed { topoheight: base, block });
        }
    }
    let executor = ParallelExecutor::new(Native::with_hash_seed(0), 1).expect("one is not none");
    let mut chain = Blockchain::new(Arc::new(MemoryStorage::from_state(ledger)), parameters.clone(), executor);
    let mut run = chain.ordering_run();
    for block in blocks {
        run.apply(block, ExecutionPath::Sequential).await?;
    }
    Ok(run.into_nonces())
}
