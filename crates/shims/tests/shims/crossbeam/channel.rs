//! Channels without selections.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::execution::{all, sampled, steps};
use seriatim_shims::crossbeam::channel::{self, RecvTimeoutError, SendError, TryRecvError, TrySendError};
use seriatim_shims::sync::Arc;
use seriatim_shims::sync::atomic::{AtomicU64, Ordering::SeqCst};
use seriatim_shims::thread;

#[test]
fn messages_come_in_the_order_of_each_sender_and_end_when_there_is_none() {
    let seen = all(|| {
        let (sender, receiver) = channel::unbounded();
        let other = sender.clone();
        let one = thread::spawn(move || [1, 2].map(|message| sender.send(message).unwrap()));
        let two = thread::spawn(move || other.send(10).unwrap());
        let received: Vec<u32> = receiver.iter().collect();
        one.join().unwrap();
        two.join().unwrap();
        received
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([vec![1, 2, 10], vec![1, 10, 2], vec![10, 1, 2]]));
}

#[test]
fn every_message_comes_to_one_of_two_receivers() {
    let seen = all(|| {
        let (sender, receiver) = channel::unbounded();
        let other = receiver.clone();
        let one = thread::spawn(move || receiver.into_iter().collect::<Vec<u32>>());
        let two = thread::spawn(move || other.into_iter().collect::<Vec<u32>>());
        for message in 0..2 {
            sender.send(message).unwrap();
        }
        drop(sender);
        (one.join().unwrap(), two.join().unwrap())
    });
    let split = [(vec![0, 1], vec![]), (vec![0], vec![1]), (vec![1], vec![0]), (vec![], vec![0, 1])];
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from(split));
}

#[test]
fn a_receiver_waits_for_ever_for_a_sender_that_is_kept_and_not_for_one_that_is_dropped() {
    let wait = |kept: bool| {
        all(move || {
            let (sender, receiver) = channel::unbounded::<u32>();
            let kept = kept.then(|| sender.clone());
            thread::scope(|scope| {
                scope.spawn(move || sender.send(1).unwrap());
                let received = receiver.iter().count();
                drop(kept);
                received
            })
        })
    };
    let (kept, dropped) = (wait(true), wait(false));
    assert!(kept.results.is_empty(), "{kept:?}");
    assert!(kept.stuck.iter().any(|waiting| waiting.contains("what `recv` of sender needs")), "{kept:?}");
    assert!(dropped.complete && dropped.stuck.is_empty(), "{dropped:?}");
    assert_eq!(dropped.results, BTreeSet::from([1]));
}

/// How far a sender of three messages came before the receiver began.
fn sent_ahead(capacity: usize) -> BTreeSet<u64> {
    let seen = all(move || {
        let (sender, receiver) = channel::bounded(capacity);
        let sent = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&sent);
        let thread = thread::spawn(move || {
            for message in 0..3 {
                sender.send(message).unwrap();
                counted.fetch_add(1, SeqCst);
            }
        });
        let before = sent.load(SeqCst);
        assert_eq!(receiver.iter().collect::<Vec<u32>>(), [0, 1, 2]);
        thread.join().unwrap();
        before
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    seen.results
}

#[test]
fn a_sender_is_ahead_by_the_room_that_there_is_and_by_nothing_where_there_is_none() {
    assert_eq!(sent_ahead(2), BTreeSet::from([0, 1, 2]));
    assert_eq!(sent_ahead(1), BTreeSet::from([0, 1]));
    assert_eq!(sent_ahead(0), BTreeSet::from([0]));
}

#[test]
fn without_room_a_message_that_nobody_takes_comes_back_or_is_waited_for() {
    let kept = all(|| {
        let (sender, _receiver) = channel::bounded(0);
        sender.send(7).is_ok()
    });
    assert!(kept.results.is_empty() && kept.stuck.len() == 1, "{kept:?}");
    let seen = all(|| {
        let (sender, receiver) = channel::bounded(0);
        let thread = thread::spawn(move || drop(receiver));
        let sent = sender.send(7);
        thread.join().unwrap();
        sent == Err(SendError(7))
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([true]));
}

#[test]
fn without_room_who_does_not_wait_sends_only_to_a_receiver_that_waits() {
    let seen = all(|| {
        let (sender, receiver) = channel::bounded(0);
        let thread = thread::spawn(move || receiver.recv().ok());
        let sent = sender.try_send(7).is_ok();
        drop(sender);
        (sent, thread.join().unwrap())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(false, None), (true, Some(7))]));
}

#[test]
fn who_asks_before_a_send_finds_nothing_and_who_asks_after_the_end_is_told_so() {
    let seen = all(|| {
        let (sender, receiver) = channel::bounded(1);
        let thread = thread::spawn(move || sender.send(7));
        let found = [receiver.try_recv(), receiver.try_recv()];
        thread.join().unwrap().unwrap();
        found
            .map(|found| match found {
                Ok(message) => message,
                Err(TryRecvError::Empty) => 0,
                Err(TryRecvError::Disconnected) => 1,
            })
            .to_vec()
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    let found = [vec![0, 0], vec![0, 7], vec![7, 0], vec![7, 1]];
    assert_eq!(seen.results, BTreeSet::from(found));
}

#[test]
fn a_wait_with_a_limit_ends_before_a_message_or_with_it() {
    let seen = sampled(200, || {
        let (sender, receiver) = channel::bounded(1);
        let full = sender.clone();
        let thread = thread::spawn(move || sender.send(7));
        let received = receiver.recv_timeout(Duration::from_secs(1));
        thread.join().unwrap().unwrap();
        let sent = full.send_timeout(8, Duration::from_secs(1)).is_ok();
        (received == Err(RecvTimeoutError::Timeout), received.is_ok(), sent)
    });
    assert!(seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(false, true, true), (true, false, false)]));
}

#[test]
fn nothing_ever_comes_from_never() {
    let seen = all(|| channel::never::<u32>().try_recv() == Err(TryRecvError::Empty));
    assert_eq!(seen.results, BTreeSet::from([true]));
    assert_eq!(all(|| channel::never::<u32>().recv().is_ok()).stuck.len(), 1);
}

#[test]
fn outside_an_execution_the_channel_is_the_real_one() {
    let (sender, receiver) = channel::bounded(0);
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    let thread = thread::spawn(move || (0..100).for_each(|message| sender.send(message).unwrap()));
    assert_eq!(receiver.iter().sum::<u32>(), 4950);
    thread.join().unwrap();
}

#[test]
fn a_step_says_what_was_done_and_where() {
    let line = line!() + 3;
    let steps = steps(|| {
        let (sender, receiver) = channel::unbounded();
        sender.send(5).unwrap();
        for message in receiver.try_iter() {
            assert_eq!(message, 5);
        }
    });
    let words: Vec<String> = steps.iter().map(ToString::to_string).collect();
    let expected = [
        "task 0: send sender -> a message",
        "task 0: try to recv sender -> a message",
        "task 0: try to recv sender -> no message",
    ];
    assert_eq!(words[..3], expected, "{words:?}");
    assert_eq!(steps[0].place.line(), Some((file!(), line)));
    assert_eq!(steps[1].place.line(), Some((file!(), line + 1)));
}
