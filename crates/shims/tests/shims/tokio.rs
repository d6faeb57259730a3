//! `tokio`.

mod same;
mod shared;

use std::collections::BTreeSet;
use std::time::Duration;

use seriatim_shims::sync::atomic::{AtomicU64, Ordering::SeqCst};
use seriatim_shims::tokio::runtime::{Builder, Handle, Runtime};
use seriatim_shims::tokio::sync::{Mutex, mpsc, oneshot};
use seriatim_shims::tokio::task::{JoinSet, spawn_blocking, yield_now};
use seriatim_shims::tokio::{join, select, spawn, time};
use std::panic::panic_any;
use std::sync::Arc;

use super::execution::{Seen, all, steps};

/// A runtime of as many workers as there are tasks.
fn run<F: Future>(future: F) -> F::Output {
    Runtime::new().unwrap().block_on(future)
}

#[track_caller]
fn complete<R: std::fmt::Debug + Ord>(seen: &Seen<R>) {
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
}

#[test]
fn tasks_that_load_and_store_lose_a_count_and_tasks_of_one_thread_do_not() {
    let count = |workers: usize| {
        all(move || {
            let count = Arc::new(AtomicU64::new(0));
            let add = |count: &Arc<AtomicU64>| {
                let count = Arc::clone(count);
                async move { count.store(count.load(SeqCst) + 1, SeqCst) }
            };
            let mut builder = if workers == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
            builder.enable_all().build().unwrap().block_on(async {
                let tasks = (spawn(add(&count)), spawn(add(&count)));
                let (one, other) = join!(tasks.0, tasks.1);
                one.unwrap();
                other.unwrap();
            });
            count.load(SeqCst)
        })
    };
    let (many, one) = (count(2), count(1));
    complete(&many);
    complete(&one);
    assert_eq!(many.results, BTreeSet::from([1, 2]));
    assert_eq!(one.results, BTreeSet::from([2]));
}

#[test]
fn tasks_of_a_set_are_joined_in_the_order_in_which_they_end() {
    let seen = all(|| {
        run(async {
            let mut set = JoinSet::new();
            for task in 0..2 {
                set.spawn(async move { task });
            }
            let mut joined = Vec::new();
            while let Some(task) = set.join_next().await {
                joined.push(task.unwrap());
            }
            (joined, set.is_empty())
        })
    });
    complete(&seen);
    assert_eq!(seen.results, BTreeSet::from([(vec![0, 1], true), (vec![1, 0], true)]));
}

#[test]
fn a_panic_and_an_abort_come_to_who_joins() {
    let seen = all(|| {
        run(async {
            let panicked = spawn(async { panic_any("on purpose") }).await.unwrap_err();
            let message = *panicked.into_panic().downcast::<&str>().unwrap();
            let waits = spawn(std::future::pending::<()>());
            waits.abort();
            let cancelled = waits.await.unwrap_err().is_cancelled();
            let ends = spawn(async { 7 });
            ends.abort();
            (message, cancelled, ends.await.is_ok())
        })
    });
    complete(&seen);
    assert_eq!(seen.results, BTreeSet::from([("on purpose", true, false), ("on purpose", true, true)]));
}

#[test]
fn a_task_ends_with_its_runtime_and_one_that_is_waited_for_for_ever_is_stuck() {
    let seen = |waited_for: bool| {
        all(move || {
            run(async move {
                let waits = spawn(std::future::pending::<()>());
                if waited_for {
                    waits.await.unwrap();
                }
            });
        })
    };
    complete(&seen(false));
    let stuck = seen(true);
    assert_eq!(stuck.stuck, BTreeSet::from(["what `join` of waits needs".to_owned()]));
}

#[test]
fn the_branch_of_a_select_that_is_ready_wins_and_the_others_lose_nothing() {
    let seen = all(|| {
        run(async {
            let (one, mut of_one) = mpsc::unbounded_channel();
            let (two, mut of_two) = mpsc::unbounded_channel();
            spawn(async move { one.send(1).unwrap() });
            spawn(async move { two.send(2).unwrap() });
            let mut received = Vec::new();
            while received.len() < 2 {
                select! {
                    Some(message) = of_one.recv() => received.push(message),
                    Some(message) = of_two.recv() => received.push(message),
                }
            }
            received
        })
    });
    complete(&seen);
    assert_eq!(seen.results, BTreeSet::from([vec![1, 2], vec![2, 1]]));
}

#[test]
fn time_is_up_before_or_after_what_it_limits() {
    let seen = all(|| {
        run(async {
            let (sender, receiver) = oneshot::channel();
            let blocking = spawn_blocking(move || sender.send(7).is_ok());
            let limited = time::timeout(Duration::from_secs(1), receiver).await;
            yield_now().await;
            blocking.await.unwrap();
            limited.map(Result::unwrap).ok()
        })
    });
    complete(&seen);
    assert_eq!(seen.results, BTreeSet::from([None, Some(7)]));
}

#[test]
fn a_step_is_at_the_line_that_called_it() {
    let first = line!() + 3;
    let steps = steps(|| {
        run(async {
            let lock = Mutex::new(0);
            drop(lock.lock().await);
            let task = spawn(async {});
            task.await.unwrap();
        });
    });
    let of = |name: &str| steps.iter().find(|step| step.action.name() == name).and_then(|step| step.place.line());
    assert_eq!(of("write-lock"), Some((file!(), first + 1)), "{steps:?}");
    assert_eq!(of("spawn"), Some((file!(), first + 2)), "{steps:?}");
    assert_eq!(of("join"), Some((file!(), first + 3)), "{steps:?}");
    let locked = steps.iter().find(|step| step.action.name() == "write-lock").map(ToString::to_string);
    assert_eq!(locked.as_deref(), Some("task 0: write-lock lock"));
}

#[test]
fn outside_an_execution_the_tasks_are_real() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let count = builder.enable_all().build().unwrap().block_on(async {
            let (count, mut set) = (Arc::new(Mutex::new(0)), JoinSet::new());
            for _ in 0..4 {
                let count = Arc::clone(&count);
                set.spawn_on(async move { *count.lock_owned().await += 1 }, &Handle::current());
            }
            set.join_all().await;
            time::sleep(Duration::from_millis(1)).await;
            spawn_blocking(move || *count.blocking_lock()).await.unwrap()
        });
        assert_eq!(count, 4);
    }
}
