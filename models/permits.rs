//! The executor's bound on tasks in flight, also when a task panics in a storage layer, and what is left of a block whose
//! execution is dropped half-way.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use seriatim_runtime::{AtomicU64, Ordering, Probed, Runtime, Semaphore, TaskError, TaskIndex};
use seriatim_tos::execution::{BlockError, ParallelExecutor, TaskFailure, TaskFailureCause};
use seriatim_tos::ledger::{AssetId, Receipt};
use seriatim_tos::storage::{Layer, Read, StorageError};

use super::fixtures::{Case, Nothing, ON_PURPOSE, Setup, genesis, key, pay};
use super::joined::Joined;

/// Payments that share no account: all in one batch.
pub fn payments(width: u8) -> Setup {
    Setup::new(
        &genesis(1..=2 * width),
        (0..width).map(|pair| pay(2 * pair + 1, AssetId::TOS, &[2 * pair + 2])).collect(),
    )
}

/// Panics where the first transaction reads its source.
#[derive(Clone, Copy)]
pub struct Strike;

impl Layer for Strike {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        assert!(read != Read::Account(key(1)), "{ON_PURPOSE}");
        Ok(())
    }
}

pub async fn no_more_tasks_than_permits<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let permits = usize::from(width);
    let runtime = Probed::new(runtime);
    let setup = payments(width + 1);
    let disk = setup.disk(&runtime, Nothing);
    let state = setup.open(&runtime, &disk).await;
    let executor = ParallelExecutor::new(runtime.clone(), permits).unwrap();
    let receipts = executor.execute(&state, &setup.block).await.unwrap();
    let figures = runtime.take_figures();
    assert_eq!(figures.spawned, permits + 1);
    assert!(figures.peak_in_flight <= permits, "{figures:?}");
    if figures.peak_in_flight == permits {
        events.reached("every permit in use");
    }
    setup.assert_sequential(state, receipts);
}

/// One permit: were it lost with the task that panics, the next task would never be spawned.
pub async fn a_panic_returns_the_only_permit<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    struck(runtime, width, 1).await;
    events.reached("went on");
}

/// The task that panics holds one permit of several.
pub async fn a_panic_is_told_of_its_own_transaction<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let order = struck(runtime, width, width.into()).await;
    events.reached(if order[0] == TaskIndex(0) { "struck first" } else { "struck last" });
}

/// Fails where the first transaction reads what its source owns.
struct Fail;

impl Layer for Fail {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        match read {
            Read::Balance(account, _) if account == key(1) => Err(StorageError::Failed(ON_PURPOSE.to_owned())),
            _ => Ok(()),
        }
    }
}

/// What cannot be read is not empty: the block fails, whatever the tasks beside it come to.
pub async fn a_failed_read_fails_the_block<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let runtime = Joined::new(runtime);
    let setup = payments(width);
    let disk = setup.disk(&runtime, Fail);
    let state = setup.open(&runtime, &disk).await;
    let executor = ParallelExecutor::new(runtime.clone(), width.into()).unwrap();
    let failed = executor.execute(&state, &setup.block).await;
    assert_eq!(failed, Err(BlockError::Storage(StorageError::Failed(ON_PURPOSE.to_owned()))));
    events.reached(if runtime.order()[0] == TaskIndex(0) { "failed first" } else { "failed last" });
}

async fn struck<R: Runtime>(runtime: R, width: u8, permits: usize) -> Vec<TaskIndex> {
    let runtime = Joined::new(runtime);
    let setup = payments(width);
    let disk = setup.disk(&runtime, Strike);
    let state = setup.open(&runtime, &disk).await;
    let executor = ParallelExecutor::new(runtime.clone(), permits).unwrap();
    let Err(BlockError::Tasks(results)) = executor.execute(&state, &setup.block).await else {
        panic!("a task panicked")
    };
    let hash = setup.block.transactions[0].hash();
    let cause = TaskFailureCause::Task(TaskError::Panicked(ON_PURPOSE.to_owned()));
    assert_eq!(results[0], Err(TaskFailure { hash, cause }));
    assert!(results[1..].iter().all(|result| matches!(result, Ok(Receipt::Executed { .. }))));
    runtime.order()
}

/// A storage that holds a permit for as long as anybody holds the storage.
struct Holds<P>(Mutex<Option<P>>);

impl<P: Send + 'static> Layer for Holds<P> {}

/// What a node does when it shuts down while a block runs.
pub async fn a_dropped_execution_lets_go_of_everything<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let runtime = Probed::new(runtime);
    let in_use = runtime.semaphore("storage in use", 1);
    let point = runtime.atomic_u64("point", 0);
    let setup = payments(width);
    let disk = setup.disk(&runtime, Holds(Mutex::new(Some(in_use.acquire().await))));
    let state = setup.open(&runtime, &disk).await;
    drop(disk);
    let executor = ParallelExecutor::new(runtime.clone(), width.into()).unwrap();
    {
        let mut execution = pin!(executor.execute(&state, &setup.block));
        let ended = poll_fn(|context| Poll::Ready(execution.as_mut().poll(context).is_ready())).await;
        // Somewhere on the tasks' way.
        point.load(Ordering::Relaxed);
        runtime.yield_now().await;
        if !ended {
            events.reached("cancelled");
        }
        if Arc::strong_count(&state) == usize::from(width) {
            events.reached("cancelled when one task had ended");
        }
    }
    drop(state);
    // Comes back with the last handle of the last task.
    drop(in_use.acquire().await);
}
