//! The recorded operations of one block as rows: which are shown, which folded, and where tasks change.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::explain::{TaskNames, block_start, shares_out};
use seriatim_explore::Ending;
use seriatim_explore::model::{Action, Mode, Object, Place, Step, Waiting};

/// Operations of one block, in the order in which they happened.
#[derive(Debug)]
pub(super) struct Timeline<'a> {
    pub steps: &'a [Step],
    /// Positions of the operations that belong to it.
    pub range: Range<usize>,
    /// Task and name of each task that does something, in order of tasks.
    pub tasks: Vec<(u64, String)>,
    pub guilty: Option<(usize, usize)>,
    /// Positions of what is part of the anomaly, the guilty two among them, in order.
    pub story: Vec<usize>,
    /// What each task that cannot go on waits for, at the end.
    pub waiting: Vec<Waiting>,
}

/// One line of the lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Operation(usize),
    /// So many operations are left out that could have been shown, with so many changes of task among them. Those that never
    /// tell anything are not counted.
    Folded {
        operations: usize,
        switches: usize,
    },
    Switch {
        from: u64,
        to: u64,
        kind: Switch,
    },
    Waits(usize),
}

/// How one task came to follow another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    /// It could have gone on, as far as its next operation tells.
    Preempted,
    /// It had suspended, ended, or had to wait.
    Voluntary,
    /// Several changes in between, which are folded.
    Several(usize),
}

/// Where each block begins: with the look at the top.
pub(super) fn block_begins(steps: &[Step]) -> Vec<usize> {
    let start = block_start();
    let begins = |(_, step): &(usize, &Step)| step.task == 0 && step.action == start;
    let suspended = |position: &usize| steps[*position].task == 0 && steps[*position].action == Action::Suspend;
    let position = |(position, _): (usize, &Step)| position.checked_sub(1).filter(suspended).unwrap_or(position);
    steps.iter().enumerate().filter(begins).map(position).collect()
}

impl<'a> Timeline<'a> {
    /// The operations in `range`, extended to both of the guilty ones.
    pub(super) fn new(
        steps: &'a [Step],
        range: Range<usize>,
        (guilty, story): (Option<(usize, usize)>, &[usize]),
        names: &TaskNames,
        ending: Option<&Ending>,
    ) -> Self {
        let guilty = guilty.filter(|(left, right)| left < right && *right < steps.len());
        let range = guilty.map_or(range.clone(), |(left, right)| range.start.min(left)..range.end.max(right + 1));
        let mut story: Vec<usize> = story.iter().copied().filter(|position| range.contains(position)).collect();
        story.extend(guilty.iter().flat_map(|(left, right)| [*left, *right]));
        story.sort_unstable();
        story.dedup();
        let waiting = match ending {
            Some(Ending::Stuck(waiting)) => waiting.clone(),
            _ => Vec::new(),
        };
        let mut tasks: BTreeSet<u64> = steps[range.clone()].iter().map(|step| step.task).collect();
        tasks.extend(waiting.iter().map(|waiting| waiting.task));
        let name = |task: u64| match names.within(task, &range).as_slice() {
            _ if task == 0 => "block".to_owned(),
            [] => format!("task {task}"),
            // A worker is called by its transactions, in the order in which it ran them.
            several => {
                let numbers: Vec<String> = several.iter().take(3).map(|name| name.transaction.to_string()).collect();
                format!("tx {}{}", numbers.join("+"), if several.len() > 3 { "+.." } else { "" })
            }
        };
        let tasks = tasks.into_iter().map(|task| (task, name(task))).collect();
        Self { steps, range, tasks, guilty, story, waiting }
    }

    /// The name of a task.
    pub(super) fn name(&self, task: u64) -> &str {
        self.tasks.iter().find(|(known, _)| *known == task).map_or("task", |(_, name)| name)
    }

    /// Whether it is one of the two.
    pub(super) fn is_guilty(&self, position: usize) -> bool {
        self.guilty.is_some_and(|(left, right)| position == left || position == right)
    }

    /// Where the operations of the anomaly are called, in the order in which they happened.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let of_story = self.story.iter().map(|&at| self.steps[at].place);
        of_story.chain(self.waiting.iter().map(|waiting| waiting.place)).filter(|place| place.line().is_some())
    }

    /// `>>` for the guilty two, `>` for what else is part of the anomaly.
    pub(super) fn mark(&self, position: usize) -> &'static str {
        match () {
            () if self.is_guilty(position) => ">>",
            () if self.story.contains(&position) => " >",
            () => "  ",
        }
    }

    /// The operations that matter most, at most about `most`, with what lies between them.
    pub(super) fn rows(&self, most: usize) -> Vec<Row> {
        let ranks = self.ranks();
        let shown = self.shown(&ranks, most);
        let telling = |range: Range<usize>| range.filter(|at| ranks[at - self.range.start] > 0).count();
        let mut rows = Vec::new();
        let mut next = self.range.start;
        let mut last: Option<u64> = None;
        for position in shown {
            let step = &self.steps[position];
            // Counted from the operation shown last, so that a change of task is told once.
            let from = next.max(self.range.start + 1).saturating_sub(1);
            let between = self.switches(from..position);
            // Where the task of this operation came to run: what is folded before was others', what comes after its own.
            let began = (from..position).rev().find(|&at| self.changes_after(at)).map_or(next, |at| at + 1).max(next);
            let operations = telling(next..began);
            if operations > 0 {
                rows.push(Row::Folded { operations, switches: self.switches(next..began.saturating_sub(1)) });
            }
            if let Some(from) = last.filter(|last| *last != step.task) {
                let kind = if between == 1 { self.only_switch(next - 1..position) } else { Switch::Several(between) };
                rows.push(Row::Switch { from, to: step.task, kind });
            }
            let operations = telling(began..position);
            if operations > 0 {
                rows.push(Row::Folded { operations, switches: 0 });
            }
            rows.push(Row::Operation(position));
            last = Some(step.task);
            next = position + 1;
        }
        let operations = telling(next..self.range.end);
        if operations > 0 {
            rows.push(Row::Folded { operations, switches: self.switches(next..self.range.end - 1) });
        }
        rows.extend((0..self.waiting.len()).map(Row::Waits));
        rows
    }

    /// Operations that never tell anything: giving back, suspending, permits.
    pub(super) fn untold(&self) -> usize {
        self.ranks().iter().filter(|rank| **rank == 0).count()
    }

    /// Changes of task after the operations of `range`.
    fn switches(&self, range: Range<usize>) -> usize {
        range.filter(|&position| self.changes_after(position)).count()
    }

    fn changes_after(&self, position: usize) -> bool {
        self.steps.get(position + 1).is_some_and(|next| next.task != self.steps[position].task)
    }

    fn only_switch(&self, range: Range<usize>) -> Switch {
        let at = range.clone().find(|&position| self.changes_after(position)).unwrap_or(range.start);
        let task = self.steps[at].task;
        let next = self.steps[at + 1..self.range.end].iter().find(|step| step.task == task);
        let waits = next.is_none_or(|next| {
            matches!(
                next.action,
                Action::End { .. } | Action::Join { .. } | Action::Acquire { .. } | Action::Lock { .. }
            )
        });
        let stops = matches!(self.steps[at].action, Action::Suspend | Action::End { .. });
        if stops || waits { Switch::Voluntary } else { Switch::Preempted }
    }

    /// Positions of the operations to show, in order.
    fn shown(&self, ranks: &[u32], most: usize) -> Vec<usize> {
        // Where tasks share something, what each does on its own is not the cause.
        let first = if ranks.iter().any(|rank| *rank > 2) { 2 } else { 1 };
        for least in first..=4 {
            let shown: Vec<usize> = self.range.clone().filter(|at| ranks[at - self.range.start] >= least).collect();
            if shown.len() <= most {
                return shown;
            }
            if least == 4 || !ranks.iter().any(|rank| *rank > least) {
                return self.nearest(shown, most);
            }
        }
        Vec::new()
    }

    /// The positions nearest to the guilty pair, or the last ones, where there are too many.
    fn nearest(&self, mut positions: Vec<usize>, most: usize) -> Vec<usize> {
        let (left, right) = self.guilty.unwrap_or((self.range.end, self.range.end));
        let distance = |at: &usize| (!self.story.contains(at), left.abs_diff(*at).min(right.abs_diff(*at)), *at);
        positions.sort_by_key(distance);
        positions.truncate(most);
        positions.sort_unstable();
        positions
    }

    /// Objects that tasks use which run side by side, where one of them changes it. The block's own task only comes before
    /// and after them.
    fn shared(&self) -> BTreeSet<Object<'a>> {
        let steps = || self.range.clone().map(|at| (at, &self.steps[at])).filter(|(_, step)| step.task > 0);
        let mut lives: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
        let mut users: BTreeMap<Object<'a>, Users> = BTreeMap::new();
        for (at, step) in steps() {
            lives.entry(step.task).and_modify(|(_, last)| *last = at).or_insert((at, at));
        }
        for (_, step) in steps() {
            let Some(object) = step.action.object().filter(|object| !shares_out(object)) else { continue };
            let (lived, changed) = users.entry(object).or_default();
            lived.insert(lives[&step.task]);
            *changed |= changes(&step.action);
        }
        let overlap = |lived: &BTreeSet<(usize, usize)>| {
            let mut end = 0;
            lived.iter().any(|(first, last)| {
                let overlaps = *first < end;
                end = end.max(*last);
                overlaps
            })
        };
        users.into_iter().filter(|(_, (lived, changed))| *changed && overlap(lived)).map(|(object, _)| object).collect()
    }

    /// 4 guilty or on its object, 3 on an object that several tasks use and one changes, 2 tasks and commits, 1 other or before
    /// there are tasks, 0 noise.
    fn ranks(&self) -> Vec<u32> {
        let shared = self.shared();
        let is_spawn = |at: &usize| matches!(self.steps[*at].action, Action::Spawn { .. });
        let alone = self.range.clone().find(is_spawn).unwrap_or(self.range.start);
        let culprit = self.guilty.and_then(|(left, _)| self.steps[left].action.object());
        let rank = |position: usize| {
            let step = &self.steps[position];
            let entered_and_left = || {
                let next = self.steps.get(position + 1);
                next.is_some_and(|next| {
                    matches!(next.action, Action::Leave { .. })
                        && next.task == step.task
                        && next.action.entry() == step.action.entry()
                })
            };
            let object = step.action.object();
            match &step.action {
                _ if self.story.contains(&position) => 4,
                Action::Suspend | Action::Unlock { .. } | Action::Acquire { .. } | Action::Release { .. } => 0,
                Action::Spawn { .. } | Action::WorkOn { .. } | Action::End { .. } | Action::Commit { .. } => 2,
                Action::Join { .. } => 1,
                Action::Hold { .. } if entered_and_left() => 0,
                _ if position < alone => 1,
                _ if culprit.is_some() && culprit == object => 4,
                _ if object.is_some_and(|object| shared.contains(&object)) => 3,
                // Where nothing is shared, what each task changes by itself is what can be wrong.
                Action::Lock { mode: Mode::Exclusive, .. } => 1,
                action if shared.is_empty() && changes(action) && !object.as_ref().is_some_and(shares_out) => 3,
                _ => 1,
            }
        };
        self.range.clone().map(rank).collect()
    }
}

/// First and last operations of the tasks that use an object, and whether one changes it.
type Users = (BTreeSet<(usize, usize)>, bool);

/// Whether an operation may change its object or takes it for its task alone.
pub(super) fn changes(action: &Action) -> bool {
    matches!(
        action,
        Action::Store { .. }
            | Action::Exchange { .. }
            | Action::ExchangeFailed { .. }
            | Action::Insert { .. }
            | Action::InsertIfAbsent { .. }
            | Action::Leave { .. }
            | Action::Hold { .. }
            | Action::Lock { mode: Mode::Exclusive, .. }
    )
}
