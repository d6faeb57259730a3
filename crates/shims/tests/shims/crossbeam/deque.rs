//! Queues and what thieves do to them.

use std::collections::BTreeSet;

use crate::execution::all;
use seriatim_shims::crossbeam::deque::{Injector, Steal, Worker};
use seriatim_shims::crossbeam::queue::{ArrayQueue, SegQueue};
use seriatim_shims::thread;

#[test]
fn every_item_is_had_once_by_its_worker_or_by_a_thief() {
    let seen = all(|| {
        let worker = Worker::new_lifo();
        let stealer = worker.stealer();
        worker.push(1);
        worker.push(2);
        let thief = thread::spawn(move || stealer.steal().success());
        let popped = [worker.pop(), worker.pop()];
        let stolen = thief.join().unwrap();
        let mut had: Vec<u32> = popped.into_iter().chain([stolen]).flatten().collect();
        had.sort_unstable();
        (had, stolen)
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    let had = |stolen| (vec![1, 2], stolen);
    assert_eq!(seen.results, BTreeSet::from([had(None), had(Some(1))]));
}

#[test]
fn a_worker_that_is_looked_at_while_a_batch_is_on_its_way_can_seem_empty() {
    let seen = all(|| {
        let (injector, worker) = (Injector::new(), Worker::new_fifo());
        let stealer = worker.stealer();
        (1..=4).for_each(|item| injector.push(item));
        thread::scope(|scope| {
            let thief = scope.spawn(|| injector.len() == 2 && stealer.is_empty());
            let popped = injector.steal_batch_and_pop(&worker);
            (popped == Steal::Success(1), thief.join().unwrap(), worker.len())
        })
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(true, false, 1), (true, true, 1)]));
}

/// Two takers that look before they take, where one item is there.
fn both_take(looks_first: bool) -> BTreeSet<usize> {
    let seen = all(move || {
        let queue = SegQueue::new();
        queue.push(());
        let take = || {
            if looks_first {
                usize::from(!queue.is_empty()) + usize::from(queue.pop().is_none())
            } else {
                usize::from(queue.pop().is_some())
            }
        };
        thread::scope(|scope| {
            let other = scope.spawn(take);
            take() + other.join().unwrap()
        })
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    seen.results
}

#[test]
fn what_was_there_can_be_gone_when_it_is_taken() {
    assert_eq!(both_take(false), BTreeSet::from([1]));
    assert_eq!(both_take(true), BTreeSet::from([2, 3]));
}

#[test]
fn a_full_queue_refuses_or_gives_its_oldest() {
    let seen = all(|| {
        let queue = ArrayQueue::new(1);
        let (pushed, replaced) = thread::scope(|scope| {
            let one = scope.spawn(|| queue.push(1).is_ok());
            let replaced = queue.force_push(2);
            (one.join().unwrap(), replaced)
        });
        (pushed, replaced, queue.into_iter().collect::<Vec<u32>>())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(true, Some(1), vec![2]), (false, None, vec![2])]));
}
