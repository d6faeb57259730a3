//! Held against the real thing.

use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any};
use proptest::{collection, prop_assert_eq, prop_oneof, proptest};

use super::super::execution::sampled;

/// What is done with two locks. Guards are kept on a stack.
#[derive(Clone, Debug)]
enum Operation {
    TryLock,
    TryLockPart,
    IsLocked,
    TryRead,
    TryReadPart,
    TryWrite,
    TryUpgradable,
    Upgrade,
    Downgrade,
    Write(i8),
    Drop,
    Notify,
    Show,
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![
        Just(Operation::TryLock),
        Just(Operation::TryLockPart),
        Just(Operation::IsLocked),
        Just(Operation::TryRead),
        Just(Operation::TryReadPart),
        Just(Operation::TryWrite),
        Just(Operation::TryUpgradable),
        Just(Operation::Upgrade),
        Just(Operation::Downgrade),
        any::<i8>().prop_map(Operation::Write),
        Just(Operation::Drop),
        Just(Operation::Notify),
        Just(Operation::Show),
    ]
}

/// The same code with another library.
macro_rules! with {
    ($name:ident, $($library:tt)*) => {
        mod $name {
            use $($library)*::{
                Condvar, MappedMutexGuard, MappedRwLockReadGuard, Mutex, MutexGuard, RwLock, RwLockReadGuard,
                RwLockUpgradableReadGuard, RwLockWriteGuard,
            };

            use super::Operation;

            enum Guard<'a> {
                Mutex(MutexGuard<'a, (i8, i8)>),
                Part(MappedMutexGuard<'a, i8>),
                Read(RwLockReadGuard<'a, (i8, i8)>),
                ReadPart(MappedRwLockReadGuard<'a, i8>),
                Upgradable(RwLockUpgradableReadGuard<'a, (i8, i8)>),
                Write(RwLockWriteGuard<'a, (i8, i8)>),
            }

            impl Guard<'_> {
                fn value(&self) -> i8 {
                    match self {
                        Self::Mutex(guard) => guard.0,
                        Self::Part(guard) => **guard,
                        Self::Read(guard) => guard.1,
                        Self::ReadPart(guard) => **guard,
                        Self::Upgradable(guard) => guard.1,
                        Self::Write(guard) => guard.1,
                    }
                }
            }

            pub fn apply(operations: &[Operation]) -> Vec<String> {
                let (mutex, lock, woken) = (Mutex::new((1, 2)), RwLock::new((3, 4)), Condvar::new());
                let mut guards: Vec<Guard<'_>> = Vec::new();
                let mut results = Vec::new();
                for operation in operations {
                    let taken = match operation {
                        Operation::TryLock => mutex.try_lock().map(Guard::Mutex),
                        Operation::TryLockPart => {
                            let part = |pair: &mut (i8, i8)| -> bool { pair.0 > 0 };
                            let guard = mutex.try_lock();
                            let tried = guard.map(|guard| {
                                MutexGuard::try_map(guard, |pair| part(pair).then_some(&mut pair.1))
                            });
                            tried.and_then(Result::ok).map(Guard::Part)
                        }
                        Operation::TryRead => lock.try_read().map(Guard::Read),
                        Operation::TryReadPart => {
                            lock.try_read().map(|guard| Guard::ReadPart(RwLockReadGuard::map(guard, |pair| &pair.0)))
                        }
                        Operation::TryWrite => lock.try_write().map(Guard::Write),
                        Operation::TryUpgradable => lock.try_upgradable_read().map(Guard::Upgradable),
                        Operation::Upgrade => match guards.pop() {
                            Some(Guard::Upgradable(guard)) => {
                                Some(match RwLockUpgradableReadGuard::try_upgrade(guard) {
                                    Ok(guard) => Guard::Write(guard),
                                    Err(guard) => Guard::Upgradable(guard),
                                })
                            }
                            other => other,
                        },
                        Operation::Downgrade => match guards.pop() {
                            Some(Guard::Write(guard)) if guard.0 % 2 == 0 => {
                                Some(Guard::Upgradable(RwLockWriteGuard::downgrade_to_upgradable(guard)))
                            }
                            Some(Guard::Write(guard)) => Some(Guard::Read(RwLockWriteGuard::downgrade(guard))),
                            Some(Guard::Upgradable(guard)) => {
                                Some(Guard::Read(RwLockUpgradableReadGuard::downgrade(guard)))
                            }
                            other => other,
                        },
                        Operation::Write(value) => {
                            match guards.last_mut() {
                                Some(Guard::Mutex(guard)) => guard.0 = *value,
                                Some(Guard::Part(guard)) => **guard = *value,
                                Some(Guard::Write(guard)) => **guard = (*value, value.wrapping_mul(3)),
                                _ => {}
                            }
                            None
                        }
                        Operation::Drop => {
                            guards.pop();
                            None
                        }
                        Operation::Notify => {
                            results.push(format!("{} {}", woken.notify_one(), woken.notify_all()));
                            None
                        }
                        Operation::IsLocked => {
                            let (locked, exclusive) = (lock.is_locked(), lock.is_locked_exclusive());
                            results.push(format!("{} {locked} {exclusive}", mutex.is_locked()));
                            None
                        }
                        Operation::Show => {
                            results.push(format!("{mutex:?} {lock:?}"));
                            None
                        }
                    };
                    results.push(format!("{:?}", taken.as_ref().map(Guard::value)));
                    guards.extend(taken);
                }
                results
            }
        }
    };
}

with!(shim, seriatim_shims::parking_lot);
with!(real, ::parking_lot);

proptest! {
    #[test]
    fn what_is_done_to_locks_comes_to_what_it_comes_to_in_parking_lot(
        operations in collection::vec(operations(), 0..40),
    ) {
        let expected = real::apply(&operations);
        prop_assert_eq!(&shim::apply(&operations), &expected);
        prop_assert_eq!(sampled(1, move || shim::apply(&operations)).results, BTreeSet::from([expected]));
    }
}
