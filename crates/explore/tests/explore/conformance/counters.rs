//! Atomics.

use std::sync::Arc;

use seriatim_runtime::{AtomicU64, JoinSet, Ordering, Runtime};
use seriatim_testkit::events::Events;

use super::runtimes::pause;

pub async fn compare_exchange_loses_no_update<R: Runtime>(runtime: R, events: Events) {
    let counter = Arc::new(runtime.atomic_u64("counter", 0));
    let mut tasks = runtime.join_set("tasks");
    for _ in 0..3 {
        let (counter, events) = (Arc::clone(&counter), events.clone());
        tasks.spawn(async move {
            let mut current = counter.load(Ordering::Relaxed);
            while let Err(found) = counter.compare_exchange(current, current + 1, Ordering::Relaxed, Ordering::Relaxed)
            {
                events.reached("an exchange failed");
                current = found;
            }
        });
    }
    while let Some((_, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(()));
    }
    assert_eq!(counter.load(Ordering::Relaxed), 3);
}

/// The witness that the fact above is none of chance.
pub async fn a_store_after_a_load_loses_updates<R: Runtime>(runtime: R, events: Events) {
    let counter = Arc::new(runtime.atomic_u64("counter", 0));
    let mut tasks = runtime.join_set("tasks");
    for _ in 0..2 {
        let counter = Arc::clone(&counter);
        tasks.spawn(async move { counter.store(counter.load(Ordering::SeqCst) + 1, Ordering::SeqCst) });
    }
    while let Some((_, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(()));
    }
    match counter.load(Ordering::SeqCst) {
        1 => events.reached("an update was lost"),
        2 => events.reached("no update was lost"),
        impossible => panic!("{impossible} after two additions of 1"),
    }
}

pub async fn release_publishes_to_acquire<R: Runtime>(runtime: R, events: Events) {
    let (data, flag) = (Arc::new(runtime.atomic_u64("data", 0)), Arc::new(runtime.atomic_u64("flag", 0)));
    let mut tasks = runtime.join_set("tasks");
    let (written, published) = (Arc::clone(&data), Arc::clone(&flag));
    tasks.spawn(async move {
        written.store(1, Ordering::Relaxed);
        published.store(1, Ordering::Release);
    });
    let reading = runtime.clone();
    tasks.spawn(async move {
        pause(&reading, &flag).await;
        if flag.load(Ordering::Acquire) == 1 {
            assert_eq!(data.load(Ordering::Relaxed), 1);
            events.reached("published");
        } else {
            events.reached("not yet published");
        }
    });
    while let Some((_, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(()));
    }
}
