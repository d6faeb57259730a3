//! Who runs next. Each scheduler is a function of its seed (or bytes, or schedule) and of what it has seen of earlier
//! executions; none reads the clock or the environment.
//!
//! PCT and the uniform walk stand here although `shuttle-schedulers` has both. Its schedulers draw from another generator, so each
//! seed would mean other schedules; they let an environment variable replace the seed; and they choose among shuttle's tasks only,
//! where [`Choose`] knows tasks by their number.

use std::collections::VecDeque;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use shuttle::scheduler::{Schedule as ShuttleSchedule, Scheduler, Task, TaskId};

use super::Choices;

/// How choices are made.
///
/// # Examples
/// ```
/// use seriatim_explore::model::{Model, ModelSettings};
/// use seriatim_explore::{Strategy, under_shuttle};
/// use seriatim_runtime::{JoinSet, Runtime};
///
/// let settings = ModelSettings { workers: None, shards: 1, placement_seed: 0 };
/// let three_tasks = move || {
///     let runtime = Model::shuttle(settings);
///     runtime.block_on(async {
///         let mut tasks = runtime.join_set("tasks");
///         (0..3).for_each(|_| drop(tasks.spawn(async {})));
///         while tasks.join_next().await.is_some() {}
///     });
/// };
/// let run = |strategy, seed| under_shuttle(strategy, seed, 50, three_tasks);
/// assert!(run(Strategy::Random, 7).distinct > 1);
/// assert_eq!(run(Strategy::Random, 7), run(Strategy::Random, 7), "a strategy is a function of its seed");
/// assert_eq!(run(Strategy::Replay("0*3".parse()?), 7).distinct, 1);
/// # Ok::<(), seriatim_explore::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Any runnable task, with equal chance.
    Random,
    /// Priorities drawn once, and so many points at which the running task falls to the lowest: finds bugs of that depth
    /// with a guaranteed chance (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding
    /// bugs", ASPLOS 2010).
    Pct { depth: usize },
    /// Tasks in proportion to the steps they have left, as far as the execution before tells: samples interleavings
    /// nearly uniformly (Zhao et al., "Selectively uniform concurrency testing", ASPLOS 2025).
    UniformWalk,
    /// A byte for each step at which there is a choice; when they are used up, any task, by the seed.
    Bytes(Vec<u8>),
    /// The recorded task at each step, as long as it is runnable.
    Replay(Choices),
    /// The recorded tasks of the first steps, as long as they are runnable; then any task, by the seed.
    Near { recorded: Choices, keep: usize },
}

impl Strategy {
    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Pct { .. } => "pct",
            Self::UniformWalk => "urw",
            Self::Bytes(_) => "bytes",
            Self::Replay(_) => "replay",
            Self::Near { .. } => "near",
        }
    }
}

/// Chooses who runs next, by number of the task, over several executions.
pub(super) trait Choose: 'static {
    /// An execution is to begin. False: none is wanted.
    fn begin(&mut self) -> bool;

    /// One of `runnable`, which is ascending and not empty. None breaks the execution off.
    fn choose(&mut self, runnable: &[usize], current: Option<usize>, is_yielding: bool) -> Option<usize>;

    /// A number that a task draws.
    fn next_u64(&mut self) -> u64;
}

/// A strategy at work, over several executions of one scenario.
#[derive(Debug)]
pub(crate) struct Chooser {
    strategy: Strategy,
    random: Xoshiro256PlusPlus,
    step: usize,
    /// Steps of each task in the execution under way, and in the one before.
    steps: Vec<u64>,
    steps_before: Vec<u64>,
    /// The priorities of PCT: the higher, the sooner a task runs.
    priorities: Vec<u64>,
    /// The steps at which PCT lets the running task fall.
    change_points: Vec<usize>,
    bytes: VecDeque<u8>,
    diverged_at: Option<usize>,
}

impl Chooser {
    /// A strategy with its seed.
    pub fn new(strategy: Strategy, seed: u64) -> Self {
        Self {
            strategy,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            step: 0,
            steps: Vec::new(),
            steps_before: Vec::new(),
            priorities: Vec::new(),
            change_points: Vec::new(),
            bytes: VecDeque::new(),
            diverged_at: None,
        }
    }

    /// The first step of a replay at which the recorded task could not run.
    pub fn diverged_at(&self) -> Option<usize> {
        self.diverged_at
    }

    fn choose_by_priority(&mut self, runnable: &[usize], current: Option<usize>, is_yielding: bool) -> usize {
        let most = runnable.last().copied().max(current).unwrap_or(0);
        while self.priorities.len() <= most {
            // Above every priority that a fallen task gets.
            let drawn = self.random.next_u64() | (1 << 63);
            self.priorities.push(drawn);
        }
        if let Some(current) = current
            && (is_yielding || self.change_points.contains(&self.step))
        {
            let lowest = self.priorities.iter().copied().min().unwrap_or(0).min(1 << 63);
            self.priorities[current] = lowest.saturating_sub(1);
        }
        let by_priority = runnable.iter().copied().max_by_key(|&task| (self.priorities[task], task));
        by_priority.expect("some task is runnable")
    }

    fn choose_by_steps_left(&mut self, runnable: &[usize]) -> usize {
        let spawned = runnable.last().copied().unwrap_or(0).max(self.steps.len().saturating_sub(1));
        let left = |task: usize| {
            let before = self.steps_before.get(task).copied().unwrap_or(1);
            before.saturating_sub(self.steps.get(task).copied().unwrap_or(0)).max(1)
        };
        // Task 0 spawns all the others: what they will do is still before it.
        let unspawned: u64 = self.steps_before.iter().skip(spawned + 1).sum();
        let weight = |task: usize| left(task) + if task == 0 { unspawned } else { 0 };
        let total: u64 = runnable.iter().map(|&task| weight(task)).sum();
        let mut rest = below(&mut self.random, total);
        for &task in runnable {
            match rest.checked_sub(weight(task)) {
                Some(next) => rest = next,
                None => return task,
            }
        }
        runnable[0]
    }
}

/// An unbiased enough number below `bound`: the bias is below 2^-32 for any bound that occurs.
fn below(random: &mut Xoshiro256PlusPlus, bound: u64) -> u64 {
    ((u128::from(random.next_u64()) * u128::from(bound.max(1))) >> 64) as u64
}

impl Choose for Chooser {
    fn begin(&mut self) -> bool {
        self.steps_before = std::mem::take(&mut self.steps);
        self.step = 0;
        self.diverged_at = None;
        match &self.strategy {
            Strategy::Pct { depth } => {
                let total = self.steps_before.iter().sum::<u64>().max(1);
                let depth = depth.saturating_sub(1);
                self.priorities.clear();
                self.change_points = (0..depth).map(|_| below(&mut self.random, total) as usize).collect();
            }
            Strategy::Bytes(bytes) => self.bytes = bytes.iter().copied().collect(),
            Strategy::Random | Strategy::UniformWalk | Strategy::Replay(_) | Strategy::Near { .. } => {}
        }
        true
    }

    fn choose(&mut self, runnable: &[usize], current: Option<usize>, is_yielding: bool) -> Option<usize> {
        let chosen = match &self.strategy {
            Strategy::Random => runnable[below(&mut self.random, runnable.len() as u64) as usize],
            Strategy::Pct { .. } => self.choose_by_priority(runnable, current, is_yielding),
            Strategy::UniformWalk => self.choose_by_steps_left(runnable),
            Strategy::Bytes(_) => match (runnable, self.bytes.pop_front()) {
                ([only], Some(byte)) => {
                    // Nothing to choose: the byte is for the next step.
                    self.bytes.push_front(byte);
                    *only
                }
                (_, Some(byte)) => runnable[usize::from(byte) % runnable.len()],
                (_, None) => runnable[below(&mut self.random, runnable.len() as u64) as usize],
            },
            Strategy::Near { recorded, keep } => {
                let recorded = recorded.0.get(self.step).filter(|_| self.step < *keep).map(|&task| task as usize);
                match recorded.filter(|task| runnable.contains(task)) {
                    Some(task) => task,
                    None => runnable[below(&mut self.random, runnable.len() as u64) as usize],
                }
            }
            Strategy::Replay(choices) => {
                let recorded = choices.0.get(self.step).map(|&task| task as usize);
                if let Some(task) = recorded.filter(|task| runnable.contains(task)) {
                    task
                } else {
                    self.diverged_at.get_or_insert(self.step);
                    current.filter(|task| runnable.contains(task)).unwrap_or(runnable[0])
                }
            }
        };
        if self.steps.len() <= chosen {
            self.steps.resize(chosen + 1, 0);
        }
        self.steps[chosen] += 1;
        self.step += 1;
        Some(chosen)
    }

    fn next_u64(&mut self) -> u64 {
        self.random.next_u64()
    }
}

impl Scheduler for Chooser {
    fn new_execution(&mut self) -> Option<ShuttleSchedule> {
        self.begin().then(|| ShuttleSchedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let runnable: Vec<usize> = runnable.iter().map(|task| usize::from(task.id())).collect();
        self.choose(&runnable, current.map(usize::from), is_yielding).map(TaskId::from)
    }

    fn next_u64(&mut self) -> u64 {
        self.random.next_u64()
    }
}
