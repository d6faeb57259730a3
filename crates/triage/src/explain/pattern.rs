//! The anomaly by the pattern of accesses around the guilty pair.
//!
//! `r` and `w` are accesses that read and write, P and Q the two tasks, `x` the object of the pair, `<` the order in which
//! things happened. Tasks are numbered in block order. The first that fits names the anomaly:
//!
//! | anomaly | pattern |
//! |---|---|
//! | order leak | the pair is two ends of tasks |
//! | lost update | r P(x) < w Q(x) < w P(x), and P does not read x again before it writes; what it sees when it takes hold of x to write it does not count |
//! | write skew | r P(x) < w Q(x) and r Q(y) < w P(y), and neither writes what it read |
//! | partial commit | w Q(x) < r P(x), r P(y) < w Q(y), in one order or the other: P sees Q between two of its writes |
//! | dirty read | w Q(x) < r P(x), and then Q writes x again or ends in failure |
//! | phantom | P looks for x and finds nothing < Q inserts x |
//! | stale read | r P(x) < w Q(x) < w P(anything), or P ends in failure |
//! | missing effect | r P(x) < w Q(x), P is the later transaction and writes nothing after it |
//! | order leak | the later transaction's access < the earlier one's, and neither comes into the midst of the other |

use seriatim_explore::model::{Action, Object, Step, TaskEnd};

use super::Anomaly;
use super::access::{Access, Kind};

/// An anomaly and the steps that make it, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub anomaly: Anomaly,
    pub story: Vec<usize>,
}

/// Names what the accesses at positions `first` and `second` of `accesses` are part of.
pub(super) fn recognise(steps: &[Step], accesses: &[Access<'_>], first: usize, second: usize) -> Pattern {
    let around = Around { steps, accesses, first: &accesses[first], second: &accesses[second] };
    let named = |anomaly, story: Option<Vec<&Access<'_>>>| {
        let mut story: Vec<usize> = story?.into_iter().map(|access| access.step).collect();
        story.extend([around.first.step, around.second.step]);
        story.sort_unstable();
        story.dedup();
        Some(Pattern { anomaly, story })
    };
    named(Anomaly::OrderLeak, around.ends())
        .or_else(|| named(Anomaly::LostUpdate, around.lost_update()))
        .or_else(|| named(Anomaly::WriteSkew, around.write_skew()))
        .or_else(|| named(Anomaly::PartialCommit, around.partial_commit()))
        .or_else(|| named(Anomaly::DirtyRead, around.dirty_read()))
        .or_else(|| named(Anomaly::Phantom, around.phantom()))
        .or_else(|| named(Anomaly::StaleRead, around.stale_read()))
        .or_else(|| named(Anomaly::MissingEffect, around.missing_effect()))
        .or_else(|| named(Anomaly::OrderLeak, around.arrival()))
        .or_else(|| named(Anomaly::Unnamed, Some(Vec::new())))
        .expect("the last one always fits")
}

struct Around<'a> {
    steps: &'a [Step],
    accesses: &'a [Access<'a>],
    first: &'a Access<'a>,
    second: &'a Access<'a>,
}

type Story<'a> = Option<Vec<&'a Access<'a>>>;

impl<'a> Around<'a> {
    fn of(&self, task: u64) -> impl DoubleEndedIterator<Item = &'a Access<'a>> {
        self.accesses.iter().filter(move |access| access.task == task)
    }

    fn on(&self, task: u64, object: Object<'a>) -> impl DoubleEndedIterator<Item = &'a Access<'a>> {
        self.of(task).filter(move |access| access.object == object)
    }

    /// The pair as a read and a write after it.
    fn read_then_write(&self) -> Option<(&'a Access<'a>, &'a Access<'a>)> {
        (self.first.reads() && self.second.writes()).then_some((self.first, self.second))
    }

    /// Whether it is the end of a task that failed.
    fn fails(&self, access: &Access<'_>) -> bool {
        matches!(&self.steps[access.step].action, Action::End { end, .. } if *end != TaskEnd::Ok)
    }

    fn ends(&self) -> Story<'a> {
        (self.first.kind == Kind::End && self.second.kind == Kind::End).then(Vec::new)
    }

    fn lost_update(&self) -> Story<'a> {
        let object = self.first.object;
        let roles = [(self.first.task, self.second.task), (self.second.task, self.first.task)];
        roles.into_iter().find_map(|(p, q)| {
            // An exchange looks whether the value is still the one read; a fill does not overwrite.
            let surely = self.on(p, object).filter(|access| matches!(access.kind, Kind::Write | Kind::Change));
            let perhaps = self.on(p, object).filter(|access| access.kind == Kind::Keep);
            let mut overwrites = surely.chain(perhaps);
            overwrites.find_map(|write| {
                let read = self.on(p, object).rfind(|read| read.step < write.step && read.only_reads())?;
                let mut between = self.on(q, object).filter(|other| other.replaces() || other.kind == Kind::Fill);
                // What was there last is what is gone.
                let lost = between.rfind(|lost| read.step < lost.step && lost.step < write.step)?;
                // An insertion of the same value loses nothing.
                let same =
                    lost.after == write.after && !matches!(write.kind, Kind::Change) && read.kind == Kind::Absent;
                let story = [read, lost, write];
                let is_about_the_pair =
                    story.iter().any(|access| [self.first.step, self.second.step].contains(&access.step));
                (is_about_the_pair && !same).then(|| story.to_vec())
            })
        })
    }

    fn write_skew(&self) -> Story<'a> {
        let (read, write) = self.read_then_write()?;
        let (p, q, x) = (read.task, write.task, read.object);
        if self.on(p, x).any(Access::writes) {
            return None;
        }
        self.of(q).filter(|other| other.reads() && other.object != x).find_map(|other_read| {
            let y = other_read.object;
            let other_write = self.on(p, y).find(|access| access.replaces() && access.step > other_read.step)?;
            // Each read before the other's write; apart, they would be in order.
            let overlap = read.step < other_write.step && other_read.step < write.step;
            (overlap && !self.on(q, y).any(Access::writes)).then(|| vec![read, other_read, write, other_write])
        })
    }

    fn partial_commit(&self) -> Story<'a> {
        let roles = [(self.first.task, self.second.task), (self.second.task, self.first.task)];
        let x = self.first.object;
        roles.into_iter().find_map(|(p, q)| {
            let writes: Vec<&Access<'_>> = self.of(q).filter(|access| access.replaces()).collect();
            writes.iter().find_map(|&early| {
                writes.iter().filter(|late| late.step > early.step && late.object != early.object).find_map(|&late| {
                    let is_between =
                        |read: &&Access<'_>| read.only_reads() && early.step < read.step && read.step < late.step;
                    let seen = self.on(p, early.object).find(is_between)?;
                    let unseen = self.on(p, late.object).find(is_between)?;
                    let is_about_the_pair = early.object == x || late.object == x;
                    is_about_the_pair.then(|| vec![early, seen, unseen, late])
                })
            })
        })
    }

    fn dirty_read(&self) -> Story<'a> {
        let object = self.first.object;
        let roles = [(self.first.task, self.second.task), (self.second.task, self.first.task)];
        roles.into_iter().find_map(|(q, p)| {
            let write = self.on(q, object).find(|access| access.replaces())?;
            let read = self.on(p, object).find(|access| access.reads() && access.step > write.step)?;
            if ![self.first.step, self.second.step].contains(&read.step) {
                return None;
            }
            let again = self.on(q, object).find(|access| access.replaces() && access.step > read.step);
            let fails = self.of(q).find(|access| self.fails(access) && access.step > read.step);
            let undone = again.or(fails)?;
            Some(vec![write, read, undone])
        })
    }

    fn phantom(&self) -> Story<'a> {
        let (look, insertion) = self.read_then_write()?;
        let inserts =
            matches!(self.steps[insertion.step].action, Action::Insert { .. } | Action::InsertIfAbsent { .. });
        (look.kind == Kind::Absent && inserts).then(Vec::new)
    }

    fn stale_read(&self) -> Story<'a> {
        let (read, write) = self.read_then_write()?;
        let acts = |access: &&Access<'_>| access.step > write.step && (access.replaces() || self.fails(access));
        let acts = self.of(read.task).find(acts)?;
        Some(vec![read, write, acts])
    }

    fn missing_effect(&self) -> Story<'a> {
        let (read, write) = self.read_then_write()?;
        (read.task > write.task).then(Vec::new)
    }

    fn arrival(&self) -> Story<'a> {
        (self.first.task > self.second.task).then(Vec::new)
    }
}

#[cfg(test)]
mod tests {
    use super::super::access::accesses;
    use super::*;
    use seriatim_explore::model::{Entry, Key, Shown};

    /// What each task does, one after the other; the pair by their positions.
    fn named(actions: &[(u64, Action)], pair: (usize, usize)) -> Anomaly {
        let step = |(at, (task, action)): (usize, &(u64, Action))| Step::new(at, *task, action.clone());
        let steps: Vec<Step> = actions.iter().enumerate().map(step).collect();
        let accesses = accesses(&steps);
        let position = |line| accesses.iter().position(|access| access.step == line).expect("an access");
        recognise(&steps, &accesses, position(pair.0), position(pair.1)).anomaly
    }

    fn load(task: u64, atomic: &'static str, value: u64) -> (u64, Action) {
        (task, Action::Load { atomic: atomic.into(), value })
    }

    fn store(task: u64, atomic: &'static str, value: u64) -> (u64, Action) {
        (task, Action::Store { atomic: atomic.into(), value })
    }

    fn exchange(task: u64, found: u64, new: u64) -> (u64, Action) {
        (task, Action::Exchange { atomic: "x".into(), found, new })
    }

    /// The one entry of a map.
    fn entry() -> Entry {
        Entry { map: "m".into(), key: Key::of(&1) }
    }

    fn shown(value: Option<u64>) -> Option<Shown> {
        value.map(|value| Shown::of(&value))
    }

    fn look_for(task: u64, found: Option<u64>) -> (u64, Action) {
        (task, Action::LookFor { entry: entry(), found: shown(found) })
    }

    fn insert(task: u64, value: u64, found: Option<u64>) -> (u64, Action) {
        (task, Action::Insert { entry: entry(), value: Shown::of(&value), found: shown(found) })
    }

    /// Takes hold of the entry and leaves another value there.
    fn change(task: u64, before: u64, after: u64) -> [(u64, Action); 2] {
        let hold = Action::Hold { entry: entry(), found: shown(Some(before)) };
        [(task, hold), (task, Action::Leave { entry: entry(), left: Shown::of(&after) })]
    }

    fn end(task: u64, end: TaskEnd) -> (u64, Action) {
        (task, Action::End { set: "batch".into(), index: task as usize - 2, end })
    }

    fn panicked() -> TaskEnd {
        TaskEnd::Panicked("no".to_owned())
    }

    #[test]
    fn a_store_of_what_was_loaded_before_anothers_store_loses_an_update() {
        let lost = [load(2, "x", 0), load(3, "x", 0), store(3, "x", 7), store(2, "x", 5)];
        assert_eq!(named(&lost, (0, 2)), Anomaly::LostUpdate);
        assert_eq!(named(&lost, (1, 3)), Anomaly::LostUpdate);
        for left in [7, 6] {
            let read = (2, Action::Read { entry: entry(), found: shown(Some(5)) });
            let map = [&[read][..], &change(3, 5, 6), &change(2, 6, left)].concat();
            assert_eq!(named(&map, (0, 1)), Anomaly::LostUpdate);
        }
        let storage = [look_for(2, None), insert(3, 6, None), insert(2, 5, Some(6))];
        assert_eq!(named(&storage, (0, 1)), Anomaly::LostUpdate);
    }

    /// Line 4 overwrites the change of line 2, and not the insertion of line 1, which has the same value; what comes after it
    /// is innocent.
    #[test]
    fn what_is_lost_is_what_was_there_last() {
        let lines: Vec<(u64, Action)> = [
            &[look_for(2, None), insert(3, 0, None)][..],
            &change(3, 0, 1),
            &[insert(2, 0, Some(1))],
            &change(2, 0, 0),
        ]
        .concat();
        let steps: Vec<Step> =
            lines.iter().enumerate().map(|(at, (task, action))| Step::new(at, *task, action.clone())).collect();
        let accesses = accesses(&steps);
        let position = |line| accesses.iter().position(|access| access.step == line).expect("an access");
        let pattern = recognise(&steps, &accesses, position(0), position(1));
        assert_eq!((pattern.anomaly, pattern.story), (Anomaly::LostUpdate, vec![0, 1, 2, 4]));
    }

    #[test]
    fn an_exchange_loses_no_update() {
        let lines = [load(3, "x", 0), exchange(2, 0, 5), exchange(3, 5, 12)];
        assert_ne!(named(&lines, (0, 1)), Anomaly::LostUpdate);
        let apart = [load(2, "x", 0), store(2, "x", 5), load(3, "x", 5), store(3, "x", 12)];
        assert_ne!(named(&apart, (1, 2)), Anomaly::LostUpdate);
    }

    #[test]
    fn two_that_read_what_the_other_writes_are_a_write_skew() {
        let skew = [load(2, "x", 1), load(3, "y", 1), store(3, "x", 0), store(2, "y", 0)];
        assert_eq!(named(&skew, (0, 2)), Anomaly::WriteSkew);
        let one_way = [load(2, "x", 1), load(3, "y", 1), store(3, "x", 0), store(2, "z", 0)];
        assert_ne!(named(&one_way, (0, 2)), Anomaly::WriteSkew);
    }

    #[test]
    fn a_look_between_two_writes_sees_a_partial_commit() {
        let between = [store(3, "x", 1), load(2, "x", 1), load(2, "y", 0), store(3, "y", 1)];
        assert_eq!(named(&between, (0, 1)), Anomaly::PartialCommit);
        let after = [store(3, "x", 1), store(3, "y", 1), load(2, "x", 1), load(2, "y", 1)];
        assert_ne!(named(&after, (0, 2)), Anomaly::PartialCommit);
    }

    #[test]
    fn what_is_written_again_or_taken_back_was_a_dirty_read() {
        let again = [store(3, "x", 1), load(2, "x", 1), store(3, "x", 2)];
        assert_eq!(named(&again, (0, 1)), Anomaly::DirtyRead);
        let failed = [store(3, "x", 1), load(2, "x", 1), end(3, panicked())];
        assert_eq!(named(&failed, (0, 1)), Anomaly::DirtyRead);
        let ended = [store(3, "x", 1), load(2, "x", 1), end(3, TaskEnd::Ok)];
        assert_ne!(named(&ended, (0, 1)), Anomaly::DirtyRead);
    }

    #[test]
    fn a_key_inserted_after_it_was_looked_for_is_a_phantom() {
        assert_eq!(named(&[look_for(3, None), insert(2, 7, None)], (0, 1)), Anomaly::Phantom);
        assert_ne!(named(&[look_for(3, Some(5)), insert(2, 6, Some(5))], (0, 1)), Anomaly::Phantom);
    }

    #[test]
    fn who_acts_after_the_change_read_what_is_stale() {
        let stale = [load(3, "x", 0), store(2, "x", 1), store(3, "y", 0)];
        assert_eq!(named(&stale, (0, 1)), Anomaly::StaleRead);
        let fails = [load(2, "x", 0), store(3, "x", 1), end(2, panicked())];
        assert_eq!(named(&fails, (0, 1)), Anomaly::StaleRead);
        let idle = [load(2, "x", 0), store(3, "x", 1), end(2, TaskEnd::Ok)];
        assert_ne!(named(&idle, (0, 1)), Anomaly::StaleRead);
    }

    #[test]
    fn who_was_through_before_the_change_misses_its_effect() {
        let through = [load(3, "x", 0), store(3, "y", 0), store(2, "x", 1)];
        assert_eq!(named(&through, (0, 2)), Anomaly::MissingEffect);
        let in_block_order = [load(2, "x", 0), store(2, "y", 0), store(3, "x", 1)];
        assert_eq!(named(&in_block_order, (0, 2)), Anomaly::Unnamed);
    }

    #[test]
    fn ends_and_arrivals_against_block_order_are_order_leaks() {
        assert_eq!(named(&[end(3, TaskEnd::Ok), end(2, TaskEnd::Ok)], (0, 1)), Anomaly::OrderLeak);
        assert_eq!(named(&[exchange(3, 0, 5), load(2, "x", 5)], (0, 1)), Anomaly::OrderLeak);
        assert_eq!(named(&[exchange(2, 0, 5), load(3, "x", 5)], (0, 1)), Anomaly::Unnamed);
    }
}
