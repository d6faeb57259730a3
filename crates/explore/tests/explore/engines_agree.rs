//! Two explorers that share nothing but the model, loom without a bound and our own partial order reduction under shuttle,
//! reach exactly the same outcomes on small random programs. Neither the reductions of the one nor of the other
//! lose any, and giving back without a scheduling point loses none under either. Atomics are only ever exchanged: on
//! loads the engines differ on purpose.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use seriatim_explore::announce;
use seriatim_explore::dpor::Dpor;
use seriatim_explore::model::{Engine, Model, ModelSettings};
use seriatim_explore::{LoomBounds, Strategy as Schedules, under_loom, under_shuttle};
use seriatim_runtime::{AtomicU64, ConcurrentMap, JoinSet, Ordering, Runtime, RwLock, Semaphore};

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Exchanges a value for the next, and sees what was there.
    Exchange(u64),
    /// Inserts unless something is there, and sees what is.
    EntryOrInsert(u8),
    ContainsKey(u8),
    /// Changes the entry under a guard that spans an exchange.
    ChangeUnderGuard(u8),
    /// Exchanges while it holds the only permit.
    Permitted(u64),
    /// Sees the length of a list and appends to it.
    Append,
    Length,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..2_u64).prop_map(Op::Exchange),
        (0..2_u8).prop_map(Op::EntryOrInsert),
        (0..2_u8).prop_map(Op::ContainsKey),
        (0..2_u8).prop_map(Op::ChangeUnderGuard),
        (0..2_u64).prop_map(Op::Permitted),
        Just(Op::Append),
        Just(Op::Length),
    ]
}

/// Two tasks of two steps: more is more than loom can exhaust without a bound.
fn program() -> impl Strategy<Value = Vec<Vec<Op>>> {
    prop::collection::vec(prop::collection::vec(op(), 2), 2)
}

/// What the tasks saw, in the order in which they were joined.
type Outcomes = Arc<Mutex<BTreeSet<Vec<(usize, Vec<u64>)>>>>;

fn run(engine: Engine, program: &[Vec<Op>], shards: u64, outcomes: &Outcomes) {
    let runtime = Model::new(engine, ModelSettings { workers: None, shards, placement_seed: 0 });
    let shared = Arc::new((
        runtime.atomic_u64("atomic", 0),
        runtime.map::<u8, u64>("map"),
        runtime.semaphore("semaphore", 1),
        runtime.rw_lock("list", Vec::new()),
    ));
    let mut tasks = runtime.join_set("tasks");
    for (number, ops) in program.iter().cloned().enumerate() {
        let shared = Arc::clone(&shared);
        tasks.spawn(async move {
            let (atomic, map, semaphore, list) = &*shared;
            let exchange = |value: u64| {
                let found = atomic.compare_exchange(value, value + 1, Ordering::AcqRel, Ordering::Acquire);
                found.unwrap_or_else(|found| 10 + found)
            };
            let own = number as u64 + 1;
            let mut seen = Vec::new();
            for op in ops {
                seen.push(match op {
                    Op::Exchange(value) => exchange(value),
                    Op::EntryOrInsert(key) => *map.entry_or_insert(key, own),
                    Op::ContainsKey(key) => u64::from(map.contains_key(&key)),
                    Op::ChangeUnderGuard(key) => {
                        let mut entry = map.entry_or_insert(key, 0);
                        *entry = *entry * 4 + own;
                        *entry * 100 + exchange(0)
                    }
                    Op::Permitted(value) => {
                        let _permit = semaphore.acquire().await;
                        exchange(value)
                    }
                    Op::Append => {
                        let mut list = list.write().await;
                        list.push(own);
                        list.len() as u64
                    }
                    Op::Length => list.read().await.len() as u64,
                });
            }
            seen
        });
    }
    let outcome = runtime.block_on(async move {
        let mut outcome = Vec::new();
        while let Some((task, seen)) = tasks.join_next().await {
            outcome.push((task.0, seen.unwrap()));
        }
        outcome
    });
    outcomes.lock().unwrap().insert(outcome);
}

/// The outcomes under each engine, which must be the same, and how many executions each took.
fn compare(program: &[Vec<Op>], shards: u64) -> Result<Compared, TestCaseError> {
    let (of_loom, of_dpor) = (Outcomes::default(), Outcomes::default());

    let (ops, outcomes) = (program.to_vec(), Arc::clone(&of_loom));
    let bounds = LoomBounds { preemptions: None, choices: 2_000, executions: 200_000 };
    let ran = under_loom(bounds, move || run(Engine::Loom, &ops, shards, &outcomes));
    prop_assert!(ran.complete, "{ran:?}");

    let dpor = Dpor::new().with_bound(100_000);
    let (ops, outcomes) = (program.to_vec(), Arc::clone(&of_dpor));
    let runner = shuttle::Runner::new(dpor.clone(), shuttle::Config::new());
    runner.run(move || run(Engine::Shuttle, &ops, shards, &outcomes));
    announce::silence();
    prop_assert!(dpor.is_complete());

    let (of_loom, of_dpor) = (of_loom.lock().unwrap(), of_dpor.lock().unwrap());
    prop_assert_eq!(&*of_loom, &*of_dpor);
    Ok(Compared { by_loom: ran.executions, by_dpor: dpor.figures().executions, distinct: of_dpor.len() })
}

struct Compared {
    by_loom: usize,
    by_dpor: u64,
    distinct: usize,
}

/// A program on which they differ is cut to a small one before the test fails.
#[test]
fn loom_and_dpor_reach_the_same_outcomes() {
    // shuttle's hook would print; this takes it off.
    under_shuttle(Schedules::Random, 0, 1, || ());
    let config = Config { cases: 80, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() };
    // All keys in one shard, and each key in its own.
    let shards = prop_oneof![Just(1), Just(1_001)];
    let (by_loom, by_dpor, distinct) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let agree = TestRunner::new(config).run(&(program(), shards), |(program, shards)| {
        let compared = compare(&program, shards)?;
        by_loom.set(by_loom.get() + compared.by_loom);
        by_dpor.set(by_dpor.get() + compared.by_dpor);
        distinct.set(distinct.get() + compared.distinct);
        Ok(())
    });
    agree.unwrap_or_else(|failure| panic!("{failure}"));
    let distinct = distinct.get();
    println!("{distinct} outcomes: loom {} executions, dpor {}", by_loom.get(), by_dpor.get());
    assert!(distinct > 250, "{distinct}: the programs hardly interact");
}
