//! Part of a live chain as a scenario: the blocks of one ordering run on the ledger as it was where the run began, cut down to
//! what they touch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::workload::{SCENARIO_VERSION, Scenario, Step};
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{
    AccountKey, AssetId, Block, Energy, Genesis, GenesisAccount, MultiSigConfig, Parameters, SealedBlock, Topoheight,
};
use seriatim_tos::storage::{StateKey, StateValue, Storage, StorageError};

/// The scenario of an ordering run that began on the top `below`. `run` has its blocks from the first on; all but the last of
/// them are in the ledger, and later ones may be. The blocks come out as they went in: signatures cover what transactions refer
/// to, so nothing in them could be made to fit another place. Run from its genesis, the scenario gives the receipts, and
/// at the same topoheights the same values, that the chain came to; the versions link to others, since those below are not there.
///
/// What is versioned is read as it was at `below`: nonces (which tell who was registered), balances, multisigs, energies and
/// burned amounts, also a value that is no longer the newest. Metadata and executed marks have their topoheight. The known assets
/// have none, and never change. The orphan set is not read: no result depends on it.
///
/// # Errors
/// The storage's; `Failed` if a block of the run is not where it should be, because the chain was rewound since.
pub async fn capture<S: Storage>(
    storage: &S,
    parameters: &Parameters,
    below: Topoheight,
    run: &[Arc<SealedBlock>],
) -> Result<Scenario, StorageError> {
    check_place(storage, below, run).await?;
    let genesis = genesis_at(storage, parameters, below, run).await?;
    // What was read is of this chain only if it still stood when all was read.
    check_place(storage, below, run).await?;
    let blocks = run.iter().map(|block| Block::clone(block)).collect();
    Ok(Scenario { version: SCENARIO_VERSION, parameters: parameters.clone(), genesis, steps: vec![Step::Run(blocks)] })
}

/// Whether the run's blocks stand above `below`, the last one apart, which may be aborted.
async fn check_place<S: Storage>(storage: &S, below: Topoheight, run: &[Arc<SealedBlock>]) -> Result<(), StorageError> {
    let committed = &run[..run.len().saturating_sub(1)];
    for (block, at) in committed.iter().zip(below + 1..) {
        let (wanted, found) = (block.hash(), storage.metadata(at).await?.block);
        if wanted != found {
            return Err(StorageError::Failed(format!("block {wanted} is not at {at} any more, but {found}")));
        }
    }
    Ok(())
}

/// What `run` touches of the ledger, as it was at `below`.
async fn genesis_at<S: Storage>(
    storage: &S,
    parameters: &Parameters,
    below: Topoheight,
    run: &[Arc<SealedBlock>],
) -> Result<Genesis, StorageError> {
    let mut touched: BTreeMap<AccountKey, BTreeSet<AssetId>> = BTreeMap::new();
    let mut burned = BTreeSet::from([AssetId::TOS]);
    let mut touch = |account, assets: BTreeSet<AssetId>| touched.entry(account).or_default().extend(assets);
    touch(parameters.dev_account, [AssetId::TOS].into());
    for block in run {
        touch(block.miner, [AssetId::TOS].into());
        for transaction in &block.transactions {
            let footprint = footprint(&transaction.body);
            footprint.accounts.into_iter().for_each(|(account, assets)| touch(account, assets));
            burned.extend(footprint.burned);
        }
    }

    let known = storage.assets().await?;
    let named = touched.values().flatten().chain(&burned).filter(|asset| known.contains(asset));
    let mut genesis = Genesis {
        assets: named.copied().filter(|asset| *asset != AssetId::TOS).collect(),
        emitted_supply: storage.metadata(below).await?.emitted_supply,
        topoheight: below,
        ..Genesis::default()
    };
    let reader = Reader { storage, below };
    for (account, assets) in touched {
        if let Some(entry) = reader.account(account, assets).await? {
            genesis.accounts.insert(account, entry);
        }
    }
    for asset in burned {
        if let Some(amount) = reader.value(StateKey::Burned(asset), amount).await? {
            genesis.burned.insert(asset, amount);
        }
    }
    for transaction in run.iter().flat_map(|block| &block.transactions) {
        let hash = transaction.hash();
        let before = storage.executed(hash).await?.filter(|executed| executed.topoheight <= below);
        genesis.executed.extend(before.map(|executed| (hash, executed.block)));
    }
    Ok(genesis)
}

/// The ledger as it was at one topoheight.
struct Reader<'a, S> {
    storage: &'a S,
    below: Topoheight,
}

impl<S: Storage> Reader<'_, S> {
    /// None: not registered. Whoever is has a nonce, written as it was registered.
    async fn account(
        &self,
        account: AccountKey,
        assets: BTreeSet<AssetId>,
    ) -> Result<Option<GenesisAccount>, StorageError> {
        let Some(nonce) = self.value(StateKey::Nonce(account), nonce).await? else { return Ok(None) };
        let mut balances = BTreeMap::new();
        for asset in assets {
            if let Some(amount) = self.value(StateKey::Balance(account, asset), amount).await? {
                balances.insert(asset, amount);
            }
        }
        let multisig = self.value(StateKey::MultiSig(account), multisig).await?;
        let energy = self.value(StateKey::Energy(account), energy).await?;
        Ok(Some(GenesisAccount { nonce, balances, multisig, energy }))
    }

    async fn value<T>(
        &self,
        key: StateKey,
        read: impl FnOnce(StateValue) -> Option<T>,
    ) -> Result<Option<T>, StorageError> {
        let Some((topoheight, version)) = self.storage.version_at(key, self.below).await? else { return Ok(None) };
        read(version.value).map(Some).ok_or(StorageError::WrongKind { key, topoheight })
    }
}

fn nonce(value: StateValue) -> Option<u64> {
    match value {
        StateValue::Nonce(nonce) => Some(nonce),
        _ => None,
    }
}

fn amount(value: StateValue) -> Option<u64> {
    match value {
        StateValue::Amount(amount) => Some(amount),
        _ => None,
    }
}

/// A deleted one is a version too: without it, one set and deleted again in a block would be written.
fn multisig(value: StateValue) -> Option<MultiSigConfig> {
    match value {
        StateValue::MultiSig(config) => Some(config.unwrap_or(MultiSigConfig::DELETED)),
        _ => None,
    }
}

fn energy(value: StateValue) -> Option<Energy> {
    match value {
        StateValue::Energy(energy) => Some(energy),
        _ => None,
    }
}
