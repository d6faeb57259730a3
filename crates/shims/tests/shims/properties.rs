//! What stands in for `std` gives the results that `std` gives, call by call: outside an execution, and as the one task
//! of an execution.

use std::fmt::Debug;

use proptest::prelude::*;

use super::execution::sampled;
use seriatim_shims::sync as shim;

/// One call on something that has these kinds of calls.
type Call = (u8, i8);

/// Results of the calls on a thing, as text.
macro_rules! results {
    ($sync:ident, $calls:expr) => {{
        let unsigned = $sync::atomic::AtomicU8::new(3);
        let signed = $sync::atomic::AtomicI8::new(-3);
        let flag = $sync::atomic::AtomicBool::new(false);
        let cell = $sync::OnceLock::new();
        let (lock, shared) = ($sync::Mutex::new(0_i8), $sync::RwLock::new(0_i8));
        let (sender, receiver) = $sync::mpsc::channel();
        let (bounded, bounded_receiver) = $sync::mpsc::sync_channel(2);
        let mut senders = vec![sender];
        let mut locked = None;
        let mut reading = Vec::new();
        let mut results: Vec<String> = Vec::new();
        for &(kind, value) in $calls {
            use std::sync::atomic::Ordering::SeqCst;
            let byte = value.cast_unsigned();
            let mut tell = |result: &dyn Debug| results.push(format!("{kind} {value}: {result:?}"));
            match kind % 30 {
                0 => tell(&unsigned.fetch_add(byte, SeqCst)),
                1 => tell(&unsigned.fetch_sub(byte, SeqCst)),
                2 => tell(&unsigned.fetch_nand(byte, SeqCst)),
                3 => tell(&unsigned.fetch_max(byte, SeqCst)),
                4 => tell(&unsigned.compare_exchange(3, byte, SeqCst, SeqCst)),
                5 => tell(&unsigned.fetch_update(SeqCst, SeqCst, |found| found.checked_add(byte))),
                6 => tell(&unsigned.swap(byte, SeqCst)),
                7 => tell(&signed.fetch_add(value, SeqCst)),
                8 => tell(&signed.fetch_min(value, SeqCst)),
                9 => tell(&signed.fetch_xor(value, SeqCst)),
                10 => tell(&(signed.store(value, SeqCst), signed.load(SeqCst))),
                11 => tell(&flag.fetch_nand(value > 0, SeqCst)),
                12 => tell(&flag.fetch_xor(value > 0, SeqCst)),
                13 => tell(&flag.compare_exchange(true, value > 0, SeqCst, SeqCst)),
                14 => tell(&cell.set(value)),
                15 => tell(&cell.get()),
                16 => tell(cell.get_or_init(|| value)),
                17 => {
                    let free = lock.try_lock();
                    tell(&free.is_ok());
                    locked = free.ok().or(locked);
                }
                18 => {
                    tell(&locked.as_ref().map(|guard| **guard));
                    locked = None;
                }
                19 => {
                    if locked.is_none() {
                        *lock.lock().unwrap() = value;
                    }
                    tell(&lock);
                }
                20 => {
                    let free = shared.try_read();
                    tell(&free.is_ok());
                    reading.extend(free.ok());
                }
                21 => tell(&reading.pop().map(|guard| *guard)),
                22 => tell(&shared.try_write().map(|mut guard| std::mem::replace(&mut *guard, value)).ok()),
                23 => tell(&senders.last().map(|sender| sender.send(value))),
                24 => tell(&receiver.try_recv()),
                25 => senders.extend(senders.last().cloned()),
                26 => drop(senders.pop()),
                27 => tell(&bounded.try_send(value)),
                28 => tell(&bounded_receiver.try_recv()),
                _ => tell(&receiver.try_iter().count()),
            }
        }
        results
    }};
}

fn of_std(calls: &[Call]) -> Vec<String> {
    use std::sync;
    results!(sync, calls)
}

fn of_the_shim(calls: &[Call]) -> Vec<String> {
    results!(shim, calls)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_shims_of_std_give_what_std_gives(calls in prop::collection::vec(any::<Call>(), 0..60)) {
        let expected = of_std(&calls);
        prop_assert_eq!(of_the_shim(&calls), expected.clone());
        let seen = sampled(1, move || of_the_shim(&calls));
        prop_assert!(seen.stuck.is_empty());
        prop_assert_eq!(seen.results.into_iter().next(), Some(expected));
    }
}
