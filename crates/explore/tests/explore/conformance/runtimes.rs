//! Runs a fact on each runtime, as often as it takes.

use std::future::Future;

use seriatim_explore::model::{Model, ModelSettings};
use seriatim_explore::{LoomBounds, Strategy, under_loom, under_shuttle};
use seriatim_runtime::{AtomicU64, Native, Ordering, Runtime};
use seriatim_testkit::events::Events;

use crate::fixtures::quieten;

/// A point at which every engine may switch tasks: loom at the load, shuttle at both, tokio at the suspension.
pub async fn pause<R: Runtime>(runtime: &R, point: &R::AtomicU64) {
    runtime.yield_now().await;
    point.load(Ordering::Relaxed);
}

pub fn on_tokio<F: Future<Output = ()>>(fact: fn(Native, Events) -> F) {
    quieten();
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for seed in 0..200 {
        tokio.block_on(fact(Native::with_hash_seed(seed), Events::default()));
    }
}

pub fn on_shuttle<F: Future<Output = ()> + 'static>(fact: fn(Model, Events) -> F, expected: &[&str]) {
    quieten();
    let events = Events::default();
    let strategies = [Strategy::Random, Strategy::Pct { depth: 3 }, Strategy::UniformWalk];
    for (seed, strategy) in strategies.into_iter().enumerate() {
        for workers in [None, Some(1), Some(2)] {
            let settings = ModelSettings { workers, shards: 1 + seed as u64, placement_seed: seed as u64 };
            let events = events.clone();
            let run = under_shuttle(strategy.clone(), seed as u64, 300, move || {
                let runtime = Model::shuttle(settings);
                runtime.block_on(fact(runtime.clone(), events.clone()));
            });
            assert_eq!(run.failure, None, "{} with {settings:?}", strategy.name());
            assert_eq!(run.executions, 300);
        }
    }
    events.assert_all(expected);
}

/// Three preemptions reach every event that the facts name; the largest fact then takes two seconds.
const BOUNDS: LoomBounds = LoomBounds { preemptions: Some(3), choices: 2_000, executions: 200_000 };

pub fn on_loom<F: Future<Output = ()> + 'static>(name: &str, fact: fn(Model, Events) -> F, expected: &[&str]) {
    quieten();
    let events = Events::default();
    let reaching = events.clone();
    let run = under_loom(BOUNDS, move || {
        let runtime = Model::loom(ModelSettings { workers: None, shards: 1, placement_seed: 0 });
        runtime.block_on(fact(runtime.clone(), reaching.clone()));
    });
    println!("{name}: {run:?}");
    assert_eq!(run.failure, None, "after {} executions", run.executions);
    assert!(run.complete, "cut after {} executions", run.executions);
    events.assert_all(expected);
}
