//! One run of operations on the objects of one task, here and in tokio.

use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any};
use proptest::{collection, prop_assert_eq, prop_oneof, proptest};

use crate::execution::sampled;

/// What one task does with objects that nobody else has.
#[derive(Clone, Debug)]
enum Operation {
    TryLock,
    Lock,
    Unlock,
    Write,
    Unwrite,
    Acquire(u32),
    AddPermits(usize),
    Release,
    Notify,
    Waited,
    Send(u8),
    Receive,
    Watch(u8),
    Changed,
    Set(u8),
    Close,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        Just(Operation::TryLock),
        Just(Operation::Lock),
        Just(Operation::Unlock),
        Just(Operation::Write),
        Just(Operation::Unwrite),
        (0_u32..4).prop_map(Operation::Acquire),
        (0_usize..3).prop_map(Operation::AddPermits),
        Just(Operation::Release),
        Just(Operation::Notify),
        Just(Operation::Waited),
        any::<u8>().prop_map(Operation::Send),
        Just(Operation::Receive),
        any::<u8>().prop_map(Operation::Watch),
        Just(Operation::Changed),
        any::<u8>().prop_map(Operation::Set),
        Just(Operation::Close),
    ];
    collection::vec(operation, 0..30)
}

/// The same code with another library.
macro_rules! with {
    ($name:ident, $($library:tt)*) => {
        mod $name {
            use std::future::Future;
            use std::pin::pin;
            use std::task::{Context, Waker};

            use $($library)*::runtime::Builder;
            use $($library)*::sync::{Mutex, Notify, OnceCell, RwLock, Semaphore, mpsc, watch};

            use super::Operation;

            /// Whether it is ready at once, and then with what.
            fn now<F: Future>(future: F) -> Option<F::Output> {
                let mut context = Context::from_waker(Waker::noop());
                match pin!(future).poll(&mut context) {
                    std::task::Poll::Ready(result) => Some(result),
                    std::task::Poll::Pending => None,
                }
            }

            pub fn apply(operations: &[Operation]) -> Vec<String> {
                Builder::new_current_thread().build().unwrap().block_on(async { apply_all(operations) })
            }

            fn apply_all(operations: &[Operation]) -> Vec<String> {
                let (lock, shared, permits, notify) = (Mutex::new(0), RwLock::new(0), Semaphore::new(2), Notify::new());
                let (sender, mut receiver) = mpsc::channel(2);
                let (watched, mut watcher) = watch::channel(0);
                let cell = OnceCell::new();
                let (mut locked, mut written, mut acquired) = (Vec::new(), Vec::new(), Vec::new());
                let one = |operation: &Operation| match *operation {
                    Operation::TryLock => {
                        let got = lock.try_lock();
                        let shown = format!("{:?}", got.as_ref().map(|value| **value).map_err(ToString::to_string));
                        locked.extend(got.ok());
                        shown
                    }
                    Operation::Lock => {
                        let got = now(lock.lock());
                        let shown = format!("{}", got.is_some());
                        locked.extend(got);
                        shown
                    }
                    Operation::Unlock => {
                        for value in &mut locked {
                            **value += 1;
                        }
                        format!("{}", locked.drain(..).count())
                    }
                    Operation::Write => {
                        let (got, read) = (now(shared.write()), shared.try_read().is_ok());
                        let shown = format!("{} {read}", got.is_some());
                        written.extend(got);
                        shown
                    }
                    Operation::Unwrite => {
                        let count = written.drain(..).count();
                        format!("{count} {}", now(shared.read()).is_some())
                    }
                    Operation::Acquire(count) => {
                        let got = permits.try_acquire_many(count);
                        let also = now(permits.acquire());
                        let shown = format!("{:?} {:?}", got.as_ref().map(|_| ()), also.as_ref().map(Result::is_ok));
                        acquired.extend(got.ok());
                        acquired.extend(also.and_then(Result::ok));
                        format!("{shown} {}", permits.available_permits())
                    }
                    Operation::AddPermits(count) => {
                        permits.add_permits(count);
                        format!("{}", permits.available_permits())
                    }
                    Operation::Release => {
                        acquired.pop();
                        format!("{}", permits.available_permits())
                    }
                    Operation::Notify => {
                        notify.notify_one();
                        String::new()
                    }
                    Operation::Waited => format!("{:?}", now(notify.notified())),
                    Operation::Send(value) => {
                        let tried = sender.try_send(value);
                        let sent = now(sender.send(value));
                        format!("{tried:?} {sent:?} {}", sender.capacity())
                    }
                    Operation::Receive => {
                        let received = now(receiver.recv());
                        format!("{received:?} {:?} {}", receiver.try_recv(), receiver.len())
                    }
                    Operation::Watch(value) => format!("{:?}", watched.send(value)),
                    Operation::Changed => {
                        let (known, changed) = (watcher.has_changed().ok(), now(watcher.changed()));
                        format!("{known:?} {:?} {}", changed.map(|changed| changed.is_ok()), *watcher.borrow())
                    }
                    Operation::Set(value) => {
                        let set = cell.set(value).is_ok();
                        format!("{set} {:?} {:?}", cell.get(), now(cell.get_or_init(|| async { 0 })))
                    }
                    Operation::Close => {
                        receiver.close();
                        permits.close();
                        format!("{} {}", sender.is_closed(), permits.is_closed())
                    }
                };
                operations.iter().map(one).collect()
            }
        }
    };
}

with!(shim, seriatim_shims::tokio);
with!(real, ::tokio);

proptest! {
    #[test]
    fn what_one_task_does_comes_to_what_it_comes_to_in_tokio(operations in operations()) {
        let expected = real::apply(&operations);
        prop_assert_eq!(&shim::apply(&operations), &expected);
        let seen = sampled(1, move || shim::apply(&operations));
        prop_assert_eq!(seen.results, BTreeSet::from([expected]));
    }
}
