//! One random sequence of operations on the shim and on the real object, with every result.

use std::time::Duration;

use ::crossbeam as real;
use proptest::prelude::*;

use crate::execution::sampled;
use seriatim_shims::crossbeam as shim;

/// Writes a test's operations for one of the two.
macro_rules! channel {
    ($name:ident, $library:ident) => {
        fn $name(capacity: Option<usize>, operations: &[(u8, u8)]) -> Vec<String> {
            use $library::channel::{self, Select};
            let (mut senders, mut receivers) = (Vec::new(), Vec::new());
            let (sender, receiver) = capacity.map_or_else(channel::unbounded, channel::bounded);
            senders.push(sender);
            receivers.push(receiver);
            let (other, from_other) = channel::bounded::<u8>(1);
            let limit = Duration::ZERO;
            let mut results = Vec::new();
            for (operation, value) in operations {
                let (sender, receiver) = (senders.last(), receivers.last());
                let result = match (operation, sender, receiver) {
                    (0 | 1, Some(sender), _) => format!("{:?}", sender.try_send(*value)),
                    (2, Some(sender), receiver) => match receiver {
                        Some(_) if capacity == Some(0) || sender.is_full() => "it would wait".to_owned(),
                        _ => format!("{:?}", sender.send(*value)),
                    },
                    (3, Some(sender), _) => format!("{:?}", sender.send_timeout(*value, limit)),
                    (4, Some(sender), _) => {
                        let clone = sender.clone();
                        let same = clone.same_channel(sender);
                        senders.push(clone);
                        same.to_string()
                    }
                    (5, Some(_), _) if value % 4 == 0 => format!("{:?}", senders.pop().is_some()),
                    (6, Some(sender), _) => {
                        format!("{:?}", (sender.len(), sender.is_empty(), sender.is_full(), sender.capacity()))
                    }
                    (7 | 8, _, Some(receiver)) => format!("{:?}", receiver.try_recv()),
                    (9, sender, Some(receiver)) => match sender {
                        Some(_) if receiver.is_empty() => "it would wait".to_owned(),
                        _ => format!("{:?}", receiver.recv()),
                    },
                    (10, _, Some(receiver)) => format!("{:?}", receiver.recv_timeout(limit)),
                    (11, _, Some(receiver)) if value % 2 == 0 => {
                        receivers.push(receiver.clone());
                        receivers.len().to_string()
                    }
                    (12, _, Some(_)) if value % 4 == 0 => format!("{:?}", receivers.pop().is_some()),
                    (13, _, Some(receiver)) => {
                        let taken: Vec<u8> = receiver.try_iter().take(2).collect();
                        format!("{:?}", (taken, receiver.len(), receiver.is_empty(), receiver.is_full()))
                    }
                    (14, Some(sender), Some(receiver)) => channel::select_biased! {
                        recv(receiver) -> message => format!("{message:?}"),
                        recv(from_other) -> message => format!("other {message:?}"),
                        send(sender, *value) -> sent => format!("{sent:?}"),
                        send(other, *value) -> sent => format!("other {sent:?}"),
                        default => "nothing".to_owned(),
                    },
                    (15, Some(sender), Some(receiver)) => {
                        let mut select = Select::new_biased();
                        select.send(sender);
                        select.recv(receiver);
                        let ready = select.try_ready();
                        match select.select_timeout(limit) {
                            Ok(selected) if selected.index() == 0 => {
                                format!("{ready:?} {:?}", selected.send(sender, 1))
                            }
                            Ok(selected) => format!("{ready:?} {:?}", selected.recv(receiver)),
                            Err(error) => format!("{ready:?} {error:?}"),
                        }
                    }
                    (16, Some(sender), None) => {
                        channel::select! { send(sender, *value) -> sent => format!("{sent:?}") }
                    }
                    (17, None, Some(receiver)) => {
                        channel::select! { recv(receiver) -> message => { format!("{message:?}") } }
                    }
                    _ => "-".to_owned(),
                };
                results.push(result);
            }
            results
        }
    };
}

channel!(channel_of_shim, shim);
channel!(channel_of_real, real);

macro_rules! deque {
    ($name:ident, $library:ident) => {
        fn $name(is_fifo: bool, operations: &[(u8, u8)]) -> Vec<String> {
            use $library::deque::{Injector, Worker};
            let new = || if is_fifo { Worker::new_fifo() } else { Worker::new_lifo() };
            let (injector, workers) = (Injector::new(), [new(), Worker::new_lifo()]);
            let mut results = Vec::new();
            for (operation, value) in operations {
                let at = usize::from(*value % 2);
                let (worker, limit) = (&workers[at], usize::from(*value % 5) + 1);
                let stealer = workers[usize::from(*value % 3 == 0)].stealer();
                let result = match operation {
                    0..3 => format!("{:?}", worker.push(*value)),
                    3..6 => format!("{:?}", injector.push(*value)),
                    6 | 7 => format!("{:?}", worker.pop()),
                    8 => format!("{:?}", stealer.steal()),
                    9 => format!("{:?}", stealer.steal_batch(worker)),
                    10 => format!("{:?}", stealer.steal_batch_and_pop(worker)),
                    11 => format!("{:?}", stealer.steal_batch_with_limit_and_pop(worker, limit)),
                    12 => format!("{:?}", injector.steal()),
                    13 => format!("{:?}", injector.steal_batch(worker)),
                    14 => format!("{:?}", injector.steal_batch_and_pop(worker)),
                    15 => format!("{:?}", injector.steal_batch_with_limit(worker, limit)),
                    16 => format!("{:?}", stealer.steal_batch_with_limit(worker, limit)),
                    _ => format!("{:?}", (worker.len(), stealer.len(), injector.len(), injector.is_empty())),
                };
                results.push(result);
            }
            results.extend(workers.iter().map(|worker| {
                let left: Vec<u8> = std::iter::from_fn(|| worker.pop()).collect();
                format!("{left:?}")
            }));
            results
        }
    };
}

deque!(deque_of_shim, shim);
deque!(deque_of_real, real);

macro_rules! others {
    ($name:ident, $library:ident) => {
        fn $name(capacity: usize, operations: &[(u8, u8)]) -> Vec<String> {
            use $library::atomic::AtomicCell;
            use $library::queue::{ArrayQueue, SegQueue};
            let (bounded, unbounded) = (ArrayQueue::new(capacity), SegQueue::new());
            let (number, text) = (AtomicCell::new(0_u8), AtomicCell::new(String::new()));
            let perform = |(operation, value): &(u8, u8)| match operation {
                0 => format!("{:?}", bounded.push(*value)),
                1 => format!("{:?}", bounded.force_push(*value)),
                2 => format!("{:?}", bounded.pop()),
                3 => format!("{:?}", (bounded.len(), bounded.is_empty(), bounded.is_full(), bounded.capacity())),
                4 | 5 => format!("{:?}", unbounded.push(*value)),
                6 => format!("{:?}", unbounded.pop()),
                7 => format!("{:?}", (unbounded.len(), unbounded.is_empty())),
                8 => format!("{:?}", number.fetch_add(*value)),
                9 => format!("{:?}", number.fetch_nand(*value)),
                10 => format!("{:?}", number.fetch_max(*value)),
                11 => format!("{:?}", number.compare_exchange(*value, 3)),
                12 => format!("{:?}", number.fetch_update(|number| number.checked_sub(*value))),
                13 => format!("{:?}", (number.load(), number.swap(*value))),
                14 => format!("{:?}", text.swap(value.to_string())),
                15 => format!("{:?}", text.store(value.to_string())),
                _ => format!("{:?}", text.take()),
            };
            let mut results: Vec<String> = operations.iter().map(perform).collect();
            results.push(format!("{:?}", bounded.into_iter().chain(unbounded).collect::<Vec<u8>>()));
            results
        }
    };
}

others!(others_of_shim, shim);
others!(others_of_real, real);

/// The results of the shim in an execution of one task, and outside.
fn of_shim(perform: impl Fn() -> Vec<String> + Send + Sync + 'static) -> [Vec<String>; 2] {
    let outside = perform();
    let seen = sampled(1, perform);
    assert!(seen.stuck.is_empty(), "{seen:?}");
    [seen.results.into_iter().next().expect("an execution has a result"), outside]
}

fn operations(kinds: u8) -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0..kinds, 0..8_u8), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_channel_does_what_the_real_one_does(capacity in prop::option::of(0..3_usize), operations in operations(18)) {
        let real = channel_of_real(capacity, &operations);
        for shim in of_shim(move || channel_of_shim(capacity, &operations)) {
            prop_assert_eq!(&shim, &real);
        }
    }

    #[test]
    fn a_deque_does_what_the_real_one_does(is_fifo: bool, operations in operations(18)) {
        let real = deque_of_real(is_fifo, &operations);
        for shim in of_shim(move || deque_of_shim(is_fifo, &operations)) {
            prop_assert_eq!(&shim, &real);
        }
    }

    #[test]
    fn a_queue_and_a_cell_do_what_the_real_ones_do(capacity in 1..4_usize, operations in operations(17)) {
        let real = others_of_real(capacity, &operations);
        for shim in of_shim(move || others_of_shim(capacity, &operations)) {
            prop_assert_eq!(&shim, &real);
        }
    }
}
