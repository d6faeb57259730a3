//! What of a recorded execution are accesses to data that tasks share.

use std::collections::BTreeMap;

use seriatim_explore::model::{Action, Effect, Lock, Mode, Object, Shown, Step};

/// One access of one task, at the moment it takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access<'a> {
    /// Position among the steps, and of the choice that let the task run.
    pub step: usize,
    pub at: usize,
    pub task: u64,
    pub object: Object<'a>,
    pub kind: Kind,
    /// What it leaves behind in an entry of a map, if it writes and the steps have it.
    pub after: Option<&'a Shown>,
}

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    /// A read that finds nothing under the key.
    Absent,
    /// Puts a value there, whatever was there before.
    Write,
    /// Changes a value while nobody else can get to it.
    Change,
    /// Takes a value to change it, and leaves the same: it did nothing, or wrote what was there already.
    Keep,
    /// Replaces a value that is still the one expected.
    Exchange,
    /// Brings in what was not there, and leaves alone what was: how accounts are loaded.
    Fill,
    /// A task ends; its place in the order of ends is what it writes.
    End,
}

impl Access<'_> {
    pub fn reads(&self) -> bool {
        !matches!(self.kind, Kind::Write | Kind::End)
    }

    pub fn writes(&self) -> bool {
        !self.only_reads()
    }

    pub fn only_reads(&self) -> bool {
        matches!(self.kind, Kind::Read | Kind::Absent)
    }

    /// Whether it makes something else of what was there.
    pub fn replaces(&self) -> bool {
        self.writes() && !matches!(self.kind, Kind::Fill | Kind::Keep | Kind::End)
    }

    /// Whether the order of the two can matter.
    pub fn conflicts(&self, other: &Access<'_>) -> bool {
        self.object == other.object && self.task != other.task && (self.writes() || other.writes())
    }
}

/// The accesses of the tasks, in order. The execution's own thread has none: it waits while they run. Taking a lock
/// stands for what is done to the value that it guards.
pub fn accesses(steps: &[Step]) -> Vec<Access<'_>> {
    let tasks = steps.iter().enumerate().filter(|(_, step)| step.task != 0);
    tasks.filter_map(|(position, step)| access(steps, position, step)).collect()
}

fn access<'a>(steps: &'a [Step], position: usize, step: &'a Step) -> Option<Access<'a>> {
    let object = step.action.object()?;
    let (kind, after) = match &step.action {
        Action::Read { found, .. } | Action::LookFor { found, .. } => (looked(found.as_ref()), None),
        // Those of maps are known by what is done under them.
        Action::Lock { .. } if is_shard(object) => return None,
        Action::Load { .. } | Action::ExchangeFailed { .. } | Action::Lock { mode: Mode::Shared, .. } => {
            (Kind::Read, None)
        }
        Action::Store { .. } => (Kind::Write, None),
        // What replaces a value by itself changes nothing.
        Action::Exchange { found, new, .. } if found == new => (Kind::Read, None),
        Action::Exchange { .. } => (Kind::Exchange, None),
        Action::Insert { value, .. } => (Kind::Write, Some(value)),
        Action::Hold { found, .. } => match (found, left(steps, position)) {
            (Some(found), Some(left)) => (changed(found, left), Some(left)),
            (found, _) => (looked(found.as_ref()), None),
        },
        Action::InsertIfAbsent { found, .. } => match (found, left(steps, position)) {
            (None, left) => (Kind::Fill, left),
            (Some(found), Some(left)) if found != left => (changed(found, left), Some(left)),
            (Some(_), left) => (Kind::Read, left),
        },
        Action::Lock { mode: Mode::Exclusive, .. } => match (&step.guarded, left_behind(steps, position)) {
            (Some(found), Some(left)) => (changed(found, left), Some(left)),
            _ => (Kind::Change, None),
        },
        Action::End { .. } => (Kind::End, None),
        Action::Call { effect: Effect::Read, .. } => (Kind::Read, None),
        Action::Call { effect: Effect::Write, .. } => (Kind::Change, None),
        Action::Spawn { .. }
        | Action::Join { .. }
        | Action::WorkOn { .. }
        | Action::Suspend
        | Action::Acquire { .. }
        | Action::Release { .. }
        | Action::Unlock { .. }
        | Action::Leave { .. }
        | Action::Ask { .. }
        | Action::Commit { .. } => return None,
    };
    Some(Access { step: position, at: step.at, task: step.task, object, kind, after })
}

fn looked(found: Option<&Shown>) -> Kind {
    if found.is_some() { Kind::Read } else { Kind::Absent }
}

fn changed(before: &Shown, after: &Shown) -> Kind {
    if before == after {
        Kind::Keep
    } else if after.adds_to(before) {
        Kind::Fill
    } else {
        Kind::Change
    }
}

/// Whether it is the lock of a map's shard.
pub fn is_shard(object: Object<'_>) -> bool {
    matches!(object, Object::Lock(Lock::Shard { .. }))
}

/// The value as it was when the guard taken at `position` was let go.
pub fn left(steps: &[Step], position: usize) -> Option<&Shown> {
    let Step { task, action, .. } = &steps[position];
    let entry = action.entry()?;
    let mut later =
        steps[position + 1..].iter().filter(|step| step.task == *task && step.action.entry() == Some(entry));
    match &later.next()?.action {
        Action::Leave { left, .. } => Some(left),
        _ => None,
    }
}

/// What the lock taken at `position` guarded when it was given back. None: it was not, or only read, or nobody knows.
pub fn left_behind(steps: &[Step], position: usize) -> Option<&Shown> {
    let Step { task, action: Action::Lock { lock: taken, mode: Mode::Exclusive }, .. } = &steps[position] else {
        return None;
    };
    let mut later = steps[position + 1..].iter().filter(|step| step.task == *task);
    let given_back = later.find(|step| matches!(&step.action, Action::Unlock { lock } if lock == taken))?;
    given_back.guarded.as_ref()
}

/// The first and the last step of each task's life; a task without end lives for ever.
pub fn lives(steps: &[Step]) -> BTreeMap<u64, (usize, usize)> {
    let mut lives = BTreeMap::new();
    for (position, step) in steps.iter().enumerate() {
        let task = if let Action::Spawn { task, .. } = step.action { task } else { step.task };
        let (_, end) = lives.entry(task).or_insert((position, usize::MAX));
        if matches!(step.action, Action::End { .. }) {
            *end = position;
        }
    }
    lives
}
