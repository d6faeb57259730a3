//! The partial order reduction against full branching: on every small program, the same outcomes.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex, Once};

use seriatim_explore::announce::{self, Access, ObjectId};
use seriatim_explore::dpor::{Dpor, DporFigures};
use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
use shuttle::scheduler::{DfsScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, Runner};

const ATOMICS: usize = 2;
const LOCKS: usize = 2;
/// Permits of a reader-writer lock: a reader takes one, a writer all.
const READERS: usize = 16;

#[derive(Clone, Debug)]
enum Op {
    Load(usize),
    /// Stores the value read last, plus one.
    Store(usize),
    /// Stores if the value read last is odd.
    StoreIfOdd(usize),
    Add(usize),
    Lock {
        lock: usize,
        exclusive: bool,
        body: Vec<Op>,
    },
    Permit(Vec<Op>),
    PanicIfOdd,
}

#[derive(Clone, Debug)]
struct Program {
    tasks: Vec<Vec<Op>>,
    permits: usize,
}

/// What can be seen of an execution: how it ended, what each task read, what the atomics held.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    end: String,
    reads: Vec<Vec<u64>>,
    values: Vec<u64>,
}

/// The interpreter's shared things, and what is recorded of them. The standard library's mutex is invisible to shuttle.
struct World {
    record: Arc<Mutex<Outcome>>,
    locks: Vec<BatchSemaphore>,
    semaphore: BatchSemaphore,
    permits: usize,
    /// Conflicts on this atomic are kept from the explorer: the canary.
    hidden: Option<usize>,
}

impl World {
    fn new(program: &Program, record: Arc<Mutex<Outcome>>, hidden: Option<usize>) -> Self {
        *record.lock().unwrap() =
            Outcome { end: String::new(), reads: vec![Vec::new(); program.tasks.len()], values: vec![0; ATOMICS] };
        Self {
            record,
            locks: (0..LOCKS).map(|_| BatchSemaphore::new(READERS, Fairness::Unfair)).collect(),
            semaphore: BatchSemaphore::new(program.permits, Fairness::StrictlyFair),
            permits: program.permits,
            hidden,
        }
    }

    fn point(&self, atomic: usize, access: fn(ObjectId) -> Access) {
        let hidden = self.hidden == Some(atomic);
        announce::announce(if hidden { Access::Local } else { access(ObjectId(atomic as u64)) });
        shuttle::thread::yield_now();
    }

    fn run(&self, task: usize, ops: &[Op]) {
        for op in ops {
            let last = || self.record.lock().unwrap().reads[task].last().copied().unwrap_or(0);
            match op {
                &Op::Load(atomic) => {
                    self.point(atomic, Access::Read);
                    let mut record = self.record.lock().unwrap();
                    let value = record.values[atomic];
                    record.reads[task].push(value);
                }
                &Op::Store(atomic) => {
                    self.point(atomic, Access::Write);
                    let value = last() + 1;
                    self.record.lock().unwrap().values[atomic] = value;
                }
                &Op::StoreIfOdd(atomic) => {
                    if last() % 2 == 1 {
                        self.point(atomic, Access::Write);
                        self.record.lock().unwrap().values[atomic] += 4;
                    }
                }
                &Op::Add(atomic) => {
                    self.point(atomic, Access::Write);
                    let mut record = self.record.lock().unwrap();
                    let value = record.values[atomic];
                    record.values[atomic] += 1;
                    record.reads[task].push(value);
                }
                Op::Lock { lock, exclusive, body } => {
                    let object = ObjectId(100 + *lock as u64);
                    let (access, amount) =
                        if *exclusive { (Access::Exclusive(object), READERS) } else { (Access::Shared(object), 1) };
                    Self::hold(&self.locks[*lock], access, amount, || self.run(task, body));
                }
                Op::Permit(body) => {
                    let access = Access::Permit { semaphore: ObjectId(200), permits: self.permits };
                    Self::hold(&self.semaphore, access, 1, || self.run(task, body));
                }
                Op::PanicIfOdd => assert!(last() % 2 == 0, "task {task} read an odd value"),
            }
        }
    }

    fn hold(semaphore: &BatchSemaphore, access: Access, amount: usize, body: impl FnOnce()) {
        announce::announce(access);
        semaphore.acquire_blocking(amount).unwrap();
        announce::acquired();
        body();
        // Its scheduling point comes first and has no announcement: a local step.
        semaphore.release(amount);
        announce::released(access.object().unwrap());
    }
}

/// Panics that are outcomes are not printed: each would cost a backtrace.
fn expect_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let message = panic.payload_as_str().unwrap_or_default();
            if !message.starts_with("deadlock!") && !message.contains("odd value") {
                print(panic);
            }
        }));
    });
}

/// Every outcome that the scheduler leads to.
fn explore(program: &Program, hidden: Option<usize>, scheduler: impl Scheduler + Clone + 'static) -> BTreeSet<Outcome> {
    expect_panics();
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let record = Arc::new(Mutex::new(Outcome::default()));
    loop {
        let mut config = Config::new();
        config.failure_persistence = FailurePersistence::None;
        let (program, seen, recorded) = (program.clone(), Arc::clone(&outcomes), Arc::clone(&record));
        let run = move || {
            let world = Arc::new(World::new(&program, Arc::clone(&recorded), hidden));
            let tasks: Vec<_> = (0..program.tasks.len())
                .map(|index| {
                    let (world, ops) = (Arc::clone(&world), program.tasks[index].clone());
                    let handle = shuttle::thread::spawn(move || world.run(index, &ops));
                    announce::spawned(index + 1);
                    handle
                })
                .collect();
            for (index, task) in tasks.into_iter().enumerate() {
                task.join().unwrap();
                announce::joined(index + 1);
            }
            seen.lock().unwrap().insert(recorded.lock().unwrap().clone());
        };
        let runner = Runner::new(scheduler.clone(), config);
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| runner.run(run))) else {
            return outcomes.lock().unwrap().clone();
        };
        let message = panic.downcast::<String>().map_or_else(|_| "?".to_owned(), |message| *message);
        let outcome = if message.starts_with("deadlock!") {
            Outcome { end: "deadlock".to_owned(), ..record.lock().unwrap().clone() }
        } else {
            assert!(message.contains("odd"), "{message}");
            // The others are somewhere in the middle, and where is no outcome.
            Outcome { end: message, ..Outcome::default() }
        };
        outcomes.lock().unwrap().insert(outcome);
    }
}

/// Tries every choice, but for local steps: these go first.
#[derive(Clone, Default)]
struct FullBranching(Rc<RefCell<Branches>>);

#[derive(Default)]
struct Branches {
    /// Choices, and which of them is on.
    path: Vec<(Vec<usize>, usize)>,
    depth: usize,
    executions: u64,
}

impl Scheduler for FullBranching {
    fn new_execution(&mut self) -> Option<Schedule> {
        let mut branches = self.0.borrow_mut();
        if branches.executions > 0 {
            while branches.path.last().is_some_and(|(choices, at)| at + 1 == choices.len()) {
                branches.path.pop();
            }
            branches.path.last_mut()?.1 += 1;
        }
        branches.depth = 0;
        branches.executions += 1;
        announce::reset();
        Some(Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        let mut branches = self.0.borrow_mut();
        let choices: Vec<usize> = runnable.iter().map(|task| task.id().into()).collect();
        let local = choices.iter().copied().find(|&task| announce::announced(task) == Access::Local);
        let chosen = local.unwrap_or_else(|| {
            let depth = branches.depth;
            branches.depth += 1;
            if depth == branches.path.len() {
                branches.path.push((choices, 0));
            }
            let (choices, at) = &branches.path[depth];
            choices[*at]
        });
        announce::stepped(chosen);
        Some(chosen.into())
    }

    fn next_u64(&mut self) -> u64 {
        unreachable!("the interpreter draws no random numbers")
    }
}

/// shuttle's own exhaustive search, made to survive the runners.
#[derive(Clone)]
struct Shared(Rc<RefCell<DfsScheduler>>);

impl Scheduler for Shared {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.0.borrow_mut().new_execution()
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        self.0.borrow_mut().next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.0.borrow_mut().next_u64()
    }
}

/// `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    /// Two tasks of up to four operations, or three with seven in all.
    fn program(&mut self) -> Program {
        let sizes = match self.below(4) {
            0 => vec![4, 4],
            1 => vec![3, 4],
            2 => vec![2, 2, 3],
            _ => vec![2, 2, 2],
        };
        let tasks = sizes.into_iter().map(|size| self.ops(size)).collect();
        Program { tasks, permits: 1 + self.below(2) }
    }

    fn ops(&mut self, mut budget: usize) -> Vec<Op> {
        let mut ops = Vec::new();
        while budget > 0 {
            budget -= 1;
            let atomic = self.below(ATOMICS);
            ops.push(match self.below(12) {
                0..2 => Op::Load(atomic),
                2..4 => Op::Store(atomic),
                4 => Op::StoreIfOdd(atomic),
                5 => Op::Add(atomic),
                kind @ 6..11 => {
                    let inside = self.below(budget + 1);
                    budget -= inside;
                    let body = self.ops(inside);
                    if kind == 10 {
                        Op::Permit(body)
                    } else {
                        Op::Lock { lock: self.below(LOCKS), exclusive: self.below(3) > 0, body }
                    }
                }
                _ => Op::PanicIfOdd,
            });
        }
        ops
    }
}

fn by_dpor(program: &Program) -> (BTreeSet<Outcome>, DporFigures) {
    let dpor = Dpor::new();
    let outcomes = explore(program, None, dpor.clone());
    assert!(dpor.is_complete() && !dpor.is_cut());
    (outcomes, dpor.figures())
}

fn programs(seed: u64, count: usize) -> impl Iterator<Item = Program> {
    let mut chance = Chance(seed);
    (0..count).map(move |_| chance.program())
}

/// The executions of the search through tasks that all do this.
fn executions(tasks: usize, permits: usize, ops: &[Op]) -> DporFigures {
    by_dpor(&Program { tasks: vec![ops.to_vec(); tasks], permits }).1
}

fn lock(lock: usize, body: Vec<Op>) -> Op {
    Op::Lock { lock, exclusive: true, body }
}

#[test]
fn finds_the_outcomes_of_full_branching() {
    let (mut full, mut reduced, mut redundant, mut deadlocks, mut panics) = (0, 0, 0, 0, 0);
    for (number, program) in programs(1, 5000).enumerate() {
        let branching = FullBranching::default();
        let expected = explore(&program, None, branching.clone());
        let (found, figures) = by_dpor(&program);
        assert_eq!(found, expected, "program {number}: {program:#?}");
        full += branching.0.borrow().executions;
        reduced += figures.executions;
        redundant += figures.redundant;
        deadlocks += usize::from(expected.iter().any(|outcome| outcome.end == "deadlock"));
        panics += usize::from(expected.iter().any(|outcome| outcome.end.contains("odd")));
    }
    println!("{full} executions in full, {reduced} reduced, {redundant} of these redundant");
    println!("{deadlocks} programs can deadlock, {panics} can panic");
    assert!(deadlocks > 100 && panics > 100 && full > 10 * reduced);
}

/// Full branching trusts what is announced as local; shuttle's own search trusts nothing.
#[test]
fn finds_the_outcomes_of_the_engines_own_search() {
    let mut chance = Chance(2);
    for number in 0..60 {
        let program = Program { tasks: vec![chance.ops(2), chance.ops(1)], permits: 1 };
        let expected = explore(&program, None, Shared(Rc::new(RefCell::new(DfsScheduler::new(None, false)))));
        assert_eq!(by_dpor(&program).0, expected, "program {number}: {program:#?}");
    }
}

/// The canary: an explorer that takes conflicting steps for independent ones misses outcomes, and that shows.
#[test]
fn a_hidden_conflict_is_noticed() {
    let noticed = programs(1, 200)
        .filter(|program| explore(program, Some(0), Dpor::new()) != explore(program, None, FullBranching::default()))
        .count();
    println!("{noticed} of 200 programs");
    assert!(noticed >= 20);
}

#[test]
fn conflicting_updates_take_one_execution_an_order() {
    let ops = [Op::Add(0), Op::Add(1)];
    for (tasks, orders) in [(1, 1), (2, 4), (3, 36), (4, 576)] {
        let figures = executions(tasks, 1, &ops);
        assert_eq!((figures.executions, figures.redundant), (orders, 0), "{tasks} tasks");
    }
}

#[test]
fn independent_tasks_take_one_execution() {
    assert_eq!(executions(4, 1, &[Op::Load(0), Op::Load(1)]).executions, 1);
    let tasks = vec![vec![Op::Add(0), Op::Load(0)], vec![Op::Add(1), Op::Load(1)]];
    assert_eq!(by_dpor(&Program { tasks, permits: 1 }).1.executions, 1);
}

#[test]
fn a_lock_makes_what_it_guards_one_step() {
    let ops = [lock(0, vec![Op::Load(0), Op::Store(0), lock(1, vec![Op::Add(1)])])];
    let figures = executions(3, 1, &ops);
    assert_eq!((figures.executions, figures.redundant), (6, 0));
}

#[test]
fn enough_permits_cost_nothing_and_too_few_are_noticed() {
    assert_eq!(executions(3, 3, &[Op::Permit(vec![])]).executions, 1);
    // One execution more than orders: the one that noticed.
    let figures = executions(3, 2, &[Op::Permit(vec![])]);
    assert_eq!((figures.executions, figures.redundant), (7, 1));
}

#[test]
fn the_search_goes_on_after_a_deadlock() {
    let tasks = vec![vec![lock(0, vec![lock(1, vec![])])], vec![lock(1, vec![lock(0, vec![])])]];
    let (outcomes, _) = by_dpor(&Program { tasks, permits: 1 });
    let ends: Vec<&str> = outcomes.iter().map(|outcome| outcome.end.as_str()).collect();
    assert_eq!(ends, ["", "deadlock"]);
}

#[test]
fn a_bound_is_reported() {
    let program = Program { tasks: vec![vec![Op::Add(0), Op::Add(1)]; 3], permits: 1 };
    let cut = |dpor: Dpor| {
        explore(&program, None, dpor.clone());
        (dpor.is_complete(), dpor.is_cut(), dpor.figures().executions, dpor.figures().overlong)
    };
    assert_eq!(cut(Dpor::new().with_bound(35)), (false, true, 35, 0));
    assert_eq!(cut(Dpor::new().with_bound(36)), (true, false, 36, 0));
    let (complete, _, executions, overlong) = cut(Dpor::new().with_step_bound(5));
    assert!(!complete && overlong == executions);
}
