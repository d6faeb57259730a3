//! `std::thread`.

use std::collections::BTreeSet;

use super::execution::{all, sampled, steps};
use seriatim_shims::sync::Arc;
use seriatim_shims::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use seriatim_shims::thread;

#[test]
fn two_threads_that_load_and_store_lose_a_count_under_some_schedule_and_under_some_not() {
    let seen = all(|| {
        let count = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| count.store(count.load(SeqCst) + 1, SeqCst));
            }
        });
        count.into_inner()
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([1, 2]));
}

#[test]
fn two_threads_that_add_at_once_lose_nothing() {
    let seen = all(|| {
        let count = Arc::new(AtomicU64::new(0));
        let add = |count: &Arc<AtomicU64>| {
            let count = Arc::clone(count);
            thread::spawn(move || count.fetch_add(1, SeqCst))
        };
        let threads = [add(&count), add(&count)];
        let mut found: Vec<u64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        found.sort_unstable();
        (found, count.load(SeqCst))
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(vec![0, 1], 2)]));
    assert!(seen.executions >= 2, "{seen:?}");
}

#[test]
fn a_thread_that_nobody_unparks_is_stuck_and_one_that_somebody_unparks_is_not() {
    let seen = all(thread::park);
    assert_eq!(seen.stuck.len(), 1, "{seen:?}");
    let seen = all(|| {
        let parked = thread::spawn(thread::park);
        parked.thread().unpark();
        parked.join().unwrap();
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
}

#[test]
fn a_panic_comes_to_who_joins_and_a_scope_panics_for_one_that_nobody_joined() {
    let seen = sampled(20, || {
        let joined = thread::spawn(|| -> () { panic!("on purpose") }).join();
        let scope = std::panic::catch_unwind(|| thread::scope(|scope| drop(scope.spawn(|| panic!("on purpose")))));
        let known =
            std::panic::catch_unwind(|| thread::scope(|scope| scope.spawn(|| panic!("on purpose")).join().is_err()));
        (joined.is_err(), scope.is_err(), known.ok())
    });
    assert_eq!(seen.results, BTreeSet::from([(true, true, Some(true))]));
}

seriatim_shims::thread_local! {
    static OWN: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

#[test]
fn every_thread_of_an_execution_has_its_own_values() {
    let seen = sampled(50, || {
        let count = || {
            OWN.set(OWN.get() + 1);
            thread::yield_now();
            OWN.get()
        };
        let threads = [thread::spawn(count), thread::spawn(count)];
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(seen.results, BTreeSet::from([[1, 1]]));
}

#[test]
fn outside_an_execution_the_threads_are_real() {
    let count = AtomicUsize::new(0);
    let here = std::thread::current().id();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert_ne!(std::thread::current().id(), here);
                count.fetch_add(1, SeqCst);
            });
        }
    });
    assert_eq!(count.load(SeqCst), 4);
}

#[test]
fn a_step_has_the_name_of_its_object_and_the_line_that_took_it() {
    let line = line!() + 3;
    let steps = steps(|| {
        let fees = AtomicU64::new(0);
        fees.store(5, SeqCst);
    });
    let [step] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(step.to_string(), "task 0: store fees -> 5");
    assert_eq!(step.place.line(), Some((file!(), line)));
}
