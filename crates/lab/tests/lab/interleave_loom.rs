//! Whole scenarios under loom: the real executor agrees in every execution, wrong layers do not, and no bound cuts in
//! silence.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use seriatim_explore::model::{Engine, Model, ModelAtomic, ModelRwLock, ModelSettings};
use seriatim_explore::{
    Ending, InterleaveConfig, LoomBounds, LoomConfig, LoomSearch, Strategy, TooManyTasks, until_violation,
};
use seriatim_lab::ChainExperiment;
use seriatim_lab::compare::{Oracle, Verdict, Violation};
use seriatim_lab::workload::Scenario;
use seriatim_lab::{Genesis, Letter, scenario};
use seriatim_runtime::{AtomicU64, Ordering, Runtime, RwLock};
use seriatim_tos::storage::{Layer, Pause, Read, StorageError};

const SETTINGS: ModelSettings = ModelSettings { workers: None, shards: 1 << 20, placement_seed: 0 };

/// One transaction of each of the first accounts: they share no account, so they run side by side.
fn side_by_side(transactions: u8) -> Scenario {
    let letters: Vec<Letter> = (0..transactions).map(|from| Letter::Burn { from, other_asset: false }).collect();
    scenario(Genesis::Plain, &letters)
}

fn config(preemptions: usize) -> LoomConfig {
    LoomConfig { bounds: LoomBounds::preemptions(preemptions), max_parallelism: 3, settings: SETTINGS }
}

/// A layer that adds nothing.
#[derive(Clone)]
struct Nothing;

impl Layer for Nothing {}

/// Searches until the first violation.
fn search(scenario: &Scenario, layer: impl Layer + Clone, config: LoomConfig) -> LoomSearch<Box<Violation>> {
    let searched = ChainExperiment::v3(scenario).with_layer(layer).ready().explore_loom(&config, until_violation);
    searched.unwrap()
}

#[test]
fn every_execution_of_two_tasks_agrees() {
    let searched = search(&side_by_side(2), Nothing, config(2));
    assert!(searched.complete && searched.found.is_none(), "{searched:?}");
    assert!(searched.executions > 300, "{searched:?}");
    assert_eq!(search(&side_by_side(2), Nothing, config(2)), searched, "twice the same");
}

#[test]
fn every_execution_of_three_tasks_agrees() {
    let searched = search(&side_by_side(3), Nothing, config(1));
    assert!(searched.complete && searched.found.is_none(), "{searched:?}");
}

#[test]
fn a_search_that_was_cut_is_not_complete() {
    let scenario = side_by_side(2);
    let whole = search(&scenario, Nothing, config(1));
    let bounded = |executions| LoomConfig { bounds: LoomBounds { executions, ..config(1).bounds }, ..config(1) };
    assert_eq!(search(&scenario, Nothing, bounded(whole.executions)), whole);
    let cut = search(&scenario, Nothing, bounded(whole.executions - 1));
    assert_eq!((cut.executions, cut.complete, cut.found), (whole.executions - 1, false, None));
}

#[test]
fn a_bound_of_no_preemptions_leaves_one_execution() {
    let searched = search(&side_by_side(2), Nothing, config(0));
    assert_eq!(searched, LoomSearch { executions: 1, complete: true, found: None });
}

#[test]
fn more_tasks_than_loom_has_threads_for_are_refused() {
    let four = scenario(Genesis::Plain, &[Letter::Freeze { from: 0 }; 4]);
    let judge = |_| ControlFlow::<()>::Continue(());
    let refused = ChainExperiment::v3(&four).ready().explore_loom(&config(1), judge);
    assert_eq!(refused.unwrap_err(), TooManyTasks { engine: "loom", found: 4, most: 3 });
}

/// The first account's task publishes a value, the second's takes it and fails if the value is stale.
struct Publication {
    engine: Engine,
    release: Ordering,
    runtime: Model,
    /// The value, and the flag that publishes it. Made at an execution's first read, which is no task's.
    cells: OnceLock<[ModelAtomic; 2]>,
}

impl Publication {
    fn new(engine: Engine, release: Ordering) -> Self {
        Self { engine, release, runtime: Model::new(engine, SETTINGS), cells: OnceLock::new() }
    }
}

impl Clone for Publication {
    fn clone(&self) -> Self {
        Self::new(self.engine, self.release)
    }
}

impl Layer for Publication {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        let [value, flag] = self.cells.get_or_init(|| ["value", "flag"].map(|label| self.runtime.atomic_u64(label, 0)));
        let Read::Account(account) = read else { return Ok(()) };
        if account.0[3] == 1 {
            value.store(1, Ordering::Relaxed);
            flag.store(1, self.release);
        }
        if account.0[3] == 2 && flag.load(Ordering::Acquire) == 1 && value.load(Ordering::Relaxed) == 0 {
            return Err(StorageError::Failed("stale".to_owned()));
        }
        Ok(())
    }
}

#[test]
fn loom_finds_a_publication_that_releases_nothing() {
    let relaxed = search(&side_by_side(2), Publication::new(Engine::Loom, Ordering::Relaxed), config(1));
    let violation = relaxed.found.expect("a stale value");
    assert!(violation.to_string().contains("stale"), "{violation}");
    let released = search(&side_by_side(2), Publication::new(Engine::Loom, Ordering::Release), config(1));
    assert!(released.complete && released.found.is_none(), "{released:?}");
}

#[test]
fn no_interleaving_alone_shows_it() {
    let scenario = side_by_side(2);
    let publication = Publication::new(Engine::Shuttle, Ordering::Relaxed);
    let every = InterleaveConfig {
        strategy: Strategy::Random,
        seed: 0,
        executions: 100_000,
        max_parallelism: 3,
        settings: SETTINGS,
    };
    let (evidence, exhaustion) =
        ChainExperiment::v3(&scenario).with_layer(publication).ready().explore_all(&every, |interleaved| {
            let verdict = interleaved.verdict;
            assert!(matches!(verdict, Verdict::Agree(_)), "{verdict:?}");
            ControlFlow::Continue(())
        });
    assert!(exhaustion.complete && evidence.interleavings > 1, "{exhaustion:?}");
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    OppositeLocks,
    NeverWoken,
    /// Reads of tasks never end.
    NeverEnding,
    /// The block's own first read never begins.
    NeverBegins,
}

/// Keeps an execution from its end. A clone has locks of its own.
struct Stalls {
    fault: Fault,
    runtime: Model,
    locks: OnceLock<[ModelRwLock<()>; 2]>,
}

impl Stalls {
    fn new(fault: Fault) -> Self {
        Self { fault, runtime: Model::loom(SETTINGS), locks: OnceLock::new() }
    }
}

impl Clone for Stalls {
    fn clone(&self) -> Self {
        Self::new(self.fault)
    }
}

impl Stalls {
    async fn stall(&self, read: Read) -> Result<(), StorageError> {
        let [left, right] = self.locks.get_or_init(|| ["left", "right"].map(|label| self.runtime.rw_lock(label, ())));
        let of_task = match read {
            // Those of the reward come first, and are nobody's transaction.
            Read::Account(account) if account.0[3] < 100 => Some(account.0[3]),
            _ => None,
        };
        match (self.fault, of_task) {
            (Fault::OppositeLocks, Some(account)) => {
                let (first, second) = if account & 1 == 0 { (left, right) } else { (right, left) };
                let _first = first.write().await;
                let _second = second.write().await;
            }
            (Fault::NeverWoken, Some(_)) => std::future::pending::<()>().await,
            (Fault::NeverEnding, Some(_)) | (Fault::NeverBegins, None) => loop {
                self.runtime.yield_now().await;
            },
            _ => {}
        }
        Ok(())
    }
}

impl Layer for Stalls {
    fn suspend_read(&self, read: Read) -> Option<Pause<'_>> {
        Some(Box::pin(self.stall(read)))
    }
}

#[test]
fn locks_in_opposite_orders_are_a_deadlock() {
    let searched = search(&side_by_side(2), Stalls::new(Fault::OppositeLocks), config(1));
    let violation = searched.found.expect("a deadlock");
    assert_eq!(violation.oracle, Oracle::Deadlock, "{violation}");
    for part in ["write access to the lock left", "write access to the lock right", "parallel under loom"] {
        assert!(violation.to_string().contains(part), "{violation} lacks {part}");
    }
    assert!(!searched.complete);
}

#[test]
fn a_task_that_nobody_wakes_is_a_lost_wake_up() {
    let violation = search(&side_by_side(2), Stalls::new(Fault::NeverWoken), config(1)).found.expect("stuck");
    assert_eq!(violation.oracle, Oracle::LostWakeup, "{violation}");
    assert!(violation.to_string().contains("a task of workers"), "{violation}");
}

#[test]
fn a_future_that_wakes_itself_for_ever_is_endless() {
    for fault in [Fault::NeverEnding, Fault::NeverBegins] {
        let violation = search(&side_by_side(2), Stalls::new(fault), config(1)).found.expect("endless");
        assert_eq!(violation.oracle, Oracle::Livelock, "{fault:?}: {violation}");
    }
}

#[test]
fn a_judge_may_continue_after_an_execution_that_never_ends() {
    let stuck = ChainExperiment::v3(&side_by_side(2)).with_layer(Stalls::new(Fault::NeverWoken)).ready();
    let searched = stuck.explore_loom(&config(1), |judged| {
        assert!(matches!(judged.ending, Ending::Stuck(_)), "{judged:?}");
        ControlFlow::<()>::Continue(())
    });
    assert_eq!(searched.unwrap(), LoomSearch { executions: 1, complete: false, found: None });
}
