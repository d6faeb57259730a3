//! What the engines themselves promise: what goes wrong is found and named, and no bound cuts in silence.

use std::future::Future;
use std::sync::Arc;

use seriatim_explore::model::{Engine, Model, ModelSettings};
use seriatim_explore::{LoomBounds, Strategy, under_loom, under_shuttle};
use seriatim_runtime::{AtomicU64, JoinSet, Ordering, Runtime, RwLock};

use crate::fixtures::quieten;

const SETTINGS: ModelSettings = ModelSettings { workers: None, shards: 1, placement_seed: 0 };

/// Two locks, taken in either order, each under a task's own panic catching.
fn locks_in_both_orders(engine: Engine) {
    let runtime = Model::new(engine, SETTINGS);
    let (left, right) = (Arc::new(runtime.rw_lock("left", ())), Arc::new(runtime.rw_lock("right", ())));
    let mut tasks = runtime.join_set("tasks");
    for (first, second) in [(Arc::clone(&left), Arc::clone(&right)), (right, left)] {
        tasks.spawn(async move {
            let _first = first.write().await;
            let _second = second.write().await;
        });
    }
    runtime.block_on(async move { while tasks.join_next().await.is_some() {} });
}

#[test]
fn a_deadlock_is_no_error_of_the_task_that_noticed_it() {
    quieten();
    let of_loom = under_loom(LoomBounds::preemptions(2), || locks_in_both_orders(Engine::Loom));
    let of_shuttle = under_shuttle(Strategy::Random, 0, 1_000, || locks_in_both_orders(Engine::Shuttle));
    assert!(!of_loom.complete);
    for failure in [of_loom.failure.unwrap(), of_shuttle.failure.unwrap()] {
        assert!(failure.contains("deadlock"), "{failure}");
        assert!(failure.contains("waits for write access to the lock left"), "{failure}");
        assert!(failure.contains("waits for write access to the lock right"), "{failure}");
    }
}

/// A flag that publishes nothing, because its store releases nothing.
fn relaxed_publication<R: Runtime>(runtime: &R) -> impl Future<Output = ()> + use<R> {
    let (data, flag) = (Arc::new(runtime.atomic_u64("data", 0)), Arc::new(runtime.atomic_u64("flag", 0)));
    let mut tasks = runtime.join_set("tasks");
    let (written, published) = (Arc::clone(&data), Arc::clone(&flag));
    tasks.spawn(async move {
        written.store(1, Ordering::Relaxed);
        published.store(1, Ordering::Relaxed);
    });
    async move {
        if flag.load(Ordering::Acquire) == 1 {
            assert_eq!(data.load(Ordering::Relaxed), 1, "stale");
        }
        while tasks.join_next().await.is_some() {}
    }
}

#[test]
fn loom_finds_a_missing_release_and_shuttle_cannot() {
    quieten();
    let of_loom = under_loom(LoomBounds::preemptions(2), || {
        let runtime = Model::loom(SETTINGS);
        runtime.block_on(relaxed_publication(&runtime));
    });
    assert!(of_loom.failure.unwrap().contains("stale"));
    let of_shuttle = under_shuttle(Strategy::Random, 0, 1_000, || {
        let runtime = Model::shuttle(SETTINGS);
        runtime.block_on(relaxed_publication(&runtime));
    });
    assert_eq!(of_shuttle.failure, None);
}

fn two_additions() {
    let runtime = Model::loom(SETTINGS);
    let counter = Arc::new(runtime.atomic_u64("counter", 0));
    let mut tasks = runtime.join_set("tasks");
    for _ in 0..2 {
        let counter = Arc::clone(&counter);
        tasks.spawn(async move { counter.store(1, Ordering::Relaxed) });
    }
    runtime.block_on(async move { while tasks.join_next().await.is_some() {} });
}

#[test]
fn loom_reports_a_cut_and_only_a_cut() {
    quieten();
    let bounds = LoomBounds::preemptions(1);
    let whole = under_loom(bounds, two_additions);
    assert!(whole.complete && whole.failure.is_none());
    let enough = under_loom(LoomBounds { executions: whole.executions, ..bounds }, two_additions);
    assert_eq!(enough, whole);
    let cut = under_loom(LoomBounds { executions: whole.executions - 1, ..bounds }, two_additions);
    assert_eq!((cut.executions, cut.complete, cut.failure), (whole.executions - 1, false, None));
    let short = under_loom(LoomBounds { choices: 3, ..bounds }, two_additions);
    assert!(!short.complete && short.failure.unwrap().contains("maximum number of branches"));
}

#[test]
fn exploring_twice_does_the_same_twice() {
    quieten();
    let bounds = LoomBounds { preemptions: None, choices: 1_000, executions: 100_000 };
    assert_eq!(under_loom(bounds, two_additions), under_loom(bounds, two_additions));
    let of_shuttle = |seed| {
        under_shuttle(Strategy::Random, seed, 100, || {
            let runtime = Model::shuttle(SETTINGS);
            runtime.block_on(relaxed_publication(&runtime));
        })
    };
    assert_eq!(of_shuttle(3), of_shuttle(3));
}
