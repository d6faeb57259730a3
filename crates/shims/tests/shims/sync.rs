//! `std::sync`.

use std::collections::BTreeSet;

use super::execution::{all, sampled};
use seriatim_shims::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use seriatim_shims::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock, mpsc};
use seriatim_shims::thread;

#[test]
fn a_lock_that_is_kept_loses_nothing_and_one_that_is_let_go_between_does() {
    let count = |kept: bool| {
        all(move || {
            let count = Mutex::new(0);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        if kept {
                            *count.lock().unwrap() += 1;
                        } else {
                            let before = *count.lock().unwrap();
                            *count.lock().unwrap() = before + 1;
                        }
                    });
                }
            });
            count.into_inner().unwrap()
        })
    };
    let (kept, let_go) = (count(true), count(false));
    assert!(kept.complete && let_go.complete, "{kept:?} {let_go:?}");
    assert_eq!(kept.results, BTreeSet::from([2]));
    assert_eq!(let_go.results, BTreeSet::from([1, 2]));
    assert!(kept.stuck.is_empty() && let_go.stuck.is_empty());
}

#[test]
fn two_locks_in_opposite_orders_can_stick_and_in_one_order_cannot() {
    let lock = |opposite: bool| {
        all(move || {
            let (one, other) = (Mutex::new(()), Mutex::new(()));
            thread::scope(|scope| {
                scope.spawn(|| drop((one.lock().unwrap(), other.lock().unwrap())));
                scope.spawn(|| {
                    if opposite {
                        drop((other.lock().unwrap(), one.lock().unwrap()));
                    } else {
                        drop((one.lock().unwrap(), other.lock().unwrap()));
                    }
                });
            });
        })
    };
    let stuck = lock(true).stuck;
    assert!(stuck.iter().any(|waiting| waiting.matches("write access to the lock").count() == 2), "{stuck:?}");
    let same = lock(false);
    assert!(same.complete && same.stuck.is_empty(), "{same:?}");
}

#[test]
fn a_condition_that_is_looked_at_under_the_lock_is_not_missed_and_otherwise_it_is() {
    let wait = |under_the_lock: bool| {
        all(move || {
            let (done, lock, woken) = (AtomicBool::new(false), Mutex::new(()), Condvar::new());
            thread::scope(|scope| {
                scope.spawn(|| {
                    if under_the_lock {
                        let _held = lock.lock().unwrap();
                        done.store(true, SeqCst);
                    } else {
                        done.store(true, SeqCst);
                    }
                    woken.notify_all();
                });
                let mut held = lock.lock().unwrap();
                while !done.load(SeqCst) {
                    held = woken.wait(held).unwrap();
                }
            });
        })
    };
    let (right, wrong) = (wait(true), wait(false));
    assert!(right.complete && right.stuck.is_empty(), "{right:?}");
    assert!(wrong.stuck.iter().any(|waiting| waiting.contains("what `wait` of woken needs")), "{wrong:?}");
}

#[test]
fn readers_share_a_lock_and_a_writer_does_not() {
    let meet = |write: bool| {
        all(move || {
            let (lock, inside, met) = (RwLock::new(()), AtomicU64::new(0), AtomicBool::new(false));
            let enter = || {
                if inside.fetch_add(1, SeqCst) > 0 {
                    met.store(true, SeqCst);
                }
                inside.fetch_sub(1, SeqCst);
            };
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _held = lock.read().unwrap();
                    enter();
                });
                scope.spawn(|| {
                    if write {
                        let _held = lock.write().unwrap();
                        enter();
                    } else {
                        let _held = lock.read().unwrap();
                        enter();
                    }
                });
            });
            met.into_inner()
        })
    };
    assert_eq!(meet(false).results, BTreeSet::from([false, true]));
    assert_eq!(meet(true).results, BTreeSet::from([false]));
}

#[test]
fn what_is_made_once_is_made_once_and_whoever_comes_meanwhile_waits() {
    let seen = all(|| {
        let (made, cell, once) = (AtomicU64::new(0), OnceLock::new(), Once::new());
        let make = || {
            once.call_once(|| {
                made.fetch_add(10, SeqCst);
            });
            *cell.get_or_init(|| made.fetch_add(1, SeqCst))
        };
        let values = thread::scope(|scope| {
            let threads = [scope.spawn(make), scope.spawn(make)];
            threads.map(|thread| thread.join().unwrap())
        });
        (values, made.load(SeqCst), cell.set(5), once.is_completed())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([([10, 10], 11, Err(5), true)]));
}

#[test]
fn a_lazy_value_is_made_by_whoever_asks_first() {
    let seen = sampled(50, || {
        let value = LazyLock::new(|| 7);
        thread::scope(|scope| scope.spawn(|| *value).join().unwrap() + *value)
    });
    assert_eq!(seen.results, BTreeSet::from([14]));
}

#[test]
fn a_barrier_lets_all_go_on_when_the_last_has_come() {
    let seen = sampled(200, || {
        let (barrier, arrived) = (Barrier::new(3), AtomicU64::new(0));
        let leaders = thread::scope(|scope| {
            let arrive = || {
                arrived.fetch_add(1, SeqCst);
                let leads = barrier.wait().is_leader();
                assert_eq!(arrived.load(SeqCst), 3);
                u64::from(leads)
            };
            let threads = [scope.spawn(arrive), scope.spawn(arrive), scope.spawn(arrive)];
            threads.map(|thread| thread.join().unwrap()).iter().sum::<u64>()
        });
        (leaders, arrived.into_inner())
    });
    assert_eq!(seen.results, BTreeSet::from([(1, 3)]));
    assert!(seen.stuck.is_empty());
    let short = sampled(10, || Barrier::new(2).wait().is_leader());
    assert_eq!(short.stuck.len(), 1, "{short:?}");
}

#[test]
fn messages_come_in_the_order_of_each_sender_and_end_when_there_is_none() {
    let seen = all(|| {
        let (sender, receiver) = mpsc::channel();
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
fn a_channel_that_is_full_makes_its_sender_wait() {
    let seen = all(|| {
        let (sender, receiver) = mpsc::sync_channel(1);
        let sent = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&sent);
        let thread = thread::spawn(move || {
            for message in 0..3 {
                sender.send(message).unwrap();
                counted.fetch_add(1, SeqCst);
            }
        });
        let before = sent.load(SeqCst);
        let received: Vec<u32> = receiver.iter().collect();
        thread.join().unwrap();
        (before, received)
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(0, vec![0, 1, 2]), (1, vec![0, 1, 2])]));
}

#[test]
fn a_lock_whose_holder_panicked_is_poisoned() {
    let seen = sampled(20, || {
        let lock = Arc::new(Mutex::new(0));
        let held = Arc::clone(&lock);
        let panicked = thread::spawn(move || {
            let _held = held.lock().unwrap();
            panic!("on purpose");
        });
        let panicked = panicked.join().is_err();
        (panicked, lock.is_poisoned(), lock.lock().is_err(), lock.try_lock().is_err())
    });
    assert_eq!(seen.results, BTreeSet::from([(true, true, true, true)]));
}

#[test]
fn whoever_only_tries_a_lock_sees_it_held_and_sees_it_free() {
    let seen = all(|| {
        let (lock, other) = (Mutex::new(()), AtomicU64::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                let _held = lock.lock().unwrap();
                other.store(1, SeqCst);
            });
            lock.try_lock().is_ok()
        })
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([false, true]));
}

#[test]
fn a_wait_gives_the_lock_back_in_one_step_also_where_somebody_only_tries_it() {
    let seen = all(|| {
        let (done, woken) = (Mutex::new(false), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                *done.lock().unwrap() = true;
                woken.notify_all();
            });
            let tried = scope.spawn(|| {
                // Whoever notifies need not have the lock.
                woken.notify_all();
                done.try_lock().is_ok()
            });
            let mut held = done.lock().unwrap();
            while !*held {
                held = woken.wait(held).unwrap();
            }
            drop(held);
            tried.join().unwrap()
        })
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([false, true]));
}
