//! Join sets.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use seriatim_runtime::{AtomicU64, JoinSet, Ordering, Runtime, Semaphore, TaskError, TaskIndex};
use seriatim_testkit::ON_PURPOSE;
use seriatim_testkit::events::Events;

use super::runtimes::pause;

pub async fn each_task_is_joined_once<R: Runtime>(runtime: R, events: Events) {
    let mut tasks = runtime.join_set("tasks");
    for number in 0..2 {
        assert_eq!(tasks.spawn(async move { 10 * number }), TaskIndex(number));
    }
    let mut order = Vec::new();
    while let Some((task, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(10 * task.0));
        order.push(task.0);
    }
    assert_eq!(tasks.join_next().await, None, "nothing comes after the last task");
    let place = |number| order.iter().position(|task| *task == number).unwrap();
    events.reached(if place(0) < place(1) { "0 before 1" } else { "1 before 0" });
    order.sort_unstable();
    assert_eq!(order, [0, 1]);
    // A set that was emptied goes on.
    assert_eq!(tasks.spawn(async { 7 }), TaskIndex(2));
    assert_eq!(tasks.join_next().await, Some((TaskIndex(2), Ok(7))));
}

pub async fn tasks_are_joined_in_order_of_completion<R: Runtime>(runtime: R, _: Events) {
    let gates: Vec<_> = (0..2).map(|_| Arc::new(runtime.semaphore("gate", 1))).collect();
    let mut keys = Vec::new();
    for gate in &gates {
        keys.push(Some(gate.acquire().await));
    }
    let mut tasks = runtime.join_set("tasks");
    for gate in gates {
        tasks.spawn(async move { drop(gate.acquire().await) });
    }
    for open in [1, 0] {
        keys[open] = None;
        assert_eq!(tasks.join_next().await, Some((TaskIndex(open), Ok(()))));
    }
    assert_eq!(tasks.join_next().await, None);
}

pub async fn a_panic_is_an_error_of_its_task_alone<R: Runtime>(runtime: R, events: Events) {
    let mut tasks = runtime.join_set("tasks");
    tasks.spawn(async { std::panic::panic_any(ON_PURPOSE) });
    tasks.spawn(async {
        let number = 7;
        panic!("number {number}, {ON_PURPOSE}")
    });
    tasks.spawn(async { 5 });
    let mut results = Vec::new();
    while let Some(result) = tasks.join_next().await {
        results.push(result);
    }
    events.reached(if results[0].0 == TaskIndex(0) { "first" } else { "second" });
    results.sort_by_key(|(task, _)| *task);
    let panicked = |text: &str| Err(TaskError::Panicked(text.to_owned()));
    let expected = [panicked(ON_PURPOSE), panicked("number 7, on purpose"), Ok(5)];
    assert_eq!(results.into_iter().map(|(_, result)| result).collect::<Vec<_>>(), expected);
}

/// Counts, when dropped, that what belongs to a task is gone.
struct Belongings(Arc<AtomicUsize>);

impl Drop for Belongings {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

pub async fn a_dropped_join_set_drops_its_tasks<R: Runtime>(runtime: R, events: Events) {
    let alive = runtime.semaphore("alive", 2);
    let (gone, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = runtime.join_set::<()>("tasks");
    for _ in 0..2 {
        // Dropped in this order: who gets the permit finds the rest gone.
        let (belongings, permit) = (Belongings(Arc::clone(&gone)), alive.acquire().await);
        let begun = Arc::clone(&begun);
        tasks.spawn(async move {
            let owned = (belongings, permit);
            begun.fetch_add(1, SeqCst);
            pending::<()>().await;
            drop(owned);
        });
    }
    runtime.atomic_u64("point", 0).load(Ordering::Relaxed);
    runtime.yield_now().await;
    drop(tasks);
    let _none_lives = (alive.acquire().await, alive.acquire().await);
    assert_eq!(gone.load(SeqCst), 2);
    events.reached(if begun.load(SeqCst) == 2 { "cancelled at work" } else { "cancelled before it began" });
}

pub async fn a_task_keeps_its_number<R: Runtime>(runtime: R, _: Events) {
    let point = Arc::new(runtime.atomic_u64("point", 0));
    let mut tasks = runtime.join_set("tasks");
    for _ in 0..2 {
        let (runtime, point) = (runtime.clone(), Arc::clone(&point));
        tasks.spawn(async move {
            let number = runtime.task();
            pause(&runtime, &point).await;
            assert_eq!(runtime.task(), number);
            number
        });
    }
    let mut numbers = BTreeSet::from([runtime.task()]);
    while let Some((_, number)) = tasks.join_next().await {
        numbers.insert(number.unwrap());
    }
    assert_eq!(numbers.len(), 3);
}
