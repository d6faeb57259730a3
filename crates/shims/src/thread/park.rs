//! Parking, and what else an execution knows of its threads.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::steps::{Effect, Place, Shared, call, execution, is_controlled, number, yield_now};

/// What one execution knows of its threads.
#[derive(Default)]
struct Threads {
    execution: u64,
    /// Threads spawned so far.
    spawned: usize,
    /// The token of each thread, once somebody asked for it.
    tokens: BTreeMap<u64, Rc<Token>>,
}

struct Token {
    shared: Shared,
    available: std::cell::Cell<bool>,
}

thread_local! {
    /// All tasks of an execution run on one thread of the system.
    static THREADS: RefCell<Threads> = RefCell::default();
}

fn with<R>(look: impl FnOnce(&mut Threads) -> R) -> R {
    THREADS.with_borrow_mut(|threads| {
        if threads.execution != execution() {
            *threads = Threads { execution: execution(), ..Threads::default() };
        }
        look(threads)
    })
}

/// The number of the next thread among those that the execution spawned.
pub fn next_index() -> usize {
    with(|threads| {
        threads.spawned += 1;
        threads.spawned - 1
    })
}

fn token(task: u64) -> Rc<Token> {
    with(|threads| {
        let make = || {
            let mut shared = Shared::new("thread");
            shared.name(format!("park of task {task}"));
            Rc::new(Token { shared, available: std::cell::Cell::new(false) })
        };
        Rc::clone(threads.tokens.entry(task).or_insert_with(make))
    })
}

/// `std::thread::park`. Under control, nobody wakes without being unparked.
#[track_caller]
pub fn park() {
    if !is_controlled() {
        return std::thread::park();
    }
    let token = token(number());
    let unparked = || token.available.take().then_some(());
    token.shared.wait_for("park", Place::here(), unparked, call("go on", Effect::Write));
}

/// `std::thread::park_timeout`. Under control, it lets others run once, and then ends.
#[track_caller]
pub fn park_timeout(limit: Duration) {
    if !is_controlled() {
        return std::thread::park_timeout(limit);
    }
    let (place, token) = (Place::here(), token(number()));
    yield_now(place);
    token.shared.operate(Effect::Write, place, || token.available.set(false), call("go on", Effect::Write));
}

pub fn unpark(task: u64, place: Place) {
    let token = token(task);
    token.shared.operate(Effect::Write, place, || token.available.set(true), call("unpark", Effect::Write));
    token.shared.wake();
}
