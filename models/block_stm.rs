//! The protocols of the optimistic executor. The first four run production scheduler, memory and bell over toy transactions,
//! of which a model can see each task; the last two run the whole executor.
//!
//! Toy transaction `i` reads location 0, writes one more there, and what it read to location `1 + i`: a chain in which every
//! transaction depends on the one below it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use seriatim_runtime::{JoinSet, Runtime, TaskError};
use seriatim_tos::execution::block_stm::{Bell, BlockStmExecutor, Handover, MvMemory, Read, Scheduler, Task, Version};
use seriatim_tos::execution::{BlockError, ParallelExecutor, PreparedBlock, TaskFailureCause};
use seriatim_tos::ledger::AssetId;

use super::fixtures::{Case, Events, Nothing, ON_PURPOSE, Setup, genesis, pay};
use super::workers::{Strike, payments};

/// What the workers of a model share, and what they did, in the order in which it was done.
struct Toy<R: Runtime> {
    scheduler: Scheduler<R>,
    memory: MvMemory<R, usize, u64>,
    bell: Bell<R>,
    runtime: R,
    log: Mutex<Vec<Done>>,
    chain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Executed(Version),
    Waits(Version),
    Validated(Version, bool),
}

impl<R: Runtime> Toy<R> {
    fn new(runtime: &R, transactions: usize, chain: bool) -> Arc<Self> {
        Arc::new(Self {
            scheduler: Scheduler::new(runtime, transactions),
            memory: MvMemory::new(runtime),
            bell: Bell::new(runtime),
            runtime: runtime.clone(),
            log: Mutex::default(),
            chain,
        })
    }

    fn did(&self, done: Done) {
        self.log.lock().unwrap().push(done);
    }

    /// The same as in `execution/block_stm/executor.rs` has it.
    async fn work(&self, worker: usize, mut task: Option<Task>) {
        while !self.scheduler.done() {
            let Some(current) = task.take().or_else(|| self.scheduler.next_task()) else {
                self.bell.sleep(worker, || self.scheduler.is_work()).await;
                continue;
            };
            let Handover { task: next, is_work_for_others } = match current {
                Task::Execution(version) => self.execute(version),
                Task::Validation(version) => self.validate(version),
            };
            task = next;
            if is_work_for_others && self.bell.ring() {
                self.runtime.yield_now().await;
            }
        }
        self.bell.ring();
    }

    fn execute(&self, version: Version) -> Handover {
        let Version { txn_idx, .. } = version;
        let location = if self.chain { 0 } else { 100 + txn_idx };
        loop {
            let (read, value) = match self.memory.read(&location, txn_idx) {
                Read::Written(version, value) => (Some(version), value),
                Read::NotFound => (None, 0),
                Read::Estimate { blocking_txn_idx } => {
                    if self.scheduler.add_dependency(txn_idx, blocking_txn_idx) {
                        self.did(Done::Waits(version));
                        return Handover { task: None, is_work_for_others: false };
                    }
                    continue;
                }
            };
            self.did(Done::Executed(version));
            let writes = vec![(location, value + 1), (1 + txn_idx, value)];
            let wrote_new_location = self.memory.record(version, vec![(location, read)], writes);
            return self.scheduler.finish_execution(version, wrote_new_location);
        }
    }

    fn validate(&self, version: Version) -> Handover {
        let is_valid = self.memory.validate_read_set(version.txn_idx);
        let aborted = !is_valid && self.scheduler.try_validation_abort(version);
        self.did(Done::Validated(version, is_valid));
        if aborted {
            self.memory.convert_writes_to_estimates(version.txn_idx);
        }
        self.scheduler.finish_validation(version, aborted)
    }
}

/// Where the workers of a model begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Nothing,
    /// The lowest transaction was executed and its abort is claimed: what it wrote are estimates.
    Abort,
}

/// Runs so many workers to their end. Returns what they did and what stands in memory.
async fn run<R: Runtime>(
    runtime: &R,
    transactions: usize,
    workers: u8,
    chain: bool,
    from: From,
) -> (Vec<Done>, BTreeMap<usize, u64>) {
    let toy = Toy::new(runtime, transactions, chain);
    if from == From::Abort {
        let Some(Task::Execution(lowest)) = toy.scheduler.next_task() else { panic!("it comes first") };
        toy.execute(lowest);
        assert_eq!(toy.scheduler.next_task(), Some(Task::Validation(lowest)));
        assert!(toy.scheduler.try_validation_abort(lowest));
        toy.memory.convert_writes_to_estimates(0);
    }
    let mut tasks = runtime.join_set::<()>("workers");
    for worker in 0..usize::from(workers) {
        let toy = Arc::clone(&toy);
        tasks.spawn(async move {
            // The first worker is the one that claimed the abort.
            let mut task = None;
            if worker == 0 && from == From::Abort {
                let lowest = Version { txn_idx: 0, incarnation_num: 0 };
                task = toy.scheduler.finish_validation(lowest, true).task;
            }
            toy.work(worker, task).await;
        });
    }
    while let Some((_, result)) = tasks.join_next().await {
        result.unwrap();
    }
    let Toy { memory, log, .. } = Arc::into_inner(toy).expect("every worker was joined");
    (log.into_inner().unwrap(), memory.into_snapshot())
}

/// What the chain comes to in block order.
fn assert_in_order(transactions: usize, memory: &BTreeMap<usize, u64>) {
    let mut expected = BTreeMap::from([(0, transactions as u64)]);
    expected.extend((0..transactions).map(|txn_idx| (1 + txn_idx, txn_idx as u64)));
    assert_eq!(*memory, expected);
}

/// A worker finishes an abort while others meet the estimates that it left. Each incarnation is executed by one worker, the
/// next one only after it: none is lost, and none comes twice; whoever waits for an estimate goes on.
pub async fn incarnations_follow_each_other<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let (log, memory) = run(&runtime, width.into(), width, true, From::Abort).await;
    assert_in_order(width.into(), &memory);
    let mut incarnations: BTreeMap<usize, BTreeSet<u64>> = BTreeMap::new();
    for done in log {
        let (Done::Executed(version) | Done::Waits(version)) = done else { continue };
        let is_new = incarnations.entry(version.txn_idx).or_default().insert(version.incarnation_num);
        assert!(is_new, "{version:?} came twice");
        reach(&events, matches!(done, Done::Waits(_)), "met an estimate");
    }
    for (txn_idx, incarnations) in &incarnations {
        assert!(incarnations.iter().copied().eq(0..incarnations.len() as u64), "{txn_idx}: {incarnations:?}");
    }
    assert!(incarnations[&0].len() > 1);
    reach(&events, incarnations[&1].len() == 1, "came after it");
}

/// Every higher transaction is validated, after the last execution of one, on what it left, so nothing stands that rests on
/// what is gone.
pub async fn what_lies_above_is_validated_again<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let (log, memory) = run(&runtime, width.into(), width, true, From::Nothing).await;
    assert_in_order(width.into(), &memory);
    for txn_idx in 0..usize::from(width) {
        let executed = |done: &Done| matches!(done, Done::Executed(version) if version.txn_idx <= txn_idx);
        let validated = |done: &Done| matches!(done, Done::Validated(version, true) if version.txn_idx == txn_idx);
        let (executed, validated) = (log.iter().rposition(executed), log.iter().rposition(validated));
        assert!(executed < validated, "{txn_idx}: {log:?}");
    }
    let times =
        |txn_idx| log.iter().filter(|done| matches!(done, Done::Validated(v, _) if v.txn_idx == txn_idx)).count();
    let failed = log.iter().any(|done| matches!(done, Done::Validated(_, false)));
    reach(&events, failed, "a validation failed");
    reach(&events, times(1) == 1, "validated once");
    reach(&events, times(1) > 1, "validated again");
}

/// The workers leave when all is executed and validated: not before, and every one of them. More workers than
/// transactions, so that some have nothing to do from the beginning.
pub async fn the_block_is_done_when_nobody_is_active<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let transactions = usize::from(width) - 1;
    let (log, memory) = run(&runtime, transactions, width, false, From::Nothing).await;
    for txn_idx in 0..transactions {
        assert_eq!(memory[&(100 + txn_idx)], 1);
        let v0 = Version { txn_idx, incarnation_num: 0 };
        assert!(log.contains(&Done::Executed(v0)) && log.contains(&Done::Validated(v0, true)), "{log:?}");
    }
    let validations = log.iter().filter(|done| matches!(done, Done::Validated(..))).count();
    reach(&events, validations == transactions, "each validated once");
    reach(&events, validations > transactions, "one validated twice");
}

/// Whoever rings after making work wakes whoever lay down for want of it.
pub async fn no_ring_is_lost<R: Runtime>(case: Case<R>) {
    use seriatim_runtime::{AtomicU64, Ordering};
    let Case { runtime, events, width } = case;
    let shared = Arc::new((Bell::new(&runtime), runtime.atomic_u64("work", 0)));
    let mut tasks = runtime.join_set::<()>("sleepers");
    for worker in 1..usize::from(width) {
        let (shared, events) = (Arc::clone(&shared), events.clone());
        tasks.spawn(async move {
            let (bell, work) = &*shared;
            let is_work = || work.load(Ordering::Acquire) == 1;
            let mut slept = false;
            while !is_work() {
                bell.sleep(worker, is_work).await;
                slept = true;
            }
            reach(&events, slept, "lay down");
            reach(&events, !slept, "found work at once");
        });
    }
    let ringer = Arc::clone(&shared);
    tasks.spawn(async move {
        let (bell, work) = &*ringer;
        work.store(1, Ordering::Release);
        bell.ring();
    });
    while let Some((_, result)) = tasks.join_next().await {
        result.unwrap();
    }
}

/// Two payments from one account to one account: whatever the workers do, the writes are the sequential path's.
pub async fn conflicting_payments_are_those_of_block_order<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let payments = (0..width).map(|number| pay(1 + number, AssetId::TOS, &[2 + number])).collect();
    let setup = Setup::new(&genesis(1..=width), payments);
    let disk = setup.disk(&runtime, Nothing);
    let executor = BlockStmExecutor::like(&ParallelExecutor::new(runtime.clone(), width.into()).unwrap());
    let changes = executor.execute(&disk, (*setup.start).clone(), &setup.block).await.unwrap();
    let PreparedBlock { batch, receipts, nonces: _ } = changes.prepare(&setup.start).unwrap();
    assert_eq!((batch, receipts), setup.sequential());
    events.reached("ended");
}

/// A worker that panics leaves its task active for ever; the others leave all the same, and it is told of its transaction.
pub async fn a_panic_ends_every_worker<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let setup = payments(width);
    let disk = setup.disk(&runtime, Strike);
    let executor = BlockStmExecutor::like(&ParallelExecutor::new(runtime.clone(), width.into()).unwrap());
    let Err(BlockError::Tasks(results)) = executor.execute(&disk, (*setup.start).clone(), &setup.block).await else {
        panic!("a worker panicked")
    };
    let causes: Vec<_> = results.into_iter().map(|result| result.unwrap_err().cause).collect();
    assert_eq!(causes[0], TaskFailureCause::Task(TaskError::Panicked(ON_PURPOSE.to_owned())));
    assert!(causes[1..].iter().all(|cause| *cause == TaskFailureCause::NotRun), "{causes:?}");
    // Nobody is left: the storage has one owner again.
    reach(&events, Arc::strong_count(&disk) == 1, "the storage is free");
}

fn reach(events: &Events, reached: bool, event: &str) {
    if reached {
        events.reached(event);
    }
}
