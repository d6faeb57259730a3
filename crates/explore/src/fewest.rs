//! Schedules in order of their switches: first the one without a choice, in which a task runs until it cannot go on, then
//! all that leave it at one point, then at two. What is found first needs the fewest.
//!
//! After Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded programs" (PLDI 2007).
//! We count every deviation, not only preemptions: a reader has to follow each. Within one level, schedules with fewer
//! preemptions come first.

use super::schedulers::Choose;

/// A task that yields so often waits for another: the straight way then goes on with the next one.
const FAIR_YIELDS: usize = 64;

/// A point at which another task runs than the one that would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deviation {
    at: u32,
    task: u16,
    preempts: bool,
}

/// An execution that was run: its deviations, and what else could have run after the last of them. Longer ones are made of
/// it when their level comes, which takes far less room than keeping each of them.
#[derive(Debug, Default)]
struct Parent {
    deviations: Vec<Deviation>,
    others: Vec<Deviation>,
}

impl Parent {
    fn preemptions(&self) -> usize {
        self.deviations.iter().filter(|deviation| deviation.preempts).count()
    }
}

/// A schedule of one level, by its place in their order.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    /// The number of all.
    preemptions: usize,
    parent: usize,
    /// One of the parent's.
    other: usize,
}

/// The scheduler. It ends by itself when every schedule of at most so many deviations was run.
#[derive(Debug)]
pub(super) struct FewestSwitches {
    most: usize,
    /// The level before, and those of the level under way that have been run.
    parents: Vec<Parent>,
    run: Vec<Parent>,
    /// Where the search for the next schedule begins. None before the first.
    next: Option<Cursor>,
    /// The execution under way.
    current: Parent,
    step: usize,
    /// How often the task that runs has yielded since it began to.
    yields: usize,
}

impl FewestSwitches {
    pub(super) fn new(most: usize) -> Self {
        let (parents, run) = (Vec::new(), Vec::new());
        Self { most, parents, run, next: None, current: Parent::default(), step: 0, yields: 0 }
    }

    /// The deviations of the next schedule.
    fn advance(&mut self) -> Option<Vec<Deviation>> {
        let Some(from) = self.next else {
            self.next = Some(Cursor::default());
            return Some(Vec::new());
        };
        self.run.push(std::mem::take(&mut self.current));
        let found = self.rest_of_level(from).or_else(|| {
            self.parents = std::mem::take(&mut self.run);
            self.rest_of_level(Cursor::default())
        })?;
        self.next = Some(Cursor { other: found.other + 1, ..found });
        let parent = &self.parents[found.parent];
        let mut longer = parent.deviations.clone();
        longer.push(parent.others[found.other]);
        Some(longer)
    }

    /// The first schedule of the level under way that does not come before `from`.
    fn rest_of_level(&self, from: Cursor) -> Option<Cursor> {
        let mut rest = (from.preemptions..=self.level()).flat_map(|preemptions| {
            let first = if preemptions == from.preemptions { from.parent } else { 0 };
            (first..self.parents.len()).map(move |parent| (preemptions, parent))
        });
        rest.find_map(|(preemptions, parent)| {
            let skipped = if (preemptions, parent) == (from.preemptions, from.parent) { from.other } else { 0 };
            let candidate = &self.parents[parent];
            let of_parent = candidate.preemptions();
            let fits = |other: &Deviation| of_parent + usize::from(other.preempts) == preemptions;
            let found = candidate.others.iter().skip(skipped).position(fits)?;
            Some(Cursor { preemptions, parent, other: skipped + found })
        })
    }

    /// Deviations of the schedules under way.
    fn level(&self) -> usize {
        self.parents.first().map_or(0, |parent| parent.deviations.len() + 1)
    }
}

impl Choose for FewestSwitches {
    fn begin(&mut self) -> bool {
        let Some(deviations) = self.advance() else { return false };
        self.current = Parent { deviations, others: Vec::new() };
        (self.step, self.yields) = (0, 0);
        true
    }

    fn choose(&mut self, runnable: &[usize], current: Option<usize>, is_yielding: bool) -> Option<usize> {
        let current = current.filter(|current| runnable.contains(current));
        self.yields += usize::from(is_yielding);
        let straight = match current {
            Some(current) if self.yields > FAIR_YIELDS => {
                runnable.iter().copied().find(|task| *task > current).unwrap_or(runnable[0])
            }
            Some(current) => current,
            None => runnable[0],
        };
        let at = self.step as u32;
        let Parent { deviations, others } = &mut self.current;
        let planned = deviations.iter().find(|deviation| deviation.at == at);
        let chosen = planned.map_or(straight, |deviation| usize::from(deviation.task));
        let past_the_last = deviations.last().is_none_or(|last| last.at < at);
        if past_the_last && deviations.len() < self.most {
            let preempts = current.is_some() && !is_yielding;
            let tasks = runnable.iter().copied().filter(|task| *task != straight);
            others.extend(tasks.map(|task| Deviation { at, task: task as u16, preempts }));
        }
        self.step += 1;
        if current != Some(chosen) {
            self.yields = 0;
        }
        Some(chosen)
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_waits_by_yielding_lets_the_others_run() {
        let mut straight = FewestSwitches::new(0);
        assert!(straight.begin());
        let mut current = 0;
        for _ in 0..=FAIR_YIELDS {
            current = straight.choose(&[0, 1], Some(current), true).unwrap();
        }
        assert_eq!(current, 1);
        assert!(!straight.begin(), "there is one straight way");
    }

    #[test]
    fn schedules_come_in_order_of_their_switches() {
        // Two tasks that may run at each of three steps.
        let mut search = FewestSwitches::new(2);
        let mut schedules = Vec::new();
        while search.begin() {
            let mut current = None;
            let choices: Vec<usize> = (0..3)
                .map(|_| {
                    let chosen = search.choose(&[0, 1], current, false).unwrap();
                    current = Some(chosen);
                    chosen
                })
                .collect();
            schedules.push(choices);
        }
        assert_eq!(schedules[0], [0, 0, 0]);
        let deviations = |choices: &Vec<usize>| {
            usize::from(choices[0] != 0) + choices.windows(2).filter(|pair| pair[0] != pair[1]).count()
        };
        assert!(schedules.is_sorted_by_key(deviations), "{schedules:?}");
        let distinct: std::collections::BTreeSet<_> = schedules.iter().collect();
        // All but those that deviate at each of the three steps: 0 1 0 does at two, 1 0 1 at three.
        assert_eq!((schedules.len(), distinct.len()), (7, 7), "{schedules:?}");
    }
}
