//! Which lane each task is shown in.

use super::timeline::{Row, Timeline};

/// Which column each task is shown in: its own, or the last one for all others.
#[derive(Debug)]
pub(super) struct Columns {
    pub names: Vec<String>,
    tasks: Vec<u64>,
    others: bool,
}

impl Columns {
    /// The columns, at most `most`: all tasks, or those of the guilty pair, else those most to be seen, and the others in one.
    pub(super) fn of(timeline: &Timeline<'_>, rows: &[Row], most: usize) -> Self {
        let mut tasks: Vec<u64> = timeline.tasks.iter().map(|(task, _)| *task).collect();
        let others = tasks.len() > most;
        if others {
            let culprits: Vec<u64> = match timeline.guilty {
                Some((left, right)) => vec![timeline.steps[left].task, timeline.steps[right].task],
                None => timeline.waiting.iter().map(|waiting| waiting.task).collect(),
            };
            let mut shown = std::collections::BTreeMap::<u64, usize>::new();
            for row in rows {
                if let Row::Operation(position) = row {
                    *shown.entry(timeline.steps[*position].task).or_default() += 1;
                }
            }
            tasks.sort_by_key(|task| {
                let own = (!culprits.contains(task), std::cmp::Reverse(shown.get(task).copied().unwrap_or(0)));
                (own, *task)
            });
            tasks.truncate(most - 1);
            tasks.sort_unstable();
        }
        let mut names: Vec<String> = tasks.iter().map(|task| timeline.name(*task).to_owned()).collect();
        if others {
            names.push(format!("{} others", timeline.tasks.len() - tasks.len()));
        }
        Self { names, tasks, others }
    }

    pub(super) fn of_task(&self, task: u64) -> usize {
        self.tasks.iter().position(|own| *own == task).unwrap_or(self.names.len() - 1)
    }

    /// Whose operation it is, where the column does not say.
    pub(super) fn prefix(&self, timeline: &Timeline<'_>, task: u64) -> String {
        if self.others && !self.tasks.contains(&task) { format!("{}: ", timeline.name(task)) } else { String::new() }
    }
}
