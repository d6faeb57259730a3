//! What each modelled task is about to do to shared things, told just before its scheduling point, so that a scheduler
//! knows which steps commute. A thread-local table: all modelled tasks of a run share one OS thread. Nothing is
//! recorded unless a scheduler listens, and nothing here depends on how the tasks are scheduled.
//!
//! The contract of a model runtime: a step of a task reaches from one scheduling point to the next and does at most one
//! thing to what tasks share: the access announced last before the step. A scheduling point without an announcement
//! starts a [`Access::Local`] step, and so does the first one of a task.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// A shared thing: an atomic, one key of a map, a shard's lock, a semaphore. The same in every execution of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId(pub u64);

/// What a task's next step does to shared things.
///
/// # Examples
/// ```
/// use seriatim_explore::announce::{Access, ObjectId};
///
/// let (balance, other) = (ObjectId(1), ObjectId(2));
/// assert!(Access::Write(balance).conflicts(Access::Read(balance)));
/// assert!(!Access::Read(balance).conflicts(Access::Read(balance)), "two reads commute");
/// assert!(!Access::Write(balance).conflicts(Access::Write(other)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing that another task could notice: a spawn, a read of immutable data, a release. A release only enables
    /// others, so it commutes with all that they can do without it.
    Local,
    Read(ObjectId),
    Write(ObjectId),
    /// Takes a lock as soon as nobody holds it exclusively.
    Shared(ObjectId),
    /// Takes a lock as soon as nobody holds it.
    Exclusive(ObjectId),
    /// Takes one permit of a semaphore that has so many in all.
    Permit {
        semaphore: ObjectId,
        permits: usize,
    },
}

impl Access {
    /// Whether the order of two accesses by different tasks can matter.
    pub fn conflicts(self, other: Self) -> bool {
        let commute = self.only_reads() && other.only_reads();
        self.object().is_some() && self.object() == other.object() && !commute
    }

    /// The one object touched; None for a local step.
    pub fn object(self) -> Option<ObjectId> {
        match self {
            Self::Local => None,
            Self::Read(object) | Self::Write(object) | Self::Shared(object) | Self::Exclusive(object) => Some(object),
            Self::Permit { semaphore, .. } => Some(semaphore),
        }
    }

    /// Whether the step has to wait for others, and must be followed by [`acquired`].
    pub(crate) fn is_acquisition(self) -> bool {
        matches!(self, Self::Shared(_) | Self::Exclusive(_) | Self::Permit { .. })
    }

    fn only_reads(self) -> bool {
        matches!(self, Self::Read(_) | Self::Shared(_))
    }
}

/// What a step did besides its access, in the order it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The start of `child` happens after this step.
    Spawned { task: usize, child: usize },
    /// All that `child` did happens before the end of this step.
    Joined { task: usize, child: usize },
    /// A lock or a permit was given back in this step.
    Released { task: usize, object: ObjectId, exclusive: bool },
}

/// Who holds a lock or a semaphore's permits. Guards and permits move between tasks, so these are numbers, not tasks.
#[derive(Clone, Copy, Debug, Default)]
struct Holds {
    /// Shared holds of a lock, or permits.
    shared: usize,
    exclusive: bool,
}

#[derive(Default)]
struct Table {
    /// The announcement of each task, by number of the task; a missing one is local.
    announced: Vec<Access>,
    holds: BTreeMap<ObjectId, Holds>,
    notes: Vec<Note>,
    /// Whether a task asked for a lock without waiting for it.
    is_tried: bool,
}

thread_local! {
    static LISTENING: Cell<bool> = const { Cell::new(false) };
    static TABLE: RefCell<Table> = RefCell::default();
    static RELEASES: Cell<bool> = const { Cell::new(false) };
}

/// Says what the current task's next step does. Immediately before the scheduling point of that step; for an
/// acquisition, before the first one, and it holds until [`acquired`], however often the task has to wait.
pub fn announce(access: Access) {
    with_task(|table, task| table.set(task, access));
}

/// The acquisition that the current task announced took effect. In the same step, before anything else is done.
///
/// # Panics
/// If the task announced something else.
pub fn acquired() {
    with_task(|table, task| {
        let access = table.get(task);
        table.set(task, Access::Local);
        let Some(object) = access.object() else { return };
        let holds = table.holds.entry(object).or_default();
        match access {
            Access::Shared(_) | Access::Permit { .. } => holds.shared += 1,
            Access::Exclusive(_) => holds.exclusive = true,
            Access::Local | Access::Read(_) | Access::Write(_) => {
                panic!("a task acquired what it had announced as {access:?}")
            }
        }
    });
}

/// The current task asks for a lock without waiting for it: when another gives the lock back is something that it sees.
pub(crate) fn tries() {
    with_task(|table, _| table.is_tried = true);
}

/// Whether a task has asked for a lock without waiting for it, since the last [`reset`].
pub(crate) fn is_tried() -> bool {
    TABLE.with_borrow(|table| table.is_tried)
}

/// Whether giving a lock back is a step of its own, with an access that it announces.
pub(crate) fn releases_are_steps() -> bool {
    RELEASES.get()
}

/// The current task took a lock that it had only asked about. In the same step, before anything else is done.
pub(crate) fn taken(object: ObjectId, exclusive: bool) {
    with_task(|table, _| {
        let holds = table.holds.entry(object).or_default();
        holds.exclusive |= exclusive;
        holds.shared += usize::from(!exclusive);
    });
}

/// The current task gives back one hold of a lock or one permit, whoever acquired it. In the step that does it.
pub fn released(object: ObjectId) {
    with_task(|table, task| {
        let holds = table.holds.entry(object).or_default();
        let exclusive = std::mem::take(&mut holds.exclusive);
        if !exclusive {
            holds.shared = holds.shared.saturating_sub(1);
        }
        table.notes.push(Note::Released { task, object, exclusive });
    });
}

/// The current task spawned this one: what it did so far happens before all that the child does.
pub fn spawned(child: usize) {
    with_task(|table, task| table.notes.push(Note::Spawned { task, child }));
}

/// The current task learnt that this one has ended: all that the child did happens before what it does next.
pub fn joined(child: usize) {
    with_task(|table, task| table.notes.push(Note::Joined { task, child }));
}

/// What a task's next step does.
pub fn announced(task: usize) -> Access {
    TABLE.with_borrow(|table| table.get(task))
}

/// Whether the acquisition would take effect now. True for every other access.
pub(crate) fn is_grantable(access: Access) -> bool {
    TABLE.with_borrow(|table| {
        let holds = access.object().and_then(|object| table.holds.get(&object)).copied().unwrap_or_default();
        match access {
            Access::Local | Access::Read(_) | Access::Write(_) => true,
            Access::Shared(_) => !holds.exclusive,
            Access::Exclusive(_) => !holds.exclusive && holds.shared == 0,
            Access::Permit { permits, .. } => holds.shared < permits,
        }
    })
}

/// Whether somebody holds the object.
pub fn is_held(object: ObjectId) -> bool {
    TABLE.with_borrow(|table| table.holds.get(&object).is_some_and(|holds| holds.exclusive || holds.shared > 0))
}

/// A scheduler lets the task take its announced step. What comes after it is local until the next announcement; an
/// acquisition stays announced, since the step may find that it has to wait.
pub fn stepped(task: usize) {
    TABLE.with_borrow_mut(|table| {
        if !table.get(task).is_acquisition() {
            table.set(task, Access::Local);
        }
    });
}

/// The notes since the last call.
pub(crate) fn take_notes() -> Vec<Note> {
    TABLE.with_borrow_mut(|table| std::mem::take(&mut table.notes))
}

/// Forgets everything, and listens from now on. By a scheduler, at the start of each execution.
pub fn reset() {
    TABLE.set(Table::default());
    LISTENING.set(true);
}

/// Says whether giving a lock back is a step from now on. A scheduler calls it after [`reset`].
pub(crate) fn make_releases_steps(are_steps: bool) {
    RELEASES.set(are_steps);
}

/// Forgets everything, and listens no more.
pub fn silence() {
    TABLE.set(Table::default());
    LISTENING.set(false);
    RELEASES.set(false);
}

/// Does nothing if nobody listens, or if there is no current task: guards are dropped also outside an execution.
fn with_task(note: impl FnOnce(&mut Table, usize)) {
    if !LISTENING.get() {
        return;
    }
    if let Some(task) = shuttle::current::try_get_current_task() {
        TABLE.with_borrow_mut(|table| note(table, task.into()));
    }
}

impl Table {
    fn get(&self, task: usize) -> Access {
        self.announced.get(task).copied().unwrap_or(Access::Local)
    }

    fn set(&mut self, task: usize, access: Access) {
        if self.announced.len() <= task {
            self.announced.resize(task + 1, Access::Local);
        }
        self.announced[task] = access;
    }
}
