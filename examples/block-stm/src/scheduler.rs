//! The collaborative scheduler (algorithms 4 and 5): two indices over the block, one of the next payment to execute and
//! one of the next to validate, each lowered where something has to be done again.

use seriatim_shims::sync::Mutex;
use seriatim_shims::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::SeqCst};

use crate::Fault;
use crate::memory::Version;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    ReadyToExecute,
    Executing,
    Executed,
    Aborting,
}

#[derive(Clone, Copy, Debug)]
struct TxnStatus {
    incarnation: usize,
    status: Status,
}

/// What a thread has to do.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    Execute(Version),
    Validate(Version),
}

#[derive(Debug)]
pub struct Scheduler {
    fault: Option<Fault>,
    execution_idx: AtomicUsize,
    validation_idx: AtomicUsize,
    /// How often an index was lowered.
    decrease_cnt: AtomicUsize,
    /// Tasks that a thread has, and attempts to get one. Signed: one too few must not be taken for very many.
    num_active_tasks: AtomicIsize,
    done_marker: AtomicBool,
    /// Who waits for a payment's next execution.
    txn_dependency: Vec<Mutex<Vec<usize>>>,
    txn_status: Vec<Mutex<TxnStatus>>,
}

impl Scheduler {
    pub fn new(payments: usize, fault: Option<Fault>) -> Self {
        let first = TxnStatus { incarnation: 0, status: Status::ReadyToExecute };
        Self {
            fault,
            execution_idx: AtomicUsize::new(0),
            validation_idx: AtomicUsize::new(0),
            decrease_cnt: AtomicUsize::new(0),
            num_active_tasks: AtomicIsize::new(0),
            done_marker: AtomicBool::new(false),
            txn_dependency: (0..payments).map(|_| Mutex::default()).collect(),
            txn_status: (0..payments).map(|_| Mutex::new(first)).collect(),
        }
    }

    pub fn done(&self) -> bool {
        self.done_marker.load(SeqCst)
    }

    pub fn next_task(&self) -> Option<Task> {
        if self.validation_idx.load(SeqCst) < self.execution_idx.load(SeqCst) {
            self.next_version_to_validate().map(Task::Validate)
        } else {
            self.next_version_to_execute().map(Task::Execute)
        }
    }

    /// Lets a payment wait for another one. False: there is nothing to wait for any more.
    pub fn add_dependency(&self, payment: usize, blocking: usize) -> bool {
        let mut waiting = self.txn_dependency[blocking].lock().expect("no thread panics");
        // Whoever finishes the other one looks for who waits only afterwards.
        if self.status(blocking).status == Status::Executed {
            return false;
        }
        self.set_status(payment, Status::Aborting);
        waiting.push(payment);
        drop(waiting);
        self.give_back();
        if self.fault == Some(Fault::CountedTwice) {
            self.give_back();
        }
        true
    }

    /// An execution has left what it wrote. Returns what the same thread should do next.
    pub fn finish_execution(&self, version: Version, wrote_new_location: bool) -> Option<Task> {
        let payment = version.payment;
        self.set_status(payment, Status::Executed);
        let waiting = std::mem::take(&mut *self.txn_dependency[payment].lock().expect("no thread panics"));
        self.resume(&waiting);
        if self.validation_idx.load(SeqCst) > payment {
            if !wrote_new_location {
                return Some(Task::Validate(version));
            }
            self.decrease(&self.validation_idx, payment);
        }
        self.give_back();
        None
    }

    /// Whether the caller is the one who aborts this execution.
    pub fn try_validation_abort(&self, version: Version) -> bool {
        let mut status = self.txn_status[version.payment].lock().expect("no thread panics");
        let aborts = status.incarnation == version.incarnation && status.status == Status::Executed;
        if aborts {
            status.status = Status::Aborting;
        }
        aborts
    }

    /// An execution was validated. Returns what the same thread should do next.
    pub fn finish_validation(&self, payment: usize, aborted: bool) -> Option<Task> {
        if aborted {
            self.set_ready(payment);
            self.decrease(&self.validation_idx, payment + 1);
            if self.execution_idx.load(SeqCst) > payment
                && let Some(version) = self.try_incarnate(payment)
            {
                return Some(Task::Execute(version));
            }
        }
        self.give_back();
        None
    }

    fn next_version_to_execute(&self) -> Option<Version> {
        if self.execution_idx.load(SeqCst) >= self.payments() {
            self.check_done();
            return None;
        }
        self.num_active_tasks.fetch_add(1, SeqCst);
        let version = self.try_incarnate(self.execution_idx.fetch_add(1, SeqCst));
        if version.is_none() {
            self.give_back();
        }
        version
    }

    fn next_version_to_validate(&self) -> Option<Version> {
        if self.validation_idx.load(SeqCst) >= self.payments() {
            self.check_done();
            return None;
        }
        self.num_active_tasks.fetch_add(1, SeqCst);
        let payment = self.validation_idx.fetch_add(1, SeqCst);
        if payment < self.payments() {
            let TxnStatus { incarnation, status } = self.status(payment);
            if status == Status::Executed {
                return Some(Version { payment, incarnation });
            }
        }
        self.give_back();
        None
    }

    /// Takes up a payment, if it is there to be taken.
    fn try_incarnate(&self, payment: usize) -> Option<Version> {
        let mut status = self.txn_status.get(payment)?.lock().expect("no thread panics");
        let ready = status.status == Status::ReadyToExecute;
        if ready {
            status.status = Status::Executing;
        }
        ready.then_some(Version { payment, incarnation: status.incarnation })
    }

    /// Lets be executed who waited.
    fn resume(&self, waiting: &[usize]) {
        for &payment in waiting {
            self.set_ready(payment);
        }
        let wrong = self.fault == Some(Fault::WrongIndex);
        if let Some(&first) = waiting.iter().min() {
            self.decrease(if wrong { &self.validation_idx } else { &self.execution_idx }, first);
        }
    }

    fn decrease(&self, index: &AtomicUsize, target: usize) {
        index.fetch_min(target, SeqCst);
        self.decrease_cnt.fetch_add(1, SeqCst);
    }

    /// All is done if nothing is left to take, nobody has a task, and meanwhile no index was lowered.
    fn check_done(&self) {
        let observed = self.decrease_cnt.load(SeqCst);
        let indices = self.execution_idx.load(SeqCst).min(self.validation_idx.load(SeqCst));
        if indices >= self.payments()
            && self.num_active_tasks.load(SeqCst) <= 0
            && observed == self.decrease_cnt.load(SeqCst)
        {
            self.done_marker.store(true, SeqCst);
        }
    }

    fn give_back(&self) {
        self.num_active_tasks.fetch_sub(1, SeqCst);
    }

    fn payments(&self) -> usize {
        self.txn_status.len()
    }

    fn status(&self, payment: usize) -> TxnStatus {
        *self.txn_status[payment].lock().expect("no thread panics")
    }

    fn set_status(&self, payment: usize, status: Status) {
        self.txn_status[payment].lock().expect("no thread panics").status = status;
    }

    fn set_ready(&self, payment: usize) {
        let mut status = self.txn_status[payment].lock().expect("no thread panics");
        *status = TxnStatus { incarnation: status.incarnation + 1, status: Status::ReadyToExecute };
    }
}
