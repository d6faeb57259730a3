//! Atomics, threads, and what waits for threads.

use std::collections::BTreeSet;

use crate::execution::{all, sampled};
use seriatim_shims::crossbeam::atomic::AtomicCell;
use seriatim_shims::crossbeam::sync::{Parker, ShardedLock, WaitGroup};
use seriatim_shims::crossbeam::utils::Backoff;
use seriatim_shims::sync::Arc;
use seriatim_shims::sync::atomic::{AtomicBool, Ordering::SeqCst};
use seriatim_shims::{crossbeam, thread};

#[test]
fn a_cell_that_is_loaded_and_stored_loses_a_count_and_one_that_is_added_to_does_not() {
    let count = |at_once: bool| {
        let seen = all(move || {
            let count = AtomicCell::new(0_u64);
            crossbeam::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|_| {
                        if at_once {
                            count.fetch_add(1);
                        } else {
                            count.store(count.load() + 1);
                        }
                    });
                }
            })
            .unwrap();
            count.into_inner()
        });
        assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
        seen.results
    };
    assert_eq!(count(false), BTreeSet::from([1, 2]));
    assert_eq!(count(true), BTreeSet::from([2]));
}

#[test]
fn a_cell_of_anything_is_taken_by_one_and_updated_by_all() {
    let seen = all(|| {
        let (cell, count) = (AtomicCell::new(Some(String::from("it"))), AtomicCell::new((0_u32, true)));
        let takers = crossbeam::scope(|scope| {
            let take = || {
                count.fetch_update(|(count, is_even)| Some((count + 1, !is_even))).unwrap();
                usize::from(cell.take().is_some())
            };
            let other = scope.spawn(move |_| take());
            take() + other.join().unwrap()
        });
        (takers.unwrap(), count.load())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(1, (2, true))]));
}

#[test]
fn a_thread_of_a_scope_spawns_more_and_the_scope_waits_for_them() {
    let body = || {
        let done = AtomicCell::new(0_u32);
        let result = crossbeam::scope(|scope| {
            let outer = scope.spawn(|scope| {
                scope.builder().name("inner".to_owned()).spawn(|_| done.fetch_add(1)).unwrap();
                done.fetch_add(10);
                5
            });
            outer.join().unwrap()
        });
        (result.unwrap(), done.load())
    };
    let seen = all(body);
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(5, 11)]));
    assert_eq!(body(), (5, 11));
}

#[test]
fn a_panic_is_the_scopes_error_where_nobody_joined_and_the_bodys_own_goes_on() {
    let body = || {
        let unjoined = crossbeam::scope(|scope| drop(scope.spawn(|_| panic!("on purpose"))));
        let joined = crossbeam::scope(|scope| scope.spawn(|_| panic!("on purpose")).join().map(drop).is_err());
        let own = std::panic::catch_unwind(|| crossbeam::scope(|_| -> u32 { panic!("on purpose") }));
        (unjoined.is_err(), joined.ok(), own.is_err())
    };
    assert_eq!(sampled(20, body).results, BTreeSet::from([(true, Some(true), true)]));
    assert_eq!(body(), (true, Some(true), true));
}

#[test]
fn a_group_is_waited_for_until_all_have_left_and_for_ever_where_one_stays() {
    let wait = |stays: bool| {
        all(move || {
            let (group, done) = (WaitGroup::new(), Arc::new(AtomicBool::new(false)));
            let (member, is_done) = (group.clone(), Arc::clone(&done));
            let kept = stays.then(|| group.clone());
            let thread = thread::spawn(move || {
                is_done.store(true, SeqCst);
                drop(member);
            });
            group.wait();
            drop(kept);
            let was_done = done.load(SeqCst);
            thread.join().unwrap();
            was_done
        })
    };
    let (left, stays) = (wait(false), wait(true));
    assert!(left.complete && left.stuck.is_empty(), "{left:?}");
    assert_eq!(left.results, BTreeSet::from([true]));
    assert!(stays.results.is_empty(), "{stays:?}");
    assert!(stays.stuck.iter().any(|waiting| waiting.contains("`wait`")), "{stays:?}");
}

#[test]
fn who_parks_goes_on_once_for_all_that_unparked_before_and_is_stuck_a_second_time() {
    let park = |unparks: usize, parks: usize| {
        all(move || {
            let parker = Parker::new();
            let unparker = parker.unparker().clone();
            (1..unparks).for_each(|_| unparker.unpark());
            let thread = thread::spawn(move || unparker.unpark());
            (0..parks).for_each(|_| parker.park());
            thread.join().unwrap();
        })
    };
    let (once, twice) = (park(1, 1), park(2, 2));
    assert!(once.complete && once.stuck.is_empty(), "{once:?}");
    assert_eq!((twice.results.len(), twice.stuck.len()), (1, 1), "it depends on when the second comes: {twice:?}");
}

#[test]
fn who_backs_off_lets_the_other_come_to_its_end() {
    let seen = sampled(100, || {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| done.store(true, SeqCst));
            let backoff = Backoff::new();
            while !done.load(SeqCst) {
                backoff.snooze();
                assert!(backoff.is_completed());
            }
        });
        let backoff = Backoff::new();
        backoff.spin();
        backoff.is_completed()
    });
    assert_eq!(seen.results, BTreeSet::from([false]));
    assert!(seen.stuck.is_empty(), "{seen:?}");
}

#[test]
fn a_sharded_lock_lets_no_reader_see_half_of_a_write() {
    let seen = all(|| {
        let lock = ShardedLock::new((0, 0));
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut pair = lock.write().unwrap();
                pair.0 += 1;
                pair.1 += 1;
            });
            *lock.read().unwrap()
        })
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(0, 0), (1, 1)]));
}
