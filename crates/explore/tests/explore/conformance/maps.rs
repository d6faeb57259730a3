//! The concurrent map. `tests/explore/map_model.rs` compares the model with dashmap itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use seriatim_runtime::{AtomicU64, ConcurrentMap, JoinSet, Ordering, Runtime};
use seriatim_testkit::events::Events;

pub async fn the_first_value_stays<R: Runtime>(runtime: R, events: Events) {
    let map = Arc::new(runtime.map::<u8, usize>("map"));
    let mut tasks = runtime.join_set("tasks");
    for number in 0..2 {
        let map = Arc::clone(&map);
        tasks.spawn(async move { *map.entry_or_insert(1, number) });
    }
    let mut seen = Vec::new();
    while let Some((_, value)) = tasks.join_next().await {
        seen.push(value.unwrap());
    }
    assert_eq!(seen[0], seen[1], "both see the value that stays");
    events.reached(format!("{} was first", seen[0]));
    assert_eq!(Arc::into_inner(map).unwrap().into_entries(), [(1, seen[0])]);
}

pub async fn an_exclusive_guard_is_alone<R: Runtime>(runtime: R, events: Events) {
    let map = Arc::new(runtime.map::<u8, u64>("map"));
    map.insert(1, 0);
    let point = Arc::new(runtime.atomic_u64("point", 0));
    let guards = Arc::new(AtomicUsize::new(0));
    let mut tasks = runtime.join_set("tasks");
    for _ in 0..2 {
        let (map, point) = (Arc::clone(&map), Arc::clone(&point));
        let (guards, events) = (Arc::clone(&guards), events.clone());
        tasks.spawn(async move {
            if guards.load(SeqCst) > 0 {
                events.reached("met a guard");
            }
            let mut value = map.get_mut(&1).unwrap();
            assert_eq!(guards.fetch_add(1, SeqCst), 0);
            let before = *value;
            point.load(Ordering::Relaxed);
            *value = before + 1;
            guards.fetch_sub(1, SeqCst);
        });
    }
    while let Some((_, result)) = tasks.join_next().await {
        assert_eq!(result, Ok(()));
    }
    assert_eq!(*map.get(&1).unwrap(), 2);
}

pub async fn shared_guards_share<R: Runtime>(runtime: R, events: Events) {
    let map = Arc::new(runtime.map::<u8, u64>("map"));
    map.insert(1, 5);
    let point = Arc::new(runtime.atomic_u64("point", 0));
    let guards = Arc::new(AtomicUsize::new(0));
    let mut tasks = runtime.join_set("tasks");
    for _ in 0..2 {
        let (map, point) = (Arc::clone(&map), Arc::clone(&point));
        let (guards, events) = (Arc::clone(&guards), events.clone());
        tasks.spawn(async move {
            let value = map.get(&1).unwrap();
            if guards.fetch_add(1, SeqCst) == 1 {
                events.reached("two guards at once");
            }
            point.load(Ordering::Relaxed);
            guards.fetch_sub(1, SeqCst);
            *value
        });
    }
    while let Some((_, value)) = tasks.join_next().await {
        assert_eq!(value, Ok(5));
    }
}

pub async fn a_map_gives_back_what_was_inserted<R: Runtime>(runtime: R, _: Events) {
    let map = runtime.map::<u8, u64>("map");
    assert_eq!(map.insert(2, 20), None);
    assert_eq!(map.insert(1, 10), None);
    assert_eq!(map.insert(2, 21), Some(20));
    assert!(map.contains_key(&1) && !map.contains_key(&3));
    assert!(map.get(&3).is_none() && map.get_mut(&3).is_none());
    *map.get_mut(&1).unwrap() += 1;
    let mut entries = map.into_entries();
    entries.sort_unstable();
    assert_eq!(entries, [(1, 11), (2, 21)]);
}
