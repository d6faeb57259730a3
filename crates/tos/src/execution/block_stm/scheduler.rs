//! Which worker does what next. The lowest transactions come first: two indices walk up through the block, one over what is to
//! be executed and one over what is to be validated, and whatever makes lower work sets them back. The block is done
//! when both are at its end and no task is active.
//!
//! **Invariants.** A task is active from before an index is moved for it until after the last thing it does to the
//! indices; one that is handed on stays active. Each incarnation is executed by one worker, and aborted once at most.

use std::collections::BTreeSet;

use super::Version;
use super::counter::Counter;
use seriatim_runtime::{AtomicU64, ConcurrentMap, Ordering, Runtime};

/// What a worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Execution(Version),
    Validation(Version),
}

/// What finishing a task leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The next task of the worker that finished.
    pub task: Option<Task>,
    /// An index was set back: there is work for others, too.
    pub is_work_for_others: bool,
}

/// Where a transaction stands, and its present incarnation.
#[derive(Clone, Copy, Debug)]
struct TxnStatus {
    incarnation_num: u64,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    ReadyToExecute,
    Executing,
    Executed,
    Aborting,
}

/// The paper's collaborative scheduler, for one block.
pub struct Scheduler<R: Runtime> {
    block_size: usize,
    execution_idx: Counter<R>,
    validation_idx: Counter<R>,
    /// Times that an index was set back: tells `check_done` that its look at the indices is out of date.
    decrease_cnt: Counter<R>,
    num_active_tasks: Counter<R>,
    done_marker: R::AtomicU64,
    /// The status of each transaction; made when first looked at.
    txn_status: R::Map<usize, TxnStatus>,
    /// The transactions that wait for the next execution of each.
    txn_dependency: R::Map<usize, BTreeSet<usize>>,
}

impl<R: Runtime> Scheduler<R> {
    /// The scheduler of a block of so many transactions, none of them executed.
    pub fn new(runtime: &R, block_size: usize) -> Self {
        Self {
            block_size,
            execution_idx: Counter::new(runtime, "execution_idx"),
            validation_idx: Counter::new(runtime, "validation_idx"),
            decrease_cnt: Counter::new(runtime, "decrease_cnt"),
            num_active_tasks: Counter::new(runtime, "num_active_tasks"),
            done_marker: runtime.atomic_u64("done_marker", 0),
            txn_status: runtime.map("txn_status"),
            txn_dependency: runtime.map("txn_dependency"),
        }
    }

    /// Whether the block is done, or was broken off.
    pub fn done(&self) -> bool {
        // Pairs with the release in `halt`.
        self.done_marker.load(Ordering::Acquire) == 1
    }

    /// Ends the block where it stands: every worker leaves after its present task.
    pub fn halt(&self) {
        self.done_marker.store(1, Ordering::Release);
    }

    /// Whether a worker that got no task has a reason to ask again, or to leave.
    pub fn is_work(&self) -> bool {
        !self.is_at_end(&self.execution_idx) || !self.is_at_end(&self.validation_idx) || self.done()
    }

    /// The lowest task that nobody has. None: there is none, and whether the block is done was looked at since this worker was
    /// last active. Who sleeps without having looked may be the one whose look would have ended the block.
    pub fn next_task(&self) -> Option<Task> {
        while !self.is_at_end(&self.execution_idx) || !self.is_at_end(&self.validation_idx) {
            let task = if self.validation_idx.load() < self.execution_idx.load() {
                self.next_version_to_validate().map(Task::Validation)
            } else {
                self.next_version_to_execute().map(Task::Execution)
            };
            if task.is_some() || self.done() {
                return task;
            }
        }
        self.check_done();
        None
    }

    /// An incarnation met an estimate of `blocking_txn_idx` and ends for that. False: the other has been executed since, so
    /// the incarnation is to be tried again.
    pub fn add_dependency(&self, txn_idx: usize, blocking_txn_idx: usize) -> bool {
        {
            // Held to the end: who executes the other empties this set after saying so.
            let mut dependencies = self.txn_dependency.entry_or_insert(blocking_txn_idx, BTreeSet::new());
            if self.status(blocking_txn_idx).phase == Phase::Executed {
                return false;
            }
            self.status_mut(txn_idx).phase = Phase::Aborting;
            dependencies.insert(txn_idx);
        }
        self.num_active_tasks.decrement();
        true
    }

    /// An incarnation was executed and recorded.
    pub fn finish_execution(&self, version: Version, wrote_new_location: bool) -> Handover {
        let Version { txn_idx, .. } = version;
        self.status_mut(txn_idx).phase = Phase::Executed;
        let mut is_work_for_others = self.resume_dependencies(txn_idx);
        if self.validation_idx.load() > txn_idx as u64 {
            if !wrote_new_location {
                // Nobody above can have missed anything: only this one is to be validated.
                return Handover { task: Some(Task::Validation(version)), is_work_for_others };
            }
            is_work_for_others |= self.decrease(&self.validation_idx, txn_idx);
        }
        self.num_active_tasks.decrement();
        Handover { task: None, is_work_for_others }
    }

    /// Claims the abort of an incarnation whose reads are not valid. False: it was aborted already.
    pub fn try_validation_abort(&self, version: Version) -> bool {
        let mut status = self.status_mut(version.txn_idx);
        let is_claimed = status.phase == Phase::Executed && status.incarnation_num == version.incarnation_num;
        if is_claimed {
            status.phase = Phase::Aborting;
        }
        is_claimed
    }

    /// An incarnation was validated. `aborted`: this validation claimed its abort.
    pub fn finish_validation(&self, version: Version, aborted: bool) -> Handover {
        let Version { txn_idx, .. } = version;
        let mut is_work_for_others = false;
        if aborted {
            self.set_ready_status(txn_idx);
            // What lies above may have read what it wrote.
            is_work_for_others = self.decrease(&self.validation_idx, txn_idx + 1);
            if self.execution_idx.load() > txn_idx as u64
                && let Some(next) = self.try_incarnate(txn_idx)
            {
                return Handover { task: Some(Task::Execution(next)), is_work_for_others };
            }
        }
        self.num_active_tasks.decrement();
        Handover { task: None, is_work_for_others }
    }

    fn is_at_end(&self, index: &Counter<R>) -> bool {
        index.load() >= self.block_size as u64
    }

    /// A copy; the guard is gone before the caller goes on.
    fn status(&self, txn_idx: usize) -> TxnStatus {
        *self.status_mut(txn_idx)
    }

    fn status_mut(&self, txn_idx: usize) -> <R::Map<usize, TxnStatus> as ConcurrentMap<usize, TxnStatus>>::RefMut<'_> {
        self.txn_status.entry_or_insert(txn_idx, TxnStatus { incarnation_num: 0, phase: Phase::ReadyToExecute })
    }

    /// Sets an index back. Returns whether it was above.
    fn decrease(&self, index: &Counter<R>, target: usize) -> bool {
        let before = index.fetch_min(target as u64);
        self.decrease_cnt.fetch_increment();
        before > target as u64
    }

    /// An index may have been set back after it was looked at here, by a task that has ended since: then the count of
    /// decreases has changed.
    fn check_done(&self) {
        let observed = self.decrease_cnt.load();
        if self.is_at_end(&self.execution_idx)
            && self.is_at_end(&self.validation_idx)
            && self.num_active_tasks.load() == 0
            && self.decrease_cnt.load() == observed
        {
            self.halt();
        }
    }

    fn next_version_to_execute(&self) -> Option<Version> {
        if self.is_at_end(&self.execution_idx) {
            return None;
        }
        // Before the index: whoever sees the index past this transaction then sees that somebody has it.
        self.num_active_tasks.fetch_increment();
        let txn_idx = self.execution_idx.fetch_increment() as usize;
        let version = self.try_incarnate(txn_idx);
        if version.is_none() {
            self.num_active_tasks.decrement();
        }
        version
    }

    fn next_version_to_validate(&self) -> Option<Version> {
        if self.is_at_end(&self.validation_idx) {
            return None;
        }
        // Before the index, as above.
        self.num_active_tasks.fetch_increment();
        let txn_idx = self.validation_idx.fetch_increment() as usize;
        if txn_idx < self.block_size {
            let TxnStatus { incarnation_num, phase } = self.status(txn_idx);
            if phase == Phase::Executed {
                return Some(Version { txn_idx, incarnation_num });
            }
        }
        self.num_active_tasks.decrement();
        None
    }

    fn try_incarnate(&self, txn_idx: usize) -> Option<Version> {
        if txn_idx >= self.block_size {
            return None;
        }
        let mut status = self.status_mut(txn_idx);
        let is_ready = status.phase == Phase::ReadyToExecute;
        is_ready.then(|| {
            status.phase = Phase::Executing;
            Version { txn_idx, incarnation_num: status.incarnation_num }
        })
    }

    fn set_ready_status(&self, txn_idx: usize) {
        let mut status = self.status_mut(txn_idx);
        assert_eq!(status.phase, Phase::Aborting, "only what was aborted is executed again");
        *status = TxnStatus { incarnation_num: status.incarnation_num + 1, phase: Phase::ReadyToExecute };
    }

    /// Lets those go on that wait for this transaction. Returns whether an index was set back for them.
    fn resume_dependencies(&self, txn_idx: usize) -> bool {
        let waiting = self.txn_dependency.get_mut(&txn_idx).map(|mut waiting| std::mem::take(&mut *waiting));
        let waiting = waiting.unwrap_or_default();
        for &dependent in &waiting {
            self.set_ready_status(dependent);
        }
        waiting.first().is_some_and(|&lowest| self.decrease(&self.execution_idx, lowest))
    }
}
