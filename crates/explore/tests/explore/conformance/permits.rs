//! Semaphores and the async lock.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use seriatim_runtime::{AtomicU64, JoinSet, Ordering, Runtime, RwLock, Semaphore, TaskError};
use seriatim_testkit::ON_PURPOSE;
use seriatim_testkit::events::Events;

use super::runtimes::pause;

/// Looks at a future once.
fn look<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

pub async fn a_semaphore_never_exceeds_its_bound<R: Runtime>(runtime: R, events: Events) {
    const PERMITS: usize = 2;
    let semaphore = Arc::new(runtime.semaphore("bounded", PERMITS));
    let point = Arc::new(runtime.atomic_u64("point", 0));
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = runtime.join_set("tasks");
    for _ in 0..3 {
        let (runtime, semaphore, point) = (runtime.clone(), Arc::clone(&semaphore), Arc::clone(&point));
        let (inside, events) = (Arc::clone(&inside), events.clone());
        tasks.spawn(async move {
            let _permit = semaphore.acquire().await;
            let now = inside.fetch_add(1, SeqCst) + 1;
            assert!(now <= PERMITS, "{now} permits in use");
            if now == PERMITS {
                events.reached("every permit in use");
            }
            pause(&runtime, &point).await;
            inside.fetch_sub(1, SeqCst);
        });
    }
    while let Some((_, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(()));
    }
}

pub async fn every_waiter_is_served<R: Runtime>(runtime: R, events: Events) {
    let semaphore = Arc::new(runtime.semaphore("one", 1));
    let mut tasks = runtime.join_set("tasks");
    for _ in 0..3 {
        let semaphore = Arc::clone(&semaphore);
        tasks.spawn(async move { drop(semaphore.acquire().await) });
    }
    let mut last = None;
    while let Some((task, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(()));
        last = Some(task.0);
    }
    events.reached(format!("task {} last", last.unwrap()));
}

pub async fn permits_are_granted_first_come_first_served<R: Runtime>(runtime: R, _: Events) {
    let semaphore = runtime.semaphore("one", 1);
    let permit = semaphore.acquire().await;
    let (mut first, mut second) = (pin!(semaphore.acquire()), pin!(semaphore.acquire()));
    assert!(look(first.as_mut()).is_pending());
    assert!(look(second.as_mut()).is_pending());
    drop(permit);
    // Neither the second in the queue nor a newcomer gets what is the first one's.
    let mut late = pin!(semaphore.acquire());
    assert!(look(second.as_mut()).is_pending());
    assert!(look(late.as_mut()).is_pending());
    let Poll::Ready(permit) = look(first.as_mut()) else { panic!("the first one has to wait") };
    drop(permit);
    assert!(look(late.as_mut()).is_pending());
    drop(second.await);
    drop(late.await);
}

pub async fn a_dropped_waiter_leaves_the_queue<R: Runtime>(runtime: R, _: Events) {
    let semaphore = runtime.semaphore("one", 1);
    let permit = semaphore.acquire().await;
    let mut waiting = Box::pin(semaphore.acquire());
    let mut granted = Box::pin(semaphore.acquire());
    let mut last = pin!(semaphore.acquire());
    assert!(look(waiting.as_mut()).is_pending());
    assert!(look(granted.as_mut()).is_pending());
    assert!(look(last.as_mut()).is_pending());
    drop(waiting);
    drop(permit);
    // It was handed the permit, but never looked.
    drop(granted);
    drop(last.await);
    drop(semaphore.acquire().await);
}

pub async fn a_permit_comes_back_when_its_task_panics<R: Runtime>(runtime: R, events: Events) {
    let semaphore = Arc::new(runtime.semaphore("one", 1));
    let panicked = Arc::new(AtomicBool::new(false));
    let mut tasks = runtime.join_set("tasks");
    let (of_panicking, of_other) = (Arc::clone(&semaphore), Arc::clone(&semaphore));
    let (panicking, seen) = (Arc::clone(&panicked), Arc::clone(&panicked));
    tasks.spawn(async move {
        let _permit = of_panicking.acquire().await;
        panicking.store(true, SeqCst);
        panic!("{ON_PURPOSE}");
    });
    tasks.spawn(async move {
        let _permit = of_other.acquire().await;
        events.reached(if seen.load(SeqCst) { "the other was second" } else { "the other was first" });
    });
    while let Some((task, result)) = tasks.join_next().await {
        let expected = if task.0 == 0 { Err(TaskError::Panicked(ON_PURPOSE.to_owned())) } else { Ok(()) };
        assert_eq!(result, expected);
    }
    drop(semaphore.acquire().await);
}

pub async fn a_permit_comes_back_when_its_task_is_cancelled<R: Runtime>(runtime: R, events: Events) {
    let semaphore = Arc::new(runtime.semaphore("one", 1));
    let holders = Arc::new(AtomicUsize::new(0));
    let mut tasks = runtime.join_set::<()>("tasks");
    for _ in 0..2 {
        let (semaphore, holders) = (Arc::clone(&semaphore), Arc::clone(&holders));
        tasks.spawn(async move {
            let _permit = semaphore.acquire().await;
            holders.fetch_add(1, SeqCst);
            pending::<()>().await;
        });
    }
    // Somewhere on the tasks' way.
    runtime.atomic_u64("point", 0).load(Ordering::Relaxed);
    runtime.yield_now().await;
    drop(tasks);
    // Each task that holds it when it is cancelled gives it to one that is cancelled too.
    drop(semaphore.acquire().await);
    events.reached(if holders.load(SeqCst) == 0 { "cancelled without it" } else { "cancelled holding it" });
}

pub async fn a_writer_is_alone<R: Runtime>(runtime: R, events: Events) {
    let lock = Arc::new(runtime.rw_lock("pair", (0_u64, 0_u64)));
    let point = Arc::new(runtime.atomic_u64("point", 0));
    let readers = Arc::new(AtomicUsize::new(0));
    let mut tasks = runtime.join_set("tasks");
    let (of_writer, at, writing) = (Arc::clone(&lock), Arc::clone(&point), runtime.clone());
    tasks.spawn(async move {
        let mut pair = of_writer.write().await;
        pair.0 += 1;
        pause(&writing, &at).await;
        pair.1 += 1;
    });
    for _ in 0..2 {
        let (lock, point, runtime) = (Arc::clone(&lock), Arc::clone(&point), runtime.clone());
        let (readers, events) = (Arc::clone(&readers), events.clone());
        tasks.spawn(async move {
            let pair = lock.read().await;
            assert_eq!(pair.0, pair.1, "a reader saw half a change");
            events.reached(if pair.0 == 0 { "read before" } else { "read after" });
            if readers.fetch_add(1, SeqCst) == 1 {
                events.reached("two readers at once");
            }
            pause(&runtime, &point).await;
            readers.fetch_sub(1, SeqCst);
        });
    }
    while let Some((_, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(()));
    }
    assert_eq!(*lock.read().await, (1, 1));
}

pub async fn a_lock_is_granted_first_come_first_served<R: Runtime>(runtime: R, _: Events) {
    let lock = runtime.rw_lock("value", 0_u64);
    let reader = lock.read().await;
    let mut beside = pin!(lock.read());
    let Poll::Ready(also) = look(beside.as_mut()) else { panic!("readers share") };
    let mut writer = pin!(lock.write());
    let mut late = pin!(lock.read());
    assert!(look(writer.as_mut()).is_pending(), "a writer excludes readers");
    assert!(look(late.as_mut()).is_pending(), "a reader does not overtake a writer that waits");
    drop((reader, also));
    assert!(look(late.as_mut()).is_pending());
    let Poll::Ready(mut value) = look(writer.as_mut()) else { panic!("the writer has to wait") };
    *value = 1;
    drop(value);
    let Poll::Ready(value) = look(late.as_mut()) else { panic!("the last one has to wait") };
    assert_eq!(*value, 1);
    // A writer that gives up lets those behind it in.
    let mut gives_up = Box::pin(lock.write());
    let mut behind = pin!(lock.read());
    assert!(look(gives_up.as_mut()).is_pending());
    assert!(look(behind.as_mut()).is_pending());
    drop(gives_up);
    assert_eq!(*poll_fn(|context| behind.as_mut().poll(context)).await, 1);
}
