//! `rayon`.

mod same;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use seriatim_shims::rayon::prelude::*;
use seriatim_shims::rayon::{ThreadPoolBuilder, current_num_threads, join, scope, spawn};

use super::execution::{all, sampled, steps};
use seriatim_shims::sync::atomic::{AtomicU64, Ordering::SeqCst};
use seriatim_shims::sync::{Barrier, Mutex, mpsc};

#[test]
fn items_that_load_and_store_lose_a_count_and_items_that_add_at_once_do_not() {
    let count = |at_once: bool| {
        all(move || {
            let count = AtomicU64::new(0);
            [1, 2].par_iter().for_each(|amount| {
                if at_once {
                    count.fetch_add(*amount, SeqCst);
                } else {
                    count.store(count.load(SeqCst) + amount, SeqCst);
                }
            });
            count.into_inner()
        })
    };
    let (at_once, apart) = (count(true), count(false));
    assert!(at_once.complete && apart.complete, "{at_once:?} {apart:?}");
    assert_eq!(at_once.results, BTreeSet::from([3]));
    assert_eq!(apart.results, BTreeSet::from([1, 2, 3]));
    assert!(at_once.stuck.is_empty() && apart.stuck.is_empty());
}

#[test]
fn both_closures_of_a_join_run_at_once_and_in_a_pool_of_one_thread_one_after_the_other() {
    let seen = |threads: usize| {
        all(move || {
            let next = AtomicU64::new(0);
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.join(|| next.fetch_add(1, SeqCst), || next.fetch_add(1, SeqCst))
        })
    };
    let (two, one) = (seen(2), seen(1));
    assert!(two.complete && one.complete, "{two:?} {one:?}");
    assert_eq!(two.results, BTreeSet::from([(0, 1), (1, 0)]));
    assert_eq!(one.results, BTreeSet::from([(0, 1)]));
}

#[test]
fn a_collection_keeps_the_order_of_its_items_and_what_is_pushed_under_a_lock_does_not() {
    let seen = all(|| {
        let pushed = Mutex::new(Vec::new());
        let push = |item: &u32| {
            pushed.lock().unwrap().push(*item);
            *item
        };
        let collected: Vec<u32> = [1, 2].par_iter().map(push).collect();
        (collected, pushed.into_inner().unwrap())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(vec![1, 2], vec![1, 2]), (vec![1, 2], vec![2, 1])]));
}

#[test]
fn any_item_is_found_by_find_any_and_only_the_first_by_find_first() {
    let find = |first: bool| {
        all(move || {
            let items = [1, 2, 3].par_iter().copied();
            let even_less = |item: &i32| *item > 1;
            if first { items.find_first(even_less) } else { items.find_any(even_less) }
        })
    };
    let (found_any, found_first) = (find(false), find(true));
    assert!(found_any.complete && found_first.complete, "{found_any:?} {found_first:?}");
    assert_eq!(found_any.results, BTreeSet::from([Some(2), Some(3)]));
    assert_eq!(found_first.results, BTreeSet::from([Some(2)]));
}

#[test]
fn the_error_of_several_is_the_one_that_came_first() {
    let seen = all(|| {
        let failed = [1, 2].par_iter().try_for_each(|item| Err(*item));
        let collected: Result<Vec<u32>, u32> = [3, 4].par_iter().map(|item| Err(*item)).collect();
        (failed, collected)
    });
    let both = |failed, collected| (Err(failed), Err(collected));
    assert!(seen.complete, "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([both(1, 3), both(1, 4), both(2, 3), both(2, 4)]));
}

#[test]
fn jobs_of_a_scope_run_with_its_body_and_have_ended_after_it() {
    let seen = all(|| {
        let (sum, mut own) = (AtomicU64::new(0), 0);
        let in_body = scope(|scope| {
            scope.spawn(|scope| {
                sum.fetch_add(1, SeqCst);
                scope.spawn(|_| {
                    sum.fetch_add(2, SeqCst);
                });
            });
            own += 1;
            sum.load(SeqCst)
        });
        (in_body, own, sum.into_inner())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(0, 1, 3), (1, 1, 3), (3, 1, 3)]));
}

#[test]
fn a_job_that_is_spawned_does_not_keep_its_caller_waiting() {
    let seen = all(|| {
        let (sender, receiver) = mpsc::channel();
        spawn(move || sender.send(7).unwrap());
        (receiver.try_recv().ok(), receiver.recv().ok())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(None, Some(7)), (Some(7), None)]));
}

#[test]
fn items_that_wait_for_each_other_are_stuck_where_one_thread_has_them_all() {
    let meet = |threads: usize| {
        sampled(20, move || {
            let barrier = Barrier::new(3);
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (0..3).into_par_iter().filter(|_| barrier.wait().is_leader()).count())
        })
    };
    let (three, two) = (meet(3), meet(2));
    assert_eq!(three.results, BTreeSet::from([1]));
    assert!(three.stuck.is_empty(), "{three:?}");
    assert!(two.results.is_empty(), "{two:?}");
    let stuck: Vec<_> = two.stuck.iter().collect();
    assert!(!stuck.is_empty() && stuck.iter().all(|on| on.contains("a task of rayon")), "{stuck:?}");
    assert!(stuck.iter().all(|on| on.contains("what `wait` of barrier needs")), "{stuck:?}");
}

#[test]
fn a_panic_of_an_item_a_closure_or_a_job_comes_to_the_caller_after_the_others_have_ended() {
    let message = |result: std::thread::Result<()>| *result.unwrap_err().downcast::<&str>().unwrap();
    let seen = sampled(50, move || {
        let done = AtomicU64::new(0);
        let count = || {
            done.fetch_add(1, SeqCst);
        };
        let caught = |work: &(dyn Fn() + Sync)| message(catch_unwind(AssertUnwindSafe(work)));
        let panics = [
            caught(&|| (0..2).into_par_iter().for_each(|item| if item == 0 { panic!("item") } else { count() })),
            caught(&|| _ = join(|| panic!("first"), count)),
            caught(&|| _ = join(count, || panic!("second"))),
            caught(&|| {
                scope(|scope| {
                    scope.spawn(|_| panic!("job"));
                    scope.spawn(|_| count());
                });
            }),
        ];
        (panics, done.load(SeqCst))
    });
    assert_eq!(seen.results, BTreeSet::from([(["item", "first", "second", "job"], 4)]));
}

#[test]
fn there_are_as_many_chunks_as_threads_and_no_more_than_items() {
    let seen = sampled(1, || {
        let chunks = |threads: usize, items: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (0..items).into_par_iter().fold(|| 0, |count, _| count + 1).collect::<Vec<usize>>())
        };
        let bounded = |items: &[u8]| {
            let counts = |shortest, longest| {
                let items = items.par_iter().with_min_len(shortest).with_max_len(longest).enumerate();
                items.fold(|| 0, |count, _| count + 1).collect::<Vec<usize>>()
            };
            (counts(4, 100), counts(1, 2))
        };
        let inside = ThreadPoolBuilder::new().num_threads(3).build().unwrap().install(|| {
            let of_jobs: Vec<usize> = (0..2).into_par_iter().map(|_| current_num_threads()).collect();
            (current_num_threads(), of_jobs)
        });
        (chunks(3, 8), chunks(3, 2), chunks(3, 0), bounded(&[0; 10]), inside, current_num_threads())
    });
    let expected = (vec![3, 3, 2], vec![1, 1], Vec::new(), (vec![5, 5], vec![2; 5]), (3, vec![3, 3]), 4);
    assert_eq!(seen.results, BTreeSet::from([expected]));
}

#[test]
fn what_a_chunk_begins_with_is_its_own() {
    let seen = all(|| {
        let begun = AtomicU64::new(0);
        let mut counts: Vec<(u64, u64)> = (0..4_u64)
            .into_par_iter()
            .with_min_len(2)
            .map_init(
                || (begun.fetch_add(1, SeqCst), 0),
                |(chunk, count), _| {
                    *count += 1;
                    (*chunk, *count)
                },
            )
            .collect();
        counts.par_sort_unstable();
        counts
    });
    assert!(seen.complete, "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([vec![(0, 1), (0, 2), (1, 1), (1, 2)]]));
}

#[test]
fn a_step_is_at_the_line_that_starts_the_threads() {
    let line = line!() + 1;
    let steps = steps(|| drop([1, 2].par_iter().map(|item| item + 1).collect::<Vec<i32>>()));
    let spawned: Vec<_> = steps.iter().filter(|step| step.action.kind() == "spawn").collect();
    assert_eq!(spawned.len(), 2, "{steps:?}");
    assert!(spawned.iter().all(|step| step.place.line() == Some((file!(), line))), "{spawned:?}");
}
