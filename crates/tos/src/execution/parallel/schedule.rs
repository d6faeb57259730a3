//! Which transaction runs next: each as soon as all that it conflicts with and that stands before it has been decided.
//!
//! The batches of [`super::batches`] are the levels of the same graph, but nobody waits for a level to end. One lock guards
//! what changes, and a worker takes it once a transaction: it says what became of the last one and is given the next.
//!
//! **Invariants.** A transaction is given to one worker, once, and after everything that it waits for. What follows on one
//! that failed is never given to anybody. A worker sleeps only while another is at work, and whoever leaves work behind
//! wakes one who sleeps; the last to end wakes all.

use std::collections::BTreeSet;
use std::fmt;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use seriatim_runtime::{ConcurrentMap, Runtime, TaskError};

use super::conflicts::ConflictGraph;
use super::executor::TaskResult;

/// What a worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It runs the transaction at this position of the block.
    Run(usize),
    /// Whatever is left waits for what others do.
    Wait,
    /// There will never be anything more for it.
    Leave,
}

/// What follows on the end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// What the same worker does next.
    pub next: Next,
    /// Another worker was woken.
    pub has_woken: bool,
}

/// The transactions of one block on their way.
pub struct Schedule<R: Runtime> {
    graph: ConflictGraph,
    /// One entry, made with the schedule: what the lock guards.
    progress: R::Map<(), Progress>,
}

struct Progress {
    /// How many transactions each one still waits for.
    waits_for: Vec<u32>,
    /// Those that wait for nothing and that nobody has.
    ready: BTreeSet<usize>,
    /// What each worker is at, or was at last.
    at: Vec<Option<usize>>,
    /// Transactions that workers have.
    running: usize,
    /// Transactions that still wait for others.
    waiting: usize,
    /// What became of each, None: not decided.
    results: Vec<Option<TaskResult>>,
    /// What befell workers, with the transaction that each was at.
    lost: Vec<(usize, TaskError)>,
    /// Who sleeps, by number of the worker.
    sleepers: Vec<Option<Waker>>,
}

/// Only what is on its way: results are in the state that the tasks share.
impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ready {:?}, running {}", self.ready, self.running)
    }
}

impl Progress {
    fn is_over(&self) -> bool {
        self.running == 0 && self.ready.is_empty()
    }

    /// Files what became of a transaction. Only after a receipt do those that waited for it go on.
    fn decide(&mut self, followers: &[usize], tx_index: usize, result: TaskResult) {
        self.running -= 1;
        let has_receipt = result.is_ok();
        self.results[tx_index] = Some(result);
        if has_receipt {
            for &follower in followers {
                self.waits_for[follower] -= 1;
                if self.waits_for[follower] == 0 {
                    self.waiting -= 1;
                    self.ready.insert(follower);
                }
            }
        }
    }

    fn give(&mut self, worker: usize) -> Next {
        match self.ready.pop_first() {
            Some(tx_index) => {
                self.running += 1;
                self.at[worker] = Some(tx_index);
                Next::Run(tx_index)
            }
            // Whatever is left, somebody has it, or it waits for what will never come.
            None if self.waiting == 0 || self.running == 0 => Next::Leave,
            None => Next::Wait,
        }
    }

    /// Those who are to wake: all at the end, else one for each transaction that nobody has.
    fn whom_to_wake(&mut self) -> Vec<Waker> {
        let most = if self.is_over() { usize::MAX } else { self.ready.len() };
        if most == 0 {
            return Vec::new();
        }
        self.sleepers.iter_mut().filter_map(Option::take).take(most).collect()
    }
}

const MADE: &str = "made with the schedule";

impl<R: Runtime> Schedule<R> {
    /// Nothing has run.
    pub fn new(runtime: &R, graph: ConflictGraph, workers: usize) -> Self {
        let waits_for = graph.predecessors().to_vec();
        let count = waits_for.len();
        let progress = Progress {
            ready: (0..count).filter(|tx_index| waits_for[*tx_index] == 0).collect(),
            at: vec![None; workers],
            running: 0,
            waiting: waits_for.iter().filter(|waits_for| **waits_for > 0).count(),
            waits_for,
            results: (0..count).map(|_| None).collect(),
            lost: Vec::new(),
            sleepers: vec![None; workers],
        };
        let map = runtime.map("schedule");
        map.insert((), progress);
        Self { graph, progress: map }
    }

    /// The worker has run its transaction.
    pub fn finish(&self, worker: usize, tx_index: usize, result: TaskResult) -> Finished {
        let (next, to_wake) = {
            let mut progress = self.progress.get_mut(&()).expect(MADE);
            progress.decide(self.graph.followers(tx_index), tx_index, result);
            (progress.give(worker), progress.whom_to_wake())
        };
        let has_woken = !to_wake.is_empty();
        to_wake.into_iter().for_each(Waker::wake);
        Finished { next, has_woken }
    }

    /// The worker ended before its time. What it was at is lost with it, or what it was at last.
    pub fn lost(&self, worker: usize, error: TaskError) {
        let to_wake = {
            let mut progress = self.progress.get_mut(&()).expect(MADE);
            let at = progress.at[worker];
            if at.is_some_and(|tx_index| progress.results[tx_index].is_none()) {
                // Nobody else has it, and what waits for it waits for ever.
                progress.running -= 1;
            }
            progress.lost.push((at.unwrap_or(0), error));
            progress.whom_to_wake()
        };
        to_wake.into_iter().for_each(Waker::wake);
    }

    /// A transaction for a worker that has none, as soon as there is one. None: there will be no more.
    pub async fn take(&self, worker: usize) -> Option<usize> {
        poll_fn(|context| {
            let mut progress = self.progress.get_mut(&()).expect(MADE);
            match progress.give(worker) {
                Next::Run(tx_index) => Poll::Ready(Some(tx_index)),
                Next::Leave => Poll::Ready(None),
                Next::Wait => {
                    progress.sleepers[worker] = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// What became of each transaction, when no worker uses the schedule any more. None: it was not run.
    pub fn into_results(self) -> Vec<Option<Result<TaskResult, TaskError>>> {
        let ((), progress) = self.progress.into_entries().pop().expect(MADE);
        let mut results: Vec<_> = progress.results.into_iter().map(|result| result.map(Ok)).collect();
        for (tx_index, error) in progress.lost {
            results[tx_index] = Some(Err(error));
        }
        results
    }
}
