//! The executor's bound on workers, what is left when one panics in a storage layer, and what is left of a block whose
//! execution is dropped half-way.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;

use seriatim_runtime::{AtomicU64, Ordering, Probed, Runtime, Semaphore, TaskError, TaskIndex};
use seriatim_tos::execution::{BlockError, ParallelExecutor, TaskFailure, TaskFailureCause};
use seriatim_tos::ledger::{AssetId, Receipt};
use seriatim_tos::storage::{Layer, Read, StorageError};

use super::fixtures::{Case, Nothing, ON_PURPOSE, Setup, genesis, key, pay};
use super::joined::Joined;

/// Payments that share no account: nothing keeps them apart.
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

pub async fn no_more_workers_than_allowed<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let workers = usize::from(width);
    let runtime = Probed::new(runtime);
    let setup = payments(width + 1);
    let disk = setup.disk(&runtime, Nothing);
    let state = setup.open(&runtime, &disk).await;
    let executor = ParallelExecutor::new(runtime.clone(), workers).unwrap();
    let receipts = executor.execute(&state, &setup.block).await.unwrap();
    let figures = runtime.take_figures();
    assert_eq!(figures.spawned, workers);
    assert!(figures.peak_in_flight <= workers, "{figures:?}");
    if figures.peak_in_flight == workers {
        events.reached("every worker at work");
    }
    setup.assert_sequential(state, receipts);
}

/// Nobody is left who could run the others, so nothing waits for them.
pub async fn a_panic_of_the_only_worker_ends_the_block<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let (results, _) = struck(runtime, width, 1).await;
    let not_run = |result: &Result<Receipt, TaskFailure>| {
        matches!(result, Err(TaskFailure { cause: TaskFailureCause::NotRun, .. }))
    };
    assert!(results[1..].iter().all(not_run), "{results:?}");
    events.reached("ended");
}

/// The other workers run what is left.
pub async fn a_panic_is_told_of_its_own_transaction<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let (results, order) = struck(runtime, width, width.into()).await;
    assert!(results[1..].iter().all(|result| matches!(result, Ok(Receipt::Executed { .. }))), "{results:?}");
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

/// What each transaction came to, and the order in which workers ended.
async fn struck<R: Runtime>(
    runtime: R,
    width: u8,
    workers: usize,
) -> (Vec<Result<Receipt, TaskFailure>>, Vec<TaskIndex>) {
    let runtime = Joined::new(runtime);
    let setup = payments(width);
    let disk = setup.disk(&runtime, Strike);
    let state = setup.open(&runtime, &disk).await;
    let executor = ParallelExecutor::new(runtime.clone(), workers).unwrap();
    let Err(BlockError::Tasks(results)) = executor.execute(&state, &setup.block).await else {
        panic!("a task panicked")
    };
    let hash = setup.block.transactions[0].hash();
    let cause = TaskFailureCause::Task(TaskError::Panicked(ON_PURPOSE.to_owned()));
    assert_eq!(results[0], Err(TaskFailure { hash, cause }));
    (results, runtime.order())
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
    }
    drop(state);
    // Comes back with the last handle of the last task.
    drop(in_use.acquire().await);
}
