//! `dashmap`.

mod real;

use std::collections::BTreeSet;

use seriatim_shims::dashmap::try_result::TryResult;
use seriatim_shims::dashmap::{DashMap, DashSet};
use seriatim_shims::sync::atomic::{AtomicU64, Ordering::SeqCst};
use seriatim_shims::{Named, thread};

use super::execution::{Seen, all, sampled, steps};

/// What two threads that each add to the value of one key come to.
fn add(change: impl Fn(&DashMap<&'static str, u64>) + Clone + Send + Sync + 'static) -> Seen<Option<u64>> {
    all(move || {
        let counts = DashMap::new();
        thread::scope(|scope| {
            scope.spawn(|| change(&counts));
            scope.spawn(|| change(&counts));
        });
        counts.remove("a").map(|(_, count)| count)
    })
}

#[test]
fn a_value_that_is_read_and_then_inserted_loses_a_change_and_one_that_is_changed_in_place_does_not() {
    let apart = add(|counts| {
        let before = counts.get("a").map_or(0, |count| *count);
        counts.insert("a", before + 1);
    });
    let entry = add(|counts| *counts.entry("a").or_default() += 1);
    let modified = add(|counts| drop(counts.entry("a").and_modify(|count| *count += 1).or_insert(1)));
    assert!([&apart, &entry, &modified].iter().all(|seen| seen.complete && seen.stuck.is_empty()), "{apart:?}");
    assert_eq!(apart.results, BTreeSet::from([Some(1), Some(2)]));
    assert_eq!(entry.results, BTreeSet::from([Some(2)]));
    assert_eq!(modified.results, BTreeSet::from([Some(2)]));
}

#[test]
fn an_entry_that_is_looked_for_and_then_inserted_is_inserted_twice_and_a_vacant_one_once() {
    let insert = |look_first: bool| {
        all(move || {
            let (map, made) = (DashMap::new(), AtomicU64::new(0));
            let insert = || {
                let make = || made.fetch_add(1, SeqCst);
                if !look_first {
                    map.entry(7).or_insert_with(make);
                } else if !map.contains_key(&7) {
                    map.insert(7, make());
                }
            };
            thread::scope(|scope| {
                scope.spawn(insert);
                scope.spawn(insert);
            });
            made.into_inner()
        })
    };
    let (looked, vacant) = (insert(true), insert(false));
    assert!(looked.complete && vacant.complete, "{looked:?} {vacant:?}");
    assert_eq!(looked.results, BTreeSet::from([1, 2]));
    assert_eq!(vacant.results, BTreeSet::from([1]));
}

/// Keys of one shard, and of another one, of a map that has as many as it has if it is not told.
fn keys_by_shard() -> (Vec<u64>, u64) {
    let map: DashMap<u64, ()> = DashMap::new();
    map.insert(0, ());
    let held = map.get_mut(&0);
    let is_locked = |key: &u64| matches!(map.try_get(key), TryResult::Locked);
    let keys = (1..100).filter(is_locked).take(2).collect();
    let other = (1..100).find(|key| !is_locked(key)).unwrap();
    drop(held);
    (keys, other)
}

#[test]
fn a_guard_holds_its_whole_shard_and_no_other() {
    let (same_shard, other_shard) = keys_by_shard();
    let cross = move |other: u64| {
        all(move || {
            let map: DashMap<u64, u64> = [(0, 0), (other, 0)].into_iter().collect();
            thread::scope(|scope| {
                let add = |from: u64, to: u64| {
                    let from = map.get(&from).unwrap();
                    *map.get_mut(&to).unwrap() += *from + 1;
                };
                scope.spawn(move || add(0, other));
            });
            map.get(&other).map(|value| *value)
        })
    };
    let (same, apart) = (cross(same_shard[0]), cross(other_shard));
    assert!(same.results.is_empty(), "{same:?}");
    let on = same.stuck.iter().next().unwrap();
    assert!(on.contains("write access to shard ") && on.contains("of the map DashMap"), "{on}");
    assert_eq!(apart.results, BTreeSet::from([Some(1)]));
    assert!(apart.stuck.is_empty(), "{apart:?}");
}

#[test]
fn guards_of_two_entries_that_are_taken_in_opposite_orders_can_stick_and_in_one_order_cannot() {
    let (_, far) = keys_by_shard();
    let lock = |opposite: bool| {
        all(move || {
            let map: DashMap<u64, u64> = [(0, 0), (far, 0)].into_iter().collect();
            let add = |one: u64, other: u64| {
                let (mut one, mut other) = (map.get_mut(&one).unwrap(), map.get_mut(&other).unwrap());
                *one += 1;
                *other += 1;
            };
            thread::scope(|scope| {
                scope.spawn(|| add(0, far));
                scope.spawn(|| if opposite { add(far, 0) } else { add(0, far) });
            });
            map.into_iter().map(|(_, count)| count).sum::<u64>()
        })
    };
    let (opposite, same) = (lock(true), lock(false));
    assert!(opposite.stuck.iter().any(|on| on.matches("write access to shard ").count() == 2), "{opposite:?}");
    assert!(same.complete && same.stuck.is_empty(), "{same:?}");
    assert_eq!((opposite.results, same.results), (BTreeSet::from([4]), BTreeSet::from([4])));
}

#[test]
fn readers_of_a_shard_do_not_wait_for_each_other() {
    let seen = all(|| {
        let map: DashMap<u8, u8> = [(1, 10)].into_iter().collect();
        let read = || {
            let first = map.get(&1).unwrap();
            let second = first.map(|value| value);
            *second + *map.get(&1).unwrap()
        };
        thread::scope(|scope| [scope.spawn(read), scope.spawn(read)].map(|thread| thread.join().unwrap()))
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([[20, 20]]));
}

#[test]
fn a_shard_that_another_holds_is_said_to_be_locked_and_one_whose_guard_was_downgraded_can_be_read() {
    let seen = sampled(1, || {
        let map: DashMap<u8, u8> = [(1, 10)].into_iter().collect();
        let held = map.get_mut(&1).unwrap();
        let locked = (map.try_get(&1).is_locked(), map.try_entry(1).is_none());
        let held = held.downgrade();
        let read = (map.try_get(&1).is_present(), map.try_get_mut(&1).is_locked());
        drop(held);
        (locked, read, map.try_get(&2).is_absent() && map.try_get_mut(&1).is_present())
    });
    assert_eq!(seen.results, BTreeSet::from([((true, true), (true, true), true)]));
}

#[test]
fn what_an_iterator_finds_is_no_snapshot() {
    let (_, far) = keys_by_shard();
    let seen = all(move || {
        let map: DashMap<u64, u64> = [(0, 0), (far, 0)].into_iter().collect();
        thread::scope(|scope| {
            scope.spawn(|| {
                for key in [0, far] {
                    map.alter(&key, |_, value| value + 1);
                }
            });
            let mut found: Vec<(u64, u64)> = map.iter().map(|pair| (*pair.key(), *pair)).collect();
            found.sort_unstable();
            found.iter().map(|(_, value)| *value).collect::<Vec<_>>()
        })
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert!(seen.results.len() >= 3, "{seen:?}");
    assert!(seen.results.contains(&vec![0, 0]) && seen.results.contains(&vec![1, 1]), "{seen:?}");
}

#[test]
fn a_shard_is_held_until_the_last_guard_of_an_iterator_is_gone() {
    let seen = sampled(1, || {
        let map: DashMap<u64, u64> = (0..20).map(|key| (key, key)).collect();
        let guards: Vec<_> = map.iter_mut().collect();
        let while_held = (0..20).all(|key| map.try_get(&key).is_locked());
        let some = guards.into_iter().take(10).map(|mut value| std::mem::replace(&mut *value, 100)).sum::<u64>();
        let mut left = map.iter_mut();
        let first = left.next().map(|value| *value);
        drop(left);
        let sum: u64 = map.iter().map(|value| *value).sum();
        (while_held, map.len(), first.is_some(), sum + some)
    });
    assert_eq!(seen.results, BTreeSet::from([(true, 20, true, 190 + 1000)]));
}

#[test]
fn a_set_has_a_key_once() {
    let insert = || {
        all(|| {
            let set = DashSet::new();
            let added = thread::scope(|scope| {
                let insert = || u8::from(set.insert("a"));
                [scope.spawn(insert), scope.spawn(insert)].map(|thread| thread.join().unwrap())
            });
            (added, set.len(), set.contains("a"), set.get("a").map(|key| *key), set.remove("a"), set.is_empty())
        })
    };
    let rest = (1, true, Some("a"), Some("a"), true);
    let with = |added| (added, rest.0, rest.1, rest.2, rest.3, rest.4);
    let seen = insert();
    assert!(seen.complete, "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([with([1, 0]), with([0, 1])]));
}

#[test]
fn records_say_what_was_done_to_a_key_and_where() {
    let line = line!() + 6;
    let steps = steps(|| {
        let map = DashMap::new().named(|| "accounts".to_owned());
        drop(map.get(&3));
        map.insert(3, 0);
        map.entry(3).and_modify(|value| *value += 1);
        *map.get_mut(&3).unwrap() += 1;
        drop(map.get_mut(&3));
        map.entry(4).or_insert(1);
        map.remove(&3);
    });
    let of_entries = steps.iter().filter(|step| step.action.entry().is_some());
    let said: Vec<String> = of_entries.map(|step| step.action.to_string()).collect();
    let expected = [
        "read accounts 3 -> absent",
        "insert accounts 3 -> a value for absent",
        "hold accounts 3 -> a value",
        "leave accounts 3 -> another value",
        "hold accounts 3 -> a value",
        "leave accounts 3 -> another value",
        "hold accounts 3 -> a value",
        "leave accounts 3 -> a value",
        "look for accounts 4 -> absent",
        "insert if absent accounts 4 -> absent",
        "leave accounts 4 -> a value",
        "hold accounts 3 -> a value",
        "leave accounts 3 -> nothing",
    ];
    assert_eq!(said, expected);
    let changed: Vec<_> = steps.iter().filter(|step| step.action.to_string().ends_with("another value")).collect();
    assert!(changed.iter().any(|step| step.place.line() == Some((file!(), line))), "{changed:?}");
    assert!(
        steps.iter().any(|step| step.action.to_string().starts_with("write-lock shard 2 of accounts")),
        "{steps:?}"
    );
}

#[test]
fn the_order_of_entries_is_the_same_in_every_map() {
    let order = || (0..50).map(|key| (key, ())).collect::<DashMap<u64, ()>>().iter().map(|pair| *pair.key()).collect();
    let first: Vec<u64> = order();
    assert_eq!(first.len(), 50);
    assert_eq!(first, order());
}
