//! `crossbeam::channel::Select`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::{Asks, Stage, Waiter};
use super::{
    ReadyTimeoutError, Receiver, SelectTimeoutError, SelectedOperation, Sender, TryReadyError, TrySelectError, real,
};
use crate::steps::{Action, Effect, Label, Place, Shown, call, control, is_controlled, yield_now};

/// What a selection can do to a channel.
pub trait Operation {
    fn add<'a>(&'a self, select: &mut real::Select<'a>);

    /// One step that asks whether it can be done now: a ticket for what was taken. Else the selection is woken from
    /// now on when something is done to the channel.
    fn ask(&self, asks: Asks<'_>, place: Place) -> Option<u64>;

    /// Whether it takes what goes from hand to hand.
    fn is_handed(&self) -> bool;

    /// One step that says that the selection waits no more for what goes from hand to hand.
    fn wake_up(&self, waiter: &Arc<Waiter>);

    /// The selection has come to an end.
    fn leave(&self, waiter: &Arc<Waiter>);

    fn label(&self) -> Label;
}

/// What a task knows of its selections.
#[derive(Default)]
struct Selections {
    begun: usize,
    /// One for each list of channels that it waited for.
    waiters: BTreeMap<String, Arc<Waiter>>,
}

crate::thread_local! {
    static SELECTIONS: RefCell<Selections> = RefCell::default();
}

/// `crossbeam::channel::Select`. It asks one channel after the other, each in a step. Where several are ready, the
/// n-th selection of a task begins with the n-th operation, where the real one begins with any.
#[derive(Clone)]
pub struct Select<'a> {
    /// Each with the index that its user knows.
    operations: Vec<(usize, &'a dyn Operation)>,
    next_index: usize,
    is_biased: bool,
}

impl<'a> Select<'a> {
    pub fn new() -> Self {
        Self { operations: Vec::new(), next_index: 0, is_biased: false }
    }

    /// One that takes the first operation that is ready.
    pub fn new_biased() -> Self {
        Self { is_biased: true, ..Self::new() }
    }

    pub fn send<T>(&mut self, sender: &'a Sender<T>) -> usize {
        self.add(sender)
    }

    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        self.add(receiver)
    }

    fn add(&mut self, operation: &'a dyn Operation) -> usize {
        let index = self.next_index;
        self.operations.push((index, operation));
        self.next_index += 1;
        index
    }

    /// # Panics
    /// If there is no such operation.
    pub fn remove(&mut self, index: usize) {
        assert!(index < self.next_index, "index out of bounds; {index} >= {}", self.next_index);
        let found = self.operations.iter().position(|(other, _)| *other == index);
        self.operations.remove(found.expect("no operation with this index"));
    }

    /// # Errors
    /// No operation is ready.
    #[track_caller]
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        if !is_controlled() {
            return self.real().try_select().map(|selected| self.selected(selected));
        }
        self.attempt(true, Place::here()).map(selected_by_ticket).ok_or(TrySelectError)
    }

    /// # Panics
    /// If there are no operations.
    #[track_caller]
    pub fn select(&mut self) -> SelectedOperation<'a> {
        if !is_controlled() {
            let selected = self.real().select();
            return self.selected(selected);
        }
        selected_by_ticket(self.wait(true, Place::here()))
    }

    /// # Errors
    /// No operation is ready in time.
    #[track_caller]
    pub fn select_timeout(&mut self, limit: Duration) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        if !is_controlled() {
            return self.real().select_timeout(limit).map(|selected| self.selected(selected));
        }
        self.in_time(true, Place::here()).map(selected_by_ticket).ok_or(SelectTimeoutError)
    }

    /// # Errors
    /// No operation is ready in time.
    #[track_caller]
    pub fn select_deadline(&mut self, deadline: Instant) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        if !is_controlled() {
            return self.real().select_deadline(deadline).map(|selected| self.selected(selected));
        }
        self.in_time(true, Place::here()).map(selected_by_ticket).ok_or(SelectTimeoutError)
    }

    /// # Errors
    /// No operation is ready.
    #[track_caller]
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        if !is_controlled() {
            return self.real().try_ready().map(|at| self.operations[at].0);
        }
        self.attempt(false, Place::here()).map(|(index, _)| index).ok_or(TryReadyError)
    }

    /// # Panics
    /// If there are no operations.
    #[track_caller]
    pub fn ready(&mut self) -> usize {
        if !is_controlled() {
            let at = self.real().ready();
            return self.operations[at].0;
        }
        self.wait(false, Place::here()).0
    }

    /// # Errors
    /// No operation is ready in time.
    #[track_caller]
    pub fn ready_timeout(&mut self, limit: Duration) -> Result<usize, ReadyTimeoutError> {
        if !is_controlled() {
            return self.real().ready_timeout(limit).map(|at| self.operations[at].0);
        }
        self.in_time(false, Place::here()).map(|(index, _)| index).ok_or(ReadyTimeoutError)
    }

    /// # Errors
    /// No operation is ready in time.
    #[track_caller]
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        if !is_controlled() {
            return self.real().ready_deadline(deadline).map(|at| self.operations[at].0);
        }
        self.in_time(false, Place::here()).map(|(index, _)| index).ok_or(ReadyTimeoutError)
    }

    /// The real one. Its indices are those of `operations`.
    fn real(&self) -> real::Select<'a> {
        let mut real = if self.is_biased { real::Select::new_biased() } else { real::Select::new() };
        for (_, operation) in &self.operations {
            operation.add(&mut real);
        }
        real
    }

    fn selected(&self, real: real::SelectedOperation<'a>) -> SelectedOperation<'a> {
        SelectedOperation::of_real(self.operations[real.index()].0, real)
    }

    fn in_time(&self, takes: bool, place: Place) -> Option<(usize, u64)> {
        yield_now(place);
        self.attempt(takes, place)
    }

    /// Asks every operation once.
    fn attempt(&self, takes: bool, place: Place) -> Option<(usize, u64)> {
        let asks = Asks { takes, waiter: None, stage: Stage::GoesOn };
        let found = self.ask(&self.order(), asks, place);
        if found.is_none() {
            let nothing = || Some(Shown::text("nothing is ready"));
            control::record(place, || Action::call(self.name().into(), "select", Effect::Read, nothing()));
        }
        found
    }

    /// Asks these operations one after the other, until one is ready.
    fn ask(&self, order: &[usize], asks: Asks<'_>, place: Place) -> Option<(usize, u64)> {
        order.iter().find_map(|at| {
            let (index, operation) = self.operations[*at];
            Some((index, operation.ask(asks, place)?))
        })
    }

    /// Asks until some operation is ready.
    fn wait(&self, takes: bool, place: Place) -> (usize, u64) {
        assert!(!self.operations.is_empty(), "no operations have been added to `Select`");
        let (waiter, order) = (self.waiter(), self.order());
        let handed: Vec<usize> = order.iter().copied().filter(|at| self.operations[*at].1.is_handed()).collect();
        let ask = |order: &[usize], stage| self.ask(order, Asks { takes, waiter: Some(&waiter), stage }, place);
        // What it was woken for before is done with.
        waiter.is_woken();
        let mut found = ask(&order, Stage::Begins);
        while found.is_none() {
            found = ask(&handed, Stage::Sleeps);
            if found.is_none() {
                let woken = || waiter.is_woken().then_some(());
                waiter.shared.wait_for("select", place, woken, call("wake up", Effect::Write));
            }
            for at in &handed {
                match found {
                    None => found = ask(std::slice::from_ref(at), Stage::Wakes),
                    Some(_) => self.operations[*at].1.wake_up(&waiter),
                }
            }
            found = found.or_else(|| ask(&order, Stage::GoesOn));
        }
        for (_, operation) in &self.operations {
            operation.leave(&waiter);
        }
        found.expect("it asked until it found something")
    }

    /// The operations in the order in which this selection asks them.
    fn order(&self) -> Vec<usize> {
        let count = self.operations.len();
        let first = if self.is_biased { 0 } else { SELECTIONS.with_borrow_mut(Selections::begin) };
        (0..count).map(|at| (first + at) % count).collect()
    }

    fn waiter(&self) -> Arc<Waiter> {
        let name = self.name();
        SELECTIONS.with_borrow_mut(|selections| {
            let waiter = selections.waiters.entry(name.clone()).or_insert_with(|| Arc::new(Waiter::new(name)));
            Arc::clone(waiter)
        })
    }

    /// The names of its channels.
    fn name(&self) -> String {
        let names: Vec<String> = self.operations.iter().map(|(_, operation)| operation.label().to_string()).collect();
        names.join(", ")
    }
}

impl Selections {
    /// How many were begun before this one.
    fn begin(&mut self) -> usize {
        self.begun += 1;
        self.begun - 1
    }
}

fn selected_by_ticket<'a>((index, ticket): (usize, u64)) -> SelectedOperation<'a> {
    SelectedOperation::of_ticket(index, ticket)
}

impl Default for Select<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").finish_non_exhaustive()
    }
}
