//! The model of dashmap against dashmap itself: the same answers in one task, and the known ways to get stuck.

use std::sync::Arc;

use proptest::prelude::*;
use seriatim_explore::model::{Model, ModelSettings};
use seriatim_explore::{LoomBounds, ShuttleRun, Strategy as Schedules, under_loom, under_shuttle};
use seriatim_runtime::{ConcurrentMap, JoinSet, Native, Runtime};

/// One call, on one of a few keys.
#[derive(Clone, Debug)]
enum Op {
    Insert(u8, u64),
    Get(u8),
    Add(u8, u64),
    ContainsKey(u8),
    EntryOrInsert(u8, u64),
}

fn op() -> impl Strategy<Value = Op> {
    let (key, value) = (0..6_u8, 0..100_u64);
    prop_oneof![
        (key.clone(), value.clone()).prop_map(|(key, value)| Op::Insert(key, value)),
        key.clone().prop_map(Op::Get),
        (key.clone(), value.clone()).prop_map(|(key, value)| Op::Add(key, value)),
        key.clone().prop_map(Op::ContainsKey),
        (key, value).prop_map(|(key, value)| Op::EntryOrInsert(key, value)),
    ]
}

/// The answer to each call, then all entries by key: their order in a map means nothing.
fn answers<R: Runtime>(runtime: &R, ops: &[Op]) -> (Vec<Option<u64>>, Vec<(u8, u64)>) {
    let map = runtime.map::<u8, u64>("map");
    let answer = |op: &Op| match *op {
        Op::Insert(key, value) => map.insert(key, value),
        Op::Get(key) => map.get(&key).map(|value| *value),
        Op::Add(key, amount) => map.get_mut(&key).map(|mut value| {
            *value += amount;
            *value
        }),
        Op::ContainsKey(key) => map.contains_key(&key).then_some(1),
        Op::EntryOrInsert(key, value) => {
            let mut kept = map.entry_or_insert(key, value);
            *kept += 1_000;
            Some(*kept)
        }
    };
    let given = ops.iter().map(answer).collect();
    let mut entries = map.into_entries();
    entries.sort_unstable();
    (given, entries)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn the_model_answers_as_dashmap_does(ops in prop::collection::vec(op(), 0..40)) {
        let expected = answers(&Native::with_hash_seed(0), &ops);
        for (shards, placement_seed) in [(1, 0), (2, 1), (3, 2), (64, 3), (1_000_000, 4)] {
            let settings = ModelSettings { workers: None, shards, placement_seed };
            let (ops, expected) = (ops.clone(), expected.clone());
            let run = under_shuttle(Schedules::Random, 0, 1, move || {
                assert_eq!(answers(&Model::shuttle(settings), &ops), expected);
            });
            prop_assert_eq!(run.failure, None);
        }
    }
}

const ONE_SHARD: ModelSettings = ModelSettings { workers: None, shards: 1, placement_seed: 0 };

/// What is done with a map, in one task.
type Task = fn(&<Model as Runtime>::Map<u8, u64>);

/// Runs one task of its own on the map, which holds the keys 0 and 1.
fn on_shuttle(settings: ModelSettings, task: Task) -> ShuttleRun {
    under_shuttle(Schedules::Random, 0, 20, move || {
        let runtime = Model::shuttle(settings);
        let map = runtime.map::<u8, u64>("map");
        map.insert(0, 10);
        map.insert(1, 11);
        task(&map);
    })
}

#[test]
fn shared_guards_of_one_shard_nest() {
    let run = on_shuttle(ONE_SHARD, |map| {
        let (first, again, other) = (map.get(&0).unwrap(), map.get(&0).unwrap(), map.get(&1).unwrap());
        assert!(map.contains_key(&1));
        assert_eq!((*first, *again, *other), (10, 10, 11));
    });
    assert_eq!(run.failure, None);
}

/// Each enters for writing what the task itself already holds a guard of.
const REENTRIES: [Task; 5] = [
    |map| {
        let _held = map.get(&0);
        map.insert(1, 5);
    },
    |map| {
        let _held = map.get(&0);
        drop(map.get_mut(&1));
    },
    |map| {
        let _held = map.get_mut(&0);
        drop(map.get(&1));
    },
    |map| {
        let _held = map.entry_or_insert(0, 5);
        map.contains_key(&1);
    },
    |map| {
        let _held = map.get(&0);
        drop(map.entry_or_insert(1, 5));
    },
];

#[test]
fn entering_a_shard_under_its_own_guard_never_returns() {
    for reentry in REENTRIES {
        let failure = on_shuttle(ONE_SHARD, reentry).failure.unwrap();
        assert!(failure.contains("deadlock"), "{failure}");
        assert!(failure.contains("access to shard 0 of the map map"), "{failure}");
    }
}

#[test]
fn loom_finds_it_too() {
    let run = under_loom(LoomBounds::preemptions(1), || {
        let map = Model::loom(ONE_SHARD).map::<u8, u64>("map");
        map.insert(0, 10);
        let _held = map.get(&0);
        map.insert(1, 5);
    });
    let failure = run.failure.unwrap();
    assert!(failure.contains("deadlock") && failure.contains("write access to shard 0"), "{failure}");
}

#[test]
fn keys_in_different_shards_do_not_meet() {
    // Found by trying: under this placement seed the keys 0 and 1 lie apart.
    let apart = ModelSettings { workers: None, shards: 1 << 20, placement_seed: 0 };
    for task in REENTRIES {
        assert_eq!(on_shuttle(apart, task).failure, None);
    }
}

/// There are as many tasks as keys; each holds a guard across a suspension.
fn guards_across_suspensions(workers: usize, tasks: u8) -> ShuttleRun {
    under_shuttle(Schedules::Random, 1, 200, move || {
        let runtime = Model::shuttle(ModelSettings { workers: Some(workers), ..ONE_SHARD });
        let map = Arc::new(runtime.map::<u8, u64>("map"));
        map.insert(0, 0);
        let mut set = runtime.join_set("tasks");
        for _ in 0..tasks {
            let (map, runtime) = (Arc::clone(&map), runtime.clone());
            set.spawn(async move {
                let mut value = map.get_mut(&0).unwrap();
                let before = *value;
                runtime.yield_now().await;
                *value = before + 1;
            });
        }
        runtime.block_on(async move {
            while let Some((_, result)) = set.join_next().await {
                assert_eq!(result, Ok(()));
            }
        });
        assert_eq!(*map.get(&0).unwrap(), u64::from(tasks));
    })
}

/// The holder gives its worker back when it suspends; those that block on its shard keep theirs, and so it never goes on.
#[test]
fn a_guard_across_a_suspension_starves_as_few_workers_as_there_are_other_tasks() {
    for workers in [1, 2, 3] {
        let failure = guards_across_suspensions(workers, workers as u8 + 1).failure.unwrap();
        assert!(failure.contains("deadlock"), "{failure}");
        assert!(failure.contains("a worker thread of the runtime"), "{failure}");
        assert_eq!(guards_across_suspensions(workers + 1, workers as u8 + 1).failure, None);
    }
}
