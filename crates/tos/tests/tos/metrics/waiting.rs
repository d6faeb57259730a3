//! The native runtime reports how long it waited for a lock that was held, and nothing of one that was free.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use seriatim_runtime::{ConcurrentMap, JoinSet, Native, Recorder, Runtime, RwLock};
use seriatim_testkit::test_mode::SOON;
use seriatim_testkit::tokio;

#[derive(Debug, Default)]
struct Told {
    locks: Mutex<Vec<Duration>>,
    sets: Mutex<Vec<(&'static str, usize)>>,
}

impl Recorder for Told {
    fn lock_after(&self, waited: Duration) {
        self.locks.lock().unwrap().push(waited);
    }

    fn joined(&self, label: &'static str, tasks: usize) {
        self.sets.lock().unwrap().push((label, tasks));
    }
}

fn recorded() -> (Native, Arc<Told>) {
    let told = Arc::new(Told::default());
    (Native::with_hash_seed(1).with_recorder(told.clone()), told)
}

/// Long enough to be told from nothing, whatever the machine.
const HELD: Duration = Duration::from_millis(20);

#[test]
fn a_held_lock_is_waited_for_and_a_free_one_is_not() {
    let (runtime, told) = recorded();
    tokio().block_on(async {
        let lock = Arc::new(runtime.rw_lock("value", 7));
        let guard = lock.write().await;
        let mut tasks = runtime.join_set("waiters");
        let waiter = Arc::clone(&lock);
        tasks.spawn(async move { *waiter.read().await });
        runtime.yield_now().await;
        std::thread::sleep(HELD);
        drop(guard);
        assert_eq!(tasks.join_next().await.unwrap().1, Ok(7));
    });
    let locks = told.locks.lock().unwrap();
    assert!(locks.len() == 1 && locks[0] >= HELD, "{locks:?}");
    assert_eq!(*told.sets.lock().unwrap(), [("waiters", 1)]);
}

#[test]
fn a_shard_that_another_thread_holds_is_waited_for() {
    type Map = <Native as Runtime>::Map<u8, u8>;
    let enters: [fn(&Map); 5] = [
        |map| assert_eq!(map.get(&1).map(|value| *value), Some(1)),
        |map| *map.get_mut(&1).unwrap() = 1,
        |map| assert!(map.contains_key(&1)),
        |map| assert_eq!(map.insert(1, 1), Some(1)),
        |map| assert_eq!(*map.entry_or_insert(1, 9), 1),
    ];
    for enter in enters {
        let (runtime, told) = recorded();
        let map: Map = runtime.map("values");
        assert_eq!((map.insert(1, 1), map.get(&2).is_none(), map.contains_key(&2)), (None, true, false));
        enter(&map);
        assert!(told.locks.lock().unwrap().is_empty(), "nobody else was there");
        // A thread that does not come to it in time meets a free shard, and is tried again with more time.
        let mut held = HELD;
        while told.locks.lock().unwrap().is_empty() {
            assert!(held < SOON, "never told");
            let guard = map.get_mut(&1).unwrap();
            std::thread::scope(|threads| {
                threads.spawn(|| enter(&map));
                std::thread::sleep(held);
                drop(guard);
            });
            held *= 2;
        }
        let locks = told.locks.lock().unwrap();
        assert!(locks.len() == 1 && !locks[0].is_zero(), "{locks:?}");
    }
}

#[test]
fn a_runtime_without_a_recorder_answers_alike() {
    for runtime in [Native::with_hash_seed(1), recorded().0] {
        let map: <Native as Runtime>::Map<u8, u8> = runtime.map("values");
        assert_eq!((map.insert(1, 2), map.insert(1, 3)), (None, Some(2)));
        assert_eq!((*map.entry_or_insert(1, 4), *map.entry_or_insert(5, 6)), (3, 6));
        let mut entries = map.into_entries();
        entries.sort_unstable();
        assert_eq!(entries, [(1, 3), (5, 6)]);
    }
}
