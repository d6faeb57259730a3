//! The path of choices from the start to where the search is, with what is left to try beside it.

use crate::announce::Access;

/// A set of tasks, at most [`TaskSet::CAPACITY`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TaskSet(u128);

impl TaskSet {
    const CAPACITY: usize = super::MOST_TASKS;

    /// # Panics
    /// If the number of the task is too great: a search that deep would not end anyway.
    pub fn insert(&mut self, task: usize) {
        assert!(task < Self::CAPACITY, "task {task}: the explorer knows {} tasks", Self::CAPACITY);
        self.0 |= 1 << task;
    }

    pub fn contains(self, task: usize) -> bool {
        task < Self::CAPACITY && self.0 & (1 << task) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The tasks, from the lowest number on.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..Self::CAPACITY).filter(move |&task| self.contains(task))
    }
}

impl FromIterator<usize> for TaskSet {
    fn from_iter<I: IntoIterator<Item = usize>>(tasks: I) -> Self {
        let mut set = Self::default();
        tasks.into_iter().for_each(|task| set.insert(task));
        set
    }
}

/// One choice on the path.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Who could step.
    pub enabled: TaskSet,
    /// Whose step need not be tried here: all that begins with it was seen before.
    pub sleep: TaskSet,
    /// Who was chosen before, with everything behind it explored.
    pub done: TaskSet,
    /// Who has to be chosen here, at some time. Contains `done` and `chosen`.
    pub wanted: TaskSet,
    pub chosen: usize,
    /// The access of the chosen task, which shows a model that behaves differently when a choice is repeated.
    pub access: Access,
}

impl Node {
    pub fn new(enabled: TaskSet, sleep: TaskSet, chosen: usize, access: Access) -> Self {
        Self { enabled, sleep, done: TaskSet::default(), wanted: TaskSet::from_iter([chosen]), chosen, access }
    }

    /// Sees to it that one of these tasks is chosen here. If none of them can, all that can are: then the reversal
    /// depends on something that this execution does not show.
    pub fn want(&mut self, initials: TaskSet) {
        if !initials.intersection(self.wanted.union(self.sleep)).is_empty() {
            return;
        }
        match initials.intersection(self.enabled).iter().next() {
            Some(task) => self.wanted.insert(task),
            None => self.want_all(),
        }
    }

    /// Sees to it that every task that can is chosen here.
    pub fn want_all(&mut self) {
        self.wanted = self.wanted.union(self.enabled);
    }

    /// Goes on to the next task to choose here; false if there is none.
    fn advance(&mut self) -> bool {
        self.done.insert(self.chosen);
        match self.wanted.without(self.done.union(self.sleep)).iter().next() {
            Some(task) => {
                self.chosen = task;
                true
            }
            None => false,
        }
    }
}

/// The path, from the first choice.
#[derive(Debug, Default)]
pub(super) struct Path(pub Vec<Node>);

impl Path {
    /// Goes on to the next path to try, depth first; false if all have been.
    pub fn advance(&mut self) -> bool {
        while let Some(node) = self.0.last_mut() {
            if node.advance() {
                return true;
            }
            self.0.pop();
        }
        false
    }
}
