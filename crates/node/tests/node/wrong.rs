//! Every fault is reported, and the chain is right wherever the sequential path is.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use seriatim_campaign::Conclusion;
use seriatim_lab::workload::DevnetContent;
use seriatim_node::{Keeper, Node, NodeState, NodeStorage, Origin};
use seriatim_tos::chain::{
    ExecutionPath, NativeShadow, RecentMismatches, ShadowBlock, ShadowExecutor, ShadowFuture, ShadowThreads,
};
use seriatim_tos::ledger::{AccountKey, Amount, AssetId, BlockMetadata, Hash, Topoheight};
use seriatim_tos::storage::{
    Executed, MemoryStorage, Newest, StateKey, Storage, StorageError, StoredAccount, Version, WriteBatch, WriteOp,
};
use seriatim_triage::report::Artifact;

use crate::chains::*;

/// V3 whose last write is missing while it is wrong.
struct Forgetful(Arc<AtomicBool>);

impl ShadowExecutor for Forgetful {
    fn execute(&self, given: ShadowBlock) -> ShadowFuture {
        let right = NativeShadow::new(ExecutionPath::Parallel, 2, 7).unwrap().execute(given);
        let is_wrong = Arc::clone(&self.0);
        Box::pin(async move {
            let mut prepared = right.await?;
            if is_wrong.load(Relaxed) {
                prepared.batch.ops.pop();
            }
            Ok(prepared)
        })
    }
}

pub fn wrong_while(is_wrong: &Arc<AtomicBool>) -> ShadowThreads {
    ShadowThreads::new(Arc::new(Forgetful(Arc::clone(is_wrong))), NonZeroUsize::new(2).unwrap()).unwrap()
}

#[test]
fn a_wrong_shadow_is_told_and_the_chain_is_right() {
    let devnet = devnet(3, DevnetContent::Plans, 15);
    let told = RecentMismatches::new(NonZeroUsize::new(1_000).unwrap());
    let shadow = wrong_while(&Arc::new(AtomicBool::new(true)));
    let folder = tempfile::tempdir().unwrap();
    let keeper = Keeper::new(told.clone(), "parallel", folder.path().join("kept")).unwrap();
    let report = run(in_memory(devnet, testing_with(shadow).with_sink(told)).with_keeper(keeper), 60);
    assert_eq!(report.conclusion(), (Some(Conclusion::Violation), None), "{report}");
    assert_eq!(report.test_mode.percent_matched, Some(0.0));
    assert_eq!(report.test_mode.mismatched, [("writes", report.outcome.blocks)].into());
    // Kept with the ledger and the blocks of its ordering run, and told once.
    assert_eq!(report.mismatches.len(), 16);
    let path = report.mismatches[0].artifact.as_ref().unwrap();
    let artifact = Artifact::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(artifact.scenario.blocks().last().unwrap().hash(), report.mismatches[0].mismatch.block);
    assert!(report.to_string().contains("seriatim replay"), "{report}");
    assert_eq!((report.divergence, report.blocks_compared), (None, report.outcome.blocks));
    assert_eq!(report.ledger_digest, run(in_memory(devnet, sequential()), 60).ledger_digest);
}

/// A ledger that loses one unit of an account's TOS at some topoheights, whatever the executor did.
struct Leaky {
    ledger: MemoryStorage,
    at: Topoheight,
}

impl Storage for Leaky {
    async fn top(&self) -> Result<(Topoheight, BlockMetadata), StorageError> {
        self.ledger.top().await
    }

    async fn assets(&self) -> Result<BTreeSet<AssetId>, StorageError> {
        self.ledger.assets().await
    }

    async fn account(&self, account: AccountKey) -> Result<Option<StoredAccount>, StorageError> {
        self.ledger.account(account).await
    }

    async fn balance(&self, account: AccountKey, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        self.ledger.balance(account, asset).await
    }

    async fn burned(&self, asset: AssetId) -> Result<Option<Newest<Amount>>, StorageError> {
        self.ledger.burned(asset).await
    }

    async fn executed(&self, transaction: Hash) -> Result<Option<Executed>, StorageError> {
        self.ledger.executed(transaction).await
    }

    async fn metadata(&self, at: Topoheight) -> Result<BlockMetadata, StorageError> {
        self.ledger.metadata(at).await
    }

    async fn version_at(&self, key: StateKey, at: Topoheight) -> Result<Option<(Topoheight, Version)>, StorageError> {
        self.ledger.version_at(key, at).await
    }

    async fn commit(&self, mut batch: WriteBatch) -> Result<(), StorageError> {
        if batch.ops.contains(&WriteOp::Top(self.at)) {
            let of_balance = |op: &WriteOp| matches!(op, WriteOp::Put { key: StateKey::Balance(..), .. });
            let index = batch.ops.iter().position(of_balance).unwrap();
            batch.ops.remove(index);
        }
        self.ledger.commit(batch).await
    }

    async fn rewind(&self, to: Topoheight) -> Result<(), StorageError> {
        self.ledger.rewind(to).await
    }
}

impl NodeStorage for Leaky {
    fn note(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    fn set_note(&self, _note: &[u8]) -> Result<(), StorageError> {
        Ok(())
    }

    fn set_note_with_next_change(&self, _note: Vec<u8>) {}

    fn ledger_digest(&self) -> Result<Hash, StorageError> {
        self.ledger.ledger_digest()
    }
}

/// The node's own comparison with the reference, which the test mode does not need: both paths run on the same wrong ledger.
#[test]
fn a_ledger_that_is_not_the_references_is_told() {
    for at in [5, 50, 71] {
        let devnet = devnet(12, DevnetContent::Plans, 0);
        let ledger = MemoryStorage::from_state(genesis(devnet));
        let state = NodeState::new(Origin::Devnet(devnet), &genesis(devnet));
        let node: Node<Leaky> = open(Arc::new(Leaky { ledger, at }), state, devnet, testing(ExecutionPath::Parallel));
        let report = run(node, 120);
        assert_eq!(report.conclusion(), (Some(Conclusion::Violation), None), "{report}");
        let divergence = report.divergence.as_ref().unwrap();
        assert!((at..=at.next_multiple_of(50)).contains(&divergence.topoheight), "{divergence}");
        assert_eq!(report.test_mode.percent_matched, Some(100.0));
        assert!(report.to_string().contains("DIVERGENCE"), "{report}");
    }
}
