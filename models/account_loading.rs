//! Two transactions load one account at the same time: whoever comes late must neither lose nor undo the other's change.
//! The executor never lets two transactions share an account; this protocol holds without that, so it is tried
//! without: both credit a new account, in different assets; or one credits a balance that the other only loads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use seriatim_runtime::{JoinSet, Runtime};
use seriatim_tos::ledger::AssetId;
use seriatim_tos::storage::{Layer, Read, StorageError};

use super::fixtures::{Case, Events, OTHER, Setup, genesis, key, pay};

const SHARED: u8 = 9;

/// Watches the reads of the shared account.
#[derive(Clone, Default)]
struct Watch {
    loads: Arc<AtomicUsize>,
    /// The first transaction was still at work when the second began to load.
    overlaps: Arc<AtomicBool>,
    first_ended: Arc<AtomicBool>,
    events: Events,
}

impl Layer for Watch {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        if read == Read::Account(key(SHARED)) {
            self.loads.fetch_add(1, SeqCst);
            self.overlaps.store(!self.first_ended.load(SeqCst), SeqCst);
        }
        if read == Read::Balance(key(SHARED), OTHER) && self.first_ended.load(SeqCst) && self.overlaps.load(SeqCst) {
            self.events.reached("committed while the other loads");
        }
        Ok(())
    }
}

pub async fn two_loads_of_an_account_keep_both_changes<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width: _ } = case;
    let transactions = vec![pay(1, AssetId::TOS, &[SHARED]), pay(2, OTHER, &[SHARED])];
    let setup = Setup::new(&genesis([1, 2]), transactions);
    let watch = Watch { events: events.clone(), ..Watch::default() };
    let disk = setup.disk(&runtime, watch.clone());
    let state = setup.open(&runtime, &disk).await;
    let mut tasks = runtime.join_set("loaders");
    for tx_index in 0..2 {
        let (state, block, ended) = (Arc::clone(&state), Arc::clone(&setup.block), Arc::clone(&watch.first_ended));
        tasks.spawn(async move {
            let receipt = state.run(block.transaction(tx_index)).await.unwrap();
            ended.fetch_or(tx_index == 0, SeqCst);
            receipt
        });
    }
    let mut receipts = [None, None];
    while let Some((task, receipt)) = tasks.join_next().await {
        receipts[task.0] = Some(receipt.unwrap());
    }
    setup.assert_sequential(state, receipts.into_iter().flatten().collect());
    events.reached(if watch.loads.load(SeqCst) == 1 { "loaded once" } else { "loaded twice" });
}

/// Counts the reads of the shared balance.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Layer for Count {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        self.0.fetch_add(usize::from(read == Read::Balance(key(SHARED), OTHER)), SeqCst);
        Ok(())
    }
}

/// The second transaction has no source, so it is orphaned, but not before it has loaded what it names.
pub async fn a_late_load_of_a_balance_undoes_nothing<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width: _ } = case;
    let setup = Setup::new(&genesis([1]), vec![pay(1, OTHER, &[SHARED]), pay(2, OTHER, &[SHARED])]);
    let count = Count::default();
    let disk = setup.disk(&runtime, count.clone());
    let state = setup.open(&runtime, &disk).await;
    let mut tasks = runtime.join_set("loaders");
    for tx_index in 0..2 {
        let (state, block) = (Arc::clone(&state), Arc::clone(&setup.block));
        tasks.spawn(async move { state.run(block.transaction(tx_index)).await.unwrap() });
    }
    let mut receipts = [None, None];
    while let Some((task, receipt)) = tasks.join_next().await {
        receipts[task.0] = Some(receipt.unwrap());
    }
    setup.assert_sequential(state, receipts.into_iter().flatten().collect());
    events.reached(if count.0.load(SeqCst) == 1 { "loaded once" } else { "loaded twice" });
}
