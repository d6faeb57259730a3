//! A body of code as an experiment: what every schedule may come to.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use seriatim_explore::model::{Model, ModelSettings, Step};
use seriatim_explore::{Ending, Experiment, InterleaveConfig, Interleaver, Schedule, Strategy};
use seriatim_verdict::{Evidence, Verdict};

struct Body<R> {
    body: Arc<dyn Fn() -> R + Send + Sync>,
    result: Arc<Mutex<Option<R>>>,
}

impl<R: Send + 'static> Experiment for Body<R> {
    fn name(&self) -> String {
        "body".to_owned()
    }

    fn run(&self, _: Model, _: usize, _: &str) -> Verdict {
        let result = (self.body)();
        *self.result.lock().unwrap() = Some(result);
        Verdict::Agree(Evidence::default())
    }

    fn tasks(&self) -> usize {
        2
    }
}

/// What came of all executions of a body.
#[derive(Debug)]
pub struct Seen<R> {
    /// Every result.
    pub results: BTreeSet<R>,
    /// Who waited for what, where nothing could run any more.
    pub stuck: BTreeSet<String>,
    pub executions: u64,
    /// Whether every interleaving that can matter was run.
    pub complete: bool,
}

fn config(strategy: Strategy, executions: usize) -> InterleaveConfig {
    let settings = ModelSettings { workers: None, shards: 1, placement_seed: 0 };
    InterleaveConfig { strategy, seed: 7, executions, max_parallelism: 4, settings }
}

fn seen<R: Ord + Send + 'static>(
    body: impl Fn() -> R + Send + Sync + 'static,
    explore: impl FnOnce(&Interleaver, &mut dyn FnMut(&Ending)) -> (u64, bool),
) -> Seen<R> {
    let result = Arc::new(Mutex::new(None));
    let explorer = Interleaver::of(Body { body: Arc::new(body), result: Arc::clone(&result) });
    let (mut results, mut stuck) = (BTreeSet::new(), BTreeSet::new());
    let mut look = |ending: &Ending| match ending {
        Ending::Complete => {
            results.insert(result.lock().unwrap().take().expect("a body that comes to its end has a result"));
        }
        Ending::Stuck(waiting) => {
            let waiting: Vec<String> = waiting.iter().map(|waiting| waiting.on.to_string()).collect();
            stuck.insert(waiting.join("; "));
        }
        Ending::Endless(steps) => panic!("it did not end after {steps} steps"),
    };
    let (executions, complete) = explore(&explorer, &mut look);
    Seen { results, stuck, executions, complete }
}

/// So many random schedules.
pub fn sampled<R: Ord + Send + 'static>(executions: usize, body: impl Fn() -> R + Send + Sync + 'static) -> Seen<R> {
    seen(body, |explorer, look| {
        let evidence = explorer.explore(&config(Strategy::Random, executions), |interleaved| {
            look(&interleaved.ending);
            ControlFlow::Continue(())
        });
        (evidence.interleavings, false)
    })
}

/// Every interleaving that can matter.
pub fn all<R: Ord + Debug + Send + 'static>(body: impl Fn() -> R + Send + Sync + 'static) -> Seen<R> {
    seen(body, |explorer, look| {
        let (evidence, exhaustion) = explorer.explore_all(&config(Strategy::Random, 100_000), |interleaved| {
            look(&interleaved.ending);
            ControlFlow::Continue(())
        });
        (evidence.interleavings, exhaustion.complete)
    })
}

/// What the tasks do where each runs until it cannot go on.
pub fn steps<R: Send + 'static>(body: impl Fn() -> R + Send + Sync + 'static) -> Vec<Step> {
    let explorer = Interleaver::of(Body { body: Arc::new(body), result: Arc::default() });
    let straight = explorer.straight(&Schedule::straight()).schedule;
    explorer.with_steps(&straight).steps
}
