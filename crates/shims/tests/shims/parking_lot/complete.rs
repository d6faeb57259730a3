//! Whether the exhaustive search finds what some schedule shows.

use proptest::prelude::{Just, Strategy};
use proptest::test_runner::Config;
use proptest::{collection, prop_assert, prop_oneof, proptest};
use seriatim_shims::parking_lot::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
use seriatim_shims::sync::atomic::{AtomicU64, Ordering::SeqCst};
use seriatim_shims::thread;

use super::super::execution::{all, sampled};

/// What a thread does with a lock.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Read,
    Write,
    Upgradable,
    Upgrade,
    Downgrade,
    DowngradeToUpgradable,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        Just(Operation::Read),
        Just(Operation::Write),
        Just(Operation::Upgradable),
        Just(Operation::Upgrade),
        Just(Operation::Downgrade),
        Just(Operation::DowngradeToUpgradable),
    ];
    collection::vec(operation, 1..3)
}

/// What a thread has seen of a lock, and when by a count of what all have done.
fn apply(operations: &[Operation], lock: &RwLock<u64>, done: &AtomicU64) -> Vec<(u64, u64)> {
    let mut seen = Vec::new();
    let mut see = |value: u64| {
        done.fetch_add(1, SeqCst);
        seen.push((value, done.load(SeqCst)));
    };
    for operation in operations {
        match operation {
            Operation::Read => see(*lock.read()),
            Operation::Write => {
                let mut held = lock.write();
                see(*held);
                *held += 1;
            }
            Operation::Upgradable => {
                let held = lock.upgradable_read();
                see(*held);
                see(*RwLockUpgradableReadGuard::downgrade(held));
            }
            Operation::Upgrade => {
                let held = lock.upgradable_read();
                let mut held = RwLockUpgradableReadGuard::upgrade(held);
                see(*held);
                *held += 10;
            }
            Operation::Downgrade => {
                let mut held = lock.write();
                *held += 100;
                see(*RwLockWriteGuard::downgrade(held));
            }
            Operation::DowngradeToUpgradable => {
                let held = RwLockWriteGuard::downgrade_to_upgradable(lock.write());
                see(*held);
                *RwLockUpgradableReadGuard::upgrade(held) += 1000;
            }
        }
    }
    seen
}

proptest! {
    #![proptest_config(Config::with_cases(16))]
    #[test]
    fn the_exhaustive_search_finds_what_any_schedule_shows(one in operations(), other in operations()) {
        let body = move || {
            let (lock, done) = (RwLock::new(0), AtomicU64::new(0));
            let seen = thread::scope(|scope| {
                let one = scope.spawn(|| apply(&one, &lock, &done));
                let other = scope.spawn(|| apply(&other, &lock, &done));
                (one.join().unwrap(), other.join().unwrap())
            });
            (seen, lock.into_inner())
        };
        let (every, some) = (all(body.clone()), sampled(200, body));
        prop_assert!(every.complete, "{every:?}");
        prop_assert!(every.results.is_superset(&some.results), "{:?}", some.results.difference(&every.results));
        prop_assert!(every.stuck.is_superset(&some.stuck), "{every:?} {some:?}");
    }
}
