//! Parts of a ledger as they were at some topoheight, read from the versions: what was there to begin a segment or a run with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use seriatim_lab::capture;
use seriatim_lab::workload::Scenario;
use seriatim_runtime::Native;
use seriatim_tos::chain::{Blockchain, ExecutionPath};
use seriatim_tos::execution::{BlockError, NonceChecker, ParallelExecutor};
use seriatim_tos::ledger::{AccountKey, AssetId, Parameters, SealedBlock, Topoheight};
use seriatim_tos::storage::{LedgerState, MemoryStorage, StateKey, StorageError};

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
    ledger.metadata.insert(top, storage.metadata(top).await?);
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

/// What an ordering run that began on `below` has used after `blocks`, which are in the ledger: they are executed again, in
/// memory.
///
/// # Errors
/// Whatever the storage reports; blocks that are not where they should be.
pub(super) async fn nonces_of_run<S: NodeStorage>(
    storage: &S,
    parameters: &Parameters,
    below: Topoheight,
    blocks: &[Arc<SealedBlock>],
) -> Result<NonceChecker, BlockError> {
    let Scenario { genesis, .. } = capture(storage, parameters, below, blocks).await?;
    let ledger = MemoryStorage::from_state(LedgerState::from_genesis(&genesis));
    let executor = ParallelExecutor::new(Native::with_hash_seed(0), 1).expect("one is not none");
    let mut chain = Blockchain::new(Arc::new(ledger), parameters.clone(), executor);
    let mut run = chain.ordering_run();
    for block in blocks {
        run.apply(block, ExecutionPath::Sequential).await?;
    }
    Ok(run.into_nonces())
}
