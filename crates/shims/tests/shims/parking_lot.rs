//! `parking_lot`.

mod complete;
mod real;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use seriatim_shims::parking_lot::{
    Condvar, MappedMutexGuard, Mutex, MutexGuard, Once, OnceState, ReentrantMutex, RwLock, RwLockUpgradableReadGuard,
    RwLockWriteGuard,
};
use seriatim_shims::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use seriatim_shims::thread;

use super::execution::{all, sampled, steps};

const SOON: Duration = Duration::from_secs(1);

#[test]
fn a_lock_that_is_kept_loses_nothing_and_one_that_is_let_go_between_does() {
    let count = |kept: bool| {
        all(move || {
            let count = Mutex::new(0);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let mut held = count.lock();
                        let before = *held;
                        if !kept {
                            MutexGuard::bump(&mut held);
                        }
                        *held = before + 1;
                    });
                }
            });
            count.into_inner()
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
                scope.spawn(|| drop((one.lock(), other.lock())));
                scope.spawn(|| {
                    if opposite {
                        drop((other.lock(), one.lock()));
                    } else {
                        drop((one.lock(), other.lock()));
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
fn a_lock_is_taken_at_once_or_not_at_all_where_nobody_waits() {
    let seen = sampled(200, || {
        let (lock, others) = (Mutex::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let mut held = lock.lock();
                others.fetch_add(1, SeqCst);
                *held += 1;
            });
            let found = lock.try_lock().map(|held| *held);
            let later = lock.try_lock_for(SOON).is_some();
            other.join().unwrap();
            (found, later, lock.is_locked())
        })
    });
    assert!(seen.stuck.is_empty(), "{seen:?}");
    let found: BTreeSet<_> = seen.results.iter().map(|(found, _, _)| *found).collect();
    assert_eq!(found, BTreeSet::from([None, Some(0), Some(1)]));
    assert!(seen.results.iter().all(|(_, _, locked)| !locked), "{seen:?}");
}

#[test]
fn a_guard_of_a_part_holds_the_whole_lock() {
    let meet = |mapped: bool| {
        all(move || {
            let (pair, met) = (Mutex::new((1, 2)), AtomicBool::new(false));
            let met_in_part = thread::scope(|scope| {
                scope.spawn(|| {
                    let mut part = MutexGuard::map(pair.lock(), |(_, part)| part);
                    *part += 1;
                    met.store(true, SeqCst);
                    if mapped {
                        *MappedMutexGuard::map(part, |part| part) += 1;
                    } else {
                        drop(part);
                        *MutexGuard::map(pair.lock(), |(_, part)| part) += 1;
                    }
                });
                pair.lock().1
            });
            (met_in_part, pair.into_inner().1)
        })
    };
    assert_eq!(meet(true).results, BTreeSet::from([(2, 4), (4, 4)]));
    assert_eq!(meet(false).results, BTreeSet::from([(2, 4), (3, 4), (4, 4)]));
}

#[test]
fn a_condition_that_is_looked_at_under_the_lock_is_not_missed_and_otherwise_it_is() {
    let wait = |under_the_lock: bool| {
        all(move || {
            let (done, lock, woken) = (AtomicBool::new(false), Mutex::new(()), Condvar::new());
            thread::scope(|scope| {
                scope.spawn(|| {
                    let held = under_the_lock.then(|| lock.lock());
                    done.store(true, SeqCst);
                    drop(held);
                    woken.notify_all();
                });
                let mut held = lock.lock();
                woken.wait_while(&mut held, |()| !done.load(SeqCst));
            });
        })
    };
    let (right, wrong) = (wait(true), wait(false));
    assert!(right.complete && right.stuck.is_empty(), "{right:?}");
    assert!(wrong.stuck.iter().any(|waiting| waiting.contains("what `wait` of woken needs")), "{wrong:?}");
}

#[test]
fn whoever_notifies_learns_who_was_there() {
    let seen = sampled(50, || {
        let (started, woken) = (Mutex::new(0), Condvar::new());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut held = started.lock();
                    *held += 1;
                    woken.wait(&mut held);
                });
            }
            while *started.lock() < 2 {
                thread::yield_now();
            }
            let _held = started.lock();
            (woken.notify_one(), woken.notify_all(), woken.notify_one(), woken.notify_all())
        })
    });
    assert_eq!(seen.results, BTreeSet::from([(true, 1, false, 0)]));
    assert!(seen.stuck.is_empty(), "{seen:?}");
}

#[test]
fn a_wait_with_a_limit_ends_without_a_notification_and_one_without_does_not() {
    let wait = |limit: bool| {
        all(move || {
            let (lock, woken) = (Mutex::new(0), Condvar::new());
            thread::scope(|scope| {
                scope.spawn(|| {
                    *lock.lock() += 1;
                    woken.notify_one();
                });
                let mut held = lock.lock();
                if limit { woken.wait_for(&mut held, SOON).timed_out() } else { [woken.wait(&mut held)].is_empty() }
            })
        })
    };
    let (with, without) = (wait(true), wait(false));
    assert!(with.complete && with.stuck.is_empty(), "{with:?}");
    assert_eq!(with.results, BTreeSet::from([false, true]));
    assert_eq!(without.results, BTreeSet::from([false]));
    assert!(!without.stuck.is_empty(), "{without:?}");
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
                    let _held = lock.read();
                    enter();
                });
                scope.spawn(|| {
                    let (_reads, _writes) = if write { (None, Some(lock.write())) } else { (Some(lock.read()), None) };
                    enter();
                });
            });
            met.into_inner()
        })
    };
    assert_eq!(meet(false).results, BTreeSet::from([false, true]));
    assert_eq!(meet(true).results, BTreeSet::from([false]));
}

/// What two threads that each read and then add one come to.
fn add_after_reading(add: impl Fn(&RwLock<u64>) + Clone + Send + Sync + 'static) -> super::execution::Seen<u64> {
    all(move || {
        let count = RwLock::new(0);
        thread::scope(|scope| {
            scope.spawn(|| add(&count));
            scope.spawn(|| add(&count));
        });
        count.into_inner()
    })
}

#[test]
fn what_a_reader_that_can_be_upgraded_has_seen_is_there_still_and_what_another_has_seen_need_not_be() {
    let apart = add_after_reading(|count| {
        let before = *count.read();
        *count.write() = before + 1;
    });
    let upgraded = add_after_reading(|count| {
        let seen = count.upgradable_read();
        let before = *seen;
        *RwLockUpgradableReadGuard::upgrade(seen) = before + 1;
    });
    assert!(apart.complete && upgraded.complete, "{apart:?} {upgraded:?}");
    assert_eq!(apart.results, BTreeSet::from([1, 2]));
    assert_eq!(upgraded.results, BTreeSet::from([2]));
    assert!(upgraded.stuck.is_empty(), "{upgraded:?}");
}

#[test]
fn an_upgrade_waits_for_readers_and_keeps_writers_out() {
    let seen = all(|| {
        let (lock, seen) = (RwLock::new(1), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            scope.spawn(|| {
                let held = lock.upgradable_read();
                let before = *held;
                let mut held = RwLockUpgradableReadGuard::upgrade(held);
                *held *= 10;
                let held = RwLockWriteGuard::downgrade(held);
                seen.lock().push((before, *held));
            });
            scope.spawn(|| {
                let held = lock.read();
                assert_eq!(*held, *held);
            });
            *lock.write() += 1;
        });
        (seen.into_inner(), lock.into_inner())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(vec![(1, 10)], 11), (vec![(2, 20)], 20)]));
}

#[test]
fn an_upgrade_that_would_wait_fails_and_is_still_a_reader() {
    let seen = sampled(1, || {
        let lock = RwLock::new(1);
        let reader = lock.read();
        let held = lock.upgradable_read();
        let second = lock.try_upgradable_read().is_some();
        let held = RwLockUpgradableReadGuard::try_upgrade(held).unwrap_err();
        let while_read = lock.try_write().is_some();
        drop(reader);
        let mut held = RwLockUpgradableReadGuard::try_upgrade(held).unwrap();
        *held += 1;
        let while_written = lock.try_read().is_some();
        let held = RwLockWriteGuard::downgrade_to_upgradable(held);
        let while_upgradable = (lock.try_read().is_some(), lock.try_upgradable_read().is_some());
        let held = RwLockUpgradableReadGuard::downgrade(held);
        let while_downgraded = (lock.try_upgradable_read().is_some(), lock.try_write().is_some());
        drop(held);
        (second, while_read, while_written, while_upgradable, while_downgraded, lock.try_write().is_some())
    });
    assert_eq!(seen.results, BTreeSet::from([(false, false, false, (true, false), (true, false), true)]));
}

#[test]
fn a_writer_that_becomes_a_reader_lets_readers_in_and_no_writer_between() {
    let write = |downgrade: bool| {
        all(move || {
            let lock = RwLock::new(0);
            let mut own = 0;
            thread::scope(|scope| {
                scope.spawn(|| *lock.write() += 10);
                let mut held = lock.write();
                *held += 1;
                let written = *held;
                let held = if downgrade {
                    RwLockWriteGuard::downgrade(held)
                } else {
                    drop(held);
                    lock.read()
                };
                own = *held - written;
            });
            own
        })
    };
    let (downgraded, let_go) = (write(true), write(false));
    assert!(downgraded.complete && let_go.complete, "{downgraded:?} {let_go:?}");
    assert_eq!(downgraded.results, BTreeSet::from([0]));
    assert_eq!(let_go.results, BTreeSet::from([0, 10]));
}

#[test]
fn what_is_done_once_is_done_once_and_whoever_comes_meanwhile_waits() {
    let seen = all(|| {
        let (made, once) = (AtomicU64::new(0), Once::new());
        let make = || {
            once.call_once(|| _ = made.fetch_add(1, SeqCst));
            made.load(SeqCst)
        };
        let values = thread::scope(|scope| {
            let threads = [scope.spawn(make), scope.spawn(make)];
            threads.map(|thread| thread.join().unwrap())
        });
        (values, once.state().done())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([([1, 1], true)]));
}

#[test]
fn a_closure_that_panicked_is_done_again_only_where_that_is_asked_for() {
    let seen = sampled(20, || {
        let once = Once::new();
        let panicked = |call: &dyn Fn()| catch_unwind(AssertUnwindSafe(call)).is_err();
        thread::scope(|scope| {
            let first = scope.spawn(|| panicked(&|| once.call_once(|| panic!("on purpose"))));
            assert!(first.join().unwrap());
            let state = once.state() == OnceState::Poisoned;
            let again = panicked(&|| once.call_once(|| ()));
            let found = Cell::new(None);
            once.call_once_force(|state| found.set(Some(state.poisoned())));
            (state, again, found.get(), once.state().done())
        })
    });
    assert_eq!(seen.results, BTreeSet::from([(true, true, Some(true), true)]));
}

#[test]
fn a_lock_that_its_owner_can_take_again_keeps_others_out_until_the_last_guard_is_gone() {
    let seen = all(|| {
        let (lock, inside) = (ReentrantMutex::new(()), AtomicU64::new(0));
        let enter = || {
            let _first = lock.lock();
            let second = lock.lock();
            let alone = inside.fetch_add(1, SeqCst) == 0;
            drop(second);
            let owned = lock.is_owned_by_current_thread();
            inside.fetch_sub(1, SeqCst);
            alone && owned
        };
        thread::scope(|scope| [scope.spawn(enter), scope.spawn(enter)].map(|thread| thread.join().unwrap()))
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([[true, true]]));
    let not_so = sampled(5, || {
        let lock = Mutex::new(());
        drop((lock.lock(), lock.lock()));
    });
    assert_eq!(not_so.stuck, BTreeSet::from(["write access to the lock lock".to_owned()]));
}

#[test]
fn a_step_has_the_line_of_the_call_and_the_name_of_the_lock() {
    let line = line!() + 3;
    let steps = steps(|| {
        let fees = RwLock::new(0);
        *fees.write() += 1;
    });
    let locked: Vec<_> = steps.iter().filter(|step| step.action.to_string() == "write-lock fees").collect();
    assert_eq!(locked.len(), 1, "{steps:?}");
    assert_eq!(locked[0].place.line(), Some((file!(), line)));
}
