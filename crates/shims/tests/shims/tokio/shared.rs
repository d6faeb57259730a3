//! `tokio::sync`.

use std::collections::BTreeSet;
use std::sync::Arc;

use seriatim_shims::sync::atomic::{AtomicU64, Ordering::SeqCst};
use seriatim_shims::tokio::spawn;
use seriatim_shims::tokio::sync::{Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore};
use seriatim_shims::tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::{complete, run};
use crate::execution::{all, sampled};

#[test]
fn a_lock_that_is_kept_while_a_task_suspends_loses_nothing_and_one_that_is_let_go_does() {
    let count = |kept: bool| {
        all(move || {
            run(async move {
                let count = Arc::new(Mutex::new(0));
                let add = |count: &Arc<Mutex<u64>>| {
                    let count = Arc::clone(count);
                    async move {
                        let mut held = count.lock().await;
                        let before = *held;
                        if !kept {
                            drop(held);
                            held = count.lock().await;
                        }
                        *held = before + 1;
                    }
                };
                let other = spawn(add(&count));
                add(&count).await;
                other.await.unwrap();
                *count.lock().await
            })
        })
    };
    let (kept, let_go) = (count(true), count(false));
    complete(&kept);
    complete(&let_go);
    assert_eq!(kept.results, BTreeSet::from([2]));
    assert_eq!(let_go.results, BTreeSet::from([1, 2]));
}

#[test]
fn two_locks_in_opposite_orders_can_stick_and_in_one_order_cannot() {
    let lock = |opposite: bool| {
        all(move || {
            run(async move {
                let locks = Arc::new((Mutex::new(()), Mutex::new(())));
                let of_other = Arc::clone(&locks);
                let other = spawn(async move {
                    let (one, other) = &*of_other;
                    let (first, second) = if opposite { (other, one) } else { (one, other) };
                    let _held = (first.lock().await, second.lock().await);
                });
                let held = (locks.0.lock().await, locks.1.lock().await);
                drop(held);
                other.await.unwrap();
            });
        })
    };
    let stuck = lock(true).stuck;
    assert!(stuck.iter().any(|waiting| waiting.matches("write access to the lock").count() == 2), "{stuck:?}");
    complete(&lock(false));
}

#[test]
fn a_lock_that_another_has_is_not_got_by_trying() {
    let seen = all(|| {
        run(async {
            let lock = Arc::new(Mutex::new(()));
            let of_other = Arc::clone(&lock);
            let other = spawn(async move { drop(of_other.lock().await) });
            let got = lock.try_lock().is_ok();
            other.await.unwrap();
            got
        })
    });
    complete(&seen);
    assert_eq!(seen.results, BTreeSet::from([false, true]));
}

#[test]
fn readers_share_a_lock_and_a_writer_does_not() {
    let meet = |write: bool| {
        all(move || {
            run(async move {
                let lock = Arc::new(RwLock::new(0));
                let of_other = Arc::clone(&lock);
                let other =
                    spawn(async move { if write { *of_other.write().await = 1 } else { drop(of_other.read().await) } });
                let held = lock.read().await;
                let met = lock.try_read().is_ok();
                let alone = lock.try_write().is_err();
                let value = *held;
                drop(held);
                other.await.unwrap();
                (met, alone, value)
            })
        })
    };
    let (read, write) = (meet(false), meet(true));
    complete(&read);
    complete(&write);
    assert_eq!(read.results, BTreeSet::from([(true, true, 0)]));
    assert!(write.results.contains(&(true, true, 0)) && write.results.contains(&(true, true, 1)), "{write:?}");
}

#[test]
fn a_notification_is_not_missed_unless_nobody_waits_for_all() {
    let wait = |one: bool| {
        all(move || {
            run(async move {
                let done = Arc::new(Notify::new());
                let of_other = Arc::clone(&done);
                let other = spawn(async move { if one { of_other.notify_one() } else { of_other.notify_waiters() } });
                done.notified().await;
                other.await.unwrap();
            });
        })
    };
    complete(&wait(true));
    let seen = wait(false);
    assert!(seen.complete, "{seen:?}");
    assert_eq!(seen.stuck, BTreeSet::from(["what `notified` of done needs".to_owned()]));
    assert_eq!(seen.results, BTreeSet::from([()]));
}

#[test]
fn permits_are_got_by_as_many_as_there_are() {
    let most = |permits: usize| {
        all(move || {
            run(async move {
                let permits = Arc::new(Semaphore::new(permits));
                let (inside, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
                let enter = || {
                    let (permits, inside, most) = (Arc::clone(&permits), Arc::clone(&inside), Arc::clone(&most));
                    async move {
                        let _permit = permits.acquire_owned().await.unwrap();
                        most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                        inside.fetch_sub(1, SeqCst);
                    }
                };
                let other = spawn(enter());
                enter().await;
                other.await.unwrap();
                most.load(SeqCst)
            })
        })
    };
    let (one, two) = (most(1), most(2));
    complete(&one);
    complete(&two);
    assert_eq!(one.results, BTreeSet::from([1]));
    assert_eq!(two.results, BTreeSet::from([1, 2]));
    assert_eq!(all(|| run(async { drop(Semaphore::new(0).acquire().await) })).stuck.len(), 1);
}

#[test]
fn messages_come_in_the_order_of_each_sender_and_end_when_there_is_none() {
    let seen = all(|| {
        run(async {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            let other = sender.clone();
            spawn(async move { [1, 2].map(|message| sender.send(message).unwrap()) });
            spawn(async move { other.send(10).unwrap() });
            let mut received = Vec::new();
            while let Some(message) = receiver.recv().await {
                received.push(message);
            }
            received
        })
    });
    complete(&seen);
    assert_eq!(seen.results, BTreeSet::from([vec![1, 2, 10], vec![1, 10, 2], vec![10, 1, 2]]));
}

#[test]
fn a_channel_that_is_full_makes_its_sender_wait() {
    let seen = all(|| {
        run(async {
            let (sender, mut receiver) = mpsc::channel(1);
            let sent = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&sent);
            spawn(async move {
                for message in 0..2 {
                    sender.send(message).await.unwrap();
                    counted.fetch_add(1, SeqCst);
                }
            });
            let before = sent.load(SeqCst);
            (before, receiver.recv().await, receiver.recv().await, receiver.recv().await)
        })
    });
    complete(&seen);
    let received = |before| (before, Some(0), Some(1), None);
    assert_eq!(seen.results, BTreeSet::from([received(0), received(1)]));
}

#[test]
fn an_answer_comes_unless_who_owes_it_is_gone_and_is_waited_for_while_it_is_there() {
    let ask = |answers: bool| {
        all(move || {
            run(async move {
                let (sender, receiver) = oneshot::channel();
                spawn(async move {
                    if answers {
                        sender.send(7).unwrap();
                    }
                });
                receiver.await.ok()
            })
        })
    };
    complete(&ask(true));
    assert_eq!(ask(true).results, BTreeSet::from([Some(7)]));
    assert_eq!(ask(false).results, BTreeSet::from([None]));
    let stuck = all(|| {
        run(async {
            let (_sender, receiver) = oneshot::channel::<()>();
            receiver.await.ok()
        })
    });
    assert_eq!(stuck.stuck.len(), 1, "{stuck:?}");
}

#[test]
fn who_watches_sees_the_last_value_and_perhaps_some_before() {
    let seen = all(|| {
        run(async {
            let (sender, mut receiver) = watch::channel(0);
            let other = spawn(async move {
                sender.send(1).unwrap();
                sender.send_modify(|value| *value += 1);
            });
            let mut values = Vec::new();
            while receiver.changed().await.is_ok() {
                values.push(*receiver.borrow_and_update());
            }
            other.await.unwrap();
            values
        })
    });
    complete(&seen);
    assert_eq!(seen.results, BTreeSet::from([vec![1, 2], vec![2]]));
    let waited = sampled(50, || {
        run(async {
            let (sender, mut receiver) = watch::channel(0);
            let other = spawn(async move { (1..4).for_each(|value| sender.send_modify(|sent| *sent = value)) });
            let found = *receiver.wait_for(|value| *value > 1).await.unwrap();
            other.await.unwrap();
            found
        })
    });
    assert_eq!(waited.results, BTreeSet::from([2, 3]));
}

#[test]
fn a_value_is_made_once_and_all_are_let_go_on_when_the_last_has_come() {
    let seen = sampled(200, || {
        run(async {
            let (cell, made, barrier) =
                (Arc::new(OnceCell::new()), Arc::new(AtomicU64::new(0)), Arc::new(Barrier::new(2)));
            let get = || {
                let (cell, made, barrier) = (Arc::clone(&cell), Arc::clone(&made), Arc::clone(&barrier));
                async move {
                    let leads = barrier.wait().await.is_leader();
                    (*cell.get_or_init(|| async move { made.fetch_add(1, SeqCst) }).await, leads)
                }
            };
            let other = spawn(get());
            let (one, other) = (get().await, other.await.unwrap());
            (one.0, other.0, one.1 != other.1, made.load(SeqCst))
        })
    });
    assert_eq!(seen.results, BTreeSet::from([(0, 0, true, 1)]));
    assert!(seen.stuck.is_empty(), "{seen:?}");
}

#[test]
fn a_broadcast_reaches_all_who_have_subscribed() {
    let seen = sampled(100, || {
        run(async {
            let (sender, mut receiver) = broadcast::channel(4);
            let mut second = sender.subscribe();
            let other = spawn(async move { second.recv().await.unwrap() });
            sender.send(7).unwrap();
            drop(sender);
            (receiver.recv().await.unwrap(), other.await.unwrap(), receiver.recv().await.is_err())
        })
    });
    assert_eq!(seen.results, BTreeSet::from([(7, 7, true)]));
    assert!(seen.stuck.is_empty(), "{seen:?}");
}
